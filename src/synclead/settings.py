"""What an operator can set, by option or by SYNCLEAD_… in the environment, and which settings go together."""

from collections.abc import Sequence
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Network = IPv4Network | IPv6Network


class SettingsError(Exception):
    """Settings that cannot be served with; the message is a sentence that says what to do."""


class Settings(BaseSettings):
    """Everything `serve` can be told. Sizes are in bytes and times in seconds unless named otherwise."""

    model_config = SettingsConfigDict(env_prefix="SYNCLEAD_", extra="ignore", frozen=True)

    host: str = Field("127.0.0.1", min_length=1)
    port: int = Field(8080, ge=0, le=65535)
    """0 takes any free port."""
    database_url: str = ""
    """Empty: `sqlite:///synclead.db`, in a demo `sqlite:///synclead-demo.db`."""
    workers: int = Field(1, ge=1, le=64)
    """Serving processes; every limit here is for each of them alone."""
    allow_unsafe_durability: bool = False
    """Serves from a PostgreSQL database that would lose acknowledged leads when the power fails."""
    metrics_port: int | None = Field(None, ge=0, le=65535)
    """Shows the metrics there, and nowhere else; 0 takes any free port. None: `/metrics` for loopback alone."""
    metrics_host: str = Field("127.0.0.1", min_length=1)
    demo: bool = False
    """Adds the subscription of the published samples and lets its user in."""

    public_url: str | None = None
    """Scheme and host that clients use, when the server cannot know them: wins in the WSDL."""
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = ()
    """Addresses or networks whose X-Forwarded headers count; in the environment separated by commas."""
    insecure_http: bool = False
    """Serves without TLS beyond loopback."""
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None

    timestamp_window: float = Field(900, gt=0)
    """How far a request's timestamp may be from this machine's clock, either way."""
    head_timeout: float = Field(20, gt=0)
    """From the opening of a connection, or the first byte of a request, to the end of its headers."""
    body_limit: int = Field(10 * 1024 * 1024, ge=1)
    body_timeout: float = Field(25, gt=0)
    answer_timeout: float = Field(60, gt=0)
    """How long a client may take for the part of an answer that the system's buffers do not hold."""
    depth_limit: int = Field(64, ge=8)
    element_limit: int = Field(200_000, ge=16)
    attribute_limit: int = Field(1_000, ge=1)
    """Attributes of one record."""
    value_limit: int = Field(65_535, ge=1)
    """Characters of one value."""
    authentication_limit: int = Field(255, ge=64)
    """Characters of the user id, the signature and the timestamp of a request, each."""
    reference_limit: int = Field(1_000, ge=0)
    """`href` references followed in one request."""
    connection_limit: int = Field(4_096, ge=1)
    """Open connections that are served; a call on any more is answered HTTP 503."""
    keep_alive_timeout: int = Field(65, ge=1)
    shutdown_timeout: int = Field(13, ge=1, le=15)
    """How long calls under way may take after SIGTERM."""
    call_timeout: float = Field(25, gt=0)
    """From a call's arrival to its answer; beyond it fault 20011."""
    lock_timeout: float = Field(10, gt=0)
    """How long another writer may keep a subscription (on SQLite: the database) locked."""
    statement_timeout: float = Field(20, gt=0)
    """How long one statement may take, and on PostgreSQL a transaction stand still."""

    recorded_successes: int = Field(1_000, ge=0)
    """Answered calls of a subscription that `synclead requests` can show; 0 records none."""
    recorded_faults: int = Field(10_000, ge=0)
    """Refused calls of a subscription that it can show; 0 records none."""
    recorded_days: float = Field(30, ge=0)
    """The age at which a recorded call is deleted; 0 records none."""
    show_values: bool = False
    """Records calls with the values in them, which are data of people."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _split_networks(cls, value: Any) -> Any:
        parts = value.split(",") if isinstance(value, str) else value
        try:
            return tuple(ip_network(str(part).strip(), strict=False) for part in parts if str(part).strip())
        except ValueError as error:
            raise ValueError(f"{error}; name addresses or networks such as 10.0.0.0/8") from None

    @field_validator("public_url")
    @classmethod
    def _check_public_url(cls, value: str | None) -> str | None:
        if value is None or not value.strip():
            return None
        parts = urlsplit(value.strip())
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
            raise ValueError("name a URL such as https://leads.example.com")
        return value.strip().rstrip("/")

    @property
    def database(self) -> str:
        """The URL of the database, with its default."""
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
    given = {name: value for name, value in options.items() if value is not None}
    try:
        settings = Settings(**given)
    except ValidationError as error:
        raise SettingsError(_sentence(error)) from None
    check(settings)
    return settings


def check(settings: Settings) -> None:
    """Refuses settings that must not be served with together. Raises SettingsError."""
    _check_tls(settings)
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


def _check_tls(settings: Settings) -> None:
    cert, key = settings.tls_cert_file, settings.tls_key_file
    if (cert is None) != (key is None):
        raise SettingsError("TLS needs both SYNCLEAD_TLS_CERT_FILE and SYNCLEAD_TLS_KEY_FILE")
    for path in (cert, key):
        if path is not None and not path.is_file():
            raise SettingsError(f"the TLS file {path} does not exist or is no file")


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"]) or "settings"
    reason = first["msg"].removeprefix("Value error, ")
    return f"SYNCLEAD_{name.upper()} (--{name.replace('_', '-')}): {reason}"
