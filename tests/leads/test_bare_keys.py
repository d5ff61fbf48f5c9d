"""What copying brings along with a key makes no other person: it is no part of the key, or the key is refused."""

import unicodedata
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from support.world import ACCOUNT, World, raw, subscription, token
from synclead.leads.conditions import read_rule
from synclead.leads.errors import InputError
from synclead.leads.keys import parse_cookie, parse_email, parse_foreign_id, parse_foreign_type, parse_lead_id
from synclead.leads.lead import Email
from synclead.leads.lookup import read_lead_key
from synclead.leads.record import RawAttribute
from synclead.leads.text import trim_key, unseen_in

FORMATS = [char for char in map(chr, range(0x110000)) if unicodedata.category(char) == "Cf"]
"""Unicode's category of format characters."""
OTHERS = [
    *("\u034f", "\u115f", "\u1160", "\u17b4", "\u17b5", "\u180b", "\u180e", "\u2065", "\u2800", "\u3164", "\uffa0"),
    *("\ufe00", "\ufe0f", "\ufff0", "\U0001d159", "\U000e0001", "\U000e0041", "\U000e0100", "\U000e01ef"),
]
"""Fillers, selectors of variants, tags and empty pictures, which are of other categories or of none."""
SOME = ["\u200b", "\ufeff", "\u00ad", "\u202c", "\u2060", "\u200e", "\u200f", "\u202e", "\u200c", "\u200d", *OTHERS]
ACCOUNTS = frozenset({ACCOUNT})


def test_whatever_is_not_seen_is_known() -> None:
    """Every format character of Unicode, and what hides under other categories; no letter, digit or sign is."""
    for char in (*FORMATS, *OTHERS):
        assert unseen_in(f"a{char}b") == f"U+{ord(char):04X}"
        assert trim_key(f"{char} {char}key{char}\t{char}") == "key"
    seen = [char for char in map(chr, range(0x3000)) if unicodedata.category(char) in ("Ll", "Lu", "Nd", "Sm", "Po")]
    assert [char for char in seen if trim_key(f"{char}a{char}") != f"{char}a{char}"] == []


@pytest.mark.parametrize("char", SOME, ids=lambda char: f"U+{ord(char):04X}")
def test_what_is_not_seen_around_an_address_is_no_part_of_it(char: str) -> None:
    """Before and behind, once or often, among blanks; the address is kept without it."""
    for sent in (f"{char}Ann@ex.org", f"Ann@ex.org{char}", f" {char}\u3000{char}Ann@ex.org{char} {char}"):
        assert parse_email(sent) == Email("Ann@ex.org", "ann@ex.org")


@pytest.mark.parametrize("char", SOME, ids=lambda char: f"U+{ord(char):04X}")
@pytest.mark.parametrize(
    "address", ["an{}n@ex.org", "ann{}@ex.org", "ann@{}ex.org", "ann@ex.{}org", "\u00e4{}\u00e4@ex.org"]
)
def test_what_is_not_seen_within_an_address_is_refused(address: str, char: str) -> None:
    """The refusal names the character, since nobody can see it. Joiners are refused, too: to drop one would be a guess."""
    with pytest.raises(InputError) as fault:
        parse_email(address.format(char))
    assert fault.value.message.endswith(f"has U+{ord(char):04X} in it, which is not seen")
    assert fault.value.why == f"has U+{ord(char):04X} in it, which is not seen"
    assert fault.value.message.isprintable()


