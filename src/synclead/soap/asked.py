"""What a call asked, as XML that a person reads: every value replaced by a mark of its kind and length."""

from collections.abc import Callable
from functools import cache
from typing import Any

from lxml import etree

from synclead.soap import markup, schema, wsdl
from synclead.soap.errors import LONGEST_NAME, RequestNotUnderstoodError
from synclead.soap.limits import ReadLimits
from synclead.soap.tolerances import join_surrogates, local_name

MOST_CHARACTERS = 16 * 1024
"""Of what is kept of one call."""

_NAMES = frozenset({"attrName"})
"""Elements whose text is the name of a field: it is by these that a program is mended."""
_FREE = frozenset({"attrValue", "value"})
"""Elements that hold anything, so that a word of the contract is no word of it there."""
_SECRETS = frozenset({"mktowsUserId", "requestSignature", "requestTimestamp", "partnerId"})
"""Elements whose values are never shown, wherever they stand."""
_NO_LIMITS = ReadLimits(elements=2**31, depth=250)

Show = Callable[[str, str], str]
"""From the name of an element or attribute and its text to what is shown of the text."""


def asked(sent: bytes, charset: str | None, *, show_values: bool = False) -> str:
    """What stands in Body, with marks like `[text, 12 characters]` for values; names of fields stay.

    `charset` is that of Content-Type. With `show_values` values stay, but for those of an AuthenticationHeader.
    Headers are left out. At most about MOST_CHARACTERS; what is cut, or cannot be read as XML, is said. A document
    that is no envelope is shown whole, and never with values. For a thread that ends soon: see `interned`.
    """
    show = _value if show_values else _mark
    try:
        source = join_surrogates(markup.as_utf8(sent, charset))
        markup.check(source, _NO_LIMITS)
    except RequestNotUnderstoodError as error:
        return f"[{error.message}]"
    try:
        return _shown(source, markup.parser(), show)
    except RequestNotUnderstoodError as error:
        return f"{_shown(source, markup.parser(recover=True), show)}\n[{error.message}]".lstrip()


def mark(text: str) -> str:
    """What stands for a value: its kind, and its length without the white space around it."""
    bare = text.strip()
    if not bare:
        return f"[blank, {len(text)} characters]"
    kind = "number" if bare.isdigit() else "address" if "@" in bare else "text"
    return f"[{kind}, {len(bare)} character{'' if len(bare) == 1 else 's'}]"


def _value(name: str, text: str) -> str:
    return mark(text) if name in _SECRETS else text


def _mark(name: str, text: str) -> str:
    if name in _NAMES:
        return text[:LONGEST_NAME]
    return text if name not in _FREE and text.strip() in _words() else mark(text)


@cache
def _words() -> frozenset[str]:
    """What the contract itself names, like `SFDC`: no values of leads."""
    named = schema.read(wsdl.source()).enums.values()
    return frozenset(word for words in named for word in words) | {"true", "false"}


def _shown(source: bytes, parser: "etree.XMLParser[etree._Element]", show: Show) -> str:
    root: Any = markup.parse(source, parser, _NO_LIMITS)
    if root is None:  # nothing at all could be recovered
        return ""
    if local_name(root) != "Envelope":
        return _written(root, _mark)
    parts = [part for child in root[:] if local_name(child) == "Body" for part in child[:]]
    return "\n".join([_written(part, show) for part in parts]) or "[nothing stands in Body]"


def _written(part: etree._Element, show: Show) -> str:
    part.tail = None
    for element in part.iter():
        text, tail = element.text, element.tail
        if text and (not text.isspace() or not len(element)):
            element.text = show(local_name(element), text)
        if tail and not tail.isspace():
            element.tail = show("", tail)
        if element.keys():
            for name, value in element.items():
                is_nil = name.endswith("}nil") and value.strip() in ("true", "false", "1", "0")
                element.set(name, value if is_nil else show("", value))
    etree.cleanup_namespaces(part)
    written = etree.tostring(part, encoding="unicode")
    if len(written) <= MOST_CHARACTERS:
        return written
    return f"{written[:MOST_CHARACTERS]}\n[cut here: {len(written)} characters]"
