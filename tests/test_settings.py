"""What an operator can set, and what must not be served with."""

from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import msgspec
import pytest

from synclead.settings import SettingsError, is_loopback, is_trusted, load_settings, read_settings, write_settings


def test_defaults_serve_loopback_without_a_demo() -> None:
    """Without any setting the server listens on loopback and keeps leads in a file beside it."""
    settings = load_settings()
    assert (settings.host, settings.port, settings.demo) == ("127.0.0.1", 8080, False)
    assert settings.database == "sqlite:///synclead.db"
    assert settings.window.total_seconds() == 900


def test_a_demo_has_a_database_of_its_own() -> None:
    """The demo never writes into the file of a real server, unless told to."""
    assert load_settings(demo=True).database == "sqlite:///synclead-demo.db"
    assert load_settings(demo=True, database_url="sqlite:///x.db").database == "sqlite:///x.db"


def test_a_test_double_has_a_database_in_memory() -> None:
    """Of a test double's settings none names a file."""
    settings = load_settings(ephemeral=True, demo=True, clock="2026-01-31T12:00:00+01:00")
    assert settings.database == "sqlite://"
    assert settings.clock == datetime(2026, 1, 31, 11, tzinfo=UTC)


def test_options_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every setting has a variable; an option that was given wins, one that was not does not."""
    monkeypatch.setenv("SYNCLEAD_PORT", "9000")
    monkeypatch.setenv("SYNCLEAD_TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.7")
    assert load_settings(port=None).port == 9000
    assert load_settings(port=9001).port == 9001
    assert load_settings().trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("192.0.2.7"))


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        ({"demo": True, "host": "0.0.0.0"}, "--host 127.0.0.1"),
        ({"demo": True, "host": "0.0.0.0", "insecure_http": True}, "--host 127.0.0.1"),
        ({"host": "0.0.0.0"}, "--insecure-http"),
        ({"host": "::"}, "--insecure-http"),
        ({"host": "leads.example.com"}, "--insecure-http"),
        ({"workers": 2}, "one serving process"),
        ({"workers": 2, "database_url": "sqlite+pysqlite:///leads.db"}, "one serving process"),
        ({"tls_cert_file": Path("cert.pem")}, "SYNCLEAD_TLS_KEY_FILE"),
        ({"tls_cert_file": Path("no.pem"), "tls_key_file": Path("no.key")}, "no.pem"),
        ({"port": 70000}, "--port"),
        ({"port": "many"}, "SYNCLEAD_PORT"),
        ({"public_url": "leads.example.com"}, "https://leads.example.com"),
        ({"trusted_proxies": "proxy"}, "10.0.0.0/8"),
        ({"log_level": "loud"}, "SYNCLEAD_LOG_LEVEL"),
        ({"ephemeral": True}, "--apply FILE.toml"),
        ({"ephemeral": True}, "--demo"),
        ({"ephemeral": True, "demo": True, "host": "0.0.0.0"}, "--host 127.0.0.1"),
        ({"ephemeral": True, "demo": True, "workers": 2}, "--workers"),
        ({"ephemeral": True, "demo": True, "database_url": "sqlite:///x.db"}, "SYNCLEAD_DATABASE_URL"),
        ({"ephemeral": True, "demo": True, "public_url": "https://leads.example.com"}, "--public-url"),
        ({"ephemeral": True, "demo": True, "trusted_proxies": "10.0.0.1"}, "--trusted-proxies"),
        ({"ephemeral": True, "demo": True, "insecure_http": True}, "--insecure-http"),
        ({"ephemeral": True, "demo": True, "allow_unsafe_durability": True}, "--allow-unsafe-durability"),
        ({"ephemeral": True, "demo": True, "clock": "noon"}, "--clock"),
        ({"ephemeral": True, "demo": True, "clock": "2026-01-31T12:00:00"}, "--clock"),
        ({"ephemeral": True, "demo": True, "clock": "3026-01-31T12:00:00Z"}, "1970 to 2999"),
        ({"clock": "2026-01-31T12:00:00Z"}, "--ephemeral"),
        ({"apply": Path("x.toml")}, "--ephemeral"),
        ({"end_with_stdin": True}, "--ephemeral"),
    ],
)
def test_settings_that_cannot_be_served_with_say_what_to_do(options: dict[str, Any], advice: str) -> None:
    """A refusal is one line that names the setting or the way out."""
    with pytest.raises(SettingsError) as caught:
        load_settings(**options)
    assert advice in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"insecure_http": True},
        {"trusted_proxies": "10.0.0.1"},
        {"tls_cert_file": Path(__file__), "tls_key_file": Path(__file__)},
    ],
)
def test_other_hosts_are_served_when_the_way_is_safe_or_accepted(options: dict[str, Any]) -> None:
    """TLS files, a trusted proxy or the operator's word open the way beyond loopback."""
    assert load_settings(host="0.0.0.0", **options).host == "0.0.0.0"


def test_loopback_is_what_no_other_machine_reaches() -> None:
    """Names other than localhost are not trusted to be loopback."""
    assert all(is_loopback(host) for host in ("127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost"))
    assert not any(is_loopback(host) for host in ("", "0.0.0.0", "::", "10.0.0.1", "localhost.example.com"))


def test_proxies_are_trusted_by_address() -> None:
    """A network covers its addresses, also in their IPv6 form, and no name."""
    proxies = (ip_network("10.0.0.0/8"),)
    assert is_trusted("10.1.2.3", proxies)
    assert is_trusted("::ffff:10.1.2.3", proxies)
    assert not is_trusted("11.1.2.3", proxies)
    assert not is_trusted("proxy", proxies)


def test_a_worker_gets_the_settings_that_its_parent_has() -> None:
    """They go through JSON and come out the same, networks, files and moments too."""
    settings = load_settings(
        demo=True,
        ephemeral=True,
        clock="2026-01-31T12:00:00Z",
        tls_cert_file=Path(__file__),
        tls_key_file=Path(__file__),
        lock_timeout=0.5,
    )
    proxied = load_settings(trusted_proxies="10.0.0.0/8,::1", public_url="https://leads.example.com/", metrics_port=0)
    for one in (settings, proxied, load_settings()):
        assert read_settings(msgspec.json.decode(write_settings(one))) == one


@pytest.mark.parametrize(
    ("text", "value"), [("1", True), ("Yes", True), ("on", True), ("FALSE", False), ("off", False)]
)
def test_a_switch_is_set_by_any_usual_word(monkeypatch: pytest.MonkeyPatch, text: str, value: bool) -> None:
    """In the environment, with white space around it too."""
    monkeypatch.setenv("SYNCLEAD_DEMO", f" {text} ")
    assert load_settings().demo is value
