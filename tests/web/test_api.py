"""JSON, JSON lines, CSV and Atom over HTTP, held against the library's answers."""

from __future__ import annotations

import codecs
import csv
import html
import io
import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]

from archiver.errors import EdgarchiveError
from edgarchive import Library
from edgarchive.web import params
from edgarchive.web.api import search
from edgarchive.web.errors import status_of
from indexer.search.hits import ROW_COLUMNS
from tests.web.conftest import SAVED
from tests.web.served import Served

FILING = "0009000900-19-000212"
_ATOM = "{http://www.w3.org/2005/Atom}"


def test_search_gives_the_librarys_answer(served: Served, invented_archive: Path) -> None:
    """`/search.json` is the object of ``search --json``, with facets and the next page."""
    answer = served.ask("/search.json?q=the&limit=3&facet=form&facet=year").json()
    with Library(invented_archive) as library:
        expected = library.search("the", limit=3)
        assert [hit["accession"] for hit in answer["hits"]] == [hit.accession for hit in expected]
        assert answer["hits"] == json.loads(json.dumps([hit.to_dict() for hit in expected]))
        assert answer["total"] == expected.total > 3
        counts = expected.facets("form")["form"]
        assert answer["facets"]["form"] == [{"value": one.value, "count": one.count} for one in counts]
    assert set(answer["facets"]) == {"form", "year"}


def test_the_next_pages_lead_through_all_hits(served: Served) -> None:
    """Following ``next`` gives every hit once."""
    seen: list[str] = []
    path: str | None = "/search.json?q=the&limit=4"
    while path:
        answer = served.ask(path).json()
        seen += [hit["accession"] for hit in answer["hits"]]
        path = answer["next"]
    assert len(seen) == len(set(seen)) == answer["total"]


def test_streams_have_every_hit(served: Served) -> None:
    """JSON lines and CSV have all hits, or as many as ``limit`` says."""
    total = served.ask("/search.json?q=the&limit=0").json()["total"]
    lines = [json.loads(line) for line in served.ask("/search.jsonl?q=the").text.splitlines()]
    rows = list(csv.reader(io.StringIO(served.ask("/search.csv?q=the").text)))
    assert tuple(rows[0]) == ROW_COLUMNS
    assert total == len(lines) == len(rows) - 1
    assert [line["accession"] for line in lines] == [row[0] for row in rows[1:]]
    assert len(served.ask("/search.jsonl?q=the&limit=2").text.splitlines()) == 2


def test_csv_for_excel_begins_with_a_byte_order_mark(served: Served) -> None:
    """Excel reads the words of the page's download, the rest of which is the same; other formats have no such flag."""
    link = re.search(r'href="(/search\.csv[^"]*)"', served.ask("/search?q=resign*&offset=0").text)
    assert link is not None
    marked = served.ask(html.unescape(link[1])).body
    assert (
        marked
        == codecs.BOM_UTF8 + served.ask("/search.csv?q=resign*").body
        == codecs.BOM_UTF8 + served.ask("/search.csv?q=resign*&bom=0").body
    )
    assert served.ask("/search.jsonl?q=resign*&bom=1").status == served.ask("/search.csv?bom=x").status == 400


