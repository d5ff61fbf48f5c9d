"""`synclead serve`: answers calls until it is told to stop."""

from pathlib import Path
from typing import Annotated

import typer


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on. Default: 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes any free one. Default: 8080.")] = None,
    database_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="sqlite:///FILE or postgresql://USER@HOST/NAME. Default: sqlite:///synclead.db, with --demo sqlite:///synclead-demo.db.",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            help="Serving processes on one port; one that dies is replaced. Default: 1, and no more on SQLite."
        ),
    ] = None,
    metrics_port: Annotated[
        int | None,
        typer.Option(help="Port for /metrics alone; 0 takes any free one. Default: /metrics on --port, for loopback."),
    ] = None,
    metrics_host: Annotated[
        str | None, typer.Option(help="Address that --metrics-port listens on. Default: 127.0.0.1.")
    ] = None,
    allow_unsafe_durability: Annotated[
        bool | None,
        typer.Option(
            "--allow-unsafe-durability",
            help="Serve from PostgreSQL with fsync or synchronous_commit off: leads are lost when the power fails.",
        ),
    ] = None,
    demo: Annotated[
        bool | None,
        typer.Option("--demo", help="Add the published samples' subscription and let its user in. Loopback only."),
    ] = None,
    ephemeral: Annotated[
        bool | None,
        typer.Option(
            "--ephemeral", help="A double for tests: nothing on disk, and control calls at /control/. Loopback only."
        ),
    ] = None,
    apply: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", help="With --ephemeral: the declaration to begin with.")
    ] = None,
    clock: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="With --ephemeral: the clock stands there, such as 2026-01-31T12:00:00Z."),
    ] = None,
    end_with_stdin: Annotated[
        bool | None,
        typer.Option("--end-with-stdin", help="With --ephemeral: stop when standard input ends, as with its writer."),
    ] = None,
    public_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Scheme and host that clients use; wins in the WSDL.")
    ] = None,
    trusted_proxies: Annotated[
        str | None, typer.Option(help="Addresses or networks whose X-Forwarded headers count; commas between.")
    ] = None,
    insecure_http: Annotated[
        bool | None, typer.Option("--insecure-http", help="Serve without TLS beyond loopback.")
    ] = None,
    tls_cert_file: Annotated[Path | None, typer.Option(help="Certificate chain (PEM): speak TLS.")] = None,
    tls_key_file: Annotated[Path | None, typer.Option(help="Private key of the certificate (PEM).")] = None,
    timestamp_window: Annotated[
        float | None,
        typer.Option(help="Seconds that a request's timestamp may be off, either way. Default: 900."),
    ] = None,
    head_timeout: Annotated[
        float | None, typer.Option(help="Seconds in which a request's headers must arrive. Default: 20.")
    ] = None,
    body_limit: Annotated[int | None, typer.Option(help="Bytes of a request. Default: 10485760.")] = None,
    body_timeout: Annotated[
        float | None, typer.Option(help="Seconds in which a request must arrive. Default: 25.")
    ] = None,
    unsigned_limit: Annotated[
        int | None,
        typer.Option(help="Bytes of a request that are read before its signature is checked. Default: 65536."),
    ] = None,
    inflation_limit: Annotated[
        int | None,
        typer.Option(help="Times its size that a compressed request may grow to beyond them. Default: 200."),
    ] = None,
    held_unsigned_limit: Annotated[
        int | None,
        typer.Option(help="Bytes held for requests without a checked signature; beyond: HTTP 503. Default: 67108864."),
    ] = None,
    held_limit: Annotated[
        int | None,
        typer.Option(help="Bytes held for all requests that are on their way; beyond: HTTP 503. Default: 268435456."),
    ] = None,
    answer_limit: Annotated[
        int | None, typer.Option(help="Bytes of an answer that only reads, such as getLead's. Default: 16777216.")
    ] = None,
    held_answers_limit: Annotated[
        int | None,
        typer.Option(help="Bytes of answers that clients have not taken; beyond: HTTP 503. Default: 67108864."),
    ] = None,
    answer_timeout: Annotated[
        float | None, typer.Option(help="Seconds in which a client must take its answer. Default: 60.")
    ] = None,
    depth_limit: Annotated[int | None, typer.Option(help="Depth of a request's elements. Default: 64.")] = None,
    element_limit: Annotated[int | None, typer.Option(help="Elements of a request. Default: 200000.")] = None,
    xml_attribute_limit: Annotated[
        int | None, typer.Option(help="XML attributes of a request's elements, together. Default: 200000.")
    ] = None,
    attribute_limit: Annotated[int | None, typer.Option(help="Attributes of a record. Default: 1000.")] = None,
    value_limit: Annotated[int | None, typer.Option(help="Characters of a value. Default: 65535.")] = None,
    authentication_limit: Annotated[
        int | None, typer.Option(help="Characters of user id, signature and timestamp, each. Default: 255.")
    ] = None,
    reference_limit: Annotated[
        int | None, typer.Option(help="href references followed in a request. Default: 1000.")
    ] = None,
    connection_limit: Annotated[
        int | None, typer.Option(help="Open connections that are served; any more hear HTTP 503. Default: 4096.")
    ] = None,
    keep_alive_timeout: Annotated[
        int | None, typer.Option(help="Seconds that an idle connection stays open. Default: 65.")
    ] = None,
    shutdown_timeout: Annotated[
        int | None, typer.Option(help="Seconds that calls under way may take after SIGTERM. Default: 13.")
    ] = None,
    call_timeout: Annotated[
        float | None, typer.Option(help="Seconds from a call's arrival to its answer. Default: 25.")
    ] = None,
    lock_timeout: Annotated[
        float | None, typer.Option(help="Seconds that another writer may keep a subscription locked. Default: 10.")
    ] = None,
    statement_timeout: Annotated[
        float | None, typer.Option(help="Seconds that one statement of the database may take. Default: 20.")
    ] = None,
    recorded_successes: Annotated[
        int | None,
        typer.Option(help="Answered calls of a subscription that `synclead requests` shows; 0: none. Default: 1000."),
    ] = None,
    recorded_faults: Annotated[
        int | None,
        typer.Option(help="Refused calls of a subscription that it shows; 0: none. Default: 10000."),
    ] = None,
    recorded_days: Annotated[
        float | None, typer.Option(help="Days after which a recorded call is deleted; 0 records none. Default: 30.")
    ] = None,
    show_values: Annotated[
        bool | None,
        typer.Option("--show-values", help="Record calls with their values; without it, kind and length alone."),
    ] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error. Default: info.")] = None,
) -> None:
    """Answer syncLead at /soap/mktows/… and keep the leads.

    Every option can also be set in the environment: --log-level as SYNCLEAD_LOG_LEVEL, and so on.
    Makes an SQLite database and brings its schema up to date; for PostgreSQL `synclead db upgrade` does.
    Logs go to stderr as JSON lines.
    """
    options = dict(locals())
    from synclead.cli.serving import serve_with  # loads what the other commands do without

    raise typer.Exit(serve_with(options))
