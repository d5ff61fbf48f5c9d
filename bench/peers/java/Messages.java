import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.xml.bind.annotation.XmlAccessType;
import javax.xml.bind.annotation.XmlAccessorType;
import javax.xml.bind.annotation.XmlElement;
import javax.xml.bind.annotation.XmlType;

/** The messages of syncLead for JAXB: children are unqualified. */
final class Messages {
    static final String NAMESPACE = "http://www.marketo.com/mktows/";

    @XmlAccessorType(XmlAccessType.FIELD)
    @XmlType(namespace = NAMESPACE)
    public static class AuthenticationHeaderInfo {
        public String mktowsUserId;
        public String requestSignature;
        public String requestTimestamp;
    }

    @XmlAccessorType(XmlAccessType.FIELD)
    @XmlType(namespace = NAMESPACE)
    public static class ParamsSyncLead {
        public LeadRecord leadRecord;
        public boolean returnLead;
        public String marketoCookie;
    }

    @XmlAccessorType(XmlAccessType.FIELD)
    @XmlType(namespace = NAMESPACE)
    public static class LeadRecord {
        public Integer Id;
        public String Email;
        @XmlElement(nillable = true)
        public String ForeignSysPersonId;
        @XmlElement(nillable = true)
        public String ForeignSysType;
        public ArrayOfAttribute leadAttributeList;
    }

    @XmlAccessorType(XmlAccessType.FIELD)
    @XmlType(namespace = NAMESPACE)
    public static class ArrayOfAttribute {
        public List<Attribute> attribute = new ArrayList<>();
    }

    @XmlAccessorType(XmlAccessType.FIELD)
    @XmlType(namespace = NAMESPACE)
    public static class Attribute {
        public String attrName;
        public String attrType;
        public String attrValue;
    }

    @XmlAccessorType(XmlAccessType.FIELD)
    @XmlType(namespace = NAMESPACE)
    public static class SuccessSyncLead {
        public ResultSyncLead result = new ResultSyncLead();
    }

    @XmlAccessorType(XmlAccessType.FIELD)
    @XmlType(namespace = NAMESPACE)
    public static class ResultSyncLead {
        public int leadId;
        public SyncStatus syncStatus = new SyncStatus();
        @XmlElement(nillable = true)
        public LeadRecord leadRecord;
    }

    @XmlAccessorType(XmlAccessType.FIELD)
    @XmlType(namespace = NAMESPACE)
    public static class SyncStatus {
        public int leadId;
        public String status;
        @XmlElement(nillable = true)
        public String error;
    }

    private Messages() {
    }

    /** From a row of id, email, first_name, last_name, company, attributes. */
    static SuccessSyncLead answer(ResultSet row, boolean created, boolean returnLead) throws SQLException {
        SuccessSyncLead answer = new SuccessSyncLead();
        int id = row.getInt(1);
        answer.result.leadId = id;
        answer.result.syncStatus.leadId = id;
        answer.result.syncStatus.status = created ? "CREATED" : "UPDATED";
        if (returnLead) {
            Map<String, String> values = Json.read(row.getString(6));
            put(values, "FirstName", row.getString(3));
            put(values, "LastName", row.getString(4));
            put(values, "Company", row.getString(5));
            LeadRecord record = answer.result.leadRecord = new LeadRecord();
            record.Id = id;
            record.Email = row.getString(2);
            record.leadAttributeList = new ArrayOfAttribute();
            for (Map.Entry<String, String> value : values.entrySet()) {
                Attribute attribute = new Attribute();
                attribute.attrName = value.getKey();
                attribute.attrType = "string";
                attribute.attrValue = value.getValue();
                record.leadAttributeList.attribute.add(attribute);
            }
        }
        return answer;
    }

    private static void put(Map<String, String> values, String name, String value) {
        if (value != null) {
            values.put(name, value);
        }
    }
}
