from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

import pytest
from aiohttp import web

from archiver.edgar import pacer
from archiver.edgar.endpoints import Quarter, quarters
from archiver.edgar.session import Edgar
from archiver.errors import UnreachableError
from archiver.listings.cache import IndexCache
from archiver.listings.reader import FullIndex, QuarterIndex
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from tests.unit.servers import serve

HEAD = b"CIK|Company Name|Form Type|Date Filed|Filename\n" + b"-" * 80 + b"\n"
ROOT = "/Archives/edgar/"
HERE = "full-index/2004/QTR4"
DAILY = "daily-index/2004/QTR4"
LATER = date(2006, 1, 1)
QUARTER = Quarter(2004, 4)
MODIFIED = "Sat, 18 Dec 2004 07:10:00 GMT"


def row(number: int, day: str) -> bytes:
    """A row of the index."""
    return b"1|ACME|8-K|%s|edgar/data/1/0001193125-04-%06d.txt\n" % (day.encode(), number)


INDEX = HEAD + row(1, "2004-12-17")


@pytest.fixture(autouse=True)
def _own_pace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No file is left in the folder that all processes of this machine share."""
    monkeypatch.setattr(pacer, "shared_folder", lambda: tmp_path)


def listing(*names: str, changed: str = "12/18/2004 02:10:00 AM") -> bytes:
    """`index.json` of a folder with files of these names."""
    items = [{"name": name, "type": "file", "last-modified": changed, "size": "1 KB"} for name in names]
    return json.dumps({"directory": {"item": items}}).encode()


@asynccontextmanager
async def edgar_with(files: dict[str, bytes]) -> AsyncIterator[tuple[Edgar, list[str]]]:
    """An EDGAR that has just `files`, all of them unchanged since `MODIFIED`, and the names asked for."""
    asked: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        name = request.path.removeprefix(ROOT)
        asked.append(name)
        if name not in files:
            return web.Response(
                status=403, body=b"<Error><Code>AccessDenied</Code></Error>", content_type="application/xml"
            )
        if request.headers.get("If-Modified-Since") == MODIFIED:
            return web.Response(status=304)
        md5 = hashlib.md5(files[name], usedforsecurity=False).hexdigest()
        return web.Response(body=files[name], headers={"Last-Modified": MODIFIED, "ETag": f'"{md5}"'})

    async with serve(handler) as base:
        settings = Settings(base_url=base, user_agent="Example Research research@example.com", rate=10_000)
        async with Edgar(settings) as edgar:
            yield edgar, asked


async def read(files: dict[str, bytes], *, archive: Archive | None = None) -> tuple[QuarterIndex, list[str]]:
    """The indexes of the quarter as EDGAR has them in `files`, and the names asked for."""
    async with edgar_with(files) as (edgar, asked):
        return await FullIndex(edgar, IndexCache(archive), today=LATER).quarter(QUARTER), asked


async def published_of(index: FullIndex, span: list[Quarter]) -> list[Quarter]:
    """Those of `span` that EDGAR may have something of."""
    return [quarter for quarter in span if await index.is_published(quarter, wanted=len(span))]


def accessions(index: QuarterIndex) -> list[str]:
    """What is named, the quarterly index first."""
    return [entry.accession[-1] for entry in (*index.full_entries(), *index.daily_entries())]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {"index.json": listing("master.idx", "master.gz"), "master.gz": gzip.compress(INDEX)},
            ["index.json", "master.gz"],
        ),
        ({"index.json": listing("master.idx"), "master.idx": INDEX}, ["index.json", "master.idx"]),
        (
            {"index.json": listing("master.gz", "master.idx"), "master.idx": INDEX},
            ["index.json", "master.gz", "master.idx"],
        ),
        ({"master.idx": INDEX}, ["index.json", "master.gz", "master.idx"]),
    ],
    ids=["smallest-first", "as-listed", "listed-and-gone", "no-listing"],
)
async def test_the_index_is_read_from_the_file_that_is_there(files: dict[str, bytes], expected: list[str]) -> None:
    """The folder's list says what to ask for; without one, the names are tried in turn."""
    index, asked = await read({f"{HERE}/{name}": body for name, body in files.items()})
    assert accessions(index) == ["1"]
    assert [name.removeprefix(f"{HERE}/") for name in asked if name.startswith(HERE)] == expected


@pytest.mark.parametrize("files", [{}, {f"{HERE}/index.json": listing("company.idx")}])
async def test_a_quarter_without_an_index_is_empty(files: dict[str, bytes]) -> None:
    """A quarter that has not begun is no error."""
    index, _ = await read(files)
    assert (index.full, index.daily) == (None, ())


@pytest.mark.parametrize(
    "files",
    [
        {f"{HERE}/index.json": b"[]"},
        {f"{HERE}/master.gz": gzip.compress(INDEX)[:-9]},
        {f"{DAILY}/index.json": b"<html>"},
        {f"{DAILY}/index.json": listing("master.20041220.idx"), f"{DAILY}/master.20041220.idx": b"no index"},
    ],
    ids=["list", "quarterly", "daily-list", "daily"],
)
@pytest.mark.slow
async def test_an_index_that_cannot_be_read_is_no_empty_quarter(files: dict[str, bytes]) -> None:
    """A damaged list or index ends the plan: going on would lose filings silently."""
    with pytest.raises(UnreachableError, match="2004/QTR4"):
        await read(files)


