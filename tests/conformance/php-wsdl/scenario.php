<?php
// The scenario in PHP, for every way to make a SoapClient. A stack defines
// `params`, `sync`, `number` (how it shows a number of an answer) and the three clients.

const NAMESPACE_URI = 'http://www.marketo.com/mktows/';

function sign(string $key = null): SoapHeader
{
    $now = (new DateTime('now', new DateTimeZone('America/Los_Angeles')))->format(DATE_W3C);
    $header = new stdClass();
    $header->mktowsUserId = getenv('API_USER');
    $header->requestSignature = hash_hmac('sha1', $now . getenv('API_USER'), $key ?? getenv('API_KEY'));
    $header->requestTimestamp = $now;
    return new SoapHeader(NAMESPACE_URI, 'AuthenticationHeader', $header);
}

function context(string $workspace): SoapHeader
{
    $header = new stdClass();
    $header->targetWorkspace = $workspace;
    return new SoapHeader(NAMESPACE_URI, 'MktowsContextHeader', $header);
}

function attribute(string $name, string $value): stdClass
{
    $attribute = new stdClass();
    $attribute->attrName = $name;
    $attribute->attrValue = $value;
    return $attribute;
}

function same(string $step, string $what, mixed $got, mixed $expected): void
{
    if ($got !== $expected) {
        $show = fn (mixed $value) => json_encode($value, JSON_UNESCAPED_UNICODE);
        printf("failed %s: %s is %s, expected %s\n", $step, $what, $show($got), $show($expected));
        exit(1);
    }
}

function same_status(string $step, stdClass $result, string $status, int|string $id): void
{
    same($step, 'status', $result->syncStatus->status, $status);
    same($step, 'leadId', $result->leadId, $id);
    same($step, 'leadId of the status', $result->syncStatus->leadId, $id);
    same($step, 'error', $result->syncStatus->error, null);
}

/** The attributes of a record by their names: [type, value]. */
function attributes(stdClass $record): array
{
    $found = [];
    $list = $record->leadAttributeList->attribute;
    foreach (is_array($list) ? $list : [$list] as $attribute) {
        $found[$attribute->attrName] = [$attribute->attrType, $attribute->attrValue];
    }
    return $found;
}

function same_fault(string $step, callable $call, string $name): void
{
    try {
        $call();
    } catch (SoapFault $fault) {
        $detail = $fault->detail->serviceException;
        $wanted = fn (string $what) => getenv("EXPECT_{$name}_$what");
        same($step, 'faultcode', $fault->faultcode, 'SOAP-ENV:Client');
        same($step, 'faultstring', $fault->faultstring, $wanted('STRING'));
        same($step, 'code', (string) $detail->code, $wanted('CODE'));
        if ($name === 'FIELD') {
            same($step, 'name', $detail->name, $wanted('NAME'));
            same($step, 'message', $detail->message, $wanted('MESSAGE'));
        }
        return;
    }
    same($step, 'fault', 'none', 'a SoapFault');
}

function ok(string $step): void
{
    echo "ok $step\n";
}

/** Does every step after the WSDL. The clients: one that keeps its connection, one that does not, one over TLS. */
function run_scenario(SoapClient $client, callable $closing_client, callable $tls_client): void
{
    $names = ['FirstName' => getenv('FIRST_NAME'), 'LastName' => getenv('LAST_NAME')];
    $george = ['Email' => getenv('EMAIL')];
    $created = sync($client, params($george, $names, false));
    $id = $created->leadId;
    same('create', 'leadId', $id, number((int) $id));
    same('create', 'leadId above 0', $id > 0, true);
    same_status('create', $created, getenv('EXPECT_CREATED'), $id);
    same('create', 'leadRecord', $created->leadRecord, null);
    ok('create');

    same_status('update', sync($client, params($george, $names, false)), getenv('EXPECT_UPDATED'), $id);
    ok('update');

    $result = sync($client, params($george, $names, true));
    same_status('read', $result, getenv('EXPECT_UPDATED'), $id);
    same('read', 'Id', $result->leadRecord->Id, $id);
    same('read', 'Email', $result->leadRecord->Email, getenv('EXPECT_EMAIL'));
    same('read', 'ForeignSysPersonId', $result->leadRecord->ForeignSysPersonId, null);
    same('read', 'attributes', attributes($result->leadRecord), [
        'FirstName' => [getenv('EXPECT_TYPE'), getenv('EXPECT_FIRST_NAME')],
        'LastName' => [getenv('EXPECT_TYPE'), getenv('EXPECT_LAST_NAME')],
    ]);
    ok('read');

    $keys = ['ForeignSysPersonId' => getenv('FOREIGN_ID'), 'ForeignSysType' => getenv('FOREIGN_TYPE')];
    $first = sync($client, params($keys + ['Email' => getenv('FOREIGN_EMAIL')], $names, false));
    same_status('foreign', $first, getenv('EXPECT_CREATED'), $first->leadId);
    $second = sync($client, params($keys + ['Email' => getenv('NEW_EMAIL')], $names, true));
    same_status('foreign', $second, getenv('EXPECT_UPDATED'), $first->leadId);
    same('foreign', 'Email', $second->leadRecord->Email, getenv('EXPECT_NEW_EMAIL'));
    same('foreign', 'ForeignSysPersonId', $second->leadRecord->ForeignSysPersonId, getenv('EXPECT_FOREIGN_ID'));
    same('foreign', 'ForeignSysType', $second->leadRecord->ForeignSysType, getenv('EXPECT_FOREIGN_TYPE'));
    ok('foreign');

    $result = sync($client, params(['Id' => $id], ['LastName' => getenv('OTHER_LAST_NAME')], true));
    same_status('id', $result, getenv('EXPECT_UPDATED'), $id);
    same('id', 'LastName', attributes($result->leadRecord)['LastName'][1], getenv('EXPECT_OTHER_LAST_NAME'));
    ok('id');

    $result = sync($client, params($george, $names, false), [sign(), context('default')]);
    same_status('context', $result, getenv('EXPECT_UPDATED'), $id);
    ok('context');

    same_fault('field', fn () => sync($client, params($george, [getenv('UNKNOWN_FIELD') => 'top'], false)), 'FIELD');
    ok('field');
    same_fault('signature', fn () => sync($client, params($george, $names, false), [sign('wrong')]), 'SIGNATURE');
    ok('signature');

    $result = sync($client, params(['Email' => getenv('LETTERS_EMAIL')], ['FirstName' => getenv('LETTERS')], true));
    same('letters', 'FirstName', attributes($result->leadRecord)['FirstName'][1], getenv('EXPECT_LETTERS'));
    ok('letters');

    sync($client, params($george, $names, false));
    ok('keepalive');
    $closing = $closing_client();
    same_status('close', sync($closing, params($george, $names, false)), getenv('EXPECT_UPDATED'), $id);
    ok('close');

    $safe = $tls_client();
    same_status('tls', sync($safe, params($george, $names, false)), getenv('EXPECT_UPDATED'), $id);
    ok('tls');
}
