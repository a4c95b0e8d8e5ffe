"""EDGAR's quarterly and daily indexes of the archive's contents, in every form and file type of EDGAR's.

Rows come from the search index: one for each entity of each filing, in EDGAR's format (docs/edgar.md). With ``--index
edgar``, the archive's copies of EDGAR's own files are served instead.
"""

from __future__ import annotations

import asyncio
import gzip
import io
import zipfile
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any, NamedTuple

from aiohttp import web

from archiver.edgar.endpoints import FIRST_QUARTER_YEAR, Quarter
from archiver.errors import DamagedBodyError
from archiver.listings.master_index import parse_master_index, unpack_master_index
from archiver.startup.patterns import lazy_pattern
from edgarchive.web.archive import ServedArchive
from edgarchive.web.edgar.answers import FolderItem, folder_json, folder_page, no_such_key
from edgarchive.web.keys import ARCHIVE, INDEX_SOURCE
from edgarchive.web.safety import Handler
from indexer.search.hits import Hit

_DAILY_KINDS = ("company", "crawler", "form", "master")
_KINDS = (*_DAILY_KINDS, "xbrl")
_TYPES = ("idx", "gz", "zip")
_FILE = lazy_pattern(
    r"(company|crawler|form|master|xbrl)(?:\.([0-9]{8}|[0-9]{6}))?\.(idx|gz|zip)|([0-9]{8})\.(idx|gz|zip)"
)
_TITLES = {"company": " by Company Name", "crawler": " by Company Name", "form": " by Form Type"}
_CENTURY = 93
_FIRST_XBRL = date(2005, 1, 1)
"""The SEC accepted XBRL, at first voluntarily, from 2005 on."""


class IndexRow(NamedTuple):
    """One line of an index: an entity of a filing."""

    cik: int
    name: str
    form: str
    filed: date
    accession: str

    @property
    def path(self) -> str:
        """The submission's path below EDGAR's ``Archives``."""
        return f"edgar/data/{self.cik}/{self.accession}.txt"

    @property
    def page(self) -> str:
        """EDGAR's page of the filing."""
        return f"https://www.sec.gov/Archives/edgar/data/{self.cik}/{self.accession}-index.htm"


def rows_of(hits: Iterable[Hit]) -> list[IndexRow]:
    """The rows of filings: one for each CIK of each."""
    rows = []
    for hit in hits:
        names = {entity.cik: entity.name for entity in reversed(hit.entities) if entity.cik is not None}
        rows += [
            IndexRow(int(cik), " ".join(name.split()), str(hit.form), hit.filing_date, str(hit.accession))
            for cik, name in sorted(names.items())
        ]
    return rows


def index_text(kind: str, rows: Iterable[IndexRow], *, last: date, daily: bool) -> str:
    """An index file of `rows`: `kind` is company, crawler, form, master or xbrl; `last` is the last day it covers."""
    line, order = _WRITTEN[kind]
    written = "%Y%m%d" if daily else "%Y-%m-%d"
    lines = [
        line(row.name, row.form, str(row.cik), row.filed.strftime(written), row.page if kind == "crawler" else row.path)
        for row in sorted(rows, key=order)
    ]
    return _preamble(kind, last=last, daily=daily) + "".join(f"{line}\n" for line in lines)


def _preamble(kind: str, *, last: date, daily: bool) -> str:
    """The lines before the rows, ending with a line of dashes.

    A master index has exactly 11 of them, that of XBRL 10: some readers skip that many without checking.
    """
    what = "Daily" if daily else "XBRL" if kind == "xbrl" else "Master"
    crawler = " Crawler" if kind == "crawler" else ""
    day = f"{last:%b} {last.day:2d}, {last.year}" if daily else f"{last:%B} {last.day}, {last.year}"
    head = [
        f"Description:           {what}{crawler} Index of EDGAR Dissemination Feed{_TITLES.get(kind, '')}",
        f"Last Data Received:    {day}",
        "Comments:              webmaster@sec.gov",
        "Anonymous FTP:         ftp://ftp.sec.gov/edgar/",
    ]
    path = "URL" if kind == "crawler" else "File Name"
    if kind in {"master", "xbrl"}:
        head.append("Cloud HTTP:            https://www.sec.gov/Archives/")
        path = "File Name" if daily else "Filename"
    title = _WRITTEN[kind][0]("Company Name", "Form Type", "CIK", "Date Filed", path)
    dashes = "-" * (80 if kind in {"master", "xbrl"} else 141)
    return "\n".join([*head, *[" "] * (3 if kind == "xbrl" else 4), title, dashes]) + "\n"


