"""The page ``ACC-index-headers.html``: its comment has the header as tags, which clients read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from archiver.settings.settings import Settings
from edgarchive import Library, import_submissions
from indexer.submission.header import Entity, parse_header
from tests.paths import INVENTED
from tests.web.served import Served

FILINGS = sorted(path.stem for path in INVENTED.glob("*.txt"))


def _comment(page: str) -> str:
    assert page.count("<!--") == page.count("-->") == 1
    return page.partition("<!--\n")[2].partition("-->")[0]


def _as_tags(entity: Entity) -> Entity:
    """An entity without what tags have no place for."""
    return replace(entity, sic_description=None)


@pytest.mark.parametrize("accession", FILINGS)
def test_the_comment_has_the_header(served: Served, invented_archive: Path, accession: str) -> None:
    """Read again, it gives the same form, dates, items and parties."""
    page = served.ask(f"/Archives/edgar/data/1/{accession.replace('-', '')}/{accession}-index-headers.html")
    assert page.status == 200
    found = parse_header(_comment(page.text).encode())
    with Library(invented_archive) as library:
        header = library.submission(accession).header
    for name in ("accession", "form", "acceptance_datetime", "period_of_report", "public_document_count", "items"):
        assert getattr(found, name) == getattr(header, name), name
    assert [_as_tags(one) for one in found.entities] == [_as_tags(one) for one in header.entities]


def test_a_name_does_not_end_the_comment(tmp_path: Path) -> None:
    """A filer's name is text there, whatever it says."""
    text = (INVENTED / f"{FILINGS[0]}.txt").read_text(encoding="latin-1")
    line = next(one for one in text.splitlines() if "COMPANY CONFORMED NAME:" in one)
    name = line.rpartition("\t")[2]
    (tmp_path / f"{FILINGS[0]}.txt").write_text(text.replace(name, "ACME --><script>alert(1)</script>"), "latin-1")
    import_submissions([tmp_path / f"{FILINGS[0]}.txt"], settings=Settings(root=tmp_path / "archive"))
    with Served(tmp_path / "archive") as server:
        folder = f"/Archives/edgar/data/1/{FILINGS[0].replace('-', '')}"
        page = server.ask(f"{folder}/{FILINGS[0]}-index-headers.html").text
    assert "ACME --&gt;" in _comment(page)
    assert "<script" not in page.replace(_comment(page), "")
