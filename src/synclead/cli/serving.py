"""Serving as the command line asks for it, and the short way there: past Typer, where the options are plain."""

import gc
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from synclead.settings import SettingsError, load_settings, read_settings, switches
from synclead.visible import visible


def plain_options(arguments: Sequence[str]) -> dict[str, Any] | None:
    """The options of `serve`, by the names of settings, where each is one that Typer would take as it stands.

    None where anything else is among them, such as `--help`, a mistake, or letters that are not ASCII: Typer, which
    takes a quarter of a second to load, then says what is to be said. A test holds that both read alike.
    """
    is_switch = {f"--{name.replace('_', '-')}": switch for name, switch in switches().items()}
    found: dict[str, Any] = {}
    left = iter(arguments)
    for argument in left:
        option, equals, value = argument.partition("=")
        if option not in is_switch or not argument.isascii():
            return None
        if is_switch[option]:
            if equals:
                return None
            found[_name(option)] = True
            continue
        if not equals:
            value = next(left, "-")
            if value.startswith("-") or not value.isascii():
                return None
        found[_name(option)] = value
    try:
        read_settings(found)
    except SettingsError:
        return None
    return found


def serve_with(options: Mapping[str, Any]) -> int:
    """Serves until it is told to stop; gives the exit code. What is refused is said in one sentence on stderr."""
    # What is loaded now is no garbage, and to look for some among it takes a tenth of that time, again and again.
    gc.disable()
    from synclead.server import serve

    gc.freeze()
    gc.enable()
    try:
        return serve(load_settings(**options))
    except SettingsError as error:
        print(visible(str(error)), file=sys.stderr)
        return 1


def _name(option: str) -> str:
    return option.removeprefix("--").replace("-", "_")
