"""synclead: an open lead database that speaks the Marketo SOAP API."""

__version__ = "0.1.0"
