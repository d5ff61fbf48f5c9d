<?php
// PHP's SoapClient without a WSDL: `location` and `uri` by hand, the elements by SoapParam and SoapVar. PHP then
// writes RPC/encoded messages, with an xsi:type on every value, and gives every answer's text back as a string.

require 'scenario.php';

function element(string $name, mixed $value, int $type = XSD_STRING): SoapVar
{
    return new SoapVar($value, $type, null, null, $name);
}

function params(array $keys, array $values, bool $returnLead): array
{
    $list = [];
    foreach ($values as $name => $value) {
        $list[] = element('attribute', [element('attrName', $name), element('attrValue', $value)], SOAP_ENC_OBJECT);
    }
    $record = array_map(fn ($name) => element($name, $keys[$name]), array_keys($keys));
    $record[] = element('leadAttributeList', $list, SOAP_ENC_OBJECT);
    return [
        element('leadRecord', $record, SOAP_ENC_OBJECT),
        new SoapParam($returnLead, 'returnLead'),
    ];
}

function sync(SoapClient $client, array $params, array $headers = null): stdClass
{
    return $client->__soapCall('paramsSyncLead', $params, null, $headers ?? [sign()]);
}

function number(int|string $value): string
{
    return (string) $value;
}

$options = ['uri' => NAMESPACE_URI, 'connection_timeout' => 20];
$tls = stream_context_create(['ssl' => ['cafile' => getenv('CA_FILE')]]);

run_scenario(
    new SoapClient(null, $options + ['location' => getenv('URL')]),
    fn () => new SoapClient(null, $options + ['location' => getenv('URL'), 'keep_alive' => false]),
    fn () => new SoapClient(null, $options + ['location' => getenv('TLS_URL'), 'stream_context' => $tls]),
);
