import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Executors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import javax.jws.WebMethod;
import javax.jws.WebParam;
import javax.jws.WebResult;
import javax.jws.WebService;
import javax.jws.soap.SOAPBinding;
import javax.xml.ws.Endpoint;
import javax.xml.ws.WebServiceException;

/** JAX-WS with JDBC and HikariCP; one transaction a call. */
@WebService(name = "MktowsPort", serviceName = "MktMktowsApiService", portName = "MktowsApiSoapPort",
    targetNamespace = Messages.NAMESPACE)
@SOAPBinding(parameterStyle = SOAPBinding.ParameterStyle.BARE)
public class Leads {
    private static final Duration WINDOW = Duration.ofMinutes(15);
    private static final String RETURNED = "id, email, first_name, last_name, company, attributes::text";
    private static final String FIND = "SELECT id FROM lead WHERE email = ? FOR UPDATE";
    private static final String INSERT =
        "INSERT INTO lead (email, first_name, last_name, company, attributes) VALUES (?, ?, ?, ?, ?::jsonb)"
        + " ON CONFLICT (email) DO UPDATE SET first_name = coalesce(excluded.first_name, lead.first_name),"
        + " last_name = coalesce(excluded.last_name, lead.last_name),"
        + " company = coalesce(excluded.company, lead.company),"
        + " attributes = lead.attributes || excluded.attributes, updated_at = now()"
        + " RETURNING " + RETURNED + ", xmax = 0";
    private static final String UPDATE =
        "UPDATE lead SET first_name = coalesce(?, first_name), last_name = coalesce(?, last_name),"
        + " company = coalesce(?, company), attributes = attributes || ?::jsonb, updated_at = now()"
        + " WHERE id = ? RETURNING " + RETURNED + ", false";
    private static final String ACTIVITY = "INSERT INTO activity (lead_id, type) VALUES (?, ?)";

    private final HikariDataSource pool;
    private final String user = System.getenv("API_USER");
    private final SecretKeySpec key =
        new SecretKeySpec(System.getenv("API_KEY").getBytes(StandardCharsets.UTF_8), "HmacSHA1");

    private Leads(HikariDataSource pool) {
        this.pool = pool;
    }

    @WebMethod(action = "http://www.marketo.com/mktows/syncLead")
    @WebResult(name = "successSyncLead", partName = "successSyncLead", targetNamespace = Messages.NAMESPACE)
    public Messages.SuccessSyncLead syncLead(
            @WebParam(name = "paramsSyncLead", partName = "paramsSyncLead", targetNamespace = Messages.NAMESPACE)
            Messages.ParamsSyncLead params,
            @WebParam(name = "AuthenticationHeader", partName = "authentication", header = true,
                targetNamespace = Messages.NAMESPACE)
            Messages.AuthenticationHeaderInfo header) {
        // Unchecked, so that JAX-WS makes no class for a fault: Debian's lacks what generates it.
        authenticate(header);
        Map<String, String> columns = new LinkedHashMap<>();
        Map<String, String> attributes = new LinkedHashMap<>();
        if (params.leadRecord.leadAttributeList != null) {
            for (Messages.Attribute one : params.leadRecord.leadAttributeList.attribute) {
                switch (one.attrName) {
                    case "FirstName", "LastName", "Company" -> columns.put(one.attrName, one.attrValue);
                    default -> attributes.put(one.attrName, one.attrValue);
                }
            }
        }
        String email = params.leadRecord.Email.trim().toLowerCase(Locale.ROOT);
        return store(email, columns, attributes, params.returnLead);
    }

    private void authenticate(Messages.AuthenticationHeaderInfo header) {
        byte[] signed = (header.requestTimestamp + header.mktowsUserId).getBytes(StandardCharsets.UTF_8);
        byte[] given = HexFormat.of().parseHex(header.requestSignature);
        if (!user.equals(header.mktowsUserId) || !MessageDigest.isEqual(sign(signed), given)) {
            throw new WebServiceException("Authentication failed");
        }
        Instant sent = OffsetDateTime.parse(header.requestTimestamp).toInstant();
        if (Duration.between(sent, Instant.now()).abs().compareTo(WINDOW) > 0) {
            throw new WebServiceException("Request expired");
        }
    }

    private byte[] sign(byte[] text) {
        try {
            Mac mac = Mac.getInstance("HmacSHA1");
            mac.init(key);
            return mac.doFinal(text);
        } catch (GeneralSecurityException error) {
            throw new IllegalStateException(error);
        }
    }

    private Messages.SuccessSyncLead store(
            String email, Map<String, String> columns, Map<String, String> attributes, boolean returnLead) {
        try (Connection connection = pool.getConnection()) {
            try {
                Messages.SuccessSyncLead answer = write(connection, email, columns, attributes, returnLead);
                connection.commit();
                return answer;
            } catch (SQLException error) {
                connection.rollback();
                throw error;
            }
        } catch (SQLException error) {
            throw new WebServiceException("Lead sync failed", error);
        }
    }

    private Messages.SuccessSyncLead write(
            Connection connection, String email, Map<String, String> columns, Map<String, String> attributes,
            boolean returnLead) throws SQLException {
        Long id = null;
        try (PreparedStatement find = connection.prepareStatement(FIND)) {
            find.setString(1, email);
            try (ResultSet row = find.executeQuery()) {
                if (row.next()) {
                    id = row.getLong(1);
                }
            }
        }
        Messages.SuccessSyncLead answer;
        boolean created;
        try (PreparedStatement write = connection.prepareStatement(id == null ? INSERT : UPDATE)) {
            int place = 1;
            if (id == null) {
                write.setString(place++, email);
            }
            write.setString(place++, columns.get("FirstName"));
            write.setString(place++, columns.get("LastName"));
            write.setString(place++, columns.get("Company"));
            write.setString(place++, Json.write(attributes));
            if (id != null) {
                write.setLong(place, id);
            }
            try (ResultSet row = write.executeQuery()) {
                row.next();
                created = row.getBoolean(7);
                answer = Messages.answer(row, created, returnLead);
            }
        }
        try (PreparedStatement activity = connection.prepareStatement(ACTIVITY)) {
            activity.setLong(1, answer.result.leadId);
            activity.setString(2, created ? "New Lead" : "Change Data Value");
            activity.executeUpdate();
        }
        return answer;
    }

    public static void main(String[] words) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(System.getenv("DATABASE_JDBC"));
        config.setAutoCommit(false);
        config.setMaximumPoolSize(Integer.parseInt(System.getenv("PEER_POOL")));
        // Prepared on the server from the first use; the driver keeps them a connection.
        config.addDataSourceProperty("prepareThreshold", "1");
        Endpoint endpoint = Endpoint.create(new Leads(new HikariDataSource(config)));
        endpoint.setExecutor(Executors.newFixedThreadPool(Integer.parseInt(System.getenv("PEER_THREADS"))));
        endpoint.publish("http://127.0.0.1:" + System.getenv("PORT") + "/soap/mktows/2_9");
    }
}
