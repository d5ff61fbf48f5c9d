<?php
// PHP's SoapServer from the WSDL, under php-fpm behind nginx; PDO with a connection that stays; one transaction a call.

ini_set('soap.wsdl_cache_enabled', '1');
ini_set('soap.wsdl_cache_ttl', '86400');

const WINDOW_SECONDS = 900;
const COLUMNS = ['FirstName' => 'first_name', 'LastName' => 'last_name', 'Company' => 'company'];
const RETURNED = 'id, email, first_name, last_name, company, attributes';

final class Leads
{
    private bool $authenticated = false;

    public function AuthenticationHeader(stdClass $header): void
    {
        $expected = hash_hmac('sha1', $header->requestTimestamp . $header->mktowsUserId, getenv('API_KEY'));
        if ($header->mktowsUserId !== getenv('API_USER') || !hash_equals($expected, $header->requestSignature)) {
            throw new SoapFault('Client', 'Authentication failed');
        }
        if (abs(time() - strtotime($header->requestTimestamp)) > WINDOW_SECONDS) {
            throw new SoapFault('Client', 'Request expired');
        }
        $this->authenticated = true;
    }

    public function syncLead(stdClass $params): array
    {
        if (!$this->authenticated) {
            throw new SoapFault('Client', 'Authentication failed');
        }
        $columns = array_fill_keys(array_keys(COLUMNS), null);
        $attributes = [];
        foreach ($params->leadRecord->leadAttributeList->attribute ?? [] as $one) {
            if (array_key_exists($one->attrName, $columns)) {
                $columns[$one->attrName] = $one->attrValue;
            } else {
                $attributes[$one->attrName] = $one->attrValue;
            }
        }
        $email = strtolower(trim($params->leadRecord->Email));
        $lead = $this->store($email, array_values($columns), json_encode((object) $attributes));
        return ['result' => [
            'leadId' => $lead['id'],
            'syncStatus' => ['leadId' => $lead['id'], 'status' => $lead['created'] ? 'CREATED' : 'UPDATED', 'error' => null],
            'leadRecord' => $params->returnLead ? $this->shown($lead) : null,
        ]];
    }

    private function store(string $email, array $columns, string $attributes): array
    {
        $db = new PDO(getenv('DATABASE_DSN'), 'postgres', null, [
            PDO::ATTR_PERSISTENT => true,
            PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
            // One round trip a statement: what PDO prepares is gone with the request, on a persistent connection too.
            PDO::PGSQL_ATTR_DISABLE_PREPARES => true,
        ]);
        $db->beginTransaction();
        try {
            $find = $db->prepare('SELECT id FROM lead WHERE email = ? FOR UPDATE');
            $find->execute([$email]);
            $id = $find->fetchColumn();
            if ($id === false) {
                $write = $db->prepare('INSERT INTO lead (email, first_name, last_name, company, attributes)
                    VALUES (?, ?, ?, ?, ?::jsonb)
                    ON CONFLICT (email) DO UPDATE SET first_name = coalesce(excluded.first_name, lead.first_name),
                        last_name = coalesce(excluded.last_name, lead.last_name),
                        company = coalesce(excluded.company, lead.company),
                        attributes = lead.attributes || excluded.attributes, updated_at = now()
                    RETURNING ' . RETURNED . ', xmax = 0 AS created');
                $write->execute([$email, ...$columns, $attributes]);
            } else {
                $write = $db->prepare('UPDATE lead SET first_name = coalesce(?, first_name),
                        last_name = coalesce(?, last_name), company = coalesce(?, company),
                        attributes = attributes || ?::jsonb, updated_at = now()
                    WHERE id = ? RETURNING ' . RETURNED . ', false AS created');
                $write->execute([...$columns, $attributes, $id]);
            }
            $lead = $write->fetch(PDO::FETCH_ASSOC);
            $activity = $db->prepare('INSERT INTO activity (lead_id, type) VALUES (?, ?)');
            $activity->execute([$lead['id'], $lead['created'] ? 'New Lead' : 'Change Data Value']);
            $db->commit();
            return $lead;
        } catch (Throwable $error) {
            $db->rollBack();
            error_log((string) $error);
            throw new SoapFault('Server', 'Lead sync failed');
        }
    }

    private function shown(array $lead): array
    {
        $values = json_decode($lead['attributes'], true);
        foreach (COLUMNS as $name => $column) {
            if ($lead[$column] !== null) {
                $values[$name] = $lead[$column];
            }
        }
        $list = [];
        foreach ($values as $name => $value) {
            $list[] = ['attrName' => $name, 'attrType' => 'string', 'attrValue' => $value];
        }
        return ['Id' => $lead['id'], 'Email' => $lead['email'], 'ForeignSysPersonId' => null, 'ForeignSysType' => null,
            'leadAttributeList' => ['attribute' => $list]];
    }
}

$server = new SoapServer(getenv('WSDL'), ['cache_wsdl' => WSDL_CACHE_BOTH, 'features' => SOAP_SINGLE_ELEMENT_ARRAYS]);
$server->setClass(Leads::class);
$server->handle();
