"""Text from outside as people see it: nothing in it acts or hides."""

import json
import unicodedata
from collections.abc import Callable

import pytest

from synclead.visible import storable, visible, visible_json, visible_lines

EVERY = [chr(number) for number in range(0x110000)]
HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's categories of what acts on a terminal or is not seen."""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Jos\u00e9 \u4e16\u754c \U0001f99c\u00a0[red]", "Jos\u00e9 \u4e16\u754c \U0001f99c\u00a0[red]"),
        ("a\x1b[31mb", "a[U+001B][31mb"),
        ("a\tb\r\nc\0", "a[U+0009]b[U+000D][U+000A]c[U+0000]"),
        ("\x7f\x85\x9b31m", "[U+007F][U+0085][U+009B]31m"),
        ("\u202etxt.exe\u2066", "[U+202E]txt.exe[U+2066]"),
        ("\u200b\ufeff\u00ad\u2028\u2029", "[U+200B][U+FEFF][U+00AD][U+2028][U+2029]"),
        ("\ud83d \udcff", "[U+D83D] [U+DCFF]"),
        ("\ufe0f\u180b\U000e0101\U000e0041\u3164", "[U+FE0F][U+180B][U+E0101][U+E0041][U+3164]"),
    ],
)
def test_what_acts_or_hides_is_shown_by_its_number(text: str, shown: str) -> None:
    """Letters of every script stay, and so does what another program might take for markup."""
    assert visible(text) == shown


def test_every_control_and_format_character_is_marked() -> None:
    """Whatever Unicode counts among them, selectors of variants and tags too."""
    wanted = {char for char in EVERY if unicodedata.category(char) in HIDDEN}
    wanted |= {char for char in EVERY if unicodedata.name(char, "").startswith(("VARIATION SELECTOR", "TAG "))}

    assert {char for char in wanted if visible(char) != f"[U+{ord(char):04X}]"} == set()


def test_what_is_seen_stays() -> None:
    """Letters, digits, signs, symbols and blanks of every script, and every mark but those that select a variant."""
    seen = {
        char
        for char in EVERY
        if unicodedata.category(char)[0] in "NPS" or unicodedata.category(char) in ("Zs", "Ll", "Lu")
    }

    assert {char for char in seen if visible(char) != char} == set()


def test_where_the_layout_is_ours_line_ends_and_tabs_stay() -> None:
    """Nothing else does, a carriage return neither."""
    assert visible_lines("a\n\tb\r\v\u2028") == "a\n\tb[U+000D][U+000B][U+2028]"


def encoded(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("Jos\u00e9 \U0001f99c", '"Jos\u00e9 \U0001f99c"'),
        ("\x1b\x7f\x9b\u202e", '"\\u001b\\u007f\\u009b\\u202e"'),
        ("\U000e0041\ud83d\u2028", '"\\udb40\\udc41\\ud83d\\u2028"'),
        ("\\\u202e", '"\\\\\\u202e"'),
        ("\x7f", '"\\u007f"'),
    ],
)
def test_json_says_the_same_in_escapes(value: str, written: str) -> None:
    """Beyond U+FFFF as a pair; whoever reads it gets the value as it was."""
    assert visible_json(encoded(value)) == written
    assert json.loads(written) == value


def test_no_json_shows_what_acts_or_hides() -> None:
    """Keys and values, every character, layout too."""
    wanted = [char for char in EVERY if unicodedata.category(char) in HIDDEN]
    document = {" ".join(wanted): " ".join(wanted)}

    written = visible_json(json.dumps(document, ensure_ascii=False, indent=2))

    assert visible_lines(written) == written
    assert json.loads(written) == document


@pytest.mark.parametrize("shown", [visible, visible_lines, visible_json, storable])
def test_plain_text_is_given_back_as_it_is(shown: Callable[[str], str]) -> None:
    """It is the same object: most text is plain, and costs nothing."""
    text = 'plain, "quoted" and long enough'
    assert shown(text) is text


def test_what_no_database_holds_is_marked() -> None:
    """NUL, and halves of surrogate pairs; everything else is stored as it came."""
    assert storable("a\0b\ud83dc\x1b\u202e") == "a[U+0000]b[U+D83D]c\x1b\u202e"