def _by_name(name: str, form: str, cik: str, filed: str, path: str) -> str:
    """Columns at least two spaces apart, even if a name is longer than its column."""
    return f"{name:<60}  {form:<10}  {cik:<10}  {filed:<10}  {path}"


def _by_form(name: str, form: str, cik: str, filed: str, path: str) -> str:
    return f"{form:<10}  {name:<60}  {cik:<10}  {filed:<10}  {path}"


def _by_cik(name: str, form: str, cik: str, filed: str, path: str) -> str:
    return f"{cik}|{name}|{form}|{filed}|{path}"


_WRITTEN: dict[str, tuple[Callable[[str, str, str, str, str], str], Callable[[IndexRow], Any]]] = {
    "company": (_by_name, lambda row: (row.name.casefold(), row.form, row.accession)),
    "crawler": (_by_name, lambda row: (row.name.casefold(), row.form, row.accession)),
    "form": (_by_form, lambda row: (row.form, row.name.casefold(), row.accession)),
    "master": (_by_cik, lambda row: (str(row.cik), row.form, row.filed, row.accession)),
    "xbrl": (_by_cik, lambda row: (str(row.cik), row.form, row.filed, row.accession)),
}
"""The format of a line of each kind of index, and the order of its rows."""


async def full_index_file(request: web.Request) -> web.StreamResponse:
    """``/Archives/edgar/full-index/Y/QTRn/FILE``: one quarter."""
    quarter = _quarter(request)
    match = _FILE.fullmatch(request.match_info["file"])
    if match is None or match[1] is None or match[2] is not None:
        raise no_such_key(request)
    if match[1] == "xbrl":
        rows = await _xbrl_rows(request, quarter)
    else:
        rows = await _rows(request, quarter.first_day, quarter.last_day, quarter)
    last = max((row.filed for row in rows), default=quarter.last_day)
    return await _answer(match[1], match[3], rows, last=last, daily=False)


async def daily_index_file(request: web.Request) -> web.StreamResponse:
    """``/Archives/edgar/daily-index/Y/QTRn/FILE``: one day, ``form.20240102.idx`` or ``20240102.idx``."""
    quarter = _quarter(request)
    match = _FILE.fullmatch(request.match_info["file"])
    day = _read_day((match[2] or match[4]) if match else None)
    if match is None or match[1] == "xbrl" or day is None or Quarter.of(day) != quarter:
        raise no_such_key(request)
    rows = await _rows(request, day, day, quarter)
    if not rows:
        raise no_such_key(request)
    return await _answer(match[1] or "form", match[3] or match[5], rows, last=day, daily=True)


def index_folder(tree: str) -> Handler:
    """The handler of a folder listing in `tree`, a page or ``index.json``: years, quarters, or a quarter's files."""

    async def listing(request: web.Request) -> web.StreamResponse:
        year, quarter = request.match_info.get("year"), request.match_info.get("quarter")
        today = date.today()  # noqa: DTZ011 — which folders exist depends on the calendar, not on a time
        if year is None:
            names = [str(number) for number in range(FIRST_QUARTER_YEAR, today.year + 1)]
            items = [FolderItem(name, None, is_folder=True) for name in names]
        elif not FIRST_QUARTER_YEAR <= int(year) <= today.year:
            raise no_such_key(request)
        elif quarter is None:
            found = [Quarter(int(year), number) for number in range(1, 5)]
            items = [FolderItem(f"QTR{one.number}", None, is_folder=True) for one in found if one.first_day <= today]
        else:
            items = await _files(request, tree, _quarter(request))
        path = request.path.removeprefix("/Archives").removesuffix("index.json")
        if request.path.endswith("index.json"):
            return web.json_response(folder_json(path, items))
        return web.Response(text=folder_page(path, items), content_type="text/html")

    return listing


