import java.nio.charset.StandardCharsets;
import java.text.SimpleDateFormat;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.apache.commons.codec.binary.Hex;

/** The scenario in Java, for every way to make a client. A stack says how to call, and what its own classes held. */
abstract class Scenario {
    static final String NAMESPACE = "http://www.marketo.com/mktows/";

    /** What the stack's result held. */
    static final class Answer {
        int leadId;
        int statusLeadId;
        String status;
        String error;
        Record record;
    }

    /** What the stack's lead record held; the attributes are type and value by name. */
    static final class Record {
        Integer id;
        String email;
        String foreignSysPersonId;
        String foreignSysType;
        final Map<String, String> attributes = new LinkedHashMap<String, String>();
    }

    /** What the stack's fault held. */
    static final class Fault {
        String faultCode;
        String faultString;
        String name;
        String message;
        String code;
    }

    /** A header's values. */
    static final class Signature {
        final String user = env("API_USER");
        final String timestamp;
        final String signature;

        Signature(String key) throws Exception {
            String text = new SimpleDateFormat("yyyy-MM-dd'T'HH:mm:ssZ").format(new Date());
            timestamp = text.substring(0, 22) + ":" + text.substring(22);
            Mac mac = Mac.getInstance("HmacSHA1");
            mac.init(new SecretKeySpec(key.getBytes(StandardCharsets.UTF_8), "HmacSHA1"));
            signature = new String(Hex.encodeHex(mac.doFinal((timestamp + user).getBytes(StandardCharsets.UTF_8))));
        }
    }

    /** Makes a client when a step needs it. */
    interface Maker {
        Scenario make() throws Exception;
    }

    /** Calls syncLead; `workspace` null sends no context header. Any failure of the call is the stack's own exception. */
    abstract Answer sync(Record lead, boolean returnLead, String key, String workspace) throws Exception;

    /** Reads the stack's own exception. */
    abstract Fault read(Exception error) throws Exception;

    static String env(String name) {
        return System.getenv(name);
    }

    static void ok(String step) {
        System.out.println("ok " + step);
    }

    static void same(String step, String what, Object got, Object expected) {
        if (got == null ? expected != null : !got.equals(expected)) {
            System.out.println(
                "failed " + step + ": " + what + " is \"" + got + "\", expected \"" + expected + "\"");
            System.exit(1);
        }
    }

    /** Every step after the WSDL. */
    static void run(Scenario client, Maker closing, Maker... overTls) throws Exception {
        int id = client.createAndRead();
        client.keys(id);
        same("context", "status", client.sync(client.george(), false, env("API_KEY"), "default").status,
            env("EXPECT_UPDATED"));
        ok("context");
        client.faults();

        Record letters = new Record();
        letters.email = env("LETTERS_EMAIL");
        letters.attributes.put("FirstName", env("LETTERS"));
        same("letters", "FirstName", client.call(letters, true).record.attributes.get("FirstName"),
            env("EXPECT_TYPE") + " " + env("EXPECT_LETTERS"));
        ok("letters");

        client.updates("keepalive", id);
        ok("keepalive");
        closing.make().updates("close", id);
        ok("close");
        for (Maker tls : overTls) {
            tls.make().updates("tls", id);
        }
        ok("tls");
    }

    private Record george() {
        Record record = new Record();
        record.email = env("EMAIL");
        record.attributes.put("FirstName", env("FIRST_NAME"));
        record.attributes.put("LastName", env("LAST_NAME"));
        return record;
    }

    private Answer call(Record lead, boolean returnLead) throws Exception {
        return sync(lead, returnLead, env("API_KEY"), null);
    }

    private void updates(String step, int id) throws Exception {
        sameStatus(step, call(george(), false), env("EXPECT_UPDATED"), id);
    }

    private static void sameStatus(String step, Answer answer, String status, int id) {
        same(step, "status", answer.status, status);
        same(step, "leadId", answer.leadId, id);
        same(step, "leadId of the status", answer.statusLeadId, id);
        same(step, "error", answer.error, null);
    }

