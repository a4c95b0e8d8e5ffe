"""Real reports keep their items under other headings and in other surroundings (`rewriting`)."""

from __future__ import annotations

import gzip
import zipfile
from functools import cache

import pytest

from indexer.text.document_text import document_text
from tests.paths import SHARED
from tests.unit.indexer.sections.html_rewriting import HTML_HEADINGS
from tests.unit.indexer.sections.rewriting import HEADINGS, SURROUNDINGS, Report, in_pieces

FOLDER = SHARED / "sections"
REPORTS = {
    "10-K_premier-pacific-2016.htm": "10-K",
    "10-Q_LOW_0000060667-23-000139.htm": "10-Q",
    "1001039_8K_2018_0001001039-18-000048.htm": "8-K",
}
"""Short ones; `scripts/bench rewritten` takes all."""

pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="the real reports are not here")


@cache
def _report(name: str) -> Report:
    if REPORTS[name] == "8-K":
        with zipfile.ZipFile(FOLDER / "8k" / "8-k.zip") as packed:
            body = packed.read(name)
    else:
        body = gzip.decompress((FOLDER / f"{name}.gz").read_bytes())
    report = in_pieces(document_text(body, kind="html"), REPORTS[name])
    assert report is not None
    return report


@pytest.mark.slow
@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("change", [*HEADINGS, *SURROUNDINGS])
def test_a_rewritten_report_keeps_its_items(name: str, change: str) -> None:
    """However headings are spelt and whatever is around them, each item is where it was, and nothing else is one."""
    rewritten = {**HEADINGS, **SURROUNDINGS}[change](_report(name))
    assert rewritten.mistakes() == []


@pytest.mark.slow
@pytest.mark.parametrize("change", HTML_HEADINGS)
def test_a_report_in_other_markup_keeps_its_items(change: str) -> None:
    """However a heading is marked up, in which elements, cells and references."""
    for name in REPORTS:
        assert HTML_HEADINGS[change](_report(name)).mistakes() == []
