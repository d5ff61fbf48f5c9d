"""What strangers and callers may send to keep a server busy: a catalogue, of any size, before and behind a signature."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from support.envelopes import SOAP, Call, Credentials, envelope

_BODY = "<SOAP-ENV:Body>"


@dataclass(frozen=True)
class Payload:
    """One request, as it goes over the wire."""

    name: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def fill(unit: str, size: int, end: str = "") -> str:
    """The unit as often as it goes into that many characters."""
    return unit * (size // len(unit)) + end


def numbered(unit: str, size: int) -> str:
    """The unit with a number in it, another each time."""
    return "".join(unit.format(number) for number in range(size // (len(unit) + 4)))


def _tag(attributes: str) -> str:
    return f"<a {attributes}/>"


def _references(size: int) -> str:
    """One half holds, and the other one points at it again and again."""
    return f'<a id="x">{fill("<b>1</b>", size // 2)}</a>' + fill('<c href="#x"/>', min(size // 2, 900 * 14))


BODIES: Mapping[str, Callable[[int], str]] = {
    "comments": lambda size: fill("<!---->", size, "<a>&#65;</a>"),
    "comments in an element": lambda size: f"<a>{fill('<!---->', size)}&#65;</a>",
    "CDATA": lambda size: f"<a>{fill('<![CDATA[]]>', size)}&#65;</a>",
    "CDATA without an end": lambda size: f"<a>{fill('<![CDATA[', size)}&#65;</a>",
    "comments without an end": lambda size: f"<a>{fill('<!--', size)}&#65;</a>",
    "instructions": lambda size: fill("<?a?>", size, "<a>&#65;</a>"),
    "instructions without an end": lambda size: f"<a>{fill('<?a ', size)}&#65;</a>",
    "unfinished &": lambda size: f"<a>{fill('&', size)}</a>",
    "unfinished &#": lambda size: f"<a>{fill('&#', size)}</a>",
    "entities nobody declared": lambda size: f"<a>{fill('&a;', size)}</a>",
    "surrogate pairs": lambda size: f"<a>{fill('&#xD83E;&#xDD9C;', size)}</a>",
    "first halves of pairs": lambda size: f"<a>{fill('&#xD83E;', size)}</a>",
    "pairs in comments": lambda size: f"<a>{fill('<!--&#xD83E;&#xDD9C;-->', size)}</a>",
    "references to characters": lambda size: f"<a>{fill('&#65;', size)}</a>",
    "attributes": lambda size: _tag(numbered("a{}='' ", size)),
    "one attribute again and again": lambda size: _tag(fill("a='' ", size)),
    "namespaces": lambda size: _tag(numbered("xmlns:a{}='u' ", size)),
    "namespaces of their own": lambda size: _tag(numbered("xmlns:a{0}='u{0}' ", size)),
    "namespaces that are used": lambda size: _tag(numbered("xmlns:a{0}='u{0}' a{0}:b='' ", size)),
    "attributes of many elements": lambda size: fill("<a b='' c='' d='' e='' f='' g=''/>", size),
    "elements": lambda size: f"<a>{fill('<b/>', size)}</a>",
    "elements with texts": lambda size: f"<a>{fill('<b>1</b>', size)}</a>",
    "elements of all names": lambda size: f"<a>{numbered('<a{}/>', size)}</a>",
    "depth": lambda size: fill("<a>", size),
    "tags": lambda size: fill("<", size),
    "ends of tags": lambda size: fill(">", size),
    "quotes": lambda size: fill("<a b='", size),
    "blanks": lambda size: fill(" ", size),
    "text": lambda size: f"<a>{fill('x', size)}</a>",
    "text beyond Latin": lambda size: f"<a>{fill('猫', size // 3)}</a>",
    "NUL": lambda size: fill("\0", size),
    "references": lambda size: f"<ns1:paramsSyncLead>{_references(size)}</ns1:paramsSyncLead>",
    "nothing wrong but the size": lambda size: (
        f"<ns1:paramsSyncLead><leadRecord><Email>big@orchard.example</Email></leadRecord>{fill(' ', size)}"
        "</ns1:paramsSyncLead>"
    ),
    "lists of what nobody knows": lambda size: (
        f"<ns1:paramsSyncLead><leadRecord><leadAttributeList>{fill('<attribute/>', size)}</leadAttributeList>"
        "</leadRecord></ns1:paramsSyncLead>"
    ),
    "attributes of a record": lambda size: (
        "<ns1:paramsSyncLead><leadRecord><Email>big@orchard.example</Email><leadAttributeList>"
        + fill("<attribute><attrName>City</attrName><attrValue>Ely</attrValue></attribute>", size)
        + "</leadAttributeList></leadRecord></ns1:paramsSyncLead>"
    ),
}


def with_body(credentials: Credentials, inner: str, timestamp: str | None = None) -> bytes:
    """A call signed by those credentials with anything in its Body."""
    before, _, _ = envelope(Call(email="x"), credentials, timestamp).decode().partition(_BODY)
    return f"{before}{_BODY}{inner}</SOAP-ENV:Body></SOAP-ENV:Envelope>".encode()


def body_first(credentials: Credentials, inner: str, timestamp: str | None = None) -> bytes:
    """The same, with the Header behind the Body."""
    before, _, _ = envelope(Call(email="x"), credentials, timestamp).decode().partition(_BODY)
    root, _, header = before.partition("<SOAP-ENV:Header>")
    return f"{root}{_BODY}{inner}</SOAP-ENV:Body><SOAP-ENV:Header>{header}</SOAP-ENV:Envelope>".encode()


def no_header(inner: str) -> bytes:
    """An envelope in which nobody says who sends it."""
    return f'<e:Envelope xmlns:e="{SOAP}" xmlns:ns1="u"><e:Body>{inner}</e:Body></e:Envelope>'.encode()


def hidden_header(inner: str) -> bytes:
    """An envelope whose Header holds all that is sent, and does not end."""
    return f'<e:Envelope xmlns:e="{SOAP}"><e:Header>{inner}'.encode()


def catalogue(size: int, credentials: Credentials, timestamp: str | None = None) -> Iterator[Payload]:
    """Every kind, with that many bytes in its Body, from credentials that are right or wrong."""
    for kind in BODIES:
        yield from of_kind(kind, size, credentials, timestamp)
    yield from odd(size, credentials, timestamp)


def of_kind(kind: str, size: int, credentials: Credentials, timestamp: str | None = None) -> Iterator[Payload]:
    """One kind of Body, in every place."""
    inner = BODIES[kind](size)
    yield Payload(kind, with_body(credentials, inner, timestamp))
    yield Payload(f"{kind}, Body first", body_first(credentials, inner, timestamp))
    yield Payload(f"{kind}, no Header", no_header(inner))
    yield Payload(f"{kind}, in the Header", hidden_header(inner))


def odd(size: int, credentials: Credentials, timestamp: str | None = None) -> Iterator[Payload]:
    """What is no envelope, or packed."""
    whole = with_body(credentials, fill(" ", size), timestamp)
    text = with_body(credentials, fill(" ", size // 2), timestamp).decode()
    member = gzip.compress(b"", mtime=0)
    members = member * (size // len(member))
    zipped = {"Content-Encoding": "gzip"}
    yield Payload("empty members", members, zipped)
    yield Payload("empty members behind a call", gzip.compress(whole, mtime=0) + members, zipped)
    yield Payload("a bomb", gzip.compress(whole, mtime=0), zipped)
    yield Payload("a bomb of nothing", gzip.compress(b"\0" * size, mtime=0), zipped)
    yield Payload(
        "empty blocks", zlib.compress(b"")[:2] + b"\0\0\0\xff\xff" * (size // 5), {"Content-Encoding": "deflate"}
    )
    yield Payload("a long name of an encoding", f'<?xml version="1.0" encoding="{fill("x", size)}"?>'.encode())
    yield Payload("blanks before anything", fill(" ", size).encode())
    yield Payload("UTF-16", text.replace("UTF-8", "UTF-16").encode("utf-16"))
    yield Payload("bytes that are no UTF-8", with_body(credentials, "x", timestamp) + b"\xff" * size)
    yield Payload("JSON", b'{"a":' * (size // 5))
    yield Payload("one byte again and again", b"x" * size)
