"""Names that filers choose: in no page, feed or listing are they more than a text."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree as ET

import pytest
from selectolax.lexbor import LexborHTMLParser

from archiver.settings.settings import Settings
from edgarchive import import_submissions
from tests.web.hostile_filing import DECEPTIVE, FILE_NAMES, NAMES_ACCESSION, hostile_names
from tests.web.served import Served

FOLDER = f"/Archives/edgar/data/320/{NAMES_ACCESSION.replace('-', '')}/"
PAGES = (
    "/search?q=deceptive",
    f"/filing/{NAMES_ACCESSION}",
    f"/filing/{NAMES_ACCESSION}/1?q=deceptive",
    "/company/320",
    FOLDER,
    f"{FOLDER}{NAMES_ACCESSION}-index.html",
    f"{FOLDER}{NAMES_ACCESSION}-index-headers.html",
    "/cgi-bin/browse-edgar?action=getcurrent",
    "/cgi-bin/browse-edgar?action=getcompany&CIK=320",
)
FEEDS = (
    "/search.atom?q=deceptive",
    "/cgi-bin/browse-edgar?action=getcurrent&output=atom",
    "/cgi-bin/browse-edgar?action=getcompany&CIK=320&output=atom",
    "/cgi-bin/browse-edgar?action=getcompany&CIK=320&output=xml",
    "/Archives/%01%1b%00",
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An archive of that one submission, served."""
    folder = tmp_path_factory.mktemp("names")
    (folder / "a.txt").write_bytes(hostile_names())
    import_submissions([folder / "a.txt"], settings=Settings(root=folder / "archive"))
    with Served(folder / "archive") as server:
        yield server


@pytest.mark.parametrize("path", PAGES)
def test_pages_have_nothing_that_deceives_the_eye(served: Served, path: str) -> None:
    """No control, no mark that reorders the line after it, no link but to this server."""
    answer = served.ask(path)
    assert answer.status == 200
    assert not set(DECEPTIVE).difference("[31mgnp") & set(answer.text)
    for link in LexborHTMLParser(answer.text).css("[href], [src]"):
        target = link.attributes.get("href") or link.attributes.get("src") or ""
        where = urlsplit(urljoin(f"http://here{path}", target))
        assert (where.scheme, where.netloc) in {("http", "here"), ("https", "www.sec.gov")}, target


@pytest.mark.parametrize("path", FEEDS)
def test_feeds_are_well_formed(served: Served, path: str) -> None:
    """XML has no place for most controls: one name would take the whole feed from its readers."""
    ET.fromstring(served.ask(path).body)  # noqa: S314 — our own answer


def test_the_links_of_a_folder_lead_to_its_files(served: Served) -> None:
    """Each name is one segment of a path, whatever it says."""
    links = [link.attributes["href"] or "" for link in LexborHTMLParser(served.ask(FOLDER).text).css("td a")]
    hrefs = links[-len(FILE_NAMES) :]
    assert not any(set(href) & set(":/?#") for href in hrefs)
    for href, name in zip(hrefs, FILE_NAMES, strict=True):
        assert served.ask(FOLDER + href).status == 200, name


@pytest.mark.parametrize("number", range(1, len(FILE_NAMES) + 1))
@pytest.mark.parametrize("view", ["", "?view=text"])
def test_a_document_can_be_read_whatever_it_is_called(served: Served, number: int, view: str) -> None:
    """Its page leads to the file, and nowhere else."""
    answer = served.ask(f"/filing/{NAMES_ACCESSION}/{number}{view}")
    assert answer.status == 200
    links = [link.attributes["href"] or "" for link in LexborHTMLParser(answer.text).css(".views a")]
    raw = next(link for link in links if link.startswith("/Archives/"))
    assert raw.startswith(FOLDER)
    assert "/" not in raw.removeprefix(FOLDER)
    assert served.ask(raw).status == 200


@pytest.mark.parametrize("path", ["/search.csv?q=deceptive", "/search.jsonl?q=deceptive", f"{FOLDER}index.json"])
def test_streams_have_the_safety_headers_too(served: Served, path: str) -> None:
    """Also an answer that begins before it is complete."""
    headers = served.ask(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'self'")


def test_a_body_that_cannot_be_decoded_is_the_clients_mistake(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    """400, and nothing in the log."""
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    answer = served.ask("/LATEST/search-index", method="POST", headers=headers, body=b"no gzip")
    assert answer.status == 400
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_a_facet_is_counted_once(served: Served) -> None:
    """However often a request names it."""
    assert len(served.ask("/search.json?" + "&".join(["facet=cik"] * 150)).json()["facets"]) == 1


def test_a_pipe_in_a_submissions_place_is_not_waited_for(tmp_path: Path) -> None:
    """Nor is a file with padding behind its gzip cut short."""
    (tmp_path / "a.txt").write_bytes(hostile_names())
    import_submissions([tmp_path / "a.txt"], settings=Settings(root=tmp_path / "archive"), index=False)
    stored = next((tmp_path / "archive" / "submissions").rglob("*.gz"))
    with Served(tmp_path / "archive") as server:
        path = f"/Archives/edgar/data/320/{NAMES_ACCESSION}.txt"
        stored.write_bytes(stored.read_bytes() + bytes(1000))
        assert server.ask(path, headers={"Accept-Encoding": "identity"}).body == hostile_names()
        stored.unlink()
        os.mkfifo(stored)
        assert server.ask(path).status in {404, 500}
