"""An element as XML, up to a bound, with its values replaced on the way.

Not by lxml, which writes all of an element in one step, in which nothing else runs, and whose own way of leaving out
namespaces that nobody uses takes a time that grows with the square of their number.
"""

from collections.abc import Callable, Iterator, Mapping

from lxml import etree

Show = Callable[[str, str], str]
"""From the name of an element and its text to what is shown of it; for other texts and attributes the name is ""."""

_XML = "http://www.w3.org/XML/1998/namespace"
_IN_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_IN_QUOTES = {**_IN_TEXT, **str.maketrans({'"': "&quot;", "\n": "&#10;", "\t": "&#9;"})}
_STRUCTURE = frozenset({"nil", "mustUnderstand"})
"""Attributes of which `true` and its like are no values."""
_FLAGS = frozenset({"true", "false", "1", "0"})
_LONGEST_NAMESPACE = 255

_Scope = Mapping[str | None, str]
"""Namespaces by their prefixes."""


def written(part: etree._Element, show: Show, room: int) -> tuple[str, bool]:
    """The element, closed where it was cut, and whether all of it is there.

    Ends after about `room` characters. Blanks between elements are left out, and what follows the element.
    """
    pieces: list[str] = []
    open_: list[tuple[etree._Element, str, _Scope]] = []
    waiting: list[Iterator[etree._Element]] = [iter([part])]
    prefixes: dict[str, str] = {}
    is_whole = True
    while waiting:
        element = next(waiting[-1], None)
        if element is None:
            waiting.pop()
            if not open_:
                continue
            element, name, _ = open_.pop()
            piece = f"</{name}>"
        elif room <= 0 or not is_whole:
            is_whole = False
            break
        elif not isinstance(element.tag, str):  # a reference to an entity, which nobody resolves
            piece = show("", element.text or "").translate(_IN_TEXT)
        else:
            outer = open_[-1][2] if open_ else {}
            name, local, scope, attributes, is_whole = _start(element, outer, prefixes, show, room)
            children, text = element[:], element.text
            if children or text:
                if text and (not children or not text.isspace()):
                    text = show(local, text).translate(_IN_TEXT)
                    pieces.append(f"<{name}{attributes}>{text}")
                else:
                    pieces.append(f"<{name}{attributes}>")
                open_.append((element, name, scope))
                waiting.append(iter(children))
                room -= len(pieces[-1])
                continue
            piece = f"<{name}{attributes}/>"
        tail = element.tail
        if tail and not tail.isspace() and open_:
            piece += show("", tail).translate(_IN_TEXT)
        pieces.append(piece)
        room -= len(piece)
    pieces += [f"</{name}>" for _, name, _ in reversed(open_)]
    return "".join(pieces), is_whole


def _start(
    element: etree._Element, outer: _Scope, prefixes: dict[str, str], show: Show, room: int
) -> tuple[str, str, _Scope, str, bool]:
    """The name of an element, without its prefix too, the namespaces in it, and its attributes, whether these are all.

    `outer` are the namespaces around it. `prefixes` remembers those of attributes.
    """
    prefix, (namespace, local) = element.prefix, _taken_apart(str(element.tag))
    name = f"{prefix}:{local}" if prefix else local
    names = element.keys()
    if not names and outer.get(prefix, "") == namespace:
        return name, local, outer, "", True
    declared: dict[str | None, str] = {}
    if outer.get(prefix, "") != namespace:
        declared[prefix] = namespace
    parts: list[str] = []
    for attribute in names:
        if room <= 0:
            break
        of, bare = _taken_apart(attribute)
        value = element.get(attribute) or ""
        shown = value if bare in _STRUCTURE and value.strip() in _FLAGS else show("", value)
        if of:
            bare = f"{_prefix(element, of, outer, declared, prefixes)}:{bare}"
        parts.append(f' {bare}="{shown.translate(_IN_QUOTES)}"')
        room -= len(parts[-1])
    spaces = "".join(map(_declaration, declared.items()))
    return name, local, {**outer, **declared}, spaces + "".join(parts), len(parts) == len(names)


def _prefix(
    element: etree._Element, namespace: str, outer: _Scope, declared: dict[str | None, str], prefixes: dict[str, str]
) -> str:
    """The prefix of an attribute's namespace, which is declared where it is not yet."""
    if namespace == _XML:
        return "xml"
    if namespace not in prefixes:
        prefixes.update({uri: prefix for prefix, uri in element.nsmap.items() if prefix})
    found = prefixes.get(namespace, "")
    if found and declared.get(found, outer.get(found)) == namespace:
        return found
    if not found or found in declared:  # by the element itself, for another namespace
        found = f"ns{len(prefixes)}"
        prefixes[namespace] = found
    declared[found] = namespace
    return found


def _declaration(of: tuple[str | None, str]) -> str:
    prefix, namespace = of
    return f' xmlns{f":{prefix}" if prefix else ""}="{namespace[:_LONGEST_NAMESPACE].translate(_IN_QUOTES)}"'


def _taken_apart(name: str) -> tuple[str, str]:
    """The namespace, "" for none, and the local name."""
    namespace, _, local = name.rpartition("}")
    return namespace[1:], local
