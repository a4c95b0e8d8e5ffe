"""The library: searching with filters, hits, reading submissions, threads and asyncio."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import pickle
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from archiver.errors import (
    EdgarchiveError,
    IdentifierError,
    IndexMissingError,
    NotInArchiveError,
    QueryError,
    QueryTimeoutError,
    UnreadableSubmissionError,
    UsageError,
)
from archiver.identifiers import AccessionNumber
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from edgarchive import import_submissions
from indexer.engine import FacetCount
from indexer.fields import FACETS
from indexer.query import bounds
from indexer.search.async_library import AsyncLibrary
from indexer.search.library import Library
from indexer.search.records import FormYear
from indexer.search.results import YearCount
from indexer.update.update import index_archive
from tests.paths import CORPUS
from tests.unit.archives import STORED, keep, keep_tickers
from tests.unit.corpus import needs_corpus
from tests.unit.submissions import ACCESSION, submission_bytes


def make_archive(root: Path, data: bytes, accession: str = ACCESSION) -> Path:
    """An archive that holds and has indexed one submission."""
    with Archive.open(root, writable=True, create=True) as archive:
        keep(archive, accession, data)
        index_archive(archive)
    return root


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """A library over one submission."""
    with Library(make_archive(tmp_path / "edgar", submission_bytes())) as opened:
        yield opened


def test_words_in_all_of_a_filing_have_one_time_limit_together(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each word is a search of its own to the index; two hundred of them could take two hundred times half a minute."""
    ticks = itertools.count()
    monkeypatch.setattr(bounds, "time", SimpleNamespace(monotonic=lambda: next(ticks) / 4))
    query = " OR ".join(f"(zebra AND word{number})" for number in range(100))
    assert library.search("zebra rossi", within="filing").total == 1
    with pytest.raises(QueryTimeoutError):
        library.search(query, within="filing")


def test_what_was_added_since_a_day_a_moment_or_a_run_is_found(tmp_path: Path) -> None:
    """The catalogue says when a submission was added; a rebuilt index says the same."""
    root = make_archive(tmp_path / "edgar", submission_bytes())
    with Archive.open(root, writable=True) as archive:
        [record] = archive.catalogue.records()
        archive.catalogue.put(replace(record, added_run=12))
        index_archive(archive, rebuild=True)
    with Library(root) as library:
        for since in (STORED, STORED.date(), "2024-01", "2024-01-02T03:04:05", 12, "run:1"):
            assert library.search(added_since=since, sort="added").total == 1, since
        for since in (STORED + timedelta(seconds=1), "2024-01-03", "2025", 13, "run:2024"):
            assert library.search(added_since=since).total == 0, since
        assert library.search("added:2024-01-02 added:[2024 TO]").total == 1
        [hit] = library.search(added_since=12)
        assert (hit.added, hit.to_row()["added"]) == (STORED, STORED)
        record_of = library.record(hit.accession)
        assert (record_of.added, record_of.added_run) == (STORED, 12)
        assert "run that added it is 12 or later" in library.search(added_since=12).explain()
        assert "time added is 2024-01-02 03:04:05 UTC or later" in library.search(added_since=STORED).explain()


def test_a_hit_says_what_was_found_and_where(library: Library) -> None:
    """A hit carries the facts of the submission, the best document, a marked snippet and EDGAR's page."""
    results = library.search("rossi zebra")
    assert (results.total, len(results), results.query) == (1, 1, "rossi zebra")
    (hit,) = results
    assert hit.accession == ACCESSION
    assert hit.filing_date == date(2004, 12, 22)
    assert hit.entities[0].name == "ACME WIDGETS INC"
    assert hit.document is not None
    assert hit.document.type == "EX-99.1"
    assert hit.snippet == "This press release tells of a <em>zebra</em> &amp; of Mr. <em>Rossi</em>."
    assert hit.url == "https://www.sec.gov/Archives/edgar/data/320/000119312504218426/0001193125-04-218426-index.htm"
    assert "zebra & of Mr. Rossi" in hit.text()
    assert hit.submission().header.accession == ACCESSION


