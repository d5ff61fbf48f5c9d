import com.marketo.mktows.*;
import java.io.File;
import java.net.URL;
import javax.xml.namespace.QName;
import javax.xml.ws.BindingProvider;
import javax.xml.ws.soap.SOAPFaultException;

/** A program with its own copy of the WSDL: the property goes before the address in it. */
final class Bundled {
    public static void main(String[] words) throws Exception {
        URL wsdl = new File("mktows.wsdl").toURI().toURL();
        QName name = new QName("http://www.marketo.com/mktows/", "MktMktowsApiService");
        MktowsPort port = new MktMktowsApiService(wsdl, name).getMktowsApiSoapPort();
        BindingProvider provider = (BindingProvider) port;
        provider.getRequestContext().put(BindingProvider.ENDPOINT_ADDRESS_PROPERTY, System.getenv("URL"));
        try {
            port.syncLead(new ParamsSyncLead(), null, null);
        } catch (SOAPFaultException fault) {
            System.out.println(fault.getMessage());
        }
    }
}
