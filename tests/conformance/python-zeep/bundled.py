"""A program with its own copy of the WSDL: `create_service` takes the address in place of the one in it."""

import os

import zeep

client = zeep.Client("mktows.wsdl")
service = client.create_service("{http://www.marketo.com/mktows/}MktowsApiSoapBinding", os.environ["URL"])
try:
    service.syncLead(leadRecord={"Email": "t@t.com"}, returnLead=False)
except zeep.exceptions.Fault as fault:
    print(fault.message)
