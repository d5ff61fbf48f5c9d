<?php
// A program with its own copy of the WSDL: `location` goes before the address in it.

$client = new SoapClient('mktows.wsdl', ['location' => getenv('URL')]);
try {
    $client->__soapCall('syncLead', [['leadRecord' => ['Email' => 't@t.com'], 'returnLead' => false]]);
} catch (SoapFault $fault) {
    echo $fault->getMessage(), "\n";
}
