"""What a type checker says of the library: read by mypy, never run."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, assert_type

from edgarchive import (
    AccessionNumber,
    AsyncLibrary,
    DryRun,
    FacetCount,
    FormType,
    Hit,
    HitDocument,
    HitEntity,
    ImportReport,
    Library,
    Mirror,
    Pair,
    Results,
    Section,
    Selection,
    Settings,
    Submission,
    SyncReport,
    import_submissions,
    read_pairs,
    sync_archive,
)


async def mirror() -> None:
    """A mirror is an async context manager whose sync gives a report."""
    async with Mirror(Settings(user_agent="Example Research research@example.com")) as edgar:
        assert_type(edgar, Mirror)
        assert_type(await edgar.sync(Selection(forms=["8-K"], since=date(2024, 1, 1))), SyncReport)
        assert_type(await edgar.dry_run(Selection(ciks=["0000320193", 1056386])), DryRun)
    assert_type(sync_archive(Selection(["8-K"])), SyncReport)
    assert_type(import_submissions(["downloads"]), ImportReport)


def library() -> None:
    """A library gives results that iterate over hits."""
    with Library("edgar/") as opened:
        results = opened.search("resigned", item="5.02", name=["internap"], since=date(2015, 1, 1), limit=20)
        assert_type(results, Results)
        for hit in results:
            assert_type(hit, Hit)
            assert_type(hit.accession, AccessionNumber)
            assert_type(hit.form, FormType)
            assert_type(hit.snippet, str | None)
            assert_type(hit.submission(), Submission)
            assert_type(hit.document, HitDocument | None)
            assert_type(hit.entities, tuple[HitEntity, ...])
        assert_type(results.hits[0], Hit)
        assert_type(results.facets("form", "year")["form"], tuple[FacetCount, ...])
        assert_type(results.to_dicts(), list[dict[str, Any]])
        assert_type(opened.search("resign", stem=True, limit=None), Results)
        document = opened.submission("0001193125-04-218426").documents[0]
        assert_type(document.text(), str)
        assert_type(document.sections(), tuple[Section, ...])
        assert_type(document.section("risk-factors"), str | None)


def pairs() -> None:
    """The file of pairs is named by text or by a path."""
    assert_type(read_pairs("events.csv"), tuple[Pair, ...])
    assert_type(read_pairs(Path("events.csv")), tuple[Pair, ...])


async def async_library() -> None:
    """Its async twin has the same names, awaitable."""
    async with AsyncLibrary("edgar/") as opened:
        assert_type(await opened.search("resigned"), Results)
        assert_type(await opened.submission("0001193125-04-218426"), Submission)
