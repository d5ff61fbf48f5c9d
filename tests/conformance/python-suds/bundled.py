"""A program with its own copy of the WSDL: `location` goes before the address in it."""

import os
from pathlib import Path

import suds.client

client = suds.client.Client(Path("mktows.wsdl").absolute().as_uri(), location=os.environ["URL"])
try:
    client.service.syncLead({"Email": "t@t.com"}, False)
except suds.WebFault as fault:
    print(fault)