def test_the_json_of_a_hit_has_every_field(library: Library) -> None:
    """The JSON of results is as documented, with null where there is nothing."""
    found = library.search(cik=320).to_dict()
    assert found.pop("took_ms") >= 0
    assert found == {
        "query": None,
        "total": 1,
        "hits": [
            {
                "accession": ACCESSION,
                "form": "8-K",
                "filing_date": "2004-12-22",
                "acceptance_datetime": "2004-12-22T16:13:52",
                "period_of_report": "2004-12-17",
                "items": ["5.02", "9.01"],
                "entities": [{"cik": 320, "name": "ACME WIDGETS INC", "role": "FILER"}],
                "document": {"type": "8-K", "sequence": 1, "filename": "d8k.htm", "description": "FORM 8-K"},
                "score": None,
                "snippet": None,
                "matches": None,
                "section": None,
                "url": "https://www.sec.gov/Archives/edgar/data/320/000119312504218426/0001193125-04-218426-index.htm",
                "added": STORED.isoformat(),
            }
        ],
    }


def test_a_filter_takes_one_value_or_several(library: Library) -> None:
    """One value, a list, numbers and text, dates and their text: all select alike, and every kind must hold."""
    assert library.search(cik="0000000320").total == 1
    assert library.search(cik=[42, 320]).total == 1
    assert library.search(form=["10-K", "8-k*"], item="5.02", type="EX-99.1").total == 1
    assert library.search(name="Acme Network Corp/WA", since="2004-12-22", until=date(2004, 12, 22)).total == 1
    assert library.search(form="8-K/A").total == 0
    assert library.search(item="1.01", cik=320).total == 0
    assert library.search(since="2004-12-23").total == 0


def test_documents_and_snippets_can_be_chosen(library: Library) -> None:
    """Each document is a hit of its own where asked, and snippets are left out where not wanted."""
    assert [
        hit.document and hit.document.sequence for hit in library.search("rossi", documents=True, sort="oldest")
    ] == [1, 2]
    assert [hit.snippet for hit in library.search("rossi", snippets=False)] == [None]


def test_a_match_in_the_description_is_shown(library: Library) -> None:
    """Where only the description has the words, the snippet is made of it."""
    assert [hit.snippet for hit in library.search("description:form")] == ["<em>FORM</em> 8-K"]


def test_a_submission_is_read_by_its_number(library: Library) -> None:
    """Header, documents and text of a stored submission, by its number with or without dashes."""
    submission = library.submission("000119312504218426")
    assert submission.header.form == "8-K"
    assert [document.type for document in submission.documents] == ["8-K", "EX-99.1"]
    assert "press release" in submission.text()


def test_what_cannot_be_asked_is_refused(library: Library) -> None:
    """Wrong queries, dates, numbers and orders are errors of their own kind."""
    with pytest.raises(QueryError):
        library.search("(rossi")
    with pytest.raises(IdentifierError):
        library.search(since="yesterday")
    with pytest.raises(IdentifierError):
        library.search(cik="x")
    with pytest.raises(UsageError):
        library.search("rossi", sort="best")  # type: ignore[arg-type]
    with pytest.raises(UsageError):
        library.search("rossi", limit=-1)
    with pytest.raises(NotInArchiveError):
        library.submission("0000000001-99-000001")
    with pytest.raises(IdentifierError):
        library.submission("x")


def test_a_damaged_file_costs_its_snippet_only(library: Library, tmp_path: Path) -> None:
    """A hit whose stored file is gone is still a hit, without a snippet where its text is not kept either."""
    next((tmp_path / "edgar" / "submissions").rglob("*.gz")).unlink()
    assert ["<em>Rossi</em>" in str(hit.snippet) for hit in library.search("rossi")] == [True]
    shutil.rmtree(tmp_path / "edgar" / "texts")
    assert [hit.snippet for hit in library.search("rossi")] == [None]


def test_a_hit_has_passages_on_request(library: Library) -> None:
    """The passages of a hit come with the search, or later; a hit without words has none."""
    (hit,) = library.search("rossi", passages=2, context_words=1)
    assert (hit.matches, [passage.text for passage in hit.passages or ()]) == (1, ["Mr. Rossi left"])
    assert hit.to_dict()["passages"] == ["Mr. Rossi left"]
    assert [passage.text for passage in library.passages(hit, context_words=0)] == ["Rossi"]
    (other,) = library.search(cik=320)
    assert (other.passages, library.passages(other)) == (None, ())
    with pytest.raises(UsageError):
        library.passages(hit, 0)


def test_texts_come_from_wherever_they_are(library: Library, tmp_path: Path) -> None:
    """The texts of a submission are the same whether they are kept or not."""
    kept = library.texts(ACCESSION).text()
    shutil.rmtree(tmp_path / "edgar" / "texts")
    assert library.texts(ACCESSION).text() == kept == library.submission(ACCESSION).text()


