"""Errors as responses: a page for people, S3's XML for EDGAR's files, JSON for programs."""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from selectolax.lexbor import LexborHTMLParser

from archiver.errors import (
    DamageError,
    EdgarchiveError,
    IndexMissingError,
    NotInArchiveError,
    QueryError,
    QueryTimeoutError,
    UsageError,
)
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from edgarchive import import_submissions
from edgarchive.web.errors import status_of
from indexer.query import bounds
from tests.paths import INVENTED
from tests.web.served import Served, first

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotInArchiveError("x"), 404),
        (QueryError("x"), 400),
        (UsageError("x"), 400),
        (QueryTimeoutError("x"), 503),
        (IndexMissingError("x"), 503),
        (DamageError("x"), 500),
    ],
)
def test_each_error_has_a_status(error: EdgarchiveError, status: int) -> None:
    """A query that took too long is no mistake of the client's: it may ask again."""
    assert status_of(error) == status


@pytest.mark.parametrize("path", ["/nothing", "/search/", "/company/apple", "/filing/1", "//nothing", "/static/x.css"])
def test_a_browser_gets_a_page_for_an_unknown_url(served: Served, path: str) -> None:
    """With a way back to the search."""
    answer = served.ask(path, headers=BROWSER)
    assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (404, "text/html")
    assert first(LexborHTMLParser(answer.text), "main a").attributes["href"] == "/"


