"""Makes `docs/performance.md`, its pictures and a part of the README from the results alone.

`python -m bench.page --write` writes them.

Without `--write` the exit code says whether they are stale.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from bench import names
from bench import readme as front
from bench.obstacles import obstacles
from bench.place import ROOT
from bench.plot import bars
from bench.results import FOLDER, Results, load
from bench.targets import Row, judge, load_targets

PAGE = ROOT / "docs" / "performance.md"
PICTURES = ROOT / "docs" / "performance"
README = front.FILE

_HEAD = """\
# How fast it is

Made from `bench/results` by `make bench-page`; do not edit it. `make bench` measures everything again.
[bench/README.md](../bench/README.md) says how, and [bench/peers/README.md](../bench/peers/README.md) how the servers
that it is compared with are set up.

**What to make of it.** Only ratios count, and below 15 % they say nothing: the load generator, the database and the
server share the machine, and other work disturbs it. Each ratio was taken in one run whose subjects were called in
turn, and is the median over the rounds. Every server wrote to a disk with all durability on, and after every cell each
acknowledged lead was looked up in the database: once, under the Id and with the values that were answered. A cell that
failed that has no figure. The peers do less than synclead: they find leads by Email alone, and know no foreign ids,
cookies, partitions, custom fields, limits or repeated groups. All calls are one document with other values, as those of
one program are. synclead learns such a shape at the second call; what one costs whose shape is new is among the steps
below.

