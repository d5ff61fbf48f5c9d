r"""Several keys in one cell: `7|8`, as `synclead export` writes them and `synclead import` reads them.

A `|` within a key is written `\|`. Other backslashes are literal, as `DOMAIN\user` and `\\host` need them to be:
they count only in a run that a `|` follows at once, where each pair stands for one.
"""

import re
from collections.abc import Iterable

SEPARATOR = "|"

_BEFORE_BAR = re.compile(r"(\\*)\|")
_END_OF_PART = re.compile(r"(\\+)\Z")


def join(parts: Iterable[str]) -> str:
    """One text for all parts; of none it is empty, and so it is of a single empty one."""
    written = [_BEFORE_BAR.sub(r"\1\1\\|", part) for part in parts]
    # The run at the end of a part stands before the separator; the last part's before nothing.
    before = [_END_OF_PART.sub(r"\1\1", part) for part in written[:-1]]
    return SEPARATOR.join(before + written[-1:])


def split(text: str) -> list[str]:
    """The parts of a text, untrimmed; of an empty one there are none."""
    if not text:
        return []
    parts, part, rest = [], "", 0
    for bar in _BEFORE_BAR.finditer(text):
        run = len(bar[1])
        part += text[rest : bar.start()] + "\\" * (run // 2)
        rest = bar.end()
        if run % 2:
            part += SEPARATOR
        else:
            parts.append(part)
            part = ""
    return [*parts, part + text[rest:]]
