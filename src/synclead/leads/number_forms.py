"""Numbers as half the world writes them, `1.234,50`, and numbers that a spreadsheet has rounded."""

import re
import unicodedata

_BLANKS = str.maketrans(dict.fromkeys("\u00a0\u2009\u202f", " ") | {"\u2019": "'"})
_GROUPED = r"[0-9]{1,3}(?P<group>[. '])[0-9]{3}(?:(?P=group)[0-9]{3})*"
_WITH_COMMA = re.compile(
    r"(?P<sign>[+-]?)(?:(?P<currency>[^0-9+,. '%-]) ?)?(?P<late_sign>[+-]?)"
    rf"(?P<whole>{_GROUPED}|[0-9]+)?(?:(?P<comma>,)(?P<decimals>[0-9]*))?(?: ?(?P<behind>[^0-9+,. '-]))?"
)
_ROUNDED = re.compile(r"[+-]?[0-9](?:[.,][0-9]+)?[Ee]\+[0-9]{2,3}")
_DOTTED = re.compile(r"[^0-9.,]*[1-9][0-9]{0,2}\.[0-9]{3}[^0-9.,]*")


def with_point(text: str) -> str:
    """A number with a decimal comma as a call writes it; points, blanks and apostrophes part its groups.

    The currency sign may stand behind it. Raises ValueError with the reason.
    """
    match = _WITH_COMMA.fullmatch(text if text.isascii() else text.translate(_BLANKS))
    if match is None or not (match["whole"] or match["decimals"]):
        raise ValueError("is not a number with a decimal comma")
    whole, decimals, behind = match["whole"] or "", match["decimals"] or "", match["behind"] or ""
    currency, percent = match["currency"] or "", behind if behind == "%" else ""
    if behind and not percent:
        if currency or unicodedata.category(behind) != "Sc":
            raise ValueError("is not a number with a decimal comma")
        currency = behind
    if match["group"]:
        whole = whole.replace(match["group"], ",")
    point = "." if match["comma"] else ""
    return f"{match['sign']}{currency}{match['late_sign']}{whole}{point}{decimals}{percent}"


def may_be_a_thousand(text: str) -> bool:
    """Whether a decimal number that is read with a decimal point could have one between groups: `1.500`."""
    return _DOTTED.fullmatch(text) is not None


def is_rounded(text: str) -> bool:
    """Whether a text is a number as spreadsheets show long ones, `4.9301E+11`: its last digits are lost."""
    return _ROUNDED.fullmatch(text) is not None
