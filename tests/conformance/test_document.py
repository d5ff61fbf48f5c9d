"""The samples of a user's own copy of the document run as they are, the characters it lost put back.

The document is not ours to publish: SYNCLEAD_DOCUMENT names the copy. Only address, user and key are changed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from conformance.scenario import KEY, USER, Place, given
from conformance.stack import Stack, execute, load

pytestmark = [pytest.mark.conformance, pytest.mark.timeout(900)]

Built = Callable[[Stack], Path]

# The page lost every `>` that came before a letter, a digit or a `$`, and blanks with some.
LOST_IN_PHP = {
    '"connection_timeout" =20': '"connection_timeout" =>20',
    '"location" =$': '"location" =>$',
    '"paramsSyncLead" =$': '"paramsSyncLead" =>$',
}
LOST_IN_JAVA = {
    "JAXBElement<Stringemail": "JAXBElement<String> email",
    "JAXBElement<ArrayOfAttributeattrList": "JAXBElement<ArrayOfAttribute> attrList",
}


def sample(language: str, lost: Mapping[str, str], changed: Mapping[str, str]) -> str:
    """The block of one language, mended, with the first group of each pattern of `changed` set to its text."""
    if "SYNCLEAD_DOCUMENT" not in os.environ:
        pytest.skip("SYNCLEAD_DOCUMENT names no copy of the document on syncLead, whose samples this runs")
    document = Path(os.environ["SYNCLEAD_DOCUMENT"]).read_text(encoding="utf-8")
    text: str
    (text,) = re.findall(rf"^```{language}\n(.*?)^```$", document, re.DOTALL | re.MULTILINE)
    for wrong, right in lost.items():
        assert text.count(wrong) == 1, wrong
        text = text.replace(wrong, right)
    for pattern, value in changed.items():
        (found,) = re.finditer(pattern, text)
        text = text[: found.start(1)] + value + text[found.end(1) :]
    return text.strip() + "\n"


def test_the_php_sample_works(place: Place, built: Built) -> None:
    """It creates or updates its lead, prints the typed result, and both runs are of one person."""
    text = sample(
        "php",
        LOST_IN_PHP,
        {
            r'\$marketoSoapEndPoint +=\s*"()"': place.url,
            r'\$marketoUserId +=\s*"()"': USER,
            r'\$marketoSecretKey +=\s*"()"': KEY,
        },
    )
    folder = built(load("php-wsdl"))
    (folder / "sample.php").write_text(text, encoding="utf-8")
    runs = [execute(["php", "sample.php"], folder, given(place, "php")).stdout for _ in range(2)]
    for run, allowed in zip(runs, ("CREATED|UPDATED", "UPDATED"), strict=True):
        shown = run.partition("stdClass Object")[2]
        assert re.search(rf"\[status\] => ({allowed})$", shown, re.MULTILINE), run
        assert "RAW response" in run
    ids = {tuple(re.findall(r"\[leadId\] => (\d+)$", run, re.MULTILINE)) for run in runs}
    assert len(ids) == 1, runs
    assert len(set(ids.pop())) == 1, runs


def test_the_java_sample_works(place: Place, built: Built) -> None:
    """It compiles with wsimport's classes, creates or updates its lead, and JAXB prints the whole answer."""
    text = sample(
        "java",
        LOST_IN_JAVA,
        {
            r'new URL\("([^"]+)" \+ "\?WSDL"\)': place.url,
            r'marketoUserId = "([^"]+)"': USER,
            r'marketoSecretKey = "([^"]+)"': KEY,
        },
    )
    folder = built(load("java-jaxws"))
    (folder / "SyncLead.java").write_text(text, encoding="utf-8")
    compiled = execute(["javac", "@options", "-nowarn", "-d", "classes", "SyncLead.java"], folder, {})
    assert compiled.returncode == 0, compiled.stdout
    runs = [execute(["java", "@options", "SyncLead"], folder, {}).stdout for _ in range(2)]
    for run, allowed in zip(runs, ("CREATED|UPDATED", "UPDATED"), strict=True):
        assert re.search(rf"<status>({allowed})</status>", run), run
        assert run.rstrip().endswith(":successSyncLead>"), run
    ids = {tuple(re.findall(r"<leadId>(\d+)</leadId>", run)) for run in runs}
    assert len(ids) == 1, runs
    assert len(set(ids.pop())) == 1, runs
