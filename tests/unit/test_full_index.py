from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

import pytest
from aiohttp import web

from archiver import pacer
from archiver.edgar import Edgar
from archiver.endpoints import Quarter, quarters
from archiver.errors import UnreachableError
from archiver.full_index import published_quarters, read_quarter
from archiver.settings import Settings
from tests.unit.servers import serve

INDEX = b"CIK|Company Name|Form Type|Date Filed|Filename\n" + b"-" * 80 + b"\n"
ROOT = "/Archives/edgar/full-index/"
HERE = "2004/QTR4"


@pytest.fixture(autouse=True)
def _own_pace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No file is left in the folder that all processes of this machine share."""
    monkeypatch.setattr(pacer, "shared_folder", lambda: tmp_path)


def listing(*names: str) -> bytes:
    """`index.json` of a folder with files of these names."""
    return json.dumps({"directory": {"item": [{"name": name, "type": "file"} for name in names]}}).encode()


@asynccontextmanager
async def edgar_with(files: dict[str, bytes]) -> AsyncIterator[tuple[Edgar, list[str]]]:
    """An EDGAR that has just `files` in its full index, and the names asked for."""
    asked: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        name = request.path.removeprefix(ROOT)
        asked.append(name)
        if name not in files:
            return web.Response(status=403, body=b"<Error><Code>AccessDenied</Code></Error>")
        return web.Response(body=files[name])

    async with serve(handler) as base:
        settings = Settings(base_url=base, user_agent="Example Research research@example.com", rate=10_000)
        async with Edgar(settings) as edgar:
            yield edgar, asked


async def read(files: dict[str, bytes]) -> tuple[bytes | None, list[str]]:
    """The index text of a quarter that has just `files`, and the names asked for."""
    async with edgar_with({f"{HERE}/{name}": body for name, body in files.items()}) as (edgar, asked):
        text = await read_quarter(edgar, Quarter(2004, 4))
        return text, [name.removeprefix(f"{HERE}/") for name in asked]


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
    assert await read(files) == (INDEX, expected)


@pytest.mark.parametrize("files", [{}, {"index.json": listing("company.idx")}])
async def test_a_quarter_without_an_index_is_none(files: dict[str, bytes]) -> None:
    """A quarter that has not begun is no error."""
    text, _ = await read(files)
    assert text is None


@pytest.mark.parametrize("files", [{"index.json": b"[]"}, {"master.gz": gzip.compress(INDEX)[:-9]}])
async def test_an_index_that_cannot_be_read_is_no_empty_quarter(files: dict[str, bytes]) -> None:
    """A damaged list or index ends the plan: going on would lose a quarter silently."""
    with pytest.raises(UnreachableError, match=HERE):
        await read(files)


async def test_a_long_span_asks_the_listings_and_a_short_one_does_not() -> None:
    """Quarters that EDGAR does not list cost no request, and the order stays the newest first."""
    span = list(quarters(date(2001, 1, 1), date(2004, 12, 31)))
    files = {
        "index.json": listing("2001", "2004"),
        "2001/index.json": listing("QTR1/", "QTR3/"),
        "2004/index.json": listing("QTR2", "QTR4"),
    }
    async with edgar_with(files) as (edgar, asked):
        published = [str(quarter) async for quarter in published_quarters(edgar, span)]
        assert published == ["2004 Q4", "2004 Q2", "2001 Q3", "2001 Q1"]
        assert asked == ["index.json", "2004/index.json", "2001/index.json"]
        assert [quarter async for quarter in published_quarters(edgar, span[:4])] == span[:4]
        assert len(asked) == 3


async def test_without_any_listing_no_quarter_is_left_out() -> None:
    """Where EDGAR lists nothing, each quarter has to be asked for."""
    span = list(quarters(date(2001, 1, 1), date(2004, 12, 31)))
    async with edgar_with({}) as (edgar, _):
        assert [quarter async for quarter in published_quarters(edgar, span)] == span
