"""What an operator can set, by option or by SYNCLEAD_… in the environment, and which settings go together."""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from synclead.clock import Clock, ClockError

Network = IPv4Network | IPv6Network
_Port = Annotated[int, Meta(ge=0, le=65535)]
_Seconds = Annotated[float, Meta(gt=0)]
_Size = Annotated[int, Meta(ge=1)]
_Count = Annotated[int, Meta(ge=0)]
_Address = Annotated[str, Meta(min_length=1)]


class SettingsError(Exception):
    """Settings that cannot be served with; the message is a sentence that says what to do."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything `serve` can be told. Sizes are in bytes and times in seconds unless named otherwise."""

    host: _Address = "127.0.0.1"
    port: _Port = 8080
    """0 takes any free port."""
    database_url: str = ""
    """Empty: `sqlite:///synclead.db`, in a demo `sqlite:///synclead-demo.db`."""
    workers: Annotated[int, Meta(ge=1, le=64)] = 1
    """Serving processes; every limit here is for each of them alone."""
    allow_unsafe_durability: bool = False
    """Serves from a PostgreSQL database that would lose acknowledged leads when the power fails."""
    metrics_port: _Port | None = None
    """Shows the metrics there, and nowhere else; 0 takes any free port. None: `/metrics` for loopback alone."""
    metrics_host: _Address = "127.0.0.1"
    demo: bool = False
    """Adds the subscription of the published samples and lets its user in."""

    ephemeral: bool = False
    """A test double: the database is in memory, and there are control calls. On loopback alone."""
    apply: Path | None = None
    """With `ephemeral`, a declaration that is applied at the start."""
    clock: Annotated[datetime, Meta(tz=True)] | None = None
    """With `ephemeral`, the moment at which the server's clock stands."""
    end_with_stdin: bool = False
    """With `ephemeral`, the server stops when its standard input ends: with the process that started it."""

    public_url: str | None = None
    """Scheme and host that clients use, when the server cannot know them: wins in the WSDL."""
    trusted_proxies: tuple[Network, ...] = ()
    """Addresses or networks whose X-Forwarded headers count; in the environment separated by commas."""
    insecure_http: bool = False
    """Serves without TLS beyond loopback."""
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None

    timestamp_window: _Seconds = 900
    """How far a request's timestamp may be from this machine's clock, either way."""
    head_timeout: _Seconds = 20
    """From the opening of a connection, or the first byte of a request, to the end of its headers."""
    body_limit: _Size = 10 * 1024 * 1024
    body_timeout: _Seconds = 25
    unsigned_limit: _Size = 64 * 1024
    """Bytes of a request, inflated, in which its Header ends: more is read only for who has signed."""
    inflation_limit: _Size = 200
    """How many times its size a compressed request may grow to, beyond `unsigned_limit`."""
    held_unsigned_limit: _Size = 64 * 1024 * 1024
    """Bytes held for requests that wait for their signature; a request for which there is no room is answered 503."""
    held_limit: _Size = 256 * 1024 * 1024
    """Bytes held for all requests that do not come whole at once."""
    answer_limit: _Size = 16 * 1024 * 1024
    """Bytes of one answer that only reads, as stored and as sent."""
    held_answers_limit: _Size = 64 * 1024 * 1024
    """Bytes of answers that wait for their clients, beyond which calls that only read are answered 503."""
    answer_timeout: _Seconds = 60
    """How long a client may take for the part of an answer that the system's buffers do not hold."""
    depth_limit: Annotated[int, Meta(ge=8)] = 64
    element_limit: Annotated[int, Meta(ge=16)] = 200_000
    xml_attribute_limit: Annotated[int, Meta(ge=16)] = 200_000
    """Attributes of a request's elements, declarations of namespaces among them."""
    attribute_limit: _Size = 1_000
    """Attributes of one record."""
    value_limit: _Size = 65_535
    """Characters of one value."""
    authentication_limit: Annotated[int, Meta(ge=64)] = 255
    """Characters of the user id, the signature and the timestamp of a request, each."""
    reference_limit: _Count = 1_000
    """`href` references followed in one request."""
    connection_limit: _Size = 4_096
    """Open connections that are served; a call on any more is answered HTTP 503."""
    keep_alive_timeout: _Size = 65
    shutdown_timeout: Annotated[int, Meta(ge=1, le=15)] = 13
    """How long calls under way may take after SIGTERM."""
    call_timeout: _Seconds = 25
    """From a call's arrival to its answer; beyond it fault 20011."""
    lock_timeout: _Seconds = 10
    """How long another writer may keep a subscription (on SQLite: the database) locked."""
    statement_timeout: _Seconds = 20
    """How long one statement may take, and on PostgreSQL a transaction stand still."""

    recorded_successes: _Count = 1_000
    """Answered calls of a subscription that `synclead requests` can show; 0 records none."""
    recorded_faults: _Count = 10_000
    """Refused calls of a subscription that it can show; 0 records none."""
    recorded_days: Annotated[float, Meta(ge=0)] = 30
    """The age at which a recorded call is deleted; 0 records none."""
    show_values: bool = False
    """Records calls with the values in them, which are data of people."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def database(self) -> str:
        """The URL of the database, with its default."""
        if self.ephemeral:
            return "sqlite://"
        return self.database_url or ("sqlite:///synclead-demo.db" if self.demo else "sqlite:///synclead.db")

    @property
    def window(self) -> timedelta:
        """`timestamp_window` as a duration."""
        return timedelta(seconds=self.timestamp_window)

    @property
    def tls(self) -> bool:
        """Whether this process itself speaks TLS."""
        return self.tls_cert_file is not None


def load_settings(**options: Any) -> Settings:
    """The settings from the environment, with the options of a command line over them.

    An option that is None was not given. Raises SettingsError for the first thing that is wrong.
    """
    names = Settings.__struct_fields__
    given = {name: os.environ[variable(name)] for name in names if variable(name) in os.environ}
    settings = read_settings(given | {name: value for name, value in options.items() if value is not None})
    check(settings)
    return settings


def switches() -> Mapping[str, bool]:
    """Whether a setting is a switch, which is on or off, by the names of all settings."""
    return {one.name: one.type is bool for one in msgspec.structs.fields(Settings)}


def variable(name: str) -> str:
    """The variable of the environment that sets what a name stands for."""
    return f"SYNCLEAD_{name.upper()}"


def read_settings(given: Mapping[str, Any]) -> Settings:
    """Settings from values, or from texts that stand for them, by their names; the others have their defaults.

    Raises SettingsError for the first that cannot be read.
    """
    types = {one.name: one.type for one in msgspec.structs.fields(Settings)}
    found = {}
    for name, value in given.items():
        try:
            read = _READERS.get(name)
            found[name] = _converted(value, types[name]) if read is None else read(value)
        except ValueError as error:
            raise SettingsError(f"{variable(name)} (--{name.replace('_', '-')}) = {value}: {error}") from None
    return Settings(**found)


def write_settings(settings: Settings) -> bytes:
    """The settings as JSON of values that `read_settings` takes, for another process."""
    return msgspec.json.encode(settings, enc_hook=str)


def _converted(value: Any, kind: Any) -> Any:
    """A value of a type, or what a text means as one. Raises ValueError."""
    if kind is not str and isinstance(value, str):
        value = value.strip()
    if kind is bool and isinstance(value, str):
        value = _FLAGS.get(value.lower(), value)
    return msgspec.convert(value, kind, strict=False, dec_hook=lambda wanted, given: wanted(given))


_FLAGS = dict.fromkeys(("y", "yes", "t", "on"), True) | dict.fromkeys(("n", "no", "f", "off"), False)
"""Words for yes and no beside those that msgspec knows."""


def _networks(value: Any) -> tuple[Network, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    try:
        return tuple(ip_network(str(part).strip(), strict=False) for part in parts if str(part).strip())
    except ValueError as error:
        raise ValueError(f"{error}; name addresses or networks such as 10.0.0.0/8") from None


def _public_url(value: str | None) -> str | None:
    if value is None or not value.strip():
        return None
    parts = urlsplit(value.strip())
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise ValueError("name a URL such as https://leads.example.com")
    return value.strip().rstrip("/")


_READERS: Mapping[str, Callable[[Any], Any]] = {"trusted_proxies": _networks, "public_url": _public_url}
"""What reads a setting whose type does not say how it is written."""


def check(settings: Settings) -> None:
    """Refuses settings that must not be served with together. Raises SettingsError."""
    _check_tls(settings)
    _check_ephemeral(settings)
    if not is_loopback(settings.host):
        if settings.demo:
            raise SettingsError(
                f"--demo answers on loopback alone, since its key is published: "
                f"use --host 127.0.0.1 instead of {settings.host}, or leave out --demo"
            )
        if not (settings.tls or settings.trusted_proxies or settings.insecure_http):
            raise SettingsError(
                f"{settings.host} is not loopback and leads would travel in the clear: name "
                "SYNCLEAD_TLS_CERT_FILE and SYNCLEAD_TLS_KEY_FILE, or SYNCLEAD_TRUSTED_PROXIES, "
                "or accept it with --insecure-http"
            )
    if settings.workers > 1 and urlsplit(settings.database).scheme.partition("+")[0] == "sqlite":
        raise SettingsError("an SQLite file has one serving process: leave out --workers, or use PostgreSQL")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens on `host`, or be what calls from it."""
    if host == "localhost":
        return True
    try:
        found = ip_address(host.strip("[]"))
    except ValueError:
        return False
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback


