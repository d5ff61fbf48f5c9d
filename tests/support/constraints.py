"""Triggers that somebody made by hand, on either database."""

from sqlalchemy import Connection, text


def refuse_inserts(connection: Connection, table: str, condition: str = "true") -> None:
    """Inserts into the table that meet the condition, over `new`, fail; see `allow_inserts`."""
    _create(connection, table, condition, sqlite="SELECT raise(ABORT, 'no')", postgres="RAISE EXCEPTION 'no'")


def delay_inserts(connection: Connection, table: str) -> None:
    """Inserts into the table take minutes."""
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000000000) SELECT i FROM n"
    _create(connection, table, "true", sqlite=f"SELECT count(*) FROM ({endless})", postgres="PERFORM pg_sleep(600)")


def allow_inserts(connection: Connection, table: str) -> None:
    """Takes the trigger away again."""
    on = f" ON {table}" if connection.dialect.name == "postgresql" else ""
    connection.execute(text(f"DROP TRIGGER by_hand{on}"))


def _create(connection: Connection, table: str, condition: str, *, sqlite: str, postgres: str) -> None:
    if connection.dialect.name == "sqlite":
        begin = f"CREATE TRIGGER by_hand BEFORE INSERT ON {table} WHEN {condition}"
        connection.execute(text(f"{begin} BEGIN {sqlite}; END"))
        return
    function = f"BEGIN {postgres}; RETURN new; END"
    connection.execute(text(f"CREATE FUNCTION by_hand() RETURNS trigger LANGUAGE plpgsql AS $${function}$$"))
    connection.execute(
        text(
            f"CREATE TRIGGER by_hand BEFORE INSERT ON {table} FOR EACH ROW WHEN ({condition}) "
            "EXECUTE FUNCTION by_hand()"
        )
    )