def test_only_a_page_of_hits_is_limited(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream gives as many hits as `limit` says, a page at most 1000 of them."""
    monkeypatch.setattr(params, "MAX_LIMIT", 2)
    monkeypatch.setattr(search, "MAX_LIMIT", 2)
    assert len(served.ask("/search.jsonl?q=the&limit=3").text.splitlines()) == 3
    assert len(served.ask("/search.csv?q=the&limit=3").text.splitlines()) == 4


def test_the_feed_has_the_newest_hits(served: Served) -> None:
    """`/search.atom` can be read by any feed reader, newest first."""
    feed = ET.fromstring(served.ask("/search.atom?q=the").body)  # noqa: S314 — our own server's
    entries = feed.findall(f"{_ATOM}entry")
    newest = served.ask("/search.json?q=the&sort=newest&limit=100").json()["hits"]
    ids = [entry.findtext(f"{_ATOM}id") for entry in entries]
    assert ids == [f"urn:tag:sec.gov,2008:accession-number={hit['accession']}" for hit in newest]
    assert all(entry.findtext(f"{_ATOM}updated") for entry in entries)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("frm=8-K", "did you mean form?"),
        ("q=%22open", "quot"),
        ("since=someday", "date"),
        ("limit=many", "limit"),
        ("stem=perhaps", "stem"),
        ("context_words=many", "context_words"),
        ("passages=-1", "passages"),
        ("facet=colour", "facet"),
        ("sort=size", "sort"),
        ("range=2y", "range"),
    ],
)
def test_a_mistake_is_named(served: Served, query: str, says: str) -> None:
    """A parameter that cannot be read is 400, with what to do."""
    answer = served.ask(f"/search.json?{query}")
    body = answer.json()
    assert answer.status == 400
    assert says in f"{body['error']} {body['hint']}"


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        (f"/filing/{FILING}/1.txt?secton=1A", "did you mean section?"),
        (f"/filing/{FILING}.json?q=the", "see /openapi.json"),
        ("/companies.json?qq=teal", "did you mean q?"),
        ("/status.json?verbose=1", "see /openapi.json"),
    ],
)
def test_no_parameter_is_ignored(served: Served, path: str, hint: str) -> None:
    """A misspelled parameter is an error, and not the answer to another question."""
    answer = served.ask(path)
    assert (answer.status, answer.json()["hint"]) == (400, hint)


def test_a_filing_is_shown_whole(served: Served) -> None:
    """A filing as JSON has its header, its documents and its record."""
    filing = served.ask(f"/filing/{FILING}.json").json()
    assert filing["accession"] == FILING
    assert filing["record"]["sha256"]
    assert served.ask(f"/filing/{FILING}/1.txt").text.strip()


def test_what_is_absent_is_404(served: Served) -> None:
    """A filing, a document and a company that are not held."""
    for path in ("/filing/0000000001-99-000001", "/filing/0000000001-99-000001.json", f"/filing/{FILING}/99.txt"):
        assert served.ask(path).status == 404
    assert served.ask("/company/999999999").status == 404


def test_the_status_does_not_say_where_the_archive_lies(served: Served, invented_archive: Path) -> None:
    """A path on the server is nobody's business."""
    answer = served.ask("/status.json")
    assert answer.json()["submissions"] > 0
    assert str(invented_archive) not in answer.text


@pytest.mark.usefixtures("saved")
def test_every_documented_path_is_answered(served: Served) -> None:
    """Each path of the API's description leads somewhere."""
    paths = served.ask("/openapi.json").json()["paths"]
    for path in paths:
        answer = served.ask(path.format(accession=FILING, sequence=1, name=SAVED))
        assert answer.status == 200, path


@pytest.mark.parametrize(
    "path",
    [
        "/search.json?q=the&facet=form&facet=cik&passages=2&limit=50",
        "/search.json?form=8-K&section=5.02",
        "/search.json?q=resigned+zebra",
        "/search.json?q=the&within=filing&documents=1",
        f"/filing/{FILING}.json",
        "/companies.json?q=teal",
        "/status.json",
        "/healthz",
    ],
)
def test_an_answer_is_as_described(served: Served, path: str) -> None:
    """It has the members that /openapi.json says, and no others."""
    described = served.ask("/openapi.json").json()
    name = "/filing/{accession}.json" if path.startswith("/filing/") else path.partition("?")[0]
    schema = described["paths"][name]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    validator = Draft202012Validator({**schema, "components": described["components"]}, format_checker=FormatChecker())
    assert [error.message for error in validator.iter_errors(served.ask(path).json())] == []


def test_every_parameter_is_described(served: Served) -> None:
    """The description says what each parameter means."""
    paths = served.ask("/openapi.json").json()["paths"]
    given = [(path, one) for path, methods in paths.items() for one in methods["get"]["parameters"]]
    assert given
    assert [(path, one["name"]) for path, one in given if not one.get("description")] == []


def test_an_error_is_as_described(served: Served) -> None:
    """Whatever its status."""
    described = served.ask("/openapi.json").json()
    validator = Draft202012Validator(described["components"]["schemas"]["Error"])
    for path in ("/search.json?frm=8-K", "/search.json?q=%22", "/filing/0000000001-99-000001.json", "/nothing"):
        assert [error.message for error in validator.iter_errors(served.ask(path).json())] == []


def test_completion_finds_companies(served: Served) -> None:
    """The first letters of a name give companies with their CIKs."""
    found = served.ask("/companies.json?q=teal").json()["companies"]
    assert found
    assert all("teal" in one["name"].lower() for one in found)


def test_a_search_without_a_hit_says_why(served: Served) -> None:
    """As the command line does; with a hit there is no diagnosis."""
    found = served.ask("/search.json?q=resigned+zebra").json()
    assert found["diagnosis"]["text"] == ["`resigned` 1, `zebra` 0, together 0", "with `resigned`: 1 hit"]
    assert "diagnosis" not in served.ask("/search.json?q=resigned").json()


def test_the_status_of_every_error_is_described(served: Served) -> None:
    """Programs made from the description know what may come."""
    kinds = {EdgarchiveError}
    while (more := kinds | {kind for one in kinds for kind in one.__subclasses__()}) != kinds:
        kinds = more
    statuses = {str(int(status_of(kind("x")))) for kind in kinds}
    for path, described in served.ask("/openapi.json").json()["paths"].items():
        assert statuses <= described["get"]["responses"].keys(), path


@pytest.mark.parametrize(("place", "status"), [("1", 200), ("2", 404), ("0", 404), ("x", 404), ("", 404)])
def test_a_place_that_has_another_document_is_no_such_document(served: Served, place: str, status: int) -> None:
    """Never the text of another one."""
    assert served.ask(f"/filing/{FILING}/1.txt?place={place}").status == status
