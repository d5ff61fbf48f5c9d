import com.marketo.mktows.*;
import java.io.StringReader;
import java.io.StringWriter;
import java.net.URL;
import java.util.Collections;
import java.util.Map;
import javax.xml.bind.JAXBContext;
import javax.xml.bind.JAXBElement;
import javax.xml.namespace.QName;
import javax.xml.soap.SOAPFault;
import javax.xml.ws.BindingProvider;
import javax.xml.ws.handler.MessageContext;
import javax.xml.ws.soap.SOAPFaultException;
import org.w3c.dom.Element;

/** JAX-WS as integrations used it: wsimport's classes, the service and its address from the WSDL by URL. */
final class JaxwsClient extends Scenario {
    private static final ObjectFactory FACTORY = new ObjectFactory();
    private final MktowsPort port;

    private JaxwsClient(String wsdl) throws Exception {
        QName name = new QName(NAMESPACE, "MktMktowsApiService");
        port = new MktMktowsApiService(new URL(wsdl), name).getMktowsApiSoapPort();
    }

    private JaxwsClient closing() {
        Map<String, Object> context = ((BindingProvider) port).getRequestContext();
        context.put(MessageContext.HTTP_REQUEST_HEADERS,
            Collections.singletonMap("Connection", Collections.singletonList("close")));
        return this;
    }

    @Override
    Answer sync(Record lead, boolean returnLead, String key, String workspace) throws Exception {
        Signature signature = new Signature(key);
        AuthenticationHeader header = new AuthenticationHeader();
        header.setMktowsUserId(signature.user);
        header.setRequestTimestamp(signature.timestamp);
        header.setRequestSignature(signature.signature);
        MktowsContextHeader context = null;
        if (workspace != null) {
            context = new MktowsContextHeader();
            context.setTargetWorkspace(workspace);
        }
        ParamsSyncLead request = new ParamsSyncLead();
        request.setLeadRecord(record(lead));
        request.setReturnLead(returnLead);
        SuccessSyncLead success = port.syncLead(request, header, context);
        if (workspace != null) {
            show(success);
        }
        return answer(success.getResult());
    }

    /** Integrations marshal the whole answer to show it: JAXB can, since its class is a root element. */
    private static void show(SuccessSyncLead success) throws Exception {
        JAXBContext context = JAXBContext.newInstance(SuccessSyncLead.class);
        StringWriter text = new StringWriter();
        context.createMarshaller().marshal(success, text);
        Object read = context.createUnmarshaller().unmarshal(new StringReader(text.toString()));
        same("context", "marshalled leadId", ((SuccessSyncLead) read).getResult().getLeadId(),
            success.getResult().getLeadId());
    }

    private static LeadRecord record(Record lead) {
        LeadRecord record = new LeadRecord();
        if (lead.id != null) {
            record.setId(FACTORY.createLeadRecordId(lead.id));
        }
        if (lead.email != null) {
            record.setEmail(FACTORY.createLeadRecordEmail(lead.email));
        }
        if (lead.foreignSysPersonId != null) {
            record.setForeignSysPersonId(FACTORY.createLeadRecordForeignSysPersonId(lead.foreignSysPersonId));
            record.setForeignSysType(
                FACTORY.createLeadRecordForeignSysType(ForeignSysType.fromValue(lead.foreignSysType)));
        }
        ArrayOfAttribute attributes = new ArrayOfAttribute();
        for (Map.Entry<String, String> entry : lead.attributes.entrySet()) {
            Attribute attribute = new Attribute();
            attribute.setAttrName(entry.getKey());
            attribute.setAttrValue(entry.getValue());
            attributes.getAttributes().add(attribute);
        }
        // Integrations named this element in the target namespace, and so it goes over the wire.
        QName name = new QName(NAMESPACE, "leadAttributeList");
        record.setLeadAttributeList(new JAXBElement<ArrayOfAttribute>(name, ArrayOfAttribute.class, attributes));
        return record;
    }

    private static Answer answer(ResultSyncLead result) {
        Answer answer = new Answer();
        SyncStatus status = result.getSyncStatus();
        answer.leadId = result.getLeadId();
        answer.statusLeadId = status.getLeadId();
        answer.status = status.getStatus().value();
        answer.error = status.getError().isNil() ? null : status.getError().getValue();
        if (!result.getLeadRecord().isNil()) {
            LeadRecord record = result.getLeadRecord().getValue();
            answer.record = new Record();
            answer.record.id = record.getId().getValue();
            answer.record.email = record.getEmail().getValue();
            answer.record.foreignSysPersonId = record.getForeignSysPersonId().getValue();
            ForeignSysType type = record.getForeignSysType().getValue();
            answer.record.foreignSysType = type == null ? null : type.value();
            for (Attribute attribute : record.getLeadAttributeList().getValue().getAttributes()) {
                answer.record.attributes.put(
                    attribute.getAttrName(), attribute.getAttrType().getValue() + " " + attribute.getAttrValue());
            }
        }
        return answer;
    }

    @Override
    Fault read(Exception error) throws Exception {
        SOAPFault fault = ((SOAPFaultException) error).getFault();
        QName name = new QName(NAMESPACE, "serviceException");
        Element detail = (Element) fault.getDetail().getChildElements(name).next();
        Fault read = new Fault();
        read.faultCode = fault.getFaultCodeAsQName().toString();
        read.faultString = fault.getFaultString();
        read.name = child(detail, "name");
        read.message = child(detail, "message");
        read.code = child(detail, "code");
        return read;
    }

    private static String child(Element detail, String name) {
        return detail.getElementsByTagName(name).item(0).getTextContent();
    }

    public static void main(String[] words) throws Exception {
        String url = env("URL");
        new JaxwsClient(url + "?wsdl");
        JaxwsClient client = new JaxwsClient(url + "?WSDL");
        ok("wsdl");
        run(client, () -> new JaxwsClient(url + "?WSDL").closing(), () -> new JaxwsClient(env("TLS_URL") + "?WSDL"));
    }
}
