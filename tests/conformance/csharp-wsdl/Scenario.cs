// The scenario in C#, for every way to make a client. A stack gives back what its own typed objects hold.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Web.Services.Description;
using System.Xml;

public sealed class Lead
{
    public int? Id;
    public string Email, ForeignId, ForeignType;
    // Type and value of each attribute by its name.
    public Dictionary<string, string[]> Attributes;
}

public sealed class Result
{
    public string Status, Error;
    public int LeadId, StatusLeadId;
    public Lead Lead;
}

public sealed class Fault : Exception
{
    public string Code, Text, Name, Detail, Number;

    public override string Message
    {
        get { return Text + ": " + Detail; }
    }
}

public sealed class Header
{
    public string User, Signature, Timestamp;
}

public interface ICaller
{
    // Raises Fault.
    Result Sync(Dictionary<string, string> keys, Dictionary<string, string> values, bool returnLead, Header header, string workspace);
}

public static class Scenario
{
    public static string Given(string name)
    {
        return Environment.GetEnvironmentVariable(name);
    }

    // `make` is given an address and whether the connection is kept.
    public static int Run(Func<string, bool, ICaller> make, bool readsWsdl)
    {
        Console.OutputEncoding = new UTF8Encoding(false);
        ServicePointManager.SecurityProtocol = SecurityProtocolType.Tls12;
        ServicePointManager.ServerCertificateValidationCallback = IsTrusted;
        if (readsWsdl)
        {
            Same("wsdl", "address of ?wsdl", Address(Given("URL") + "?wsdl"), Given("URL"));
            Same("wsdl", "address of ?WSDL", Address(Given("URL") + "?WSDL"), Given("URL"));
            Ok("wsdl");
        }
        var caller = make(Given("URL"), true);
        var names = new Dictionary<string, string> { { "FirstName", Given("FIRST_NAME") }, { "LastName", Given("LAST_NAME") } };
        var george = Keys("Email", Given("EMAIL"));

        var result = Sync(caller, george, names, false);
        var id = result.LeadId;
        Same("create", "leadId above 0", id > 0, true);
        SameStatus("create", result, Given("EXPECT_CREATED"), id);
        Same("create", "leadRecord is null", result.Lead == null, true);
        Ok("create");

        SameStatus("update", Sync(caller, george, names, false), Given("EXPECT_UPDATED"), id);
        Ok("update");

        result = Sync(caller, george, names, true);
        SameStatus("read", result, Given("EXPECT_UPDATED"), id);
        Same("read", "Id", result.Lead.Id, id);
        Same("read", "Email", result.Lead.Email, Given("EXPECT_EMAIL"));
        Same("read", "ForeignSysPersonId", result.Lead.ForeignId, null);
        Same("read", "FirstName", result.Lead.Attributes["FirstName"][1], Given("EXPECT_FIRST_NAME"));
        Same("read", "type of FirstName", result.Lead.Attributes["FirstName"][0], Given("EXPECT_TYPE"));
        Same("read", "LastName", result.Lead.Attributes["LastName"][1], Given("EXPECT_LAST_NAME"));
        Ok("read");

        var foreign = Keys("ForeignSysPersonId", Given("FOREIGN_ID"));
        foreign["ForeignSysType"] = Given("FOREIGN_TYPE");
        foreign["Email"] = Given("FOREIGN_EMAIL");
        var first = Sync(caller, foreign, names, false);
        SameStatus("foreign", first, Given("EXPECT_CREATED"), first.LeadId);
        foreign["Email"] = Given("NEW_EMAIL");
        result = Sync(caller, foreign, names, true);
        SameStatus("foreign", result, Given("EXPECT_UPDATED"), first.LeadId);
        Same("foreign", "Email", result.Lead.Email, Given("EXPECT_NEW_EMAIL"));
        Same("foreign", "ForeignSysPersonId", result.Lead.ForeignId, Given("EXPECT_FOREIGN_ID"));
        Same("foreign", "ForeignSysType", result.Lead.ForeignType, Given("EXPECT_FOREIGN_TYPE"));
        Ok("foreign");

        result = Sync(caller, Keys("Id", id.ToString()), Keys("LastName", Given("OTHER_LAST_NAME")), true);
        SameStatus("id", result, Given("EXPECT_UPDATED"), id);
        Same("id", "LastName", result.Lead.Attributes["LastName"][1], Given("EXPECT_OTHER_LAST_NAME"));
        Ok("id");

        SameStatus("context", Sync(caller, george, names, false, null, "default"), Given("EXPECT_UPDATED"), id);
        Ok("context");

        var fault = Refused("field", () => Sync(caller, george, Keys(Given("UNKNOWN_FIELD"), "top"), false), "FIELD");
        Same("field", "name", fault.Name, Given("EXPECT_FIELD_NAME"));
        Same("field", "message", fault.Detail, Given("EXPECT_FIELD_MESSAGE"));
        Ok("field");
        Refused("signature", () => Sync(caller, george, names, false, "wrong"), "SIGNATURE");
        Ok("signature");

        result = Sync(caller, Keys("Email", Given("LETTERS_EMAIL")), Keys("FirstName", Given("LETTERS")), true);
        Same("letters", "FirstName", result.Lead.Attributes["FirstName"][1], Given("EXPECT_LETTERS"));
        Ok("letters");

        SameStatus("keepalive", Sync(caller, george, names, false), Given("EXPECT_UPDATED"), id);
        Ok("keepalive");
        SameStatus("close", Sync(make(Given("URL"), false), george, names, false), Given("EXPECT_UPDATED"), id);
        Ok("close");

        var named = Address(Given("TLS_URL") + "?WSDL");
        Same("tls", "address", named, Given("TLS_URL"));
        SameStatus("tls", Sync(make(named, true), george, names, false), Given("EXPECT_UPDATED"), id);
        Ok("tls");
        return 0;
    }

