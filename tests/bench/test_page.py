"""docs/performance.md is made from the committed results, and from nothing else."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path

import pytest
from lxml import etree

from bench import names, page
from bench.plan import FULL
from bench.plot import bars
from bench.results import FOLDER, Results, load
from bench.subject import Cell


def sample(part: str = "peers", *, quick: bool = False) -> Results:
    """The results of a part with two subjects."""
    cells = [
        Cell(name, count, round_, speed * round_, 1.0, 2.5, cpu_us={"server": 300.0}, rss_mib=80, pss_mib=70)
        for round_ in (1, 2, 3)
        for count in (1, 64)
        for name, speed in ((names.POSTGRES, 2000.0), (names.PHP, 700.0))
    ]
    return Results(
        part=part,
        quick=quick,
        date="2026-01-01",
        machine={"cores": 2, "Python's build": "package python3.11-minimal 3.11.2", "packages": {"lxml": "6.0"}},
        plan=json.loads(json.dumps(asdict(FULL))),
        cells=cells,
        not_measured={names.JAVA: "java is missing: run make bench-setup"},
        failed=[f"{names.NODE}, warming: a lead is lost"],
        facts={
            names.POSTGRES: {
                "at_rest": {"rss_mib": 60.0, "pss_mib": 50.0},
                "cpu_split_us": [{"HTTP": 90.0}],
                "settings": {"fsync": "on"},
            }
        },
    )


def test_the_page_is_as_the_results_make_it() -> None:
    """`make bench-page` writes it; nobody edits it."""
    assert page.stale(load(FOLDER)) == []


def test_a_changed_result_makes_the_page_stale(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One figure is enough, and so is a picture that is left over."""
    monkeypatch.setattr(page, "PAGE", tmp_path / "performance.md")
    monkeypatch.setattr(page, "PICTURES", tmp_path / "performance")
    readme = tmp_path / "README.md"
    readme.write_text(page.README.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(page, "README", readme)
    found = {"peers": sample()}
    page.write(found)
    assert page.stale(found) == []
    left_over = tmp_path / "performance" / "old.svg"
    left_over.write_text("<svg/>", encoding="utf-8")
    assert page.stale(found) == [left_over]
    found["peers"].cells = [cell for cell in found["peers"].cells if cell.round != 3]
    assert page.PAGE in page.stale(found)
    assert readme in page.stale({})
    page.write(found)
    assert page.stale(found) == []


def test_the_readme_says_what_is_below_its_floor() -> None:
    """Beside the ratios to the best peer, which is known when all of them were measured."""
    results = sample()
    results.cells += [
        Cell(name, count, round_, speed, 1.0, 2.5)
        for round_ in (1, 2, 3)
        for count in (1, 64)
        for name, speed in ((names.JAVA, 3600.0), (names.NODE, 500.0))
    ]
    text = page.pages({"peers": results})[page.README]
    assert "| PostgreSQL, calls/s to the best peer's | 1.11 | 1.11 |\n" in text
    assert "- PostgreSQL, calls/s to the best peer's, 64: 1.11, and the floor is 1.4\n" in text
    assert "calls/s to the best peer's, 1: " not in text


def test_a_readme_without_a_place_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Rather than published without its figures."""
    readme = tmp_path / "README.md"
    readme.write_text("# synclead\n", encoding="utf-8")
    monkeypatch.setattr(page, "README", readme)
    with pytest.raises(ValueError, match="no place for the results"):
        page.pages({})


@pytest.mark.parametrize("part", ["peers", "limits", "calls", "sizes", "import", "micro"])
def test_every_part_has_its_section(part: str) -> None:
    """Medians, what was not measured and what failed stand on the page of every part."""
    text = page.pages({part: sample(part)})[page.PAGE]
    assert "java is missing: run make bench-setup" in text
    assert "Node soap, warming: a lead is lost" in text
    assert f"| {names.POSTGRES}, as it was read | fsync on |" in text
    assert "| Python's build | package python3.11-minimal 3.11.2 |" in text
    if part in ("peers", "limits", "calls"):
        assert f"| {names.POSTGRES} | 4,000 | 4,000 |" in text
        assert f"{names.POSTGRES} 60 (50)" in text


def test_quick_results_are_never_published() -> None:
    """Their figures mean nothing."""
    with pytest.raises(ValueError, match="quick run"):
        page.pages({"peers": sample(quick=True)})


def test_results_come_back_from_their_file(tmp_path: Path) -> None:
    """What is saved is what the page is made from."""
    sample().save(tmp_path)
    assert load(tmp_path) == {"peers": sample()}


def test_committed_results_name_no_machine() -> None:
    """No folder and no host stands in what is published."""
    for path in [*FOLDER.glob("*.json"), page.PAGE]:
        text = path.read_text(encoding="utf-8")
        assert re.findall(r"/(?:tmp|home|root|work|var)\b", text) == []


def test_a_picture_shows_every_figure() -> None:
    """A bar a figure, as tall as it is large; what was not measured has none."""
    root = etree.fromstring(bars("Speed", "1/s", ["1", "64"], {"A": [50.0, 100.0], "<B>": [None, 25.0]}).encode())
    shapes = {title.text: title.getparent() for title in root.iter("{*}title") if title.getparent() is not root}
    heights = {name: float(shape.get("height") or 0) for name, shape in shapes.items() if shape is not None}
    assert set(heights) == {"A, 1: 50", "A, 64: 100", "<B>, 64: 25"}
    assert heights["A, 1: 50"] == pytest.approx(heights["A, 64: 100"] / 2, abs=0.2)
    assert heights["<B>, 64: 25"] == pytest.approx(heights["A, 64: 100"] / 4, abs=0.2)
