// Node's `soap` with `pg`: a process a core, each with a pool of its own; one transaction a call.
'use strict';

const cluster = require('cluster');
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const { createRequire } = require('module');

const env = process.env;
const WINDOW_MS = 900_000;
const COLUMNS = { FirstName: 'first_name', LastName: 'last_name', Company: 'company' };
const FIND = { name: 'find', text: 'SELECT id FROM lead WHERE email = $1 FOR UPDATE' };
const INSERT = {
  name: 'insert',
  text: `INSERT INTO lead (email, first_name, last_name, company, attributes) VALUES ($1, $2, $3, $4, $5::jsonb)
    ON CONFLICT (email) DO UPDATE SET first_name = coalesce(excluded.first_name, lead.first_name),
      last_name = coalesce(excluded.last_name, lead.last_name), company = coalesce(excluded.company, lead.company),
      attributes = lead.attributes || excluded.attributes, updated_at = now()
    RETURNING id, email, first_name, last_name, company, attributes, xmax = 0 AS created`,
};
const UPDATE = {
  name: 'update',
  text: `UPDATE lead SET first_name = coalesce($1, first_name), last_name = coalesce($2, last_name),
      company = coalesce($3, company), attributes = attributes || $4::jsonb, updated_at = now()
    WHERE id = $5
    RETURNING id, email, first_name, last_name, company, attributes, false AS created`,
};
const ACTIVITY = { name: 'activity', text: 'INSERT INTO activity (lead_id, type) VALUES ($1, $2)' };

const processes = Number(env.PEER_PROCESSES);
if (cluster.isPrimary) {
  for (let i = 0; i < processes; i++) cluster.fork();
  process.on('SIGTERM', () => process.exit(0));
} else {
  serve();
}

function serve() {
  const installed = createRequire(`${env.INSTALLED}/`);
  const soap = installed('soap');
  const { Pool } = installed('pg');
  const pool = new Pool({ connectionString: env.DATABASE_URL, max: Math.ceil(Number(env.PEER_POOL) / processes) });

  async function syncLead(params, _callback, headers) {
    authenticate(headers && headers.AuthenticationHeader);
    const record = params.leadRecord;
    const columns = { FirstName: null, LastName: null, Company: null };
    const attributes = {};
    for (const one of [].concat((record.leadAttributeList && record.leadAttributeList.attribute) || [])) {
      (one.attrName in columns ? columns : attributes)[one.attrName] = one.attrValue;
    }
    const stored = await store(pool, record.Email.trim().toLowerCase(), columns, JSON.stringify(attributes));
    const id = Number(stored.id);
    return {
      result: {
        leadId: id,
        syncStatus: { leadId: id, status: stored.created ? 'CREATED' : 'UPDATED' },
        leadRecord: params.returnLead ? shown(id, stored) : null,
      },
    };
  }

  const server = http.createServer((_request, response) => {
    response.statusCode = 404;
    response.end();
  });
  server.keepAliveTimeout = 65_000;
  const services = { MktMktowsApiService: { MktowsApiSoapPort: { syncLead } } };
  soap.listen(server, { path: '/soap/mktows/2_9', services, xml: fs.readFileSync(env.WSDL, 'utf8') });
  server.listen(Number(env.PORT), '127.0.0.1', 1024);
}

function authenticate(header) {
  if (!header) throw fault('Authentication failed');
  const { mktowsUserId: user, requestSignature: signature, requestTimestamp: sent } = header;
  const timestamp = sent instanceof Date ? sent.toISOString() : sent;
  const expected = crypto.createHmac('sha1', env.API_KEY).update(timestamp + user).digest();
  const given = Buffer.from(String(signature), 'hex');
  const right = given.length === expected.length && crypto.timingSafeEqual(expected, given);
  if (user !== env.API_USER || !right) throw fault('Authentication failed');
  if (!(Math.abs(Date.now() - Date.parse(timestamp)) <= WINDOW_MS)) throw fault('Request expired');
}

async function store(pool, email, columns, attributes) {
  const { FirstName, LastName, Company } = columns;
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const found = (await client.query({ ...FIND, values: [email] })).rows[0];
    const statement = found
      ? { ...UPDATE, values: [FirstName, LastName, Company, attributes, found.id] }
      : { ...INSERT, values: [email, FirstName, LastName, Company, attributes] };
    const lead = (await client.query(statement)).rows[0];
    await client.query({ ...ACTIVITY, values: [lead.id, lead.created ? 'New Lead' : 'Change Data Value'] });
    await client.query('COMMIT');
    return lead;
  } catch (error) {
    await client.query('ROLLBACK');
    console.error(error);
    throw fault('Lead sync failed');
  } finally {
    client.release();
  }
}

function shown(id, lead) {
  const values = { ...lead.attributes };
  for (const [name, column] of Object.entries(COLUMNS)) if (lead[column] !== null) values[name] = lead[column];
  const attribute = Object.entries(values).map(([attrName, attrValue]) => ({ attrName, attrType: 'string', attrValue }));
  return { Id: id, Email: lead.email, leadAttributeList: { attribute } };
}

function fault(text) {
  return { Fault: { faultcode: 'SOAP-ENV:Client', faultstring: text, statusCode: 500 } };
}
