"""Requests that differ from an earlier one in their values alone are understood without reading their XML again.

A program's calls are one document with other values each time. What such a document comes to is learned once: it is
read as ever, with a mark in the place of each value, and what was made of it shows where each value goes. A value is
all the text between two tags, printable and without blanks around it, and no longer than the limits of any element; so
it is read the same as its mark, except where an element has a type: there the text is part of what was learned.
"""

import re
from collections.abc import Callable, Container, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import astuple

from synclead.leads.errors import InputError, SyncleadError
from synclead.soap.authentication import read_credentials
from synclead.soap.envelope import parse, read_workspace
from synclead.soap.errors import UnsupportedOperationError
from synclead.soap.limits import ReadLimits
from synclead.soap.markup import as_text
from synclead.soap.request import Decoding, KnownRequest

# Between two tags stands no `<` and no `>`, and where one follows the other a tag ended and another begins: inside of
# one, XML has no `<`. References, control characters, what XML forbids and our marks, which are of Unicode's private
# use, stay outside; a text with one is no value.
_PLAIN = r"<>&\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff\ue000\ue001"
_VALUE = re.compile(rf">([^\s{_PLAIN}](?:[^{_PLAIN}]*[^\s{_PLAIN}])?)<")
# Comments, CDATA, instructions and references have rules of their own. Behind a value, their `<` went with it.
_NOT_LEARNED = re.compile(r"[<\0]!|(?:.<|\0)\?|&|href|[\ue000\ue001]", re.DOTALL)
_MARK = re.compile("\ue000([0-9]+)\ue001")
_DECLARATION = re.compile(r"<\?xml\s[^>]*>")

_LONGEST = 16_000
"""Bytes of a request that is worth looking at; fewer where the limit is lower."""
_MOST_VALUES = 200
_SHAPES = 200
"""That are remembered, with 30 KB a variant at most. Of more, all are forgotten: those in use are learned again."""
_VARIANTS = 4
"""Of one shape, by the texts of its elements that have a type: `true` and `false`, mostly."""
_LONGEST_VALUE = 255
"""Characters; less where a limit is lower."""


class Split(NamedTuple):
    """The text of a request, taken apart."""

    shape: str
    values: list[str]

    def whole(self, values: Sequence[str]) -> str:
        """The request with other values."""
        first, *pieces = self.shape.split("\0")
        return first + "".join(f">{value}<{piece}" for value, piece in zip(values, pieces, strict=True))


class _Variant(NamedTuple):
    """How the values of one shape make a request."""

    constants: list[Any]
    steps: list[tuple[Callable[..., Any], Callable[[list[Any]], Any]]]
    """Each makes something of what there is, which are the values, the constants, and what was made before."""

    def made_of(self, values: list[str]) -> KnownRequest:
        """The request with these values."""
        made: list[Any] = values + self.constants
        for make, parts in self.steps:
            made.append(make(*parts(made)))
        request: KnownRequest = made[-1]
        return request


class _Shape(NamedTuple):
    values: int
    fixed: tuple[int, ...]
    """The values that are part of what was learned."""
    variants: dict[tuple[str, ...], _Variant | None]
    """By those values. None: one that has to be read."""