@pytest.mark.parametrize(
    "sent",
    [
        *("mailto:Ann@ex.org", "MailTo:Ann@ex.org", " mailto: Ann@ex.org ", "mailto:mailto:Ann@ex.org"),
        *("\u200bmailto:\u200bAnn@ex.org", "Ann@ex.org.", "Ann@ex.org..", "Ann@ex.org .", "Ann@ex.org.\u200b.\u200b"),
        *("Ann@ex.org\u3002", "mailto:Ann@ex.org.", "Ann@ex.org.\u202c"),
    ],
)
def test_a_link_and_the_end_of_a_sentence_are_no_part_of_an_address(sent: str) -> None:
    """`mailto:` before it and dots behind it go: neither can belong to an address."""
    assert parse_email(sent) == Email("Ann@ex.org", "ann@ex.org")


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        *((f"{char}ann@ex.org", f"has {char} around it: give the address alone") for char in "<>(),;:["),
        *((f"ann@ex.org{char}", f"has {char} around it: give the address alone") for char in "<>(),;:'\""),
        ("<ann@ex.org>", "has < around it: give the address alone"),
        ("'ann@ex.org'", "has ' around it: give the address alone"),
        ("Ann<ann@ex.org>", "has > around it: give the address alone"),
        ("mailto:ann@ex.org?subject=Hello", "has ? in its domain: give the address alone"),
        ("mailto:", "is not one @ with text on both sides"),
        ("ann@.", "is not one @ with text on both sides"),
        ("\u200b", "is not one @ with text on both sides"),
    ],
)
def test_what_else_stands_around_an_address_is_refused(sent: str, why: str) -> None:
    """Lists, headers of letters and links put it there, and with it the address would be another person's."""
    with pytest.raises(InputError) as fault:
        parse_email(sent)
    assert fault.value.why == why


@pytest.mark.parametrize(
    "address",
    [
        "o'neil@ex.org",
        "'ann@ex.org",
        '"ann"@ex.org',
        "ann.@ex.org",
        "mailto@ex.org",
        "a:b@c",
        "ann@[10.0.0.1]",
        "ann@ex-",
    ],
)
def test_what_may_be_an_address_stays(address: str) -> None:
    """Quotes, dots and colons within, and the literal of a host."""
    assert parse_email(address).text == address


def test_reading_an_address_takes_time_in_proportion_to_it() -> None:
    """However its ends are made: each is walked once."""
    for text in (
        "\u200b" * 65_535,
        ".\u200b" * 32_000,
        "\u200b" * 65_000 + "x",
        "mailto:" * 9_000,
        "mailto:\u200b." * 7_000,
    ):
        with pytest.raises(InputError):
            parse_email(text)
    assert parse_email(f"ann@ex.org{'.' + chr(0x200B)}" * 1 + ".\u200b" * 32_000).text == "ann@ex.org"


OTHER_KEYS: list[tuple[Callable[[str], object], str, object]] = [
    (lambda text: parse_foreign_id("CUSTOM", text).id, "crm-18", "crm-18"),
    (lambda text: parse_foreign_id("SFDC", text).id, "001A0000006Vm9r", "001A0000006Vm9rIAC"),
    (parse_foreign_type, "sfdc", "SFDC"),
    (parse_lead_id, "7", 7),
    (lambda text: parse_cookie(text, ACCOUNTS), token("a"), token("a")),
    (lambda text: parse_cookie(f"'{text}'", ACCOUNTS), f"id:{ACCOUNT}&token:{token('a')}", token("a")),
    (lambda text: parse_cookie(f"id:{ACCOUNT}\u200b&token:{text}", ACCOUNTS), token("a"), token("a")),
    (lambda text: parse_cookie(f"_mkto_trk={text}", ACCOUNTS), token("a"), token("a")),
]


@pytest.mark.parametrize("char", SOME, ids=lambda char: f"U+{ord(char):04X}")
def test_other_keys_are_bare_too(char: str) -> None:
    """Foreign ids of every system, their types, Ids and cookies."""
    for read, sent, key in OTHER_KEYS:
        assert read(f"{char}{sent} {char}") == key


@pytest.mark.parametrize("char", SOME, ids=lambda char: f"U+{ord(char):04X}")
def test_what_is_not_seen_within_a_foreign_id_is_refused(char: str) -> None:
    """It names the character; a cookie and an Id never had room for one."""
    with pytest.raises(InputError, match=rf"ForeignSysPersonId: .* has U\+{ord(char):04X} in it, which is not seen"):
        parse_foreign_id("CUSTOM", f"crm{char}18")
    for read, sent in ((parse_lead_id, f"1{char}2"), (parse_foreign_type, f"SF{char}DC")):
        with pytest.raises(InputError):
            read(sent)
    with pytest.raises(InputError):
        parse_cookie(token(f"a{char}b"), ACCOUNTS)


def test_a_foreign_id_of_nothing_to_see_is_shown() -> None:
    """Nothing is left of it, so the refusal repeats what was sent, escaped."""
    with pytest.raises(InputError, match=r"'\\u200b' has 0 characters"):
        parse_foreign_id("CUSTOM", " \u200b ")


