<?php
// PHP's SoapClient as integrations used it: stdClass objects, __soapCall with a SoapHeader, the WSDL by its address.

require 'scenario.php';

function params(array $keys, array $values, bool $returnLead): array
{
    $record = (object) $keys;
    $record->leadAttributeList = new stdClass();
    $record->leadAttributeList->attribute = array_map('attribute', array_keys($values), array_values($values));
    $params = new stdClass();
    $params->leadRecord = $record;
    $params->returnLead = $returnLead;
    return ['paramsSyncLead' => $params];
}

function sync(SoapClient $client, array $params, array $headers = null): stdClass
{
    return $client->__soapCall('syncLead', $params, null, $headers ?? [sign()])->result;
}

function number(int|string $value): int
{
    return (int) $value;
}

$options = ['cache_wsdl' => WSDL_CACHE_NONE, 'connection_timeout' => 20, 'features' => SOAP_SINGLE_ELEMENT_ARRAYS];
$url = getenv('URL');
$address = ['location' => $url];
$tls = stream_context_create(['ssl' => ['cafile' => getenv('CA_FILE')]]);

new SoapClient("$url?wsdl", $options);
$client = new SoapClient("$url?WSDL", $options + $address);
ok('wsdl');

run_scenario(
    $client,
    fn () => new SoapClient("$url?WSDL", $options + $address + ['keep_alive' => false]),
    fn () => new SoapClient(getenv('TLS_URL') . '?WSDL', $options + ['stream_context' => $tls]),
);
