"""What the subjects are called in tables, targets and plots."""

POSTGRES = "synclead, PostgreSQL"
SQLITE = "synclead, SQLite"
PROCESS_A_CORE = "synclead, PostgreSQL, a process a core"
TWO_PROCESSES = "synclead, PostgreSQL, 2 processes"
UPSERT = "pgbench, one upsert"
UPSERT_AND_ACTIVITY = "pgbench, upsert and activity"
SQLITE_UPSERT = "SQLite, one upsert"
UVICORN = "uvicorn, same bytes"
PHP = "PHP SoapServer"
JAVA = "Java JAX-WS"
NODE = "Node soap"
PEERS = (PHP, JAVA, NODE)
MULTIPLE = "syncMultipleLeads of 300, PostgreSQL"
IMPORT_POSTGRES = "synclead import, PostgreSQL"
IMPORT_SQLITE = "synclead import, SQLite"
COPY = "COPY and one upsert"
PARSE = "lxml parses the call"
DECODE = "decode"
ENCODE = "encode"
DECODE_AND_ENCODE = "decode and encode"
VERIFY = "verify"
PLAN = "plan"


def of_size(name: str, leads: int) -> str:
    """A subject with so many leads stored."""
    return f"{name}, {leads:,} leads"
