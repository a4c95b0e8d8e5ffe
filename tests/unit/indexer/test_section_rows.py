"""Rows of sections: which there are, what they say, and how they become data frames."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from archiver.settings.settings import Settings
from edgarchive import AsyncLibrary, Library, UsageError, import_submissions
from indexer.section_rows import SECTION_COLUMNS, filing_facts
from indexer.submission.submission import parse_submission
from indexer.texts.model import extract
from tests.paths import INVENTED
from tests.unit.submissions import submission_bytes

REPORT = "0009000900-21-000150"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of two reports and an 8-K."""
    settings = Settings(root=tmp_path_factory.mktemp("rows") / "archive")
    names = (REPORT, "0009000900-10-000066", "0009000900-19-000212")
    import_submissions([INVENTED / f"{name}.txt" for name in names], settings=settings)
    return settings.root


def test_rows_are_the_sections_by_filing_date(root: Path) -> None:
    """Every section of every report, with text, words and the facts of its filing."""
    with Library(root) as library:
        rows = list(library.sections())
        assert [row["filing_date"] for row in rows] == sorted(row["filing_date"] for row in rows)
        assert len({row["form"] for row in rows}) == 3
        for row in rows:
            document = library.texts(row["accession"]).documents[row["sequence"] - 1]
            found = [(one.part, one.item, document.text()[one.start : one.end]) for one in document.sections()]
            assert (row["part"], row["item"], row["text"]) in found
            assert tuple(row) == SECTION_COLUMNS
            assert row["words"] == len(row["text"].split())


@pytest.mark.parametrize(
    ("asked", "items"),
    [
        ({"item": "1A"}, ["1A"]),
        ({"section": "risk-factors", "form": "10-K"}, ["1A"]),
        ({"item": ["1A", "5.02"]}, ["5.02", "1A"]),
        ({"item": "5.02", "until": 2018}, []),
        ({"item": "1A", "query": "resigned"}, []),
        ({"item": "5.02", "query": "resigned"}, ["5.02"]),
    ],
)
def test_items_and_filters_choose(root: Path, asked: dict[str, Any], items: list[str]) -> None:
    """An item is a section's, by number or name; words must stand in it."""
    with Library(root) as library:
        rows = list(library.sections(**asked))
    assert [row["item"] for row in rows] == items


def test_a_form_that_the_archive_lacks_is_named(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An empty frame looks like a finding; one that is empty for another reason is no matter of spelling."""
    with Library(root) as library:
        assert not list(library.sections(form="10-K", item="1A", until=1990))
        assert not caplog.records
        assert not list(library.sections(form="10K", item="1A"))
    assert "nothing in this archive has the form 10K; did you mean 10-K?" in caplog.text


def test_a_data_frame_is_one_line(root: Path) -> None:
    """Frames have real dates, numbers and flags; one of nothing has the columns, too."""
    pandas = pytest.importorskip("pandas")
    with Library(root) as library:
        frame = library.sections(form="10-K", item="1A").to_pandas()
        arrow = library.sections(form="10-K", item="1A").to_arrow()
        nothing = library.sections(form="10-K", item="1A", until=2001).to_pandas()
    assert list(frame.columns) == list(nothing.columns) == list(SECTION_COLUMNS)
    assert pandas.api.types.is_datetime64_any_dtype(frame["filing_date"])
    assert (str(frame["words"].dtype), str(frame["is_reference"].dtype)) == ("Int64", "bool")
    assert arrow.column("filing_date").to_pylist() == [date(2021, 2, 26)]
    assert arrow.column("cik").to_pylist() == [9000007]


def test_rows_are_read_when_they_are_reached(root: Path) -> None:
    """They are an iterator, need the open library, and `AsyncLibrary` reads all of them at once."""
    with Library(root) as library:
        rows = library.sections()
        first = next(rows)
    with pytest.raises(UsageError, match="closed"):
        list(rows)

    async def read() -> list[dict[str, object]]:
        async with AsyncLibrary(root) as asked:
            found = await asked.sections(limit=1)
        return list(found)

    assert asyncio.run(read())[0] == first


def test_a_section_without_a_name_is_an_error(root: Path) -> None:
    """What is no item and no name of a section is said before anything is read."""
    with Library(root) as library, pytest.raises(UsageError, match="not the name of a section"):
        library.sections(item="99X")


def test_a_long_name_is_not_repeated_whole_for_each_document() -> None:
    """A filer decides on its length and on their number."""
    data = submission_bytes(form="8-K" + "F" * 10_000).replace(b"ACME WIDGETS INC", b"A" * 100_000)
    facts = filing_facts(extract(parse_submission(data), sha256=""), filing_date=date(2004, 12, 22))
    assert len(str(facts)) < 2000
    assert facts["name"] == "A" * len(facts["name"])