@pytest.mark.parametrize("are_kept", [True, False])
def test_texts_can_be_pickled(library: Library, tmp_path: Path, *, are_kept: bool) -> None:
    """They are whole then, and need no archive: for another process, or a cache."""
    if not are_kept:
        shutil.rmtree(tmp_path / "edgar" / "texts")
    submission = library.texts(f"{ACCESSION}.txt")
    copy = pickle.loads(pickle.dumps(submission))  # noqa: S301 — our own
    shutil.rmtree(tmp_path / "edgar")
    assert copy == submission
    assert (copy.header, copy.text()) == (submission.header, submission.text())
    assert [one.section_spans() for one in copy.documents] == [one.section_spans() for one in submission.documents]
    assert copy.documents[0].text()


def test_a_lost_row_costs_its_snippet_only(library: Library, tmp_path: Path) -> None:
    """A hit whose row is gone, as recovery by hand has it for a while, is still a hit, without a snippet."""
    with Archive.open(tmp_path / "edgar", writable=True) as archive:
        archive.catalogue.remove(AccessionNumber(ACCESSION))
    assert [hit.snippet for hit in library.search("rossi")] == [None]


def test_no_archive_and_no_index_are_said_plainly(tmp_path: Path) -> None:
    """A wrong folder and an archive that nobody indexed are told apart."""
    with pytest.raises(NotInArchiveError):
        Library(tmp_path / "nowhere")
    Archive.open(tmp_path / "edgar", writable=True, create=True).close()
    with Library(settings=Settings(root=tmp_path / "edgar")) as library, pytest.raises(IndexMissingError):
        library.search("x")


def test_results_without_a_limit_come_when_they_are_reached(library: Library) -> None:
    """All hits are there to be iterated, counted and sliced, and none is read from the archive before it is reached."""
    results = library.search("rossi", documents=True, sort="oldest", limit=None)
    assert (results.total, len(results), len(results.hits[1:])) == (2, 2, 1)
    first = next(iter(results))
    assert first.document
    assert first.document.sequence == 1
    assert [hit.document and hit.document.sequence for hit in results] == [1, 2]
    assert results.hits[-1].snippet == results.materialize().hits[-1].snippet
    library.close()
    with pytest.raises(EdgarchiveError):
        first.submission()


def test_facets_count_what_was_found(library: Library) -> None:
    """Counts are of all hits, of the kinds asked for or of all, and an unknown kind is refused by name."""
    results = library.search("rossi", limit=0)
    assert results.facets("item", "cik") == {
        "item": (FacetCount("5.02", 1), FacetCount("9.01", 1)),
        "cik": (FacetCount(320, 1),),
    }
    assert set(results.facets()) == set(FACETS)
    assert library.search("rossi", limit=0, documents=True).facets("type") == {
        "type": (FacetCount("8-K", 1), FacetCount("EX-99.1", 1))
    }
    with pytest.raises(UsageError, match="colour"):
        results.facets("colour")


def test_facets_have_names_and_years(library: Library) -> None:
    """CIKs and SIC codes are named by a newest filing; a facet by year adds up to the facet; limits cut the rest."""
    results = library.search("rossi", since=2004, limit=0)
    assert results.facets("cik", names=True)["cik"] == (FacetCount(320, 1, "ACME WIDGETS INC"),)
    assert len(results.facets("item", limit=1)["item"]) == 1
    assert results.by_year("item") == (YearCount("5.02", 2004, 1), YearCount("9.01", 2004, 1))
    assert library.search("rossi", until=2003, limit=0).by_year("item") == ()
    with pytest.raises(UsageError, match="colour"):
        results.by_year("colour")


def test_rows_fit_a_data_frame(library: Library) -> None:
    """Each row is flat, has the same columns, and dates as dates."""
    rows = library.search("rossi", documents=True, sort="oldest").to_dicts()
    assert [list(row) for row in rows] == [list(rows[0])] * 2
    assert [(row["type"], row["filing_date"], row["ciks"], row["items"]) for row in rows] == [
        ("8-K", date(2004, 12, 22), [320], ["5.02", "9.01"]),
        ("EX-99.1", date(2004, 12, 22), [320], ["5.02", "9.01"]),
    ]


def test_results_say_what_was_asked(library: Library) -> None:
    """The query as it was understood, and the filters, in words."""
    said = library.search("left", stem=True, item="5.*", limit=0).explain()
    assert said == 'query:\n  text or description has a word with the stem of "left"\nfilters:\n  item is like 5.*'