class Shapes:
    """What was learned. For one thread; bounded."""

    def __init__(self, operation: Callable[[str], Decoding | None], limits: ReadLimits) -> None:
        """`operation` gives what the contract has under the name of an element below Body."""
        self._operation = operation
        self._limits = limits
        self._longest = min(_LONGEST, limits.body)
        self._longest_value = min(_LONGEST_VALUE, limits.value, limits.authentication)
        self._met: set[str] = set()
        """Shapes that came once: what never comes again is not learned."""
        self._shapes: dict[str, _Shape | None] = {}
        """None: one of which nothing can be learned."""

    def split(self, body: bytes, charset: str | None) -> Split | None:
        """A request as shape and values; None for one that is too long. See `as_text` for what is raised."""
        if len(body) > self._longest:
            return None
        parts = _VALUE.split(as_text(body, charset))
        return Split("\0".join(parts[::2]), parts[1::2])

    def recall(self, split: Split) -> KnownRequest | None:
        """What the request says; None where it has to be read."""
        shape = self._shapes.get(split.shape)
        values = split.values
        # The number, since a request may hold the character that stands for a value in its shape.
        if shape is None or len(values) != shape.values or max(map(len, values)) > self._longest_value:
            return None
        variant = shape.variants.get(tuple([values[index] for index in shape.fixed]))
        return None if variant is None else variant.made_of(values)

    def learn(self, split: Split) -> None:
        """Of a request that was understood, for those that will come. Does nothing for one that comes only once."""
        shape, values = split
        if shape not in self._shapes:
            if shape not in self._met:
                if len(self._met) >= _SHAPES:
                    self._met.clear()
                self._met.add(shape)
                return
            if len(self._shapes) >= _SHAPES:
                self._shapes.clear()
            self._shapes[shape] = self._first(split)
        known = self._shapes[shape]
        if known is None or len(known.variants) >= _VARIANTS:
            return
        fixed = tuple([values[index] for index in known.fixed])
        if fixed not in known.variants:
            known.variants[fixed] = self._variant(split, known.fixed)

    def _first(self, split: Split) -> _Shape | None:
        """Which values of a new shape are texts; None where it cannot be told."""
        if not 0 < len(split.values) <= _MOST_VALUES or _NOT_LEARNED.search(split.shape):
            return None
        pieces = split.shape.split("\0")
        fixed: set[int] = set()
        while True:
            try:
                self._read(split.whole(_marked(split.values, fixed)))
            except InputError as error:
                found = {index for index in range(len(split.values)) if _names(pieces[index], error.name)} - fixed
                if not found:
                    return None
                fixed |= found
            except SyncleadError:
                return None
            else:
                return _Shape(len(split.values), tuple(sorted(fixed)), {})

    def _variant(self, split: Split, fixed: Container[int]) -> _Variant | None:
        """How the values make the request, but those that are `fixed`; None where it has to be read."""
        values = split.values
        # Blanks around a value may count with it where a limit is: the longest value shows that.
        longest = [value if index in fixed else "x" * self._longest_value for index, value in enumerate(values)]
        try:
            variant = _variant(self._read(split.whole(_marked(values, fixed))), len(values))
            if variant is None:
                return None
            right = all(variant.made_of(some) == self._read(split.whole(some)) for some in (values, longest))
        except SyncleadError:
            return None
        return variant if right else None

    def _read(self, text: str) -> KnownRequest:
        """What a request says. Raises SyncleadError."""
        # Its bytes are UTF-8 by now, whatever they were when they came.
        envelope = parse(_DECLARATION.sub("", text, count=1).encode(), None, self._limits)
        operation = self._operation(envelope.operation_name)
        if operation is None:
            raise UnsupportedOperationError(envelope.operation_name)
        return KnownRequest(
            read_credentials(envelope.headers, self._limits.authentication),
            envelope.operation_name,
            operation.decode(envelope.operation_element),
            read_workspace(envelope, self._limits),
        )


def _marked(values: Sequence[str], fixed: Container[int]) -> list[str]:
    """Marks in the place of values but those that are `fixed`."""
    return [value if index in fixed else f"\ue000{index}\ue001" for index, value in enumerate(values)]


def _names(piece: str, name: str) -> bool:
    """Whether what stands before a value ends with the start of an element of that local name."""
    words = piece.rpartition("<")[2].split(None, 1)
    return bool(words) and words[0].rpartition(":")[2] == name


class _OtherwiseReadError(Exception):
    """A value was not taken as it is."""


class _Constant(NamedTuple):
    number: int


class _Made(NamedTuple):
    number: int


_Place = int | _Constant | _Made
"""Where something stands: an int is the position of a value."""


def _variant(read: KnownRequest, values: int) -> _Variant | None:
    """How to make a request like the one that was read with marks in the place of so many values."""
    builder = _Builder()
    try:
        builder.make(KnownRequest, read)
    except _OtherwiseReadError:
        return None
    return builder.variant(values)


class _Builder:
    """Takes what was read apart, from the inside out."""

    def __init__(self) -> None:
        self._constants: list[Any] = []
        self._steps: list[tuple[Callable[..., Any], list[_Place]]] = []

    def make(self, kind: Callable[..., Any], parts: Sequence[Any]) -> _Made:
        """Adds the step that makes one thing of its parts."""
        places = [self._place(part) for part in parts]
        self._steps.append((kind, places))
        return _Made(len(self._steps) - 1)

    def variant(self, values: int) -> _Variant:
        """All steps, for so many values."""

        def position(place: _Place) -> int:
            if isinstance(place, _Constant):
                return values + place.number
            return values + len(self._constants) + place.number if isinstance(place, _Made) else place

        steps = [(kind, _getter([position(place) for place in places])) for kind, places in self._steps]
        return _Variant(self._constants, steps)

    def _place(self, part: Any) -> _Place:
        if isinstance(part, str) and (found := _MARK.fullmatch(part)):
            return int(found[1])
        if not _has_marks(part):
            self._constants.append(part)
            return _Constant(len(self._constants) - 1)
        if isinstance(part, Struct):
            return self.make(type(part), astuple(part))
        if isinstance(part, tuple):
            return self.make(_together, part)
        raise _OtherwiseReadError


def _has_marks(part: Any) -> bool:
    if isinstance(part, Struct):
        part = astuple(part)
    if isinstance(part, tuple):
        return any(map(_has_marks, part))
    return isinstance(part, str) and ("\ue000" in part or "\ue001" in part)


def _getter(positions: list[int]) -> Callable[[list[Any]], Any]:
    if len(positions) > 1:
        return itemgetter(*positions)
    return lambda made: [made[position] for position in positions]


def _together(*parts: Any) -> tuple[Any, ...]:
    return parts