async def test_the_daily_index_fills_what_the_quarterly_one_has_not_yet() -> None:
    """Rows of either count, and a day that the quarterly one covers is not asked for."""
    names = ["master.20041216.idx", "master.20041220.idx.gz"]
    files = {
        f"{HERE}/index.json": listing("master.idx"),
        f"{HERE}/master.idx": INDEX,
        f"{DAILY}/index.json": listing(*names),
        f"{DAILY}/{names[0]}": HEAD + row(8, "20041216"),
        f"{DAILY}/{names[1]}": gzip.compress(HEAD + row(2, "20041220")),
    }
    index, asked = await read(files)
    assert accessions(index) == ["1", "2"]
    assert f"{DAILY}/{names[0]}" not in asked


async def test_only_daily_indexes_of_the_dates_asked_for_are_read() -> None:
    """A run over two days needs no more."""
    names = [f"master.200412{day}.idx" for day in (20, 21, 22)]
    files = {f"{DAILY}/index.json": listing(*names)} | {
        f"{DAILY}/{name}": HEAD + row(number, f"200412{20 + number}") for number, name in enumerate(names)
    }
    async with edgar_with(files) as (edgar, _):
        index = FullIndex(edgar, IndexCache(None), today=LATER)
        found = await index.quarter(QUARTER, since=date(2004, 12, 21), until=date(2004, 12, 21))
        assert accessions(found) == ["1"]


async def test_an_unchanged_index_is_not_sent_again(tmp_path: Path) -> None:
    """A file that its folder's list describes as before is not asked for at all."""
    files = {
        f"{HERE}/index.json": listing("master.gz"),
        f"{HERE}/master.gz": gzip.compress(INDEX),
        f"{DAILY}/index.json": listing("master.20041220.idx"),
        f"{DAILY}/master.20041220.idx": HEAD + row(2, "20041220"),
    }
    with Archive.open(tmp_path / "archive", writable=True, create=True) as archive:
        first, _ = await read(files, archive=archive)
        files[f"{HERE}/master.gz"] = b"never sent"
        again, asked = await read(files, archive=archive)
        assert accessions(again) == accessions(first) == ["1", "2"]
        assert again.version == first.version
        assert asked == [f"{HERE}/index.json", f"{DAILY}/index.json"]
        files[f"{DAILY}/index.json"] = listing("master.20041220.idx", changed="12/25/2004 02:10:00 AM")
        _, asked = await read(files, archive=archive)
        assert f"{DAILY}/master.20041220.idx" in asked


async def test_a_damaged_copy_is_as_if_there_were_none(tmp_path: Path) -> None:
    """The index is then asked for without a condition, and kept anew."""
    files = {f"{HERE}/master.gz": gzip.compress(INDEX)}
    with Archive.open(tmp_path / "archive", writable=True, create=True) as archive:
        await read(files, archive=archive)
        copy = archive.layout.indexes / HERE / "master.gz"
        assert copy.read_bytes() == files[f"{HERE}/master.gz"]
        copy.write_bytes(b"damaged")
        index, _ = await read(files, archive=archive)
        assert accessions(index) == ["1"]
        assert copy.read_bytes() == files[f"{HERE}/master.gz"]


async def test_a_long_span_asks_the_listings_and_a_short_one_does_not() -> None:
    """Quarters that EDGAR does not list cost no request, and the order stays the newest first."""
    span = list(quarters(date(2001, 1, 1), date(2004, 12, 31)))
    files = {
        "full-index/index.json": listing("2001", "2004"),
        "full-index/2001/index.json": listing("QTR1/", "QTR3/"),
        "full-index/2004/index.json": listing("QTR2", "QTR4"),
        "daily-index/index.json": listing("2004"),
        "daily-index/2004/index.json": listing("QTR1"),
    }
    async with edgar_with(files) as (edgar, asked):
        index = FullIndex(edgar, IndexCache(None), today=LATER)
        published = await published_of(index, span)
        assert [str(quarter) for quarter in published] == ["2004 Q4", "2004 Q2", "2004 Q1", "2001 Q3", "2001 Q1"]
        assert [name for name in asked if name.startswith("full-index")] == [
            "full-index/index.json",
            "full-index/2004/index.json",
            "full-index/2001/index.json",
        ]
        before = len(asked)
        assert await published_of(index, span[:4]) == span[:4]
        assert len(asked) == before


async def test_a_quarter_that_has_just_begun_is_never_left_out() -> None:
    """Its daily index comes before the full index lists it."""
    span = list(quarters(date(2001, 1, 1), date(2004, 12, 31)))
    async with edgar_with({"full-index/index.json": listing("2001")}) as (edgar, _):
        index = FullIndex(edgar, IndexCache(None), today=date(2004, 10, 2))
        assert (await published_of(index, span))[:2] == span[:2] == [Quarter(2004, 4), Quarter(2004, 3)]


async def test_without_any_listing_no_quarter_is_left_out() -> None:
    """Where EDGAR lists nothing, each quarter has to be asked for."""
    span = list(quarters(date(2001, 1, 1), date(2004, 12, 31)))
    async with edgar_with({}) as (edgar, _):
        index = FullIndex(edgar, IndexCache(None), today=LATER)
        assert await published_of(index, span) == span
