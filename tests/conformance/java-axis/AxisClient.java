import com.marketo.www.mktows.*;
import java.net.URL;
import java.util.Map;
import javax.xml.namespace.QName;
import org.apache.axis.AxisFault;
import org.apache.axis.EngineConfiguration;
import org.apache.axis.client.Stub;
import org.apache.axis.configuration.BasicClientConfig;
import org.apache.axis.configuration.FileProvider;
import org.apache.axis.message.SOAPHeaderElement;
import org.w3c.dom.Element;

/** Axis 1.4 as integrations used it: WSDL2Java's stubs, headers set on the stub. */
final class AxisClient extends Scenario {
    private static final QName SERVICE = new QName(NAMESPACE, "MktMktowsApiService");
    private final MktowsPort port;

    private AxisClient(MktowsPort port) {
        this.port = port;
    }

    /** Commons HttpClient: HTTP/1.1, connections kept. */
    private static EngineConfiguration commons() {
        return new FileProvider("commons.wsdd");
    }

    /** Axis's own sender: HTTP/1.0, one call a connection. */
    private static EngineConfiguration own() {
        return new BasicClientConfig();
    }

    private static Scenario plain(EngineConfiguration configuration) throws Exception {
        URL url = new URL(env("URL"));
        return new AxisClient(new MktMktowsApiServiceLocator(configuration).getMktowsApiSoapPort(url));
    }

    /** The address is the one that the stubs were made with: the WSDL's, as served through the proxy. */
    private static Scenario tls(EngineConfiguration configuration) throws Exception {
        MktMktowsApiServiceLocator locator = new MktMktowsApiServiceLocator(configuration);
        same("tls", "address of the WSDL", locator.getMktowsApiSoapPortAddress(), env("TLS_URL"));
        return new AxisClient(locator.getMktowsApiSoapPort());
    }

    @Override
    Answer sync(Record lead, boolean returnLead, String key, String workspace) throws Exception {
        Stub stub = (Stub) port;
        stub.clearHeaders();
        Signature signature = new Signature(key);
        AuthenticationHeaderInfo header = new AuthenticationHeaderInfo();
        header.setMktowsUserId(signature.user);
        header.setRequestSignature(signature.signature);
        header.setRequestTimestamp(signature.timestamp);
        stub.setHeader(NAMESPACE, "AuthenticationHeader", header);
        if (workspace != null) {
            SOAPHeaderElement context = new SOAPHeaderElement(NAMESPACE, "MktowsContextHeader");
            context.addChildElement("targetWorkspace").addTextNode(workspace);
            stub.setHeader(context);
        }
        ParamsSyncLead request = new ParamsSyncLead();
        request.setLeadRecord(record(lead));
        request.setReturnLead(returnLead);
        return answer(port.syncLead(request).getResult());
    }

    private static LeadRecord record(Record lead) {
        LeadRecord record = new LeadRecord();
        record.setId(lead.id);
        record.setEmail(lead.email);
        record.setForeignSysPersonId(lead.foreignSysPersonId);
        if (lead.foreignSysType != null) {
            record.setForeignSysType(ForeignSysType.fromString(lead.foreignSysType));
        }
        Attribute[] attributes = new Attribute[lead.attributes.size()];
        int place = 0;
        for (Map.Entry<String, String> entry : lead.attributes.entrySet()) {
            attributes[place] = new Attribute();
            attributes[place].setAttrName(entry.getKey());
            attributes[place].setAttrValue(entry.getValue());
            place++;
        }
        record.setLeadAttributeList(attributes);
        return record;
    }

    private static Answer answer(ResultSyncLead result) {
        Answer answer = new Answer();
        answer.leadId = result.getLeadId();
        answer.statusLeadId = result.getSyncStatus().getLeadId();
        answer.status = result.getSyncStatus().getStatus().getValue();
        answer.error = result.getSyncStatus().getError();
        LeadRecord record = result.getLeadRecord();
        if (record != null) {
            answer.record = new Record();
            answer.record.id = record.getId();
            answer.record.email = record.getEmail();
            answer.record.foreignSysPersonId = record.getForeignSysPersonId();
            ForeignSysType type = record.getForeignSysType();
            answer.record.foreignSysType = type == null ? null : type.getValue();
            for (Attribute attribute : record.getLeadAttributeList()) {
                answer.record.attributes.put(
                    attribute.getAttrName(), attribute.getAttrType() + " " + attribute.getAttrValue());
            }
        }
        return answer;
    }

    @Override
    Fault read(Exception error) throws Exception {
        AxisFault fault = (AxisFault) error;
        Element detail = fault.lookupFaultDetail(new QName(NAMESPACE, "serviceException"));
        Fault read = new Fault();
        read.faultCode = fault.getFaultCode().toString();
        read.faultString = fault.getFaultString();
        read.name = child(detail, "name");
        read.message = child(detail, "message");
        read.code = child(detail, "code");
        return read;
    }

    private static String child(Element detail, String name) {
        return detail.getElementsByTagName(name).item(0).getFirstChild().getNodeValue();
    }

    public static void main(String[] words) throws Exception {
        String url = env("URL");
        new MktMktowsApiServiceLocator(url + "?wsdl", SERVICE);
        new MktMktowsApiServiceLocator(url + "?WSDL", SERVICE);
        ok("wsdl");
        run(plain(commons()), () -> plain(own()), () -> tls(commons()), () -> tls(own()));
    }
}
