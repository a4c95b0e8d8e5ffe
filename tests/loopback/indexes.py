"""The text of EDGAR's index files and folder lists, column for column as EDGAR writes them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from tests.loopback.filings import Filing

FIRST_YYMMDD_YEAR = 1995
LAST_YYMMDD_DAY = date(1998, 3, 30)
"""Daily file names hold MMDDYY in 1994, YYMMDD up to this day, and YYYYMMDD since."""


@dataclass(frozen=True, slots=True)
class _Row:
    """One entity of one filing."""

    cik: int
    name: str
    form: str
    filed: str
    path: str


def master_index(filings: Iterable[Filing], last_day: date, *, daily: bool) -> bytes:
    """``master.idx``: one row for each entity of each filing, up to `last_day`."""
    header = f"CIK|Company Name|Form Type|Date Filed|{'File Name' if daily else 'Filename'}"
    return _index(
        filings,
        lambda row: f"{row.cik}|{row.name}|{row.form}|{row.filed}|{row.path}",
        preamble=_preamble("", last_day, daily=daily),
        header=header,
        dashes=80,
        daily=daily,
    )


def company_index(filings: Iterable[Filing], last_day: date, *, daily: bool) -> bytes:
    """``company.idx``: the same rows in columns, by company name."""
    return _index(
        filings,
        lambda row: f"{row.name:<62}{row.form:<17}{row.cik:<12}{row.filed:<12}{row.path:<52}",
        preamble=_preamble(" by Company Name", last_day, daily=daily),
        header=f"{'Company Name':<62}{'Form Type':<12}{'CIK':<12}{'Date Filed':<12}File Name",
        dashes=141,
        daily=daily,
    )


def form_index(filings: Iterable[Filing], last_day: date, *, daily: bool) -> bytes:
    """``form.idx``: the same rows in columns, by form type."""
    return _index(
        filings,
        lambda row: f"{row.form:<12}{row.name:<62}{row.cik:<12}{row.filed:<12}{row.path}",
        preamble=_preamble(" by Form Type", last_day, daily=daily),
        header=f"{'Form Type':<12}{'Company Name':<62}{'CIK':<12}{'Date Filed':<12}File Name",
        dashes=141,
        daily=daily,
    )


def daily_stamp(day: date) -> str:
    """The date in the name of a day's index file, in the spelling of its time."""
    if day.year < FIRST_YYMMDD_YEAR:
        return day.strftime("%m%d%y")
    return day.strftime("%y%m%d" if day <= LAST_YYMMDD_DAY else "%Y%m%d")


def folder_list(path: str, items: Iterable[tuple[str, int | None, datetime]]) -> bytes:
    """A folder's ``index.json``; each of `items` is a name, a size in bytes (None: a folder), when it changed."""
    listed = [
        {
            "last-modified": changed.strftime("%m/%d/%Y %I:%M:%S %p"),
            "name": name,
            "type": "dir" if size_bytes is None else "file",
            "href": f"{name}/" if size_bytes is None else name,
            "size": "4 KB" if size_bytes is None else f"{-(-size_bytes // 1024)} KB",
        }
        for name, size_bytes, changed in items
    ]
    return json.dumps({"directory": {"item": listed, "name": f"{path.strip('/')}/", "parent-dir": "../"}}).encode()


def _index(
    filings: Iterable[Filing],
    line: Callable[[_Row], str],
    *,
    preamble: list[str],
    header: str,
    dashes: int,
    daily: bool,
) -> bytes:
    # EDGAR sorts whole lines by their bytes: "10-Q/A|" stands before "10-Q|".
    lines = sorted(line(row) for filing in filings for row in _rows(filing, daily=daily))
    return "".join(f"{text}\n" for text in (*preamble, header, "-" * dashes, *lines)).encode("latin-1")


def _rows(filing: Filing, *, daily: bool) -> Iterable[_Row]:
    filed = filing.filed.strftime("%Y%m%d" if daily else "%Y-%m-%d")
    for cik, name in filing.entities.items():
        yield _Row(cik, name, filing.form, filed, f"edgar/data/{cik}/{filing.accession}.txt")


def _preamble(by: str, last_day: date, *, daily: bool) -> list[str]:
    month_and_day = f"{last_day:%b} {last_day.day:>2}" if daily else f"{last_day:%B} {last_day.day}"
    lines = [
        f"Description:           {'Daily' if daily else 'Master'} Index of Loopback EDGAR{by}",
        f"Last Data Received:    {month_and_day}, {last_day.year}",
        "Comments:              invented filings",
        "Anonymous FTP:         none",
    ]
    # The preamble's length is free: EDGAR's own varies between these two, and with the year.
    return [*lines, " "] if daily else [*lines, "Cloud HTTP:            none", "", " ", " ", " "]