def is_trusted(address: str, proxies: Sequence[Network]) -> bool:
    """Whether a peer's address is one of the trusted proxies."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return any((mapped or found) in network for network in proxies)


def _check_ephemeral(settings: Settings) -> None:
    if not settings.ephemeral:
        for name in ("apply", "clock", "end_with_stdin"):
            if getattr(settings, name):
                raise SettingsError(f"{_option(name)} goes with --ephemeral alone: add that, or leave it out")
        return
    if not is_loopback(settings.host):
        raise SettingsError(
            f"--ephemeral answers on loopback alone, since its control calls need no key: "
            f"use --host 127.0.0.1 instead of {settings.host}"
        )
    if settings.workers > 1:
        raise SettingsError("--ephemeral keeps its database in the memory of one process: leave out --workers")
    for name in ("database_url", "allow_unsafe_durability", "public_url", "trusted_proxies", "insecure_http"):
        if getattr(settings, name):
            raise SettingsError(
                f"{_option(name)} does not go with --ephemeral, which keeps nothing and serves this machine alone: "
                "leave one of them out"
            )
    try:
        Clock(settings.clock)
    except ClockError as error:
        raise SettingsError(f"{_option('clock')}: {error}") from None
    if not settings.demo and settings.apply is None:
        raise SettingsError(
            "--ephemeral has no subscription yet: add --demo for that of the published samples, "
            "or --apply FILE.toml for your own"
        )


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')} ({variable(name)})"


def _check_tls(settings: Settings) -> None:
    cert, key = settings.tls_cert_file, settings.tls_key_file
    if (cert is None) != (key is None):
        raise SettingsError("TLS needs both SYNCLEAD_TLS_CERT_FILE and SYNCLEAD_TLS_KEY_FILE")
    for path in (cert, key):
        if path is not None and not path.is_file():
            raise SettingsError(f"the TLS file {path} does not exist or is no file")
