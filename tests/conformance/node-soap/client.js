// Node's soap: createClient from the WSDL's address, headers by addSoapHeader, the method by its name.
'use strict';

const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const path = require('path');
const soap = require(path.join(process.env.INSTALLED, 'node_modules', 'soap'));

const { env } = process;

class Mismatch extends Error {}

function same(step, what, got, expected) {
  if (got !== expected) {
    throw new Mismatch(`failed ${step}: ${what} is ${JSON.stringify(got)}, expected ${JSON.stringify(expected)}`);
  }
}

function authentication(key) {
  const timestamp = new Date().toISOString();
  const signature = crypto.createHmac('sha1', key).update(timestamp + env.API_USER).digest('hex');
  return { mktowsUserId: env.API_USER, requestSignature: signature, requestTimestamp: timestamp };
}

function params(keys, values, returnLead) {
  const attribute = Object.entries(values).map(([attrName, attrValue]) => ({ attrName, attrValue }));
  return { leadRecord: { ...keys, leadAttributeList: { attribute } }, returnLead };
}

async function sync(client, message, { key = env.API_KEY, workspace, headers, options } = {}) {
  client.clearSoapHeaders();
  client.addSoapHeader({ AuthenticationHeader: authentication(key) }, '', 'tns', client.wsdl.definitions.$targetNamespace);
  if (workspace) {
    client.addSoapHeader({ MktowsContextHeader: { targetWorkspace: workspace } }, '', 'tns');
  }
  const [answer] = await client.syncLeadAsync(message, options, headers);
  return answer.result;
}

function sameStatus(step, result, status, id) {
  same(step, 'status', result.syncStatus.status, status);
  same(step, 'leadId', result.leadId, id);
  same(step, 'leadId of the status', result.syncStatus.leadId, id);
  // A nil element is left out by this library.
  same(step, 'error', result.syncStatus.error, undefined);
}

function attributes(result) {
  const list = [].concat(result.leadRecord.leadAttributeList.attribute);
  return Object.fromEntries(list.map((one) => [one.attrName, one]));
}

async function sameFault(step, name, call) {
  let fault;
  try {
    await call();
  } catch (error) {
    fault = error.root?.Envelope?.Body?.Fault;
    if (!fault) throw error;
  }
  same(step, 'fault', Boolean(fault), true);
  const detail = fault.detail.serviceException;
  same(step, 'faultcode', fault.faultcode, 'SOAP-ENV:Client');
  same(step, 'faultstring', fault.faultstring, env[`EXPECT_${name}_STRING`]);
  same(step, 'code', String(detail.code), env[`EXPECT_${name}_CODE`]);
  if (name === 'FIELD') {
    same(step, 'name', detail.name, env.EXPECT_FIELD_NAME);
    same(step, 'message', detail.message, env.EXPECT_FIELD_MESSAGE);
  }
}

function ok(step) {
  console.log(`ok ${step}`);
}

async function main() {
  await soap.createClientAsync(`${env.URL}?wsdl`);
  const client = await soap.createClientAsync(`${env.URL}?WSDL`);
  ok('wsdl');

  const names = { FirstName: env.FIRST_NAME, LastName: env.LAST_NAME };
  const george = { Email: env.EMAIL };
  const created = await sync(client, params(george, names, false));
  const id = created.leadId;
  same('create', 'type of leadId', typeof id, 'number');
  sameStatus('create', created, env.EXPECT_CREATED, id);
  same('create', 'leadRecord', created.leadRecord, undefined);
  ok('create');

  sameStatus('update', await sync(client, params(george, names, false)), env.EXPECT_UPDATED, id);
  ok('update');

  let result = await sync(client, params(george, names, true));
  sameStatus('read', result, env.EXPECT_UPDATED, id);
  same('read', 'Id', result.leadRecord.Id, id);
  same('read', 'Email', result.leadRecord.Email, env.EXPECT_EMAIL);
  same('read', 'ForeignSysPersonId', result.leadRecord.ForeignSysPersonId, undefined);
  const { FirstName, LastName } = attributes(result);
  same('read', 'FirstName', FirstName.attrValue, env.EXPECT_FIRST_NAME);
  same('read', 'type of FirstName', FirstName.attrType, env.EXPECT_TYPE);
  same('read', 'LastName', LastName.attrValue, env.EXPECT_LAST_NAME);
  ok('read');

  const keys = { ForeignSysPersonId: env.FOREIGN_ID, ForeignSysType: env.FOREIGN_TYPE };
  const first = await sync(client, params({ ...keys, Email: env.FOREIGN_EMAIL }, names, false));
  sameStatus('foreign', first, env.EXPECT_CREATED, first.leadId);
  const second = await sync(client, params({ ...keys, Email: env.NEW_EMAIL }, names, true));
  sameStatus('foreign', second, env.EXPECT_UPDATED, first.leadId);
  same('foreign', 'Email', second.leadRecord.Email, env.EXPECT_NEW_EMAIL);
  same('foreign', 'ForeignSysPersonId', second.leadRecord.ForeignSysPersonId, env.EXPECT_FOREIGN_ID);
  same('foreign', 'ForeignSysType', second.leadRecord.ForeignSysType, env.EXPECT_FOREIGN_TYPE);
  ok('foreign');

  result = await sync(client, params({ Id: id }, { LastName: env.OTHER_LAST_NAME }, true));
  sameStatus('id', result, env.EXPECT_UPDATED, id);
  same('id', 'LastName', attributes(result).LastName.attrValue, env.EXPECT_OTHER_LAST_NAME);
  ok('id');

  result = await sync(client, params(george, names, false), { workspace: 'default' });
  sameStatus('context', result, env.EXPECT_UPDATED, id);
  ok('context');

  await sameFault('field', 'FIELD', () => sync(client, params(george, { [env.UNKNOWN_FIELD]: 'top' }, false)));
  ok('field');
  await sameFault('signature', 'SIGNATURE', () => sync(client, params(george, names, false), { key: 'wrong' }));
  ok('signature');

  result = await sync(client, params({ Email: env.LETTERS_EMAIL }, { FirstName: env.LETTERS }, true));
  same('letters', 'FirstName', attributes(result).FirstName.attrValue, env.EXPECT_LETTERS);
  ok('letters');

  const httpAgent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const more = { headers: { Connection: 'keep-alive' }, options: { httpAgent } };
  for (let call = 0; call < 2; call += 1) {
    sameStatus('keepalive', await sync(client, params(george, names, false), more), env.EXPECT_UPDATED, id);
  }
  httpAgent.destroy();
  ok('keepalive');

  result = await sync(client, params(george, names, false), { headers: { Connection: 'close' } });
  sameStatus('close', result, env.EXPECT_UPDATED, id);
  ok('close');

  const ca = fs.readFileSync(env.CA_FILE);
  const safe = await soap.createClientAsync(`${env.TLS_URL}?WSDL`, {
    wsdl_options: { httpsAgent: new (require('https').Agent)({ ca }) },
  });
  safe.setSecurity(new soap.ClientSSLSecurity(undefined, undefined, [ca]));
  sameStatus('tls', await sync(safe, params(george, names, false)), env.EXPECT_UPDATED, id);
  ok('tls');
}

main().catch((error) => {
  console.log(error instanceof Mismatch ? error.message : error.stack);
  process.exit(1);
});
