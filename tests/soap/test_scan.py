"""Looking through a request in windows."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synclead.soap import scan, tolerances

PARTS = ["<!--", "-->", "<![CDATA[", "]]>", "<?x ", "?>", "<a ", 'b="c"', ">", "</a>", "text", "&#xD83E;", "&#xDD9C;",
         "&#55358;", "&#56732;", "&amp;", " ", "<", "&", "&#", ";", "-", "]"]  # fmt: skip
DOCUMENTS = st.lists(st.sampled_from(PARTS), max_size=60).map("".join).map(str.encode)
_ASIDES = re.compile(rb"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<\?.*?(?:\?>|\Z)", re.DOTALL)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows that a document of a few words does not go into."""
    monkeypatch.setattr(scan, "WINDOW", 64)


@given(DOCUMENTS)
def test_windows_are_the_whole(source: bytes) -> None:
    """Nothing is left out or comes twice, and none is empty."""
    windows = [window for window, _ in scan.windows(source)]
    assert b"".join(windows) == source
    assert all(windows)


@given(DOCUMENTS)
def test_what_is_counted_is_what_the_whole_has(source: bytes) -> None:
    """Windows change nothing of what is found outside of comments, CDATA sections and instructions."""
    whole = _ASIDES.sub(b"", source)
    assert b"".join(scan.without_asides(source)).count(b"<") == whole.count(b"<")
    assert scan.count(source, b"<") == source.count(b"<")
    for what in (b"<!", b"-->", b"&#"):
        for start in (0, 7, 70):
            assert scan.find(source, what, start) == source.find(what, start)


@given(DOCUMENTS)
def test_pairs_are_joined_across_windows(source: bytes) -> None:
    """Two halves of a character become one wherever they stand, but in an aside."""
    small = tolerances.join_surrogates(source)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "WINDOW", 1_000_000)
        assert small == tolerances.join_surrogates(source)


@pytest.mark.parametrize("before", range(40, 80))
def test_a_pair_on_the_border_is_one(before: int) -> None:
    """No window ends between its halves, nor within one."""
    source = b"<a>" + b"x" * before + b"&#xD83E;&#xDD9C;" + b"y" * 100 + b"</a>"
    assert tolerances.join_surrogates(source) == source.replace(b"&#xD83E;&#xDD9C;", b"&#129436;")
    aside = source.replace(b"<a>", b"<!--").replace(b"</a>", b"-->")
    assert tolerances.join_surrogates(aside) == aside
