"""Conditional requests: a client that has a response already is not sent it again."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from edgarchive import Library
from tests.web.served import Served

FILING = "0009000900-19-000212"
RAW = f"/Archives/edgar/data/9000910/{FILING}.txt"
KEPT = (
    RAW,
    f"/Archives/edgar/data/9000910/{FILING.replace('-', '')}/{FILING}-index.htm",
    "/Archives/edgar/full-index/2019/QTR1/master.gz",
    "/search.atom?q=the",
    f"/filing/{FILING}/1.txt",
    f"/filing/{FILING}",
    "/static/style.css",
)


@pytest.mark.parametrize("path", KEPT)
def test_what_a_client_has_is_not_sent_again(served: Served, path: str) -> None:
    """304 without a body, with the tag and the same policy, as a browser keeps it for the response it has."""
    whole = served.ask(path)
    tag = whole.headers["etag"]
    assert tag == f'"{hashlib.md5(whole.body).hexdigest()}"'  # noqa: S324 — EDGAR's, which clients check
    for known in (tag, f'"other", W/{tag}', "*"):
        again = served.ask(path, headers={"If-None-Match": known})
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
        assert again.headers["content-security-policy"] == whole.headers["content-security-policy"]
    assert served.ask(path, headers={"If-None-Match": '"other"'}).body == whole.body


def test_a_copy_from_edgar_is_known_by_edgars_tag(served: Served) -> None:
    """EDGAR appends -gzip to the tag of what it sends compressed."""
    tag = served.ask(RAW).headers["etag"].strip('"')
    assert served.ask(RAW, headers={"If-None-Match": f'"{tag}-gzip"'}).status == 304


def test_a_changed_answer_is_sent(served: Served) -> None:
    """Two answers at one path with other parameters have other tags; a mistake has none."""
    first, second = (served.ask(f"/search.atom?q={word}").headers["etag"] for word in ("the", "resigned"))
    assert first != second
    assert "etag" not in served.ask("/search.json?frm=8-K").headers


def test_an_open_library_is_served(invented_archive: Path) -> None:
    """The server does not need it to stay open, and leaves it open."""
    with Library(invented_archive) as library, Served(library) as server:
        assert server.ask("/healthz").status == 200
        library.close()
        assert server.ask("/search.json?q=the").json()["total"] > 0
    with Library(invented_archive) as library:
        with Served(library) as server:
            assert server.ask("/healthz").status == 200
        assert library.search("the").total > 0
