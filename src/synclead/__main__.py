"""The way into `synclead`, also by `python -m synclead`."""

import gc
import sys

_GC_THRESHOLD = 50_000
"""As while serving: loading makes objects that stay, and each look for garbage among them takes longer."""


def main() -> None:
    """Runs what the arguments say: `serve` with plain options at once, everything else by the command line."""
    gc.set_threshold(_GC_THRESHOLD)
    if sys.argv[1:2] == ["serve"]:
        from synclead.cli.serving import plain_options, serve_with

        options = plain_options(sys.argv[2:])
        if options is not None:
            sys.exit(serve_with(options))
    from synclead.cli.main import main as command_line

    command_line()


if __name__ == "__main__":
    main()
