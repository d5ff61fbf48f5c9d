"""What stands in the way of each goal that was not reached, as far as the results tell it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median
from textwrap import wrap
from typing import NamedTuple

from bench import names
from bench.results import Results
from bench.targets import BEST_PEER, Target, judge, load_targets

_AllResults = Mapping[str, Results]


class _Miss(NamedTuple):
    """A goal that was measured and not reached."""

    target: Target
    at: int
    """Connections."""
    goal: float
    floor: float
    result: float

    def wanted(self, measured: float) -> tuple[float, float]:
        """What should have been measured for the goal, and for the floor; a result is a ratio to something."""
        return measured * self.goal / self.result, measured * self.floor / self.result


_THROUGHPUT = """\
What the CPU of this machine allows is computed from what a call cost each process. *One thread*: a process of synclead
is at its end when its interpreter is busy all the time, since one thread at a time runs Python; at 1 connection
everything happens one after the other, so that there the costs of all processes count. *All cores*: the most that were
possible if the work for all calls were spread over the cores evenly, by as many processes as it takes, and cost no
more for that. Where a column is less than was wanted, a call costs too much CPU. Where both are more, the rest was lost
in waiting for the disk and for each other, and in what else the machine did.

"""
_ALONE = """\
At 1 connection the database pays for groups too: for one call it runs the statements of a group. Two processes disturb
each other: both want the lock of the one subscription, so that their groups are smaller, and a call costs more on both
sides.

To use the second core better, one process that plans and writes was tried beside one that speaks HTTP and XML, with
calls and outcomes going between them in bundles (msgpack on a Unix socket). It came to 0.8 of the calls a second at 1
connection, 0.95 and 1.11 at 16, 1.06 and 1.07 at 64, 1.08 and 1.15 at 128, in two alternating runs of four rounds; two
processes that speak HTTP in front of the one that writes, to 0.96, 1.07 and 1.10 at 16, 64 and 128. That is little
where most is missing, and calls would be on a way between processes that can fail.

Tried, without a gain that could be measured: mypyc for the modules that run most, huge pages, SQLite in the thread of
the event loop, all writes of a group in one statement, an event loop that does not sleep while a group is under way,
the next group's reads on a second connection while the first group commits, Python 3.13 and 3.14.

The next group's lock and reads were also sent behind a group's COMMIT on the same connection, with the rules that keep
the outcome of each group known. In twelve alternating rounds that came to 0.98, 1.12, 1.08 and 1.00 of the calls a
second at 1, 16, 64 and 128 connections. It was left out: it would have been the hardest part of the store to
understand, for less than tells two servers apart here.

"""
_EVEN = """\
A server whose calls all took equally long would answer each in connections divided by calls a second. Where even that
is more than was wanted, no evener work would reach the goal, only a faster one. A call that
comes as a group begins waits for its end and then for its own. Presumably that is most of what lies between p50 and
p99; it was not measured by itself.