async def _files(request: web.Request, tree: str, quarter: Quarter) -> list[FolderItem]:
    if tree == "full-index":
        return [FolderItem(f"{kind}.{type_}", None) for kind in _KINDS for type_ in _TYPES]
    rows = await _rows(request, quarter.first_day, quarter.last_day, quarter)
    days = sorted({row.filed for row in rows})
    return [FolderItem(f"{kind}.{day:%Y%m%d}.idx", None) for kind in _DAILY_KINDS for day in days]


def _quarter(request: web.Request) -> Quarter:
    quarter = Quarter(int(request.match_info["year"]), int(request.match_info["quarter"]))
    if quarter.year < FIRST_QUARTER_YEAR or quarter.first_day > date.today() + timedelta(days=1):  # noqa: DTZ011 — the margin covers every zone
        raise no_such_key(request)
    return quarter


def _read_day(text: str | None) -> date | None:
    """The day in a daily index's name: YYYYMMDD, or YYMMDD as until March 1998."""
    if text is None:
        return None
    if len(text) == 6:  # noqa: PLR2004 — YYMMDD
        text = ("19" if int(text[:2]) >= _CENTURY else "20") + text
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


async def _rows(request: web.Request, first: date, last: date, quarter: Quarter) -> list[IndexRow]:
    archive: ServedArchive = request.app[ARCHIVE]
    if request.app[INDEX_SOURCE] == "edgar":
        body = await archive.master_index(quarter)
        if body is None:
            raise no_such_key(request)
        return await asyncio.to_thread(_edgar_rows, body, first, last)
    return await asyncio.to_thread(rows_of, await archive.held_between(first, last))


async def _xbrl_rows(request: web.Request, quarter: Quarter) -> list[IndexRow]:
    """The filings with XBRL; the archive keeps no copy of EDGAR's index of them."""
    archive: ServedArchive = request.app[ARCHIVE]
    if request.app[INDEX_SOURCE] == "edgar":
        raise no_such_key(request)
    if quarter.last_day < _FIRST_XBRL:
        return []
    hits = await archive.held_between(quarter.first_day, quarter.last_day)
    with_xbrl = {facts.accession for facts in await archive.rows_of(hit.accession for hit in hits) if facts.is_xbrl}
    return rows_of(hit for hit in hits if hit.accession in with_xbrl)


def _edgar_rows(body: bytes, first: date, last: date) -> list[IndexRow]:
    try:
        entries = parse_master_index(unpack_master_index(body))
        return [
            IndexRow(int(entry.cik), entry.company_name, str(entry.form), entry.filing_date, str(entry.accession))
            for entry in entries
            if first <= entry.filing_date <= last
        ]
    except DamagedBodyError:
        return []


async def _answer(kind: str, file_type: str, rows: list[IndexRow], *, last: date, daily: bool) -> web.Response:
    def make() -> bytes:
        # names in EDGAR's files are latin-1
        text = index_text(kind, rows, last=last, daily=daily).encode("latin-1", "replace")
        if file_type == "gz":
            return gzip.compress(text, 6, mtime=0)
        if file_type == "zip":
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr(zipfile.ZipInfo(f"{kind}.idx"), text, compress_type=zipfile.ZIP_DEFLATED)
            return packed.getvalue()
        return text

    body = await asyncio.to_thread(make)
    # A .gz is a compressed file; Content-Encoding would make clients decompress it.
    types = {"gz": "application/x-gzip", "zip": "application/zip", "idx": "text/plain"}
    charset = "iso-8859-1" if file_type == "idx" else None
    return web.Response(body=body, content_type=types[file_type], charset=charset)
