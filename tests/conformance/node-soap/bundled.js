// A program with its own copy of the WSDL: `setEndpoint` goes before the address in it.
'use strict';

const path = require('path');
const soap = require(path.join(process.env.INSTALLED, 'node_modules', 'soap'));

async function main() {
  const client = await soap.createClientAsync('mktows.wsdl');
  client.setEndpoint(process.env.URL);
  await client.syncLeadAsync({ leadRecord: { Email: 't@t.com' }, returnLead: false });
}

main().catch((error) => console.log(error.message));