SPELLINGS = [
    "\u200bann@ex.org",
    "ANN@ex.org\ufeff",
    "\u00adann@ex.org\u202c",
    "mailto:ann@ex.org",
    "ann@ex.org.",
    " ann@ex.org\u2060 ",
]


@pytest.mark.parametrize("sent", SPELLINGS)
def test_calls_never_make_a_second_lead(sent: str) -> None:
    """Sent as element, attribute or both, beside the plain address, it is one person; the stored address is plain."""
    for first, second in ((sent, "ann@ex.org"), ("ann@ex.org", sent)):
        world = World(subscription())
        assert world.call(email=first).lead.id == 1000
        assert world.call(email=second).lead.id == 1000
        assert world.call(Email=sent).lead.id == 1000
        assert world.call(email=first, Email=second).lead.id == 1000
        assert (world.get(1000).email or Email("", "")).text.lower() == "ann@ex.org"


@pytest.mark.parametrize("policy", [{}, {"bad_value": "skip"}])
def test_an_attribute_is_skipped_or_refused_like_any_bad_value(policy: dict[str, object]) -> None:
    """Beside another key, where the policy skips bad values; a spelling that is understood is stored."""
    world = World(subscription(policy=policy))
    world.lead(7)
    assert world.call(id=7, Email="mailto:ann@ex.org.").lead.id == 7
    assert world.get(7).email == Email("ann@ex.org", "ann@ex.org")
    if policy:
        assert world.call(id=7, Email="an\u200bn@ex.org").why.skipped == ("Email: has U+200B in it, which is not seen",)
    else:
        with pytest.raises(InputError, match=r"U\+200B"):
            world.call(id=7, Email="an\u200bn@ex.org")


@pytest.mark.parametrize("sent", SPELLINGS)
def test_reads_find_the_same_lead(sent: str) -> None:
    """getLead looks for the address that syncLead would store."""
    assert read_lead_key("EMAIL", sent, subscription()).email in (
        Email("ann@ex.org", "ann@ex.org"),
        Email("ANN@ex.org", "ann@ex.org"),
    )
    assert read_lead_key("SFDCLEADID", "001A0000006Vm9r\u200b", subscription()).foreign_id == parse_foreign_id(
        "SFDC", "001A0000006Vm9r"
    )
    assert read_lead_key("COOKIE", f"{token('a')}\ufeff", subscription()).cookie == token("a")
    assert read_lead_key("IDNUM", "\u200e7", subscription()).id == 7


def test_rules_of_assignment_know_the_bare_address() -> None:
    """A rule that was copied with its address holds of the lead."""
    rules = subscription()
    rule = read_rule(
        "Europe", [{"field": "Email", "is": ["mailto:ann@ex.org\u200b"]}], rules.catalogue, rules.time_zone
    )
    assert all(condition.holds({"Email": "Ann@ex.org"}) for condition in rule.when)


def test_a_lead_that_was_stored_with_such_a_character_is_still_found_by_its_other_keys() -> None:
    """Its Email finds it no longer; a call by Id, foreign id or cookie does, and stores the plain address."""
    world = World(subscription())
    world.lead(7, foreign=[("CUSTOM", "X")], cookies=["c"])
    stored = Email("ann@ex.org\u200b", "ann@ex.org\u200b")
    world.known.load_lead(replace(world.get(7), email=stored))

    for keys in ({"id": 7}, {"foreign": "X"}, {"cookie": "c"}):
        assert world.call(**keys, FirstName="A").lead.id == 7
        assert world.get(7).email == stored
    assert world.call(id=7, email="ann@ex.org\u200b").lead.id == 7
    assert world.get(7).email == Email("ann@ex.org", "ann@ex.org")
    assert world.call(email="ann@ex.org").lead.id == 7


def test_values_are_kept_as_sent() -> None:
    """Only keys are bare: in a name or a text such a character may be meant."""
    world = World(subscription())
    world.send(raw(email="ann@ex.org", FirstName="\u0645\u06cc\u200c\u0634\u0648\u062f\u200d", Company="\u200bA"))
    assert world.get(1000).values == {"FirstName": "\u0645\u06cc\u200c\u0634\u0648\u062f\u200d", "Company": "\u200bA"}
    assert RawAttribute("FirstName", "\u200b").value == "\u200b"
