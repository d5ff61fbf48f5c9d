// WCF: a channel made from the contract and a basicHttpBinding; a refusal is a FaultException.
using System;
using System.Collections.Generic;
using System.Linq;
using System.ServiceModel;
using System.ServiceModel.Channels;

public sealed class ChannelCaller : ICaller
{
    readonly IMktowsPort port;

    public ChannelCaller(string url, bool keeps)
    {
        var secure = url.StartsWith("https:") ? BasicHttpSecurityMode.Transport : BasicHttpSecurityMode.None;
        var elements = new BasicHttpBinding(secure).CreateBindingElements();
        elements.Find<HttpTransportBindingElement>().KeepAliveEnabled = keeps;
        port = new ChannelFactory<IMktowsPort>(new CustomBinding(elements), new EndpointAddress(url)).CreateChannel();
    }

    public Result Sync(Dictionary<string, string> keys, Dictionary<string, string> values, bool returnLead, Header header, string workspace)
    {
        var request = new SyncLeadRequest
        {
            AuthenticationHeader = new AuthenticationHeaderInfo
            {
                mktowsUserId = header.User,
                requestSignature = header.Signature,
                requestTimestamp = header.Timestamp
            },
            MktowsContextHeader = workspace == null ? null : new MktowsContextHeaderInfo { targetWorkspace = workspace },
            ParamsSyncLead = new ParamsSyncLead { leadRecord = Record(keys, values), returnLead = returnLead }
        };
        try
        {
            return Read(port.SyncLead(request).SuccessSyncLead.result);
        }
        catch (FaultException<ServiceException> error)
        {
            throw Translated(error);
        }
    }

    static Fault Translated(FaultException<ServiceException> error)
    {
        var detail = error.Detail;
        return new Fault
        {
            Code = error.Code.Name,
            Text = error.Message,
            Name = detail.Name,
            Detail = detail.Message,
            Number = detail.Code
        };
    }

    static LeadRecord Record(Dictionary<string, string> keys, Dictionary<string, string> values)
    {
        var record = new LeadRecord { leadAttributeList = new ArrayOfAttribute() };
        foreach (var one in values) record.leadAttributeList.Add(new LeadAttribute { attrName = one.Key, attrValue = one.Value });
        string value;
        if (keys.TryGetValue("Id", out value)) record.Id = int.Parse(value);
        if (keys.TryGetValue("Email", out value)) record.Email = value;
        if (keys.TryGetValue("ForeignSysPersonId", out value)) record.ForeignSysPersonId = value;
        if (keys.TryGetValue("ForeignSysType", out value)) record.ForeignSysType = (ForeignSysType) Enum.Parse(typeof(ForeignSysType), value);
        return record;
    }

    static Result Read(ResultSyncLead result)
    {
        var lead = result.leadRecord;
        return new Result
        {
            Status = result.syncStatus.status.ToString(),
            Error = result.syncStatus.error,
            LeadId = result.leadId,
            StatusLeadId = result.syncStatus.leadId,
            Lead = lead == null ? null : new Lead
            {
                Id = lead.Id,
                Email = lead.Email,
                ForeignId = lead.ForeignSysPersonId,
                ForeignType = lead.ForeignSysType == null ? null : lead.ForeignSysType.ToString(),
                Attributes = lead.leadAttributeList.ToDictionary(one => one.attrName, one => new[] { one.attrType, one.attrValue })
            }
        };
    }

    public static int Main()
    {
        return Scenario.Run((url, keeps) => new ChannelCaller(url, keeps), true);
    }
}
