"""Commands that people are told to run: quoted for a shell, whatever text from outside stands in them.

They are pasted, and a heading of a file or a name of a field may be written to be run then.
"""

import re
from shlex import quote

from synclead.visible import visible

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.,:@%+/-]*", re.ASCII)


def word(text: str) -> str | None:
    """Text as one word of a command for a POSIX shell; None where it has characters that are not shown as they are.

    A command with those could not be pasted: what is seen of them is their number.
    """
    return quote(text) if text == visible(text) else None


def is_plain(text: str) -> bool:
    """Whether text is a word, and no option, without being quoted."""
    return _PLAIN.fullmatch(text) is not None


def option(name: str, value: str) -> str | None:
    """An option with a value, which may begin with a dash; None as `word` has it."""
    quoted = word(value)
    if quoted is None:
        return None
    return f"{name} {value}" if is_plain(value) else f"{name}={quoted}"


def marked(command: str) -> str:
    """A command within a sentence: between backticks, unless it has one, which would end the mark and begin another."""
    return command if "`" in command else f"`{command}`"