"""


def obstacles(results: _AllResults, targets: Sequence[Target] | None = None) -> str:
    """The section of the page; empty where every goal was reached."""
    missed = [one for target in targets or load_targets() for one in _missed(target, results)]
    if not missed:
        return ""
    text = "\n## What stands in the way\n\nOf each goal that was not reached.\n\n"
    told: list[_Miss] = []
    for is_its, section in _SECTIONS:
        its = [miss for miss in missed if is_its(miss.target)]
        text += section(its, results) if its else ""
        told += its
    return text + "".join(f"- {miss.target.title}, {miss.at}: not known.\n" for miss in missed if miss not in told)


def _missed(target: Target, results: _AllResults) -> Iterator[_Miss]:
    for row in judge([target], results):
        if row.result is not None and row.verdict != "goal":
            yield _Miss(target, row.at, row.goal, row.floor, row.result)


def _throughput(missed: Sequence[_Miss], results: _AllResults) -> str:
    lines = []
    for miss in missed:
        found, of, at = results[miss.target.part], miss.target.of, miss.at
        measured, costs = _rate(found, of, at), found.cpu(of, at)
        cells = (
            *(f"{one:,.0f}" for one in miss.wanted(measured)),
            *_allowed(of, costs, at, found.machine["cores"]),
            f"{measured:,.0f}",
            _costs(costs),
        )
        lines.append(f"| {miss.target.title} | {at} | {' | '.join(cells)} |\n")
    head = (
        "| calls a second | connections | for the goal | for the floor | one thread allows | all cores allow | measured"
        " | CPU a call, µs |\n"
    )
    return f"{_THROUGHPUT}{head}| --- |{' --: |' * 6} --- |\n{''.join(lines)}\n{_cold(results)}{_ALONE}"


def _allowed(subject: str, costs: Mapping[str, float], at: int, cores: int) -> tuple[str, str]:
    """Calls a second that one thread allows, and all cores, by what one costs each process in microseconds."""
    if "synclead" not in costs:
        return "", ""
    together = sum(costs.values())
    if at == 1:
        return f"{1e6 / together:,.0f}", ""
    thread = "" if subject == names.PROCESS_A_CORE else f"{1e6 / costs['synclead']:,.0f}"
    return thread, f"{cores * 1e6 / together:,.0f}"


def _cold(results: _AllResults) -> str:
    """That what a step costs under load is a multiple of what it costs alone."""
    if not {"micro", "calls"} <= results.keys():
        return ""
    steps = (names.DECODE, names.ENCODE, names.VERIFY, names.PLAN)
    alone = sum(1000 * (results["micro"].median(step, 1, "p50_ms") or 0.0) for step in steps)
    rounds = results["calls"].facts[names.POSTGRES_PROFILED]["cpu_split_us"]
    loaded = median(sum(one[part] for part in ("XML", "authentication", "planning")) for one in rounds)
    return _paragraph(
        "Most of that is Python that runs once a call.",
        f"Decoding, encoding, verifying and planning take {loaded:.0f} µs a call under load (XML, authentication and",
        f"planning, below), and {alone:.0f} µs in a loop that does nothing else, measured in another run: presumably",
        "because other work empties the caches between two calls.",
    )


def _tail(missed: Sequence[_Miss], results: _AllResults) -> str:
    lines = []
    for miss in missed:
        found, of, at = results[miss.target.part], miss.target.of, miss.at
        p50, p99 = (found.median(of, at, key) or 0.0 for key in ("p50_ms", "p99_ms"))
        cells = " | ".join(f"{one:.1f}" for one in (*miss.wanted(p99), at / _rate(found, of, at) * 1000, p50, p99))
        lines.append(f"| {miss.target.title} | {at} | {cells} |\n")
    head = "| ms | connections | for the goal | for the floor | if all took equally long | p50 | p99 |\n"
    return f"{_EVEN}{head}| --- |{' --: |' * 6}\n{''.join(lines)}\n"


def _import(missed: Sequence[_Miss], results: _AllResults) -> str:
    found = results["import"]
    own, copied = found.cpu(names.IMPORT_POSTGRES, 1), found.cpu(names.COPY, 1)
    text = ""
    for miss in missed:
        measured = _rate(found, miss.target.of, miss.at)
        goal, floor = miss.wanted(measured)
        text += _paragraph(
            f"{measured:,.0f} rows a second were imported, {goal:,.0f} are the goal and {floor:,.0f} the floor.",
            f"A row costs {_costs(own)} µs of CPU; with COPY and one upsert, {_costs(copied)}.",
            _alone(own, found.machine["cores"]),
            "COPY and the upsert check nothing. An import reads each row by the types and limits of its fields, finds",
            "its lead by every key of the row, plans it as a call is planned, and tells the lead's history why.",
        )
    return text


def _alone(costs: Mapping[str, float], cores: int) -> str:
    if "PostgreSQL" not in costs:
        return ""
    database, together = 1e6 / costs["PostgreSQL"], cores * 1e6 / sum(costs.values())
    return (
        f"The database writes through one connection, so that its share alone allows {database:,.0f}; all cores, busy "
        f"all the time, allow {together:,.0f}."
    )


def _sizes(missed: Sequence[_Miss], results: _AllResults) -> str:
    sentences = []
    for miss in missed:
        found, target = results[miss.target.part], miss.target
        few, many = (_costs(found.cpu(subject, miss.at)) for subject in (target.to, target.of))
        sentences.append(f"{target.title}: a call costs {many} µs of CPU, and {few} with few.")
    return _paragraph(
        *sentences,
        "Among few leads a call soon meets pages that are in caches, and that PostgreSQL has written to its log since",
        "the checkpoint before the cell. Among millions each call meets others, and the first change of a page after a",
        "checkpoint logs it whole.",
    )


def _shapes(missed: Sequence[_Miss], results: _AllResults) -> str:
    whole, parsed, known = (
        1000 * (results["micro"].median(step, 1, "p50_ms") or 0.0) for step in (names.READ, names.PARSE, names.DECODE)
    )
    return _paragraph(
        f"Of the {whole:.0f} µs in which a request of a new shape is decoded, lxml's parsing takes {parsed:.0f}.",
        "The rest is Python that walks lxml's tree and checks every element by the contract.",
        f"A program pays that for its first two calls, and {known:.0f} for each of the others.",
    )


def _paragraph(*sentences: str) -> str:
    return "\n".join(wrap(" ".join(filter(None, sentences)), 120)) + "\n\n"


def _rate(found: Results, subject: str, at: int) -> float:
    return found.median(subject, at, "per_second") or 0.0


def _costs(costs: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {cost:.0f}" for name, cost in costs.items())


def _is_throughput(target: Target) -> bool:
    return target.part in ("peers", "limits") and target.key == "per_second"


def _is_tail(target: Target) -> bool:
    return target.key == "p99_ms" and target.to == BEST_PEER


def _is_of(part: str) -> Callable[[Target], bool]:
    return lambda target: target.part == part


_SECTIONS: tuple[tuple[Callable[[Target], bool], Callable[[Sequence[_Miss], _AllResults], str]], ...] = (
    (_is_throughput, _throughput),
    (_is_tail, _tail),
    (_is_of("import"), _import),
    (_is_of("sizes"), _sizes),
    (_is_of("micro"), _shapes),
)
