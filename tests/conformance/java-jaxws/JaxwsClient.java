import com.marketo.mktows.*;
import java.io.StringReader;
import java.io.StringWriter;
import java.net.URL;
import java.util.Collections;
import java.util.List;
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
        AuthenticationHeader header = header(key);
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

    private static AuthenticationHeader header(String key) throws Exception {
        Signature signature = new Signature(key);
        AuthenticationHeader header = new AuthenticationHeader();
        header.setMktowsUserId(signature.user);
        header.setRequestTimestamp(signature.timestamp);
        header.setRequestSignature(signature.signature);
        return header;
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
            answer.record = shown(result.getLeadRecord().getValue());
        }
        return answer;
    }

    private static Record shown(LeadRecord record) {
        Record shown = new Record();
        shown.id = record.getId().getValue();
        shown.email = record.getEmail().getValue();
        shown.foreignSysPersonId = record.getForeignSysPersonId().getValue();
        ForeignSysType type = record.getForeignSysType().getValue();
        shown.foreignSysType = type == null ? null : type.value();
        for (Attribute attribute : record.getLeadAttributeList().getValue().getAttributes()) {
            shown.attributes.put(
                attribute.getAttrName(), attribute.getAttrType().getValue() + " " + attribute.getAttrValue());
        }
        return shown;
    }

    private ResultGetLead find(String email) throws Exception {
        LeadKey key = new LeadKey();
        key.setKeyType(LeadKeyRef.EMAIL);
        key.setKeyValue(email);
        ParamsGetLead request = new ParamsGetLead();
        request.setLeadKey(key);
        return port.getLead(request, header(env("API_KEY"))).getResult();
    }

    private void find() throws Exception {
        ResultGetLead result = find(env("EMAIL"));
        same("find", "count", result.getCount(), 1);
        Record lead = shown(result.getLeadRecordList().getValue().getLeadRecords().get(0));
        same("find", "Email", lead.email, env("EXPECT_EMAIL"));
        same("find", "ForeignSysPersonId", lead.foreignSysPersonId, null);
        same("find", "FirstName", lead.attributes.get("FirstName"),
            env("EXPECT_TYPE") + " " + env("EXPECT_FIRST_NAME"));
        same("find", "LastName", lead.attributes.get("LastName"), env("EXPECT_TYPE") + " " + env("EXPECT_LAST_NAME"));
        Fault fault = null;
        try {
            find("nobody@jungle.example");
        } catch (SOAPFaultException error) {
            fault = read(error);
        }
        same("find", "fault", fault == null ? "none" : "one", "one");
        same("find", "faultstring", fault.faultString, env("EXPECT_MISSING_STRING"));
        same("find", "code", fault.code, env("EXPECT_MISSING_CODE"));
        ok("find");
    }

    private void describe() throws Exception {
        AuthenticationHeader header = header(env("API_KEY"));
        List<String> objects = port.listMObjects(new ParamsListMObjects(), header).getResult().getObjects();
        same("describe", "number of objects", objects.size(), 4);
        same("describe", "object", objects.get(1), env("EXPECT_OBJECT"));
        ParamsDescribeMObject request = new ParamsDescribeMObject();
        request.setObjectName("LeadRecord");
        MObjectMetadata metadata = port.describeMObject(request, header).getResult().getMetadata();
        same("describe", "name", metadata.getName(), env("EXPECT_OBJECT"));
        MObjFieldMetadata found = null;
        for (MObjFieldMetadata field : metadata.getFieldList().getFields()) {
            if (field.getName().equals("LastName")) {
                found = field;
            }
        }
        same("describe", "label", found.getDisplayName(), env("EXPECT_LABEL"));
        same("describe", "type", found.getDataType(), env("EXPECT_TYPE"));
        same("describe", "size", found.getSize(), 255);
        ok("describe");
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
        client.find();
        client.describe();
    }
}
