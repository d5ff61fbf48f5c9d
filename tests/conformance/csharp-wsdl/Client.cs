// The proxy that `wsdl` generates: headers are properties, results typed objects, a refusal a SoapException.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Web.Services.Protocols;
using Mktows;

public sealed class ProxyCaller : MktMktowsApiService, ICaller
{
    readonly bool keeps;

    public ProxyCaller(string url, bool keeps)
    {
        Url = url;
        this.keeps = keeps;
    }

    protected override WebRequest GetWebRequest(Uri uri)
    {
        var request = (HttpWebRequest) base.GetWebRequest(uri);
        request.KeepAlive = keeps;
        return request;
    }

    public Result Sync(Dictionary<string, string> keys, Dictionary<string, string> values, bool returnLead, Header header, string workspace)
    {
        AuthenticationHeader = new AuthenticationHeaderInfo
        {
            mktowsUserId = header.User,
            requestSignature = header.Signature,
            requestTimestamp = header.Timestamp
        };
        MktowsContextHeader = workspace == null ? null : new MktowsContextHeaderInfo { targetWorkspace = workspace };
        try
        {
            return Read(syncLead(new ParamsSyncLead { leadRecord = Record(keys, values), returnLead = returnLead }).result);
        }
        catch (SoapException error)
        {
            // The detail's own namespace is the service's, its children have none.
            var detail = error.Detail["ns1:serviceException"];
            throw new Fault
            {
                Code = error.Code.Name,
                Text = error.Message,
                Name = detail["name"].InnerText,
                Detail = detail["message"].InnerText,
                Number = detail["code"].InnerText
            };
        }
    }

    static LeadRecord Record(Dictionary<string, string> keys, Dictionary<string, string> values)
    {
        var record = new LeadRecord
        {
            leadAttributeList = values.Select(one => new Mktows.Attribute { attrName = one.Key, attrValue = one.Value }).ToArray()
        };
        string value;
        if (keys.TryGetValue("Id", out value))
        {
            record.Id = int.Parse(value);
            record.IdSpecified = true;
        }
        if (keys.TryGetValue("Email", out value)) record.Email = value;
        if (keys.TryGetValue("ForeignSysPersonId", out value)) record.ForeignSysPersonId = value;
        if (keys.TryGetValue("ForeignSysType", out value))
        {
            record.ForeignSysType = (ForeignSysType) Enum.Parse(typeof(ForeignSysType), value);
            record.ForeignSysTypeSpecified = true;
        }
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
        return Scenario.Run((url, keeps) => new ProxyCaller(url, keeps), true);
    }
}
