"""What is learned of requests: not of those that come once, not of those that are refused, and never without end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.endpoint import ANNA, STAMP, Client, MemoryUser, MemoryUsers
from support.envelopes import Call, Credentials, envelope, lead_key, params, read_answer, wrap
from support.remembered import both, contract, document, record, send, taught
from support.samples import CONTRACT, LIMITS
from synclead.soap import shapes as module
from synclead.soap.contract import Operation
from synclead.soap.limits import ReadLimits
from synclead.soap.shapes import Shapes, Split


class Asked:
    """The contract, with how often it was asked: once for each request that is read to learn from it."""

    def __init__(self) -> None:
        self.times = 0

    def operation(self, name: str) -> Operation | None:
        self.times += 1
        return CONTRACT.operation(name)


def email(text: str) -> str:
    return record(f"<Email>{text}</Email>")


def known(shapes: Shapes, sent: str) -> bool:
    """Whether a request is recalled; it says what reading it says."""
    outcomes = both(shapes, sent)
    assert outcomes.remembered == outcomes.read
    return outcomes.recalled


# Limits


PARROTS = "\U0001f99c" * 255

# fmt: off
LIMITED = [
    (ReadLimits(value=6), email("A"), email("x" * 6), email("x" * 7)),
    (ReadLimits(authentication=64), email("A").replace(">user<", f">{'x' * 64}<"), email("A").replace(">user<", f">{'y' * 64}<"),
     email("A").replace(">user<", f">{'x' * 65}<")),
    (ReadLimits(authentication=64), email("A"), email("A").replace(">seal<", f">{'y' * 64}<"),
     email("A").replace(">seal<", f">{'x' * 65}<")),
    (ReadLimits(authentication=64), email("A"), email("A").replace(">moment<", f">{'y' * 64}<"),
     email("A").replace(">moment<", f">{'x' * 65}<")),
    (ReadLimits(authentication=300), document("<ns1:paramsListMObjects/>", credentials="<partnerId>A</partnerId>"),
     document("<ns1:paramsListMObjects/>", credentials=f"<partnerId>{'x' * 255}</partnerId>"),
     document("<ns1:paramsListMObjects/>", credentials=f"<partnerId>{'x' * 256}</partnerId>")),
    (ReadLimits(body=2_000), email("A"), email("x" * 255),
     email(PARROTS).replace(">seal<", f">{PARROTS}<")),
    (ReadLimits(elements=10), email("A"), email("B"), email("B</Email><Email>")),
    (ReadLimits(depth=5), email("A"), email("B"), email("B<b><c/></b>")),
]
# fmt: on


@pytest.mark.parametrize(("limits", "sent", "within", "beyond"), LIMITED)
def test_limits_are_kept(limits: ReadLimits, sent: str, within: str, beyond: str) -> None:
    """What is as long as a limit is recalled; one more is read, and refused as ever."""
    shapes = taught(sent, limits=limits)
    outcomes = both(shapes, within, limits=limits)
    assert outcomes.remembered == outcomes.read
    assert outcomes.recalled
    outcomes = both(shapes, beyond, limits=limits)
    assert outcomes.remembered == outcomes.read
    assert not outcomes.recalled


@pytest.mark.parametrize("size", [1_000, 1_001])
def test_what_is_no_text_is_refused_for_its_size_first(size: int) -> None:
    """Where less may be sent than what is remembered: a body beyond that is not decoded."""
    limits = ReadLimits(body=1_000)
    outcomes = both(Shapes(CONTRACT.operation, limits), b"\xff" * size, limits=limits)
    assert isinstance(outcomes.remembered, tuple)
    assert outcomes.remembered == outcomes.read


def test_attributes_are_counted() -> None:
    """A list as long as its limit is recalled, and a longer one is another document."""
    limits = ReadLimits(attributes=2)

    def listed(*names: str) -> str:
        inner = "".join(f"<attribute><attrName>{name}</attrName><attrValue/></attribute>" for name in names)
        return record(f"<leadAttributeList>{inner}</leadAttributeList>")

    shapes = taught(listed("a", "b"), limits=limits)
    assert both(shapes, listed("c", "d"), limits=limits).recalled
    outcomes = both(shapes, listed("c", "d", "e"), limits=limits)
    assert isinstance(outcomes.remembered, tuple)
    assert outcomes.remembered == outcomes.read


def test_a_contract_with_limits_of_its_own_is_not_passed_by() -> None:
    """Where the contract reads less than the limits say: a longer value is not known for a shorter one."""
    limits = ReadLimits(value=6)
    shapes = Shapes(contract(limits).operation, LIMITS)
    for text in ("A", "B", "C"):
        split = shapes.split(email(text).encode(), None)
        assert split is not None
        shapes.learn(split)
        assert shapes.recall(split._replace(values=[*split.values[:-1], "x" * 7])) is None


# Bounds


def test_what_comes_once_is_not_learned() -> None:
    """The first of a shape is read and no more; from the second on, the next is recalled."""
    asked = Asked()
    shapes = Shapes(asked.operation, LIMITS)
    assert not send(shapes, email("A")).recalled
    assert asked.times == 0
    assert not send(shapes, email("B")).recalled
    assert asked.times > 0
    assert send(shapes, email("C")).recalled


def test_a_request_that_is_known_is_not_learned_again() -> None:
    """Learning it once more reads nothing, and changes nothing."""
    asked = Asked()
    shapes = Shapes(asked.operation, LIMITS)
    for text in ("A", "B"):
        send(shapes, email(text))
    times = asked.times
    split = shapes.split(email("C").encode(), None)
    assert split is not None
    shapes.learn(split)
    assert asked.times == times


# fmt: off
NOTHING_LEARNED = [
    email("A<!-- c -->"), email("A&amp;B"), email("A<b/>c"), email("A<b/> "), email("<![CDATA[A]]>"),
    email("A").replace(">user<", f">{'x' * 250}<b/>   <"), record("", "<returnLead> <b/>true</returnLead>"),
    document("<ns1:paramsListMObjects><a/></ns1:paramsListMObjects>", credentials=f"<partnerId>{'x' * 300}</partnerId>"),
    "\n", "<a>b</a>", document("<ns1:unknown>A</ns1:unknown>"),
]
# fmt: on


@pytest.mark.parametrize("sent", NOTHING_LEARNED)
def test_nothing_is_tried_twice(sent: str) -> None:
    """A shape of which nothing can be learned is read to learn from it once only."""
    asked = Asked()
    shapes = Shapes(asked.operation, LIMITS)
    split = shapes.split(sent.encode(), None)
    assert split is not None
    counts = []
    for _ in range(4):
        shapes.learn(split)
        counts.append(asked.times)
        assert shapes.recall(split) is None
    assert counts[0] == 0
    assert counts[1:] == [counts[1]] * 3


def test_variants_are_bounded() -> None:
    """Of the texts of an element with a type four are learned; more are read, and what is known stays known."""

    def returned(text: str) -> str:
        return record("<Email>A</Email>", f"<returnLead>{text}</returnLead>")

    cases = ("true", "false", "1", "0", "True", "FALSE")
    shapes = taught(*map(returned, cases))
    assert [known(shapes, returned(text)) for text in cases] == [True] * 4 + [False] * 2


def test_shapes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one too many, all are forgotten; what is in use is learned again."""
    monkeypatch.setattr(module, "_SHAPES", 3)
    documents = [email("A") + " " * blanks for blanks in range(4)]
    shapes = taught(*documents[:3])
    assert [known(shapes, one) for one in documents] == [True, True, True, False]
    for one in documents[3:] * 2:
        send(shapes, one)
    assert [known(shapes, one) for one in documents] == [False, False, False, True]
    for _ in range(2):
        send(shapes, documents[0])
    assert [known(shapes, one) for one in documents] == [True, False, False, True]


