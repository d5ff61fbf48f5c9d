"""`python -m bench`: measures the parts named, or all; prints each target with its result.

Exit 0: measured, and nothing is below its floor. 1: something is, or a check failed. 2: wrong usage.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from bench import page
from bench.context import Context, prepared
from bench.errors import CellFailedError, UnsafeError
from bench.parts import calls, imports, limits, micro, peers, sizes
from bench.place import BUILT
from bench.plan import FULL, QUICK
from bench.results import FOLDER, Results, load
from bench.targets import Row, judge, load_targets

PARTS: dict[str, Callable[[Context], Results]] = {
    "limits": limits.run,
    "peers": peers.run,
    "calls": calls.run,
    "import": imports.run,
    "sizes": sizes.run,
    "micro": micro.run,
}


def main(words: list[str]) -> int:
    """The exit code."""
    options = _options(words)
    chosen = options.part or list(PARTS)
    folder: Path = options.results or (BUILT / "quick" if options.quick else FOLDER)
    failed: list[str] = []
    measured: dict[str, Results] = {}
    for part in chosen:
        _say(f"--- {part}")
        try:
            with prepared(
                QUICK if options.quick else FULL, quick=options.quick, disk=options.disk, say=_say
            ) as context:
                results = PARTS[part](context)
        except UnsafeError as error:
            _say(f"REFUSED: {error}")
            return 1
        except CellFailedError as error:
            _say(f"FAILED: {part}: {error}")
            failed.append(f"{part}: {error}")
            continue
        results.save(folder)
        measured[part] = results
        failed += results.failed
    targets = [target for target in load_targets() if target.part in chosen]
    rows = judge(targets, measured)
    print(table(rows))
    for problem in failed:
        print(f"FAILED: {problem}")
    if options.quick:
        print("A quick run: it shows that everything works, and its figures mean nothing.")
    elif not options.results:
        page.write(load(FOLDER))
        print(f"Written: {page.PAGE.relative_to(page.PAGE.parents[1])}")
    return 1 if failed or any(row.is_fault for row in rows) else 0


def table(rows: list[Row]) -> str:
    """The rows for a terminal."""
    lines = [f"{'target':66} {'at':>4} {'goal':>6} {'floor':>6} {'result':>7}  verdict"]
    for row in rows:
        result = "-" if row.result is None else f"{row.result:.2f}"
        lines.append(f"{row.title:66} {row.at:4} {row.goal:6g} {row.floor:6g} {result:>7}  {row.verdict}")
    return "\n".join(lines)


def _options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measures synclead beside its limits and peers."
    )
    parser.add_argument("--part", action="append", choices=list(PARTS), help="only this part; may be repeated")
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes; the figures mean nothing")
    parser.add_argument(
        "--disk", type=Path, help="a folder on the disk to measure; default: the folder of temporary files"
    )
    parser.add_argument("--results", type=Path, help="where the results go; default: bench/results")
    return parser.parse_args(words)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def stop(number: int, frame: FrameType | None) -> None:
    """Whoever ends the run ends its servers with it."""
    raise SystemExit(128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    sys.exit(main(sys.argv[1:]))