    static Dictionary<string, string> Keys(string name, string value)
    {
        return new Dictionary<string, string> { { name, value } };
    }

    static Result Sync(ICaller caller, Dictionary<string, string> keys, Dictionary<string, string> values, bool returnLead, string key = null, string workspace = null)
    {
        var timestamp = DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");
        using (var hmac = new HMACSHA1(Encoding.UTF8.GetBytes(key ?? Given("API_KEY"))))
        {
            var digest = hmac.ComputeHash(Encoding.UTF8.GetBytes(timestamp + Given("API_USER")));
            var header = new Header
            {
                User = Given("API_USER"),
                Signature = string.Concat(digest.Select(part => part.ToString("x2"))),
                Timestamp = timestamp
            };
            return caller.Sync(keys, values, returnLead, header, workspace);
        }
    }

    static Fault Refused(string step, Action call, string name)
    {
        try
        {
            call();
        }
        catch (Fault fault)
        {
            Same(step, "faultcode", fault.Code, "Client");
            Same(step, "faultstring", fault.Text, Given("EXPECT_" + name + "_STRING"));
            Same(step, "code", fault.Number, Given("EXPECT_" + name + "_CODE"));
            return fault;
        }
        Same(step, "fault", "none", "a fault");
        return null;
    }

    static void SameStatus(string step, Result result, string status, int id)
    {
        Same(step, "status", result.Status, status);
        Same(step, "leadId", result.LeadId, id);
        Same(step, "leadId of the status", result.StatusLeadId, id);
        Same(step, "error", result.Error, null);
    }

    static void Same(string step, string what, object got, object expected)
    {
        if (Equals(got, expected)) return;
        Console.WriteLine("failed {0}: {1} is \"{2}\", expected \"{3}\"", step, what, got ?? "null", expected ?? "null");
        Environment.Exit(1);
    }

    static void Ok(string step)
    {
        Console.WriteLine("ok " + step);
    }

    static string Address(string url)
    {
        using (var client = new WebClient())
        using (var reader = XmlReader.Create(client.OpenRead(url)))
        {
            var port = ServiceDescription.Read(reader).Services["MktMktowsApiService"].Ports["MktowsApiSoapPort"];
            return port.Extensions.OfType<SoapAddressBinding>().Single().Location;
        }
    }

    // As programs of the time did it: the certificate must be signed by the authority of the given file.
    static bool IsTrusted(object sender, X509Certificate certificate, X509Chain chain, SslPolicyErrors errors)
    {
        var authority = new X509Certificate2(Given("CA_FILE"));
        using (var found = new X509Chain())
        {
            found.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            found.ChainPolicy.VerificationFlags = X509VerificationFlags.AllowUnknownCertificateAuthority;
            found.ChainPolicy.ExtraStore.Add(authority);
            found.Build(new X509Certificate2(certificate));
            var root = found.ChainElements.Cast<X509ChainElement>().Last().Certificate;
            return (errors & SslPolicyErrors.RemoteCertificateNameMismatch) == 0 && root.Thumbprint == authority.Thumbprint;
        }
    }
}
