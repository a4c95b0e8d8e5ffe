"""Saved searches as Atom feeds, read over a socket."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import datetime
from pathlib import Path

from edgarchive.watching.alerts import alert_id
from indexer.search.library import Library
from tests.web.conftest import SAVED
from tests.web.served import Served

_ATOM = "{http://www.w3.org/2005/Atom}"


def test_the_feed_has_what_came_in_last(served: Served, saved: str, invented_archive: Path) -> None:
    """In the order of arrival, each with its time and the id of its alert; the same when read again."""
    answer = served.ask(saved)
    assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (200, "application/atom+xml")
    entries = ET.fromstring(answer.body).findall(f"{_ATOM}entry")  # noqa: S314 — our own server's
    with Library(invented_archive) as library:
        hits = library.search("the", form=["8-K*", "10-K*"], sort="added", limit=100).hits
        expected = [(f"urn:edgarchive:{alert_id(hit.accession, SAVED)}", hit.added) for hit in hits]
    found = [
        (entry.findtext(f"{_ATOM}id"), datetime.fromisoformat(entry.findtext(f"{_ATOM}updated") or ""))
        for entry in entries
    ]
    assert found
    assert found == expected
    assert served.ask(saved).body == answer.body


def test_the_feed_links_the_page_of_its_search(served: Served, saved: str) -> None:
    """Its page shows the same search."""
    feed = ET.fromstring(served.ask(saved).body)  # noqa: S314 — our own server's
    [link] = [one for one in feed.findall(f"{_ATOM}link") if one.get("rel") == "alternate"]
    address = str(link.get("href"))
    assert address.startswith(f"{served.base_url}/search?")
    assert served.ask(address.removeprefix(served.base_url)).status == 200


def test_the_start_page_names_the_feeds(served: Served, saved: str) -> None:
    """Feed readers find them there."""
    assert f'type="application/atom+xml" title="Saved search: {SAVED}" href="{saved}"' in served.ask("/").text


def test_an_unknown_search_has_no_feed(served: Served) -> None:
    """404, with what to do."""
    answer = served.ask("/saved/nobody.atom")
    assert answer.status == 404
    assert "saved list" in answer.json()["hint"]