    private int createAndRead() throws Exception {
        Answer created = call(george(), false);
        int id = created.leadId;
        same("create", "leadId above 0", id > 0, true);
        sameStatus("create", created, env("EXPECT_CREATED"), id);
        same("create", "leadRecord", created.record, null);
        ok("create");

        updates("update", id);
        ok("update");

        Answer read = call(george(), true);
        sameStatus("read", read, env("EXPECT_UPDATED"), id);
        same("read", "Id", read.record.id, id);
        same("read", "Email", read.record.email, env("EXPECT_EMAIL"));
        same("read", "ForeignSysPersonId", read.record.foreignSysPersonId, null);
        same("read", "ForeignSysType", read.record.foreignSysType, null);
        Map<String, String> expected = new LinkedHashMap<String, String>();
        expected.put("FirstName", env("EXPECT_TYPE") + " " + env("EXPECT_FIRST_NAME"));
        expected.put("LastName", env("EXPECT_TYPE") + " " + env("EXPECT_LAST_NAME"));
        same("read", "attributes", read.record.attributes, expected);
        ok("read");
        return id;
    }

    private void keys(int id) throws Exception {
        Record foreign = george();
        foreign.foreignSysPersonId = env("FOREIGN_ID");
        foreign.foreignSysType = env("FOREIGN_TYPE");
        foreign.email = env("FOREIGN_EMAIL");
        Answer first = call(foreign, false);
        sameStatus("foreign", first, env("EXPECT_CREATED"), first.leadId);
        foreign.email = env("NEW_EMAIL");
        Answer second = call(foreign, true);
        sameStatus("foreign", second, env("EXPECT_UPDATED"), first.leadId);
        same("foreign", "Email", second.record.email, env("EXPECT_NEW_EMAIL"));
        same("foreign", "ForeignSysPersonId", second.record.foreignSysPersonId, env("EXPECT_FOREIGN_ID"));
        same("foreign", "ForeignSysType", second.record.foreignSysType, env("EXPECT_FOREIGN_TYPE"));
        ok("foreign");

        Record byId = new Record();
        byId.id = id;
        byId.attributes.put("LastName", env("OTHER_LAST_NAME"));
        Answer answer = call(byId, true);
        sameStatus("id", answer, env("EXPECT_UPDATED"), id);
        same("id", "LastName", answer.record.attributes.get("LastName"),
            env("EXPECT_TYPE") + " " + env("EXPECT_OTHER_LAST_NAME"));
        ok("id");
    }

    private void faults() throws Exception {
        Record unknown = new Record();
        unknown.email = env("EMAIL");
        unknown.attributes.put(env("UNKNOWN_FIELD"), "top");
        Fault field = fault("field", unknown, env("API_KEY"));
        same("field", "faultstring", field.faultString, env("EXPECT_FIELD_STRING"));
        same("field", "name", field.name, env("EXPECT_FIELD_NAME"));
        same("field", "message", field.message, env("EXPECT_FIELD_MESSAGE"));
        same("field", "code", field.code, env("EXPECT_FIELD_CODE"));
        ok("field");

        Fault signature = fault("signature", george(), "wrong");
        same("signature", "faultstring", signature.faultString, env("EXPECT_SIGNATURE_STRING"));
        same("signature", "code", signature.code, env("EXPECT_SIGNATURE_CODE"));
        ok("signature");
    }

    private Fault fault(String step, Record lead, String key) throws Exception {
        Fault fault = null;
        try {
            sync(lead, false, key, null);
        } catch (Exception error) {
            fault = read(error);
        }
        same(step, "fault", fault == null ? "none" : "one", "one");
        same(step, "faultcode", fault.faultCode, "{http://schemas.xmlsoap.org/soap/envelope/}Client");
        return fault;
    }
}
