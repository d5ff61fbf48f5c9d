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

function call(SoapClient $client, string $operation, array $params): stdClass
{
    return $client->__soapCall($operation, ['params' . ucfirst($operation) => (object) $params], null, [sign()])->result;
}

function find(SoapClient $client, string $email): stdClass
{
    return call($client, 'getLead', ['leadKey' => (object) ['keyType' => 'EMAIL', 'keyValue' => $email]]);
}

$found = find($client, getenv('EMAIL'));
same('find', 'count', $found->count, 1);
$lead = $found->leadRecordList->leadRecord[0];
same('find', 'Email', $lead->Email, getenv('EXPECT_EMAIL'));
same('find', 'ForeignSysPersonId', $lead->ForeignSysPersonId, null);
same('find', 'attributes', attributes($lead), [
    'FirstName' => [getenv('EXPECT_TYPE'), getenv('EXPECT_FIRST_NAME')],
    'LastName' => [getenv('EXPECT_TYPE'), getenv('EXPECT_LAST_NAME')],
]);
same_fault('find', fn () => find($client, 'nobody@jungle.example'), 'MISSING');
ok('find');

$objects = call($client, 'listMObjects', [])->objects;
same('describe', 'number of objects', count($objects), 4);
same('describe', 'object', $objects[1], getenv('EXPECT_OBJECT'));
$metadata = call($client, 'describeMObject', ['objectName' => 'LeadRecord'])->metadata;
same('describe', 'name', $metadata->name, getenv('EXPECT_OBJECT'));
[$field] = array_values(array_filter($metadata->fieldList->field, fn ($field) => $field->name === 'LastName'));
same('describe', 'label', $field->displayName, getenv('EXPECT_LABEL'));
same('describe', 'type', $field->dataType, getenv('EXPECT_TYPE'));
same('describe', 'size', $field->size, 255);
ok('describe');