"""
_NOTHING = "Nothing has been measured yet.\n"

Pages = dict[Path, str]
"""Each file with its text."""


def pages(results: Mapping[str, Results]) -> Pages:
    """The page and its pictures. Raises ValueError for results of a quick run."""
    for found in results.values():
        if found.quick:
            raise ValueError(f"the results of {found.part} are of a quick run, which means nothing")
    rows = judge(load_targets(), results)
    made: Pages = {README: front.readme(README, results, rows)}
    text = _HEAD + _targets(rows) + obstacles(results)
    if not results:
        text += "\n" + _NOTHING
    for part, title, section in _SECTIONS:
        if part in results:
            found = results[part]
            text += f"\n## {title}\n\n{found.date}, {found.rounds()} rounds"
            text += f"; each is in `bench/results/{part}.json`.\n\n" + section(found, made)
    if results:
        text += "\n## The machine\n\n" + _machine(max(results.values(), key=_date))
    made[PAGE] = text
    return made


def write(results: Mapping[str, Results]) -> None:
    """Writes what `pages` makes, and takes away pictures of results that are gone."""
    made = pages(results)
    for old in PICTURES.glob("*.svg"):
        if old not in made:
            old.unlink()
    for path, text in made.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


def stale(results: Mapping[str, Results]) -> list[Path]:
    """The files that are not as the results make them."""
    made = pages(results)
    wrong = [path for path, text in made.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    return wrong + [old for old in sorted(PICTURES.glob("*.svg")) if old not in made]


def _targets(rows: list[Row]) -> str:
    text = "## Targets\n\n| what | connections | goal | floor | result | verdict |\n"
    text += "| --- | --: | --: | --: | --: | --- |\n"
    for row in rows:
        unit = f" {row.unit}" if row.unit else ""
        result = "" if row.result is None else f"{row.result:.2f}{unit}"
        text += f"| {row.title} | {row.at} | {row.goal:g}{unit} | {row.floor:g}{unit} | {result} | {row.verdict} |\n"
    return text


def _throughput(found: Results, made: Pages) -> str:
    subjects, at = found.subjects(), found.connections()
    text = _picture(found, made, f"{found.part}-calls.svg", "Calls a second, more is better", "1/s", "per_second")
    text += _picture(found, made, f"{found.part}-p99.svg", "99 % are answered in, less is better", "ms", "p99_ms")
    text += _table("calls a second", subjects, at, lambda s, c: _number(found.median(s, c, "per_second"), ",.0f"))
    text += _table("p50 / p99, ms", subjects, at, lambda s, c: _pair(found, s, c))
    text += _table("CPU a call, µs, by process", subjects, at, lambda s, c: _cpu(found, s, c))
    text += _table("RSS (PSS), MiB", subjects, at, lambda s, c: _memory(found, s, c))
    at_rest = {name: facts["at_rest"] for name, facts in found.facts.items() if "at_rest" in facts}
    if at_rest:
        text += "At rest: " + "; ".join(f"{name} {m['rss_mib']:g} ({m['pss_mib']:g})" for name, m in at_rest.items())
        text += " MiB RSS (PSS).\n\n"
    return text + _missing(found)


def _calls(found: Results, made: Pages) -> str:
    text = "Microseconds of the server's CPU a call, sampled under load; synclead alone, without the database.\n\n"
    splits = {name: facts["cpu_split_us"] for name, facts in found.facts.items() if "cpu_split_us" in facts}
    parts = sorted({part for rounds in splits.values() for one in rounds for part in one})
    text += f"| | {' | '.join(parts)} |\n| --- |{' --: |' * len(parts)}\n"
    for name, rounds in splits.items():
        cells = [_number(_middle([one.get(part, 0.0) for one in rounds]), ".0f") for part in parts]
        text += f"| {name} | {' | '.join(cells)} |\n"
    text += "\nThe files that most of the samples were in, as shares of all:\n\n| | |\n| --- | --- |\n"
    for name, facts in found.facts.items():
        shares = [f"{place} {share:.0%}" for place, share in facts.get("cpu_files", {}).items()]
        text += f"| {name} | {', '.join(shares)} |\n" if shares else ""
    return text + "\n" + _throughput(found, made)


def _sizes(found: Results, made: Pages) -> str:
    at = found.connections()
    text = _table(
        "calls a second", found.subjects(), at, lambda s, c: _number(found.median(s, c, "per_second"), ",.0f")
    )
    text += _table("p50 / p99, ms", found.subjects(), at, lambda s, c: _pair(found, s, c))
    sizes = [f"{size:,} leads" for size in found.plan["sizes"]]
    kinds = (names.POSTGRES, names.SQLITE)
    series = {kind: [found.median(f"{kind}, {size}", at[0], "per_second") for size in sizes] for kind in kinds}
    made[PICTURES / "sizes.svg"] = bars("Calls a second by leads stored", "1/s", sizes, series)
    head = "The leads that were stored before the first call; half of the calls added one more.\n\n"
    return f"{head}![Calls a second by leads stored](performance/sizes.svg)\n\n{text}{_missing(found)}"


def _import(found: Results, made: Pages) -> str:
    text = _table(
        "leads a second", found.subjects(), [1], lambda s, c: _number(found.median(s, c, "per_second"), ",.0f")
    )
    return (
        text
        + _table("CPU a lead, µs, by process", found.subjects(), [1], lambda s, c: _cpu(found, s, c))
        + _missing(found)
    )


def _micro(found: Results, made: Pages) -> str:
    text = "| step | µs | instructions |\n| --- | --: | --: |\n"
    counts = found.facts.get("instructions", {})
    for step in found.subjects():
        milliseconds = found.median(step, 1, "p50_ms")
        micros = None if milliseconds is None else milliseconds * 1000
        text += f"| {step} | {_number(micros, '.1f')} | {_number(counts.get(step), ',.0f')} |\n"
    return text + "\n" + _missing(found)


_SECTIONS: tuple[tuple[str, str, Callable[[Results, Pages], str]], ...] = (
    ("peers", "Beside what a team would write instead", _throughput),
    ("limits", "Beside the limits", _throughput),
    ("calls", "Where the time of a call goes", _calls),
    ("sizes", "With many leads", _sizes),
    ("import", "Importing a file", _import),
    ("micro", "The steps of a call", _micro),
)


def _date(found: Results) -> str:
    return found.date


def _machine(found: Results) -> str:
    text = f"That of the part {found.part}. {found.plan['seconds']:g} s a cell.\n\n| | |\n| --- | --- |\n"
    databases = {
        f"{name}, as it was read": facts["settings"] for name, facts in found.facts.items() if facts.get("settings")
    }
    for name, value in (found.machine | databases).items():
        shown = ", ".join(f"{key} {inner}" for key, inner in value.items()) if isinstance(value, dict) else value
        text += f"| {name} | {shown} |\n"
    return text


def _picture(found: Results, made: Pages, file: str, title: str, unit: str, key: str) -> str:
    at = found.connections()
    every = {name: [found.median(name, count, key) for count in at] for name in found.subjects()}
    series = {name: values for name, values in every.items() if any(value is not None for value in values)}
    groups = [f"{count} connection{'s' if count > 1 else ''}" for count in at]
    made[PICTURES / file] = bars(title, unit, groups, series)
    return f"![{title}](performance/{file})\n\n"


def _table(title: str, subjects: list[str], at: list[int], cell: Callable[[str, int], str]) -> str:
    rows = [(subject, [cell(subject, count) for count in at]) for subject in subjects]
    head = f"| {title} | {' | '.join(map(str, at))} |\n| --- |{' --: |' * len(at)}\n"
    lines = "".join(f"| {subject} | {' | '.join(cells)} |\n" for subject, cells in rows if any(cells))
    return f"{head}{lines}\n"


def _missing(found: Results) -> str:
    lines = [f"- Not measured: {name}: {reason}\n" for name, reason in found.not_measured.items()]
    lines += [f"- Failed: {text}\n" for text in found.failed]
    return "".join(lines) + ("\n" if lines else "")


def _pair(found: Results, subject: str, connections: int) -> str:
    p50, p99 = (found.median(subject, connections, key) for key in ("p50_ms", "p99_ms"))
    return "" if p50 is None or p99 is None else f"{p50:.1f} / {p99:.1f}"


def _cpu(found: Results, subject: str, connections: int) -> str:
    return ", ".join(f"{name} {cost:.0f}" for name, cost in found.cpu(subject, connections).items())


def _memory(found: Results, subject: str, connections: int) -> str:
    rss, pss = (found.median(subject, connections, key) for key in ("rss_mib", "pss_mib"))
    return "" if not rss or pss is None else f"{rss:.0f} ({pss:.0f})"


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def main(words: list[str]) -> int:
    """0 when page and pictures are as the results make them, or were written."""
    results = load(FOLDER)
    if words == ["--write"]:
        write(results)
        return 0
    wrong = stale(results)
    for path in wrong:
        print(f"{path.relative_to(ROOT)} is stale: run make bench-page", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