@pytest.mark.parametrize("path", ["/nothing", "/search.xml", "/filing/1.json", "/submissions"])
def test_a_program_gets_json_for_an_unknown_url(served: Served, path: str) -> None:
    """The object that every error of the API is."""
    answer = served.ask(path)
    assert answer.status == 404
    assert set(answer.json()) == {"error", "position", "hint"}
    assert answer.headers["vary"] == "Accept"  # a cache must not send it to a browser


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", "/search.json", {}, 405),
        ("GET", "/search.json", {"Host": "evil.example"}, 421),
        ("POST", "/LATEST/search-index", {"Content-Length": "70000"}, 413),
        ("GET", "/LATEST/search-index?q=%22", {}, 400),
        ("GET", "/cgi-bin/browse-edgar?action=getmany", {}, 400),
    ],
)
def test_every_mistake_of_a_program_is_one_object(
    served: Served, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    """Whatever notices it: the handler, the checks of each request, or the limits of a body."""
    body = b" " * int(headers.get("Content-Length", 0))
    answer = served.ask(path, method=method, headers=headers, body=body or None)
    assert answer.status == status
    assert set(answer.json()) == {"error", "position", "hint"}


@pytest.mark.parametrize("headers", [BROWSER, {}])
@pytest.mark.parametrize(
    "path", ["/Archives/edgar/nothing", "/Archives/edgar/data/1/x/y", "/Archives/edgar/data/320193/1.txt"]
)
def test_edgars_files_are_absent_as_on_s3(served: Served, path: str, headers: dict[str, str]) -> None:
    """Clients tell an absent file by the code in the XML."""
    answer = served.ask(path, headers=headers)
    assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (404, "application/xml")
    assert "<Code>NoSuchKey</Code>" in answer.text


def test_a_message_is_set_as_a_sentence(served: Served) -> None:
    """Commands are code, not between backticks."""
    page = LexborHTMLParser(served.ask("/filing/0000000001-99-000001").text)
    assert first(page, "main code").text() == "edgarchive sync"
    assert "`" not in first(page, "main").text()


def test_the_place_of_a_mistake_is_marked(served: Served) -> None:
    """From there on the query cannot be read."""
    page = LexborHTMLParser(served.ask("/search?q=merger+%22open").text)
    assert first(page, "[role=alert] mark").text() == '"open'


def test_a_search_that_cannot_be_used_is_said_and_the_rest_is_served(invented_archive: Path) -> None:
    """The start page names the table; the other searches have their feeds."""
    settings = Settings(
        root=invented_archive,
        search=[{"name": "all", "query": ""}, {"name": "departures", "query": "resign*"}],
    )
    with Served(settings) as server:
        answer = server.ask("/")
        assert answer.status == 200
        problem = first(LexborHTMLParser(answer.text), ".problem").text()
        assert "[[search]] table 1: the search all finds everything" in problem
        assert server.ask("/saved/departures.atom").status == 200
        assert server.ask("/saved/all.atom").status == 404


def test_an_archive_that_is_empty_says_how_to_fill_it(tmp_path: Path) -> None:
    """First run: a page, not an error."""
    Archive.open(tmp_path / "archive", writable=True, create=True).close()
    with Served(tmp_path / "archive") as server:
        answer = server.ask("/")
        assert answer.status == 200
        page = LexborHTMLParser(answer.text)
        assert first(page, "h1").text() == "This archive is empty"
        assert first(page, "main code").text() == "edgarchive sync"
        assert server.ask("/search?q=x", headers=BROWSER).status == 503


def test_what_is_not_indexed_yet_is_said(tmp_path: Path) -> None:
    """The page tells a search without hits from filings that cannot be found yet."""
    settings = Settings(root=tmp_path / "archive")
    files = sorted(INVENTED.glob("*.txt"))
    import_submissions(files[:1], settings=settings)
    import_submissions(files[1:3], settings=settings, index=False)
    with Served(tmp_path / "archive") as server:
        problem = first(LexborHTMLParser(server.ask("/").text), ".problem").text()
    assert "2 of them cannot be searched yet: run edgarchive index" in problem


def test_no_error_is_logged_for_a_clients_mistake(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    """The log is for whoever runs the server."""
    with caplog.at_level(logging.WARNING):
        for path in ("/nothing", "/search?q=%22open", "/filing/0000000001-99-000001"):
            served.ask(path, headers=BROWSER)
    assert caplog.records == []


_DAMAGES: dict[str, Callable[[Path], object]] = {
    "no index": lambda root: shutil.rmtree(root / "index"),
    "index unreadable": lambda root: (root / "index" / "meta.json").write_text("{}"),
    "index writable": lambda root: (root / "index").chmod(0o777),
    "no format": lambda root: (root / "format.json").write_text("{}"),
    "submissions damaged": lambda root: [one.write_bytes(b"x") for one in (root / "submissions").rglob("*.gz")],
    "submissions missing": lambda root: shutil.rmtree(root / "submissions"),
    "catalogue damaged": lambda root: (root / "catalogue.sqlite3").write_bytes(b"x" * 9000),
}


@pytest.mark.parametrize("damage", _DAMAGES)
def test_no_response_says_where_the_archive_lies(tmp_path: Path, damage: str) -> None:
    """A path has names of users and machines; whoever runs the server finds it in the log."""
    import_submissions([INVENTED], settings=Settings(root=tmp_path / "archive", jobs=1))
    with Archive.open(tmp_path / "archive") as archive:
        accession = next(iter(archive.catalogue.records())).accession
    edgar = f"/Archives/edgar/data/1/{accession}.txt"
    paths = ["/", "/search?q=a", "/search.json?q=a", "/search.atom?q=a", "/status.json", "/healthz", "/saved/a.atom"]
    paths += [f"/filing/{accession}", f"/filing/{accession}.json", f"/filing/{accession}/1", edgar, "/company/1"]
    with Served(tmp_path / "archive") as server:
        _DAMAGES[damage](tmp_path / "archive")
        said = {path: server.ask(path) for path in paths}
    assert any(answer.status >= 500 for answer in said.values())
    assert not [path for path, answer in said.items() if str(tmp_path).encode() in answer.body]


def test_the_bytes_of_another_filing_are_no_answer(tmp_path: Path) -> None:
    """The tag of an imported submission is computed from its file. Once that is repaired, the answer is right."""
    import_submissions([INVENTED], settings=Settings(root=tmp_path / "archive", jobs=1), index=False)
    with Archive.open(tmp_path / "archive") as archive:
        one, other = (record.accession for record in list(archive.catalogue.records())[:2])
        files = [archive.layout.submission(accession) for accession in (one, other)]
        right = archive.read(one)
    kept = files[0].read_bytes()
    files[0].write_bytes(files[1].read_bytes())
    with Served(tmp_path / "archive") as server:
        assert server.ask(f"/Archives/edgar/data/1/{one}.txt").status == 500
        files[0].write_bytes(kept)
        answer = server.ask(f"/Archives/edgar/data/1/{one}.txt")
    assert answer.body == right
    assert answer.headers["etag"] == f'"{hashlib.md5(right).hexdigest()}"'  # noqa: S324 — EDGAR's, which clients check


@pytest.mark.parametrize("name", ["q", "entityName", "forms", "ciks", "items", "fileType", "sics", "filter_forms"])
def test_what_is_no_unicode_is_the_clients_mistake(served: Served, name: str) -> None:
    """JSON may have half of a character; the index is not damaged."""
    body = json.dumps({name: "\ud800" if name in {"q", "entityName"} else ["\ud800"]}).encode()
    answer = served.ask("/LATEST/search-index", method="POST", body=body)
    assert answer.status == 400, answer.text


_NAMES = (
    "/cgi-bin/browse-edgar?action=getcompany&company=apple",
    "/LATEST/search-index?keysTyped=app",
    "/companies.json?q=app",
    "/search.json?company=apple",
)


@pytest.mark.parametrize("path", [*_NAMES, "/company/320193"])
def test_an_index_that_is_away_is_no_company_that_does_not_exist(tmp_path: Path, path: str) -> None:
    """Only a text that can be no name has none."""
    import_submissions([INVENTED], settings=Settings(root=tmp_path / "archive", jobs=1))
    with Served(tmp_path / "archive") as server:
        assert server.ask("/search.json?q=a").status == 200
        shutil.rmtree(tmp_path / "archive" / "index")
        answer = server.ask(path)
    assert (answer.status, answer.headers["retry-after"]) == (503, "30")


@pytest.mark.parametrize("path", _NAMES)
def test_a_search_for_a_name_that_took_too_long_is_no_company_that_does_not_exist(
    served: Served, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """On a busy machine the same name is found later."""
    ticks = itertools.count(step=60)
    monkeypatch.setattr(bounds, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    answer = served.ask(path)
    assert (answer.status, answer.headers["retry-after"]) == (503, "30")