def test_what_was_met_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shapes that came once are forgotten when there are too many: the next of them counts as the first."""
    monkeypatch.setattr(module, "_SHAPES", 3)
    shapes = Shapes(CONTRACT.operation, LIMITS)
    documents = [email("A") + " " * blanks for blanks in range(4)]
    for one in (*documents, documents[0]):
        send(shapes, one)
    assert not known(shapes, documents[0])
    send(shapes, documents[0])
    assert known(shapes, documents[0])


@pytest.mark.parametrize(("count", "recalled"), [(200, True), (201, False)])
def test_values_are_bounded(count: int, recalled: bool) -> None:
    """A request with more than 200 values is read."""
    sent = document("<ns1:paramsListMObjects/>", f"<x>{'<i>A</i>' * (count - 3)}</x>")
    assert known(taught(sent), sent) is recalled


@pytest.mark.parametrize(("size", "recalled"), [(16_000, True), (16_001, False)])
def test_the_length_is_bounded(size: int, recalled: bool) -> None:
    """A request of more than 16,000 bytes is read."""
    sent = email("A").ljust(size)
    assert known(taught(sent), sent) is recalled


def test_without_values_nothing_is_learned() -> None:
    """A request in which no value is plain has nothing to be recalled by."""
    sent = email("A").replace(">user<", "> user <").replace(">seal<", "> seal <").replace(">moment<", ">moment\t<")
    sent = sent.replace(">A<", "> A<")
    assert not known(taught(sent), sent)


class Lower:
    """An operation that does not take texts as they are."""

    def decode(self, element: object) -> str:
        return "".join(element.itertext()).lower()  # type: ignore[attr-defined]  # an lxml element


@pytest.mark.parametrize(("first", "recalled"), [("A", False), ("a", True)])
def test_a_value_that_is_read_as_something_else_is_not_learned(first: str, recalled: bool) -> None:
    """What was made of the values is compared with what was read of them; nothing shows in marks alone."""
    shapes = Shapes(lambda _: Lower(), LIMITS)
    split = shapes.split(email(first).encode(), None)
    assert split is not None
    for _ in range(3):
        shapes.learn(split)
    assert (shapes.recall(split) is not None) is recalled


# Through the service

BERT = Credentials("bert_1", ANNA.key)
GEORGE = Call(email="t@t.com", attributes=(("FirstName", "George"),))
FRED = Call(email="f@t.com", attributes=(("FirstName", "Fred"),))


class TwoUsers(MemoryUsers):
    """Bert is disabled."""

    async def user(self, user_id: str, *, newest: bool = False) -> MemoryUser | None:
        if user_id == BERT.user:
            return replace(self._user, disabled=True)
        return await super().user(user_id, newest=newest)


class Watched(Shapes):
    """Says what was recalled; `forgetful` knows nothing, so that every request is read."""

    def __init__(self, forgetful: bool) -> None:
        super().__init__(CONTRACT.operation, LIMITS)
        self._forgetful = forgetful
        self.recalled: list[bool] = []

    def recall(self, split: Split):  # type: ignore[no-untyped-def]  # that of Shapes
        found = None if self._forgetful else super().recall(split)
        self.recalled.append(found is not None)
        return found


def client(*, forgetful: bool = False) -> tuple[Client, Watched]:
    one, shapes = Client(), Watched(forgetful)
    one.parts = replace(one.parts, users=TwoUsers(one.writer.world.subscription, {}))
    object.__setattr__(one.parts, "shapes", shapes)
    return one, shapes


def signed(call: Call, credentials: Credentials = ANNA, timestamp: str = STAMP) -> bytes:
    return envelope(call, credentials, timestamp)


# fmt: off
ANSWERED: dict[str, tuple[bytes, bytes]] = {
    "another lead": (signed(GEORGE), signed(FRED)),
    "the same lead": (signed(GEORGE), signed(GEORGE)),
    "a wrong signature": (signed(GEORGE), signed(GEORGE, Credentials(ANNA.user, "another key"))),
    "an unknown user": (signed(GEORGE), signed(GEORGE, Credentials("nobody", ANNA.key))),
    "a disabled user": (signed(GEORGE), signed(GEORGE, BERT)),
    "an old timestamp": (signed(GEORGE), signed(GEORGE, timestamp="2013-07-31T12:38:47-07:00")),
    "no timestamp": (signed(GEORGE), signed(GEORGE, timestamp="yesterday")),
    "an unknown field": (signed(GEORGE), signed(Call(email="t@t.com", attributes=(("Frist", "Fred"),)))),
    "a value that does not fit": (signed(replace(GEORGE, attributes=(("AnnualRevenue", "7"),))),
                                  signed(replace(GEORGE, attributes=(("AnnualRevenue", "much"),)))),
    "an Id of nobody": (signed(replace(GEORGE, id="1000")), signed(replace(GEORGE, id="2000"))),
    "an Id that is none": (signed(replace(GEORGE, id="1000")), signed(replace(GEORGE, id="one"))),
    "no Email": (signed(GEORGE), signed(replace(GEORGE, email="nobody"))),
    "an unknown workspace": (signed(replace(GEORGE, workspace="default")), signed(replace(GEORGE, workspace="nowhere"))),
    "a key without a lead": (wrap(lead_key("EMAIL", "t@t.com"), ANNA, timestamp=STAMP),
                             wrap(lead_key("EMAIL", "nobody@t.com"), ANNA, timestamp=STAMP)),
    "a key type that is none": (wrap(lead_key("EMAIL", "t@t.com"), ANNA, timestamp=STAMP),
                                wrap(lead_key("NAME", "t@t.com"), ANNA, timestamp=STAMP)),
}
# fmt: on


@pytest.mark.parametrize("name", ANSWERED)
def test_a_remembered_call_is_answered_like_one_that_is_read(name: str) -> None:
    """Byte for byte, and with the same line in the log, whether it is a success or what comes after reading fails."""
    usual, other = ANSWERED[name]
    seen = []
    for forgetful in (False, True):
        one, shapes = client(forgetful=forgetful)
        calls = [signed(GEORGE), usual, usual, usual, other, usual, other]
        answers = [(found.status, found.headers, found.body) for found in map(one.post, calls)]
        seen.append((answers, [{**line, "ms": None} for line in one.logged]))
        assert shapes.recalled[4:] == [not forgetful] * 3
    assert seen[0] == seen[1]


# fmt: off
REFUSED = {
    "a wrong signature": signed(GEORGE, Credentials(ANNA.user, "another key")),
    "an unknown user": signed(GEORGE, Credentials("nobody", ANNA.key)),
    "a disabled user": signed(GEORGE, BERT),
    "an old timestamp": signed(GEORGE, timestamp="2013-07-31T12:38:47-07:00"),
    "an unknown field": signed(replace(GEORGE, attributes=(("Frist", "Fred"),))),
    "an unknown workspace": signed(replace(GEORGE, workspace="nowhere")),
    "no record": wrap("<ns1:paramsSyncLead><returnLead>1</returnLead></ns1:paramsSyncLead>", ANNA, timestamp=STAMP),
    "a value of another type": wrap(params(GEORGE).replace(">true<", ">perhaps<"), ANNA, timestamp=STAMP),
    "an operation that is not there": wrap("<ns1:paramsGetTags/>", ANNA, timestamp=STAMP),
}
# fmt: on


@pytest.mark.parametrize("name", REFUSED)
def test_nothing_is_learned_of_a_call_that_is_refused(name: str) -> None:
    """Not even that it was met: a good call of its shape afterwards is the first."""
    one, shapes = client()
    for _ in range(3):
        assert read_answer(0, one.post(REFUSED[name]).body).fault_string
    split = shapes.split(REFUSED[name], None)
    assert split is not None
    assert shapes.recall(split) is None
    for _ in range(2):
        assert read_answer(0, one.post(signed(GEORGE)).body).lead_id
    one.post(signed(FRED))
    assert shapes.recalled[-3:] == [False, False, True]


def test_a_defect_in_learning_fails_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was carried out is answered, whatever comes of it later."""
    one, shapes = client()
    tried: list[object] = []

    def learn(split: object) -> None:
        tried.append(split)
        raise IndexError

    monkeypatch.setattr(shapes, "learn", learn)
    assert [read_answer(0, one.post(signed(GEORGE)).body).status for _ in range(2)] == ["CREATED", "UPDATED"]
    assert len(tried) == 2
