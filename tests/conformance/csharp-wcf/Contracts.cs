// What a program wrote by hand where no tool could read the WSDL: the contract of one operation.
using System.Collections.Generic;
using System.Runtime.Serialization;
using System.ServiceModel;
using System.Xml;
using System.Xml.Schema;
using System.Xml.Serialization;

public static class Names
{
    public const string Mktows = "http://www.marketo.com/mktows/";
}

[ServiceContract(Namespace = Names.Mktows)]
public interface IMktowsPort
{
    [OperationContract(Action = Names.Mktows + "syncLead", ReplyAction = "*")]
    [FaultContract(typeof(ServiceException), Name = "serviceException", Namespace = Names.Mktows)]
    SyncLeadResponse SyncLead(SyncLeadRequest request);
}

[MessageContract(IsWrapped = false)]
public class SyncLeadRequest
{
    [MessageHeader(Name = "AuthenticationHeader", Namespace = Names.Mktows)]
    public AuthenticationHeaderInfo AuthenticationHeader;

    [MessageHeader(Name = "MktowsContextHeader", Namespace = Names.Mktows)]
    public MktowsContextHeaderInfo MktowsContextHeader;

    [MessageBodyMember(Name = "paramsSyncLead", Namespace = Names.Mktows)]
    public ParamsSyncLead ParamsSyncLead;
}

[MessageContract(IsWrapped = false)]
public class SyncLeadResponse
{
    [MessageBodyMember(Name = "successSyncLead", Namespace = Names.Mktows)]
    public SuccessSyncLead SuccessSyncLead;
}

// The children of the service's elements have no namespace.
[DataContract(Namespace = "")]
public class AuthenticationHeaderInfo
{
    [DataMember(Order = 0)] public string mktowsUserId;
    [DataMember(Order = 1)] public string requestSignature;
    [DataMember(Order = 2)] public string requestTimestamp;
}

[DataContract(Namespace = "")]
public class MktowsContextHeaderInfo
{
    [DataMember] public string targetWorkspace;
}

[DataContract(Namespace = "")]
public class ParamsSyncLead
{
    [DataMember(Order = 0)] public LeadRecord leadRecord;
    [DataMember(Order = 1)] public bool returnLead;
    [DataMember(Order = 2)] public string marketoCookie;
}

[DataContract(Namespace = "")]
public class LeadRecord
{
    [DataMember(Order = 0)] public int? Id;
    [DataMember(Order = 1)] public string Email;
    [DataMember(Order = 2)] public string ForeignSysPersonId;
    [DataMember(Order = 3)] public ForeignSysType? ForeignSysType;
    [DataMember(Order = 4)] public ArrayOfAttribute leadAttributeList;
}

[DataContract(Namespace = "")]
public enum ForeignSysType
{
    [EnumMember] CUSTOM,
    [EnumMember] SFDC,
    [EnumMember] NETSUITE
}

[CollectionDataContract(ItemName = "attribute", Namespace = "")]
public class ArrayOfAttribute : List<LeadAttribute>
{
}

[DataContract(Namespace = "")]
public class LeadAttribute
{
    [DataMember(Order = 0)] public string attrName;
    [DataMember(Order = 1)] public string attrType;
    [DataMember(Order = 2)] public string attrValue;
}

[DataContract(Namespace = "")]
public class SuccessSyncLead
{
    [DataMember] public ResultSyncLead result;
}

[DataContract(Namespace = "")]
public class ResultSyncLead
{
    [DataMember(Order = 0)] public int leadId;
    [DataMember(Order = 1)] public SyncStatus syncStatus;
    [DataMember(Order = 2)] public LeadRecord leadRecord;
}

[DataContract(Namespace = "")]
public class SyncStatus
{
    [DataMember(Order = 0)] public int leadId;
    [DataMember(Order = 1)] public LeadSyncStatus status;
    [DataMember(Order = 2)] public string error;
}

[DataContract(Namespace = "")]
public enum LeadSyncStatus
{
    [EnumMember] CREATED,
    [EnumMember] UPDATED,
    [EnumMember] FAILED
}

// Its element and its children differ in their namespace, which a data contract cannot say: read by hand.
[XmlRoot("serviceException", Namespace = Names.Mktows)]
public class ServiceException : IXmlSerializable
{
    public string Name, Message, Code;

    public XmlSchema GetSchema()
    {
        return null;
    }

    public void ReadXml(XmlReader reader)
    {
        reader.ReadStartElement();
        Name = reader.ReadElementContentAsString("name", "");
        Message = reader.ReadElementContentAsString("message", "");
        Code = reader.ReadElementContentAsString("code", "");
        reader.ReadEndElement();
    }

    public void WriteXml(XmlWriter writer)
    {
    }
}
