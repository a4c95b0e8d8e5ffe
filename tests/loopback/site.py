"""Which address of EDGAR gives which answer."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from types import MappingProxyType

from tests.loopback import pages
from tests.loopback.answers import Answer
from tests.loopback.current_feed import LAST_START, current_feed
from tests.loopback.filings import Filing, FilingStore
from tests.loopback.indexes import company_index, daily_stamp, folder_list, form_index, master_index

Quarter = tuple[int, int]
"""Year, and number of the quarter in it."""

_INDEXES: Mapping[str, Callable[..., bytes]] = {
    "company": company_index,
    "form": form_index,
    "master": master_index,
}
_DATA = re.compile(r"/Archives/edgar/data/(\d+)(?:/(\d{18}))?/([^/]*)")
_TREE = re.compile(r"/Archives/edgar/(full-index|daily-index|Feed)/(?:(\d{4})/)?(?:QTR([1-4])/)?([^/]+)")


def quarter_of(day: date) -> Quarter:
    """The quarter that `day` is in."""
    return day.year, (day.month + 2) // 3


@dataclass(frozen=True, slots=True)
class _File:
    """A file in a folder of indexes or of the Feed."""

    body: bytes
    changed: datetime


class Site:
    """EDGAR's addresses over a store of filings."""

    def __init__(
        self, store: FilingStore, *, tickers: Mapping[str, int], daily_gz_quarters: Collection[Quarter]
    ) -> None:
        self._store = store
        self._tickers = tickers
        self._daily_gz_quarters = daily_gz_quarters
        self.full_index_until: date | None = None
        """The last day that the full index has; None: all."""
        self.feed_last_start = LAST_START
        """Where the last page of the feed of current filings begins."""
        self.texts_held: set[str] = set()
        """Accession numbers that the feed names and whose text is not served yet."""

    def answer(self, path: str, query: Mapping[str, str] = MappingProxyType({})) -> Answer:
        """What EDGAR answers to a GET of `path` with `query`."""
        if path == "/cgi-bin/browse-edgar":
            return current_feed(self._store.filings(), query, last_start=self.feed_last_start)
        if path == "/files/company_tickers.json":
            return Answer(self._company_tickers(), content_type="application/json", last_modified=self._latest())
        if match := _TREE.fullmatch(path):
            tree, year, quarter, name = match.groups()
            if quarter and not year:
                return pages.access_denied()
            return self._tree(tree, int(year) if year else None, int(quarter) if quarter else None, name, path=path)
        if match := _DATA.fullmatch(path):
            return self._data(*match.groups(), path=path)
        return pages.no_such_key(path)

    def _data(self, cik: str, folder: str | None, name: str, *, path: str) -> Answer:
        if cik.startswith("0") and cik != "0":
            return pages.moved(path.replace(f"/data/{cik}/", f"/data/{int(cik)}/", 1))
        if name == "index.json":
            return self._data_folder(int(cik), folder, path=path)
        filing = self._store.get(name.removesuffix(".txt")) if name.endswith(".txt") else None
        if (
            filing is None
            or filing.accession in self.texts_held
            or int(cik) not in filing.entities
            or folder not in {None, _digits(filing)}
        ):
            return pages.no_such_key(path)
        return Answer(filing.body, etag_md5=filing.md5, last_modified=_filed_at(filing))

    def _data_folder(self, cik: int, folder: str | None, *, path: str) -> Answer:
        items: list[tuple[str, int | None, datetime]]
        own = [filing for filing in self._store.filings() if cik in filing.entities]
        if folder:
            own = [filing for filing in own if _digits(filing) == folder]
            items = [(f"{filing.accession}.txt", len(filing.body), _filed_at(filing)) for filing in own]
        else:
            items = [(_digits(filing), None, _filed_at(filing)) for filing in own]
        return _folder(path, items) if items else pages.no_such_key(path)

    def _tree(self, tree: str, year: int | None, quarter: int | None, name: str, *, path: str) -> Answer:
        days = self._store.feed() if tree == "Feed" else self._store.days()
        inside = sorted(day for day in days if year in {None, day.year} and quarter in {None, quarter_of(day)[1]})
        if tree == "full-index" and self.full_index_until:
            inside = [day for day in inside if day <= self.full_index_until]
        if not inside:
            return pages.access_denied()
        if not (year and quarter):
            folders = {f"QTR{quarter_of(day)[1]}" if year else str(day.year): _evening(day) for day in inside}
            items = [(folder, None, changed) for folder, changed in folders.items()]
            return _folder(path, items) if name == "index.json" else pages.access_denied()
        files = self._files(tree, inside)
        if name == "index.json":
            return _folder(path, [(name, len(file.body), file.changed) for name, file in sorted(files.items())])
        if name not in files:
            return pages.access_denied()
        return Answer(
            files[name].body,
            content_type="text/plain" if name.endswith(".idx") else "application/x-gzip",
            last_modified=files[name].changed,
            is_index=tree != "Feed",
            ranges=tree == "Feed",
        )

    def _files(self, tree: str, days: list[date]) -> dict[str, _File]:
        """The files of one quarter's folder, whose days with filings are `days`."""
        store = self._store
        if tree == "Feed":
            return {f"{day:%Y%m%d}.nc.tar.gz": _File(store.feed()[day], _evening(day)) for day in days}
        files: dict[str, _File] = {}
        for kind, render in _INDEXES.items():
            if tree == "full-index":
                text = render(store.listed_in(days), days[-1], daily=False)
                files[f"{kind}.idx"] = _File(text, store.changed(days))
                files[f"{kind}.gz"] = _File(gzip.compress(text, mtime=0), store.changed(days))
                continue
            for day in days:
                text, name = render(store.listed_on(day), day, daily=True), f"{kind}.{daily_stamp(day)}.idx"
                if quarter_of(day) in self._daily_gz_quarters:
                    text, name = gzip.compress(text, mtime=0), f"{name}.gz"
                files[name] = _File(text, store.changed([day]))
        return files

    def _company_tickers(self) -> bytes:
        names: dict[int, str] = {}
        for filing in sorted(self._store.filings(), key=lambda filing: filing.filed):
            names.update(filing.entities)
        listed = {
            str(number): {"cik_str": cik, "ticker": ticker, "title": names.get(cik, "")}
            for number, (ticker, cik) in enumerate(self._tickers.items())
        }
        return json.dumps(listed, separators=(",", ":")).encode()

    def _latest(self) -> datetime:
        days = self._store.days()
        return self._store.changed(days) if days else datetime(1993, 1, 1, tzinfo=UTC)


def _digits(filing: Filing) -> str:
    return filing.accession.replace("-", "")


def _filed_at(filing: Filing) -> datetime:
    return _evening(filing.filed)


def _evening(day: date) -> datetime:
    return datetime.combine(day, time(22), UTC)


def _folder(path: str, items: Iterable[tuple[str, int | None, datetime]]) -> Answer:
    folder = path.removesuffix("index.json").removeprefix("/Archives/edgar/")
    return Answer(folder_list(folder, items), content_type="application/json")