def test_words_are_stemmed_only_on_request(library: Library) -> None:
    """Another form of a word is found with `stem`, and not without."""
    assert library.search("directors releases").total == 0
    assert library.search("tell releasing").total == 0
    assert library.search("tell releasing", stem=True).total == 1
    assert library.search("stem:tell stem:releasing").total == 1


def test_threads_may_share_a_library(library: Library) -> None:
    """Several threads that search, count, and read at once all get whole answers, also out of shared results."""
    snippets: list[str | None] = []
    shared = library.search('"press release" zebra', limit=None)

    def search() -> None:
        for _ in range(10):
            found = library.search('"press release" zebra')
            assert found.facets("form") == {"form": (FacetCount("8-K", 1),)}
            assert library.submission(ACCESSION).header.form == "8-K"
            snippets.extend(hit.snippet for hit in (*found, *shared))

    threads = [threading.Thread(target=search) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(snippets) == 80
    assert len(set(snippets)) == 1


async def test_the_asyncio_library_has_the_same_names(tmp_path: Path) -> None:
    """Searches and reads are awaited, and several run at once."""
    async with AsyncLibrary(make_archive(tmp_path / "edgar", submission_bytes())) as library:
        first, second = await asyncio.gather(library.search("zebra", item="5.02", limit=None), library.search("quagga"))
        submission = await library.submission(ACCESSION)
        assert repr(library) == f"AsyncLibrary({str(tmp_path / 'edgar')!r})"
    assert repr(library) == "<AsyncLibrary, closed>"
    assert (first.total, second.total) == (1, 0)
    assert isinstance(first.hits, tuple)
    assert submission.header.accession == ACCESSION


def test_a_closed_library_says_so(library: Library) -> None:
    """Every call, and every hit and result that would read, says that the library is closed, not damaged."""
    results, lazy = library.search("rossi"), library.search("rossi", limit=None)
    assert repr(library) == f"Library({str(library.root)!r})"
    library.close()
    library.close()
    assert repr(library) == "<Library, closed>"
    for call in (
        lambda: library.search("rossi"),
        lambda: library.submission(ACCESSION),
        lambda: library.raw(ACCESSION),
        lambda: library.record(ACCESSION),
        library.status,
        results[0].text,
        results[0].submission,
        results.facets,
        lambda: lazy[0],
    ):
        with pytest.raises(UsageError, match="the library is closed; read before it is closed, or open it again"):
            call()
    assert results[0].to_dict() == pickle.loads(pickle.dumps(results))[0].to_dict()  # noqa: S301 — our own bytes


def test_the_record_says_where_the_bytes_came_from(library: Library, tmp_path: Path) -> None:
    """Path, sizes, hash and source of a stored submission, and its exact bytes."""
    record = library.record("000119312504218426")
    assert record.accession == ACCESSION
    assert record.indexed
    assert record.size == len(library.raw(ACCESSION))
    assert (tmp_path / "edgar" / record.path).stat().st_size == record.stored_bytes
    assert hashlib.sha256(library.raw(ACCESSION)).hexdigest() == record.sha256
    assert json.loads(json.dumps(record.to_dict()))["bytes"] == record.size
    with pytest.raises(NotInArchiveError):
        library.record("0000000001-99-000001")


def test_the_status_says_what_there_is_and_whether_it_can_be_searched(library: Library, tmp_path: Path) -> None:
    """Counts by form and year; an index that cannot be searched is never called complete."""
    status = library.status()
    assert (status.submissions, status.unindexed, status.index_error, status.sync) == (1, 0, None, None)
    assert status.forms == (FormYear("8-K", 2004, 1),)
    (tmp_path / "edgar" / "index" / "meta.json").write_text('{"schema": 99, "engine": "whoosh"}')
    with Library(tmp_path / "edgar") as second:
        assert "index --rebuild" in (second.status().index_error or "")
        shutil.rmtree(tmp_path / "edgar" / "index")
        gone = second.status()
        assert (gone.unindexed, gone.index_error is None) == (1, False)


@needs_corpus
def test_a_real_8k_is_found_by_what_it_says(tmp_path: Path) -> None:
    """A real 8-K of 2004 is found by words, phrase, pattern, CIK, form, items and both names, and by nothing else."""
    data = (CORPUS / f"{ACCESSION}.txt").read_bytes()
    with Library(make_archive(tmp_path / "edgar", data)) as library:
        assert library.search("board of directors", item="5.02").total == 1
        assert library.search(cik=1056386).total == 1
        assert library.search(form="8-K").total == 1
        assert library.search(name="internap").total == 1
        assert library.search(item="9.01").total == 1
        assert library.search('"Patricia L. Higgins"').total == 1
        assert library.search("shurtleff resign*").total == 1
        assert library.search("cik:0001056386 AND item:5.02").total == 1
        assert library.search(name="Internap Network Services Corp/WA").total == 1
        assert library.search("Alcoa", type="EX-99.1").total == 1
        assert library.search("zebra").total == 0
        assert library.search(item="1.01").total == 0
        assert library.search(cik=42).total == 0


def test_the_journal_can_be_read(tmp_path: Path) -> None:
    """The newest run first, at most as many as are wanted."""
    for name in ("one", "two"):
        (tmp_path / name).write_bytes(submission_bytes())
        import_submissions([tmp_path / name], settings=Settings(root=tmp_path / "edgar"), index=False)
    with Library(tmp_path / "edgar") as library:
        runs = library.log()
        assert [(run.verb, run.outcome, run.stored) for run in runs] == [("import", "done", 0), ("import", "done", 1)]
        assert library.log(1) == runs[:1]
        with pytest.raises(UsageError, match="negative"):
            library.log(-1)


REPORT = """PART I
Item 1. Business
We sell revenue software, and revenue services bring revenue to us.

Item 1A. Risk Factors
Our revenue may fall when the board of directors resigns.

PART II
Item 7. Management's Discussion and Analysis
Net income rose. Licences brought less revenue than services did.

Item 8. Financial Statements
Revenue revenue revenue revenue: the notes on revenue.
"""


@pytest.mark.parametrize(
    ("asked", "item", "passage", "matches"),
    [
        (("revenue", "mda"), "7", "Licences brought less revenue", 1),
        (("revenue", "1A"), "1A", "Our revenue may fall", 1),
        (("section:1A revenue", None), "1A", "Our revenue may fall", 1),
        (('section:"II 7" (revenue OR nothing)', None), "7", "Licences brought less revenue", 1),
        (('income OR (section:risk-factors "board of directors")', None), "1A", "board of directors resigns", 1),
        (("section:7 revenue -section:1B", None), "7", "Licences brought less revenue", 1),
        (("income NEAR/9 revenue", "mda"), "7", "Net income rose. Licences", 2),
        (("revenue -section:9A", None), "1A", "revenue may fall", 10),
        (("section:1A", None), "1A", None, None),
        ((None, "mda"), "7", None, None),
    ],
)
def test_a_hit_and_its_passages_are_of_the_section_asked_for(
    tmp_path: Path, asked: tuple[str | None, str | None], item: str, passage: str | None, matches: int | None
) -> None:
    """By option and in the query; matches elsewhere are neither shown nor counted."""
    data = submission_bytes(
        form="10-K", documents=f"<DOCUMENT>\n<TYPE>10-K\n<SEQUENCE>1\n<TEXT>\n{REPORT}</TEXT>\n</DOCUMENT>\n"
    )
    with Library(make_archive(tmp_path / "edgar", data)) as library:
        [hit] = library.search(asked[0], section=asked[1])
        assert hit.section is not None
        assert (hit.section.item, hit.matches) == (item, matches)
        if passage is None:
            assert (hit.excerpt, library.passages(hit)) == (None, ())
        else:
            assert hit.excerpt is not None
            assert passage in hit.excerpt.text
            assert passage in library.passages(hit, 1)[0].text


def test_the_list_of_tickers_is_read_again_when_it_has_changed(tmp_path: Path) -> None:
    """A ticker that changes hands between two searches finds the new owner; one kept list is read once."""
    root = make_archive(tmp_path / "edgar", submission_bytes())
    with Library(root) as library:
        with pytest.raises(UsageError, match="this archive has no list of tickers"):
            library.search(ticker="ACME")
        keep_tickers(root, ACME=320, OTHER=7)
        assert library.search(ticker="ACME").total == 1
        kept = library._known_tickers
        assert library.search("ticker:other").total == 0
        assert library._known_tickers is kept
        keep_tickers(root, ACME=7, OTHER=320)
        assert library.search(ticker="ACME").total == 0
        assert library.search("ticker:other").total == 1


def test_no_submission_is_given_under_the_number_of_another(tmp_path: Path) -> None:
    """Whatever its own header says, and however it came into the archive."""
    root = make_archive(tmp_path / "edgar", submission_bytes("0001193125-04-999999"))
    with Library(root) as library:
        for read in (library.submission, library.texts):
            with pytest.raises(UnreadableSubmissionError, match=f"the file of {ACCESSION} contains"):
                read(ACCESSION)
