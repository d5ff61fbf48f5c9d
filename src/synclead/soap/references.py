"""References inside a Body: PHP writes an object that is used twice as id="ref1" and href="#ref1"."""

from copy import deepcopy

from lxml import etree

from synclead.soap.causes import Cause
from synclead.soap.errors import LONGEST_NAME, RequestNotUnderstoodError
from synclead.soap.limits import ReadLimits
from synclead.soap.tolerances import has_content, shown

_TOO_LARGE = "References make the request larger than its limits"
_WALKS = 4
"""How many times over the largest request may be walked: targets inside targets are walked again."""


def resolve(body: etree._Element, limits: ReadLimits) -> None:
    """Gives every element with an `href` what the element with that `id` holds, in place.

    Raises RequestNotUnderstoodError (20012) for a reference to nothing or to itself, for more than
    `limits.references` of them, and when the Body would grow beyond `limits.elements` or `limits.body`.
    """
    _Resolver(body, limits).run()


class _Resolver:
    def __init__(self, body: etree._Element, limits: ReadLimits) -> None:
        self._limits = limits
        self._body = body
        self._targets: dict[str, etree._Element] = {}
        self._ambiguous: set[str] = set()
        self._resolved: set[str] = set()
        self._followed = 0
        self._walked = 0
        self._elements = 0
        for element in body.iter():
            self._elements += 1
            name = element.get("id")
            if name is not None:
                if name in self._targets:
                    self._ambiguous.add(name)
                self._targets[name] = element
        self._size = len(etree.tostring(body))

    def run(self) -> None:
        self._resolve_inside(self._body, ())

    def _resolve_inside(self, root: etree._Element, above: tuple[str, ...]) -> None:
        """Resolves every reference inside an element. `above`: the targets that led here."""
        # Listed first: what a place receives is resolved already and is not walked again.
        places = []
        for element in root.iter():
            self._walked += 1
            if element.get("href") is not None:
                places.append(element)
        if self._walked > _WALKS * self._limits.elements:
            raise _refused(_TOO_LARGE)
        for place in places:
            href = place.get("href")
            if href is not None:
                self._fill(place, str(href), above)

    def _fill(self, place: etree._Element, href: str, above: tuple[str, ...]) -> None:
        name = href.strip().removeprefix("#")
        target = self._targets.get(name) if href.strip().startswith("#") else None
        if target is None or name in self._ambiguous:
            what = "several elements" if name in self._ambiguous else "no element of the Body"
            raise _misled(place, href, f"leads to {what}")
        if name in above:
            raise _misled(place, href, "leads back to itself")
        if len(above) >= self._limits.depth:
            raise _refused(f"References are more than {self._limits.depth} deep")
        if has_content(place):
            raise _refused(f"{shown(place)} has a reference and content of its own")
        self._followed += 1
        if self._followed > self._limits.references:
            raise _refused(f"More than {self._limits.references:,} references")
        if name not in self._resolved:
            self._resolve_inside(target, (*above, name))
            self._resolved.add(name)
        # Not before: a circle comes past this place again and must find its reference.
        del place.attrib["href"]
        self._copy(target, place)

    def _copy(self, target: etree._Element, place: etree._Element) -> None:
        self._elements += sum(1 for _ in target.iter())
        self._size += len(etree.tostring(target))
        if self._elements > self._limits.elements or self._size > self._limits.body:
            raise _refused(_TOO_LARGE)
        for child in list(place):
            place.remove(child)
        place.text = target.text
        place.extend(deepcopy(child) for child in target)
        for key, value in target.attrib.items():
            if key != "id":
                place.set(key, value)


def _misled(place: etree._Element, href: str, where: str) -> RequestNotUnderstoodError:
    message, public = f"The reference {href[:LONGEST_NAME]} {where}", f"The reference of {shown(place)} {where}"
    return _refused(message, public)


def _refused(message: str, public: str | None = None) -> RequestNotUnderstoodError:
    return RequestNotUnderstoodError(message, public=public, cause=Cause.REFERENCE)
