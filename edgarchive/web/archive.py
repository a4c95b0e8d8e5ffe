"""Access to the archive for the server, with limited work and a small cache.

Pages, JSON and EDGAR's URLs all use `ServedArchive`, which uses the public library alone.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, ParamSpec, TypeVar

from archiver.edgar.endpoints import Quarter
from archiver.errors import DamageError, IdentifierError, NotInArchiveError, UnreadableSubmissionError
from archiver.events import event
from archiver.identifiers import AccessionNumber, Cik
from archiver.store.packing import unpack
from edgarchive.web.caching.latest import LatestValues
from edgarchive.web.facts import FilingFacts, facts_of, row_of, weight_of, weight_of_row
from edgarchive.web.limits.gate import Gate
from edgarchive.web.limits.memory import hold, hold_bytes, holding, reading
from indexer.archive.stored_files import StoredFile
from indexer.engine import FacetCount
from indexer.entries import HitEntity
from indexer.fields import Facet
from indexer.search.async_library import AsyncLibrary
from indexer.search.hits import Hit
from indexer.search.options import SearchOptions
from indexer.search.records import Record, Status
from indexer.search.results import Results
from indexer.submission.header import Entity
from indexer.submission.submission import Document, Submission
from indexer.text.charset import decode

P = ParamSpec("P")
T = TypeVar("T")

_log = logging.getLogger(__name__)

_KEPT_FACTS_BYTES = 200_000_000
"""By `weight_of`: about ten thousand usual filings."""
_FOUND_BYTES, _HIT_BYTES, _ENTITY_BYTES = 600, 3000, 600
"""What a result of a search takes, one as a hit, and one of its entities."""
_KEPT_NAMES = 20_000
_NAME_S = 60.0
_STATUS_S = 5.0
_KEPT_SUBMISSIONS_BYTES = 64_000_000


class ServedArchive:
    """The library behind a server: reading and searching, limited by a `Gate`."""

    def __init__(self, library: AsyncLibrary, gate: Gate) -> None:
        self.library = library
        self._gate = gate
        self._facts = LatestValues[tuple[str, str, str], tuple[FilingFacts, int]](
            _KEPT_FACTS_BYTES, largest=_KEPT_FACTS_BYTES // 4
        )
        self._submissions = LatestValues[str, tuple[str, Submission]](
            _KEPT_SUBMISSIONS_BYTES, largest=_KEPT_SUBMISSIONS_BYTES // 4
        )
        self._md5: dict[str, str] = {}
        self._status: tuple[float, Status] | None = None
        self._tickers: tuple[str, Any] | None = None
        self._names = LatestValues[int, tuple[float, str]](_KEPT_NAMES, largest=1)

    @property
    def version(self) -> Hashable:
        """As `Library.version`."""
        return self.library.version

    async def do(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """The result of `work`, run in a thread. Raises as `search`."""
        return await self._do(lambda: asyncio.to_thread(work, *arguments, **named))

    async def _do(self, work: Callable[[], Awaitable[T]]) -> T:
        return await self._gate.do(holding(work))

    async def search(self, query: str | None = None, **options: Any) -> Results:
        """As `Library.search`. Raises its errors, and `BusyError` if too many searches run."""
        return await self.run(SearchOptions(query, **options))

    async def run(self, options: SearchOptions) -> Results:
        """As `Library.run`; raises as `search`."""
        return await self._do(lambda: self.library.run(options))

    async def facets(self, results: Results, *facets: Facet) -> dict[Facet, tuple[FacetCount, ...]]:
        """How many hits in `results` have each value of these."""
        return dict(await self.do(results.facets, *facets))

    async def recent_status(self) -> Status:
        """The contents of the archive, counted at most once in _STATUS_S seconds, as it counts all submissions."""
        now = asyncio.get_running_loop().time()
        if self._status is None or now - self._status[0] > _STATUS_S:
            self._status = (now, await self.library.status())
        return self._status[1]

    async def record(self, accession: AccessionNumber) -> Record:
        """The catalogue's facts about a submission. Raises `NotInArchiveError`, `DamageError`."""
        return await self.library.record(accession)

    async def text(self, document: Document, section: str | None) -> str:
        """The text of a document, or of one section. Raises `NotInArchiveError` if the document lacks that."""
        text = await (self.do(document.section, section) if section else self.do(document.text))
        if text is None:
            raise NotInArchiveError(f"the document has no section {str(section)[:40]!r}", "see its list of sections")
        return text

    async def spans(self, text: str, query: str, *, stem: bool) -> list[tuple[int, int]]:
        """The spans of a query's words in a text. Raises `QueryError`."""
        return list(await self._do(lambda: self.library.marks(text, query, stem=stem)))

    async def name_of(self, cik: int) -> str:
        """The name of a company in its latest filing here, cached for a minute; empty if there is none."""
        now = asyncio.get_running_loop().time()
        known = self._names.get(cik)
        if known is not None and now - known[0] < _NAME_S:
            return known[1]
        results = await self.search(None, cik=cik, limit=1, snippets=False)
        name = ""
        for hit in results.hits:
            listed = [one.name for one in hit.entities if one.cik == cik]
            name = next(iter(listed or [one.name for one in await self.entities(hit) if one.cik == cik]), "")
        self._names.put(cik, (now, name))
        return name

    async def opened(self, accession: AccessionNumber, read: Callable[[StoredFile], T]) -> tuple[T, str]:
        """The result of `read` for the file of a submission, and the MD5 of its decoded bytes, as in EDGAR's ETag.

        One thread call, except the first time for a submission that did not come from EDGAR's server. Raises
        `NotInArchiveError`, and as `read`.
        """
        found = await asyncio.to_thread(self._open, accession, read)
        if found is None:
            stored = await asyncio.to_thread(self.library.stored.file, accession)
            md5 = await self._compute_md5(stored)
            return await asyncio.to_thread(read, stored), md5
        return found

    def _open(self, accession: AccessionNumber, read: Callable[[StoredFile], T]) -> tuple[T, str] | None:
        """None if the MD5 must be computed first."""
        stored = self.library.stored.file(accession)
        md5 = stored.md5 or self._md5.get(stored.sha256)
        return None if md5 is None else (read(stored), md5)

    async def master_index(self, quarter: Quarter) -> bytes | None:
        """The archive's copy of EDGAR's master index of a quarter."""
        return await asyncio.to_thread(self.library.stored.master_index, quarter.year, quarter.number)

    async def tickers(self, read: Callable[[bytes], T]) -> T | None:
        """The result of `read` for the copy of EDGAR's list of tickers, once per copy; None without a copy."""
        return await asyncio.to_thread(self._read_tickers, read)

    def _read_tickers(self, read: Callable[[bytes], T]) -> T | None:
        stored = self.library.stored
        version = stored.tickers_sha256()
        if version is None:
            return None
        if self._tickers is None or self._tickers[0] != version:
            body = stored.tickers()
            if body is None:
                return None
            self._tickers = (version, read(body))
        known: T = self._tickers[1]
        return known

    async def submission(self, accession: AccessionNumber) -> Submission:
        """The parsed submission; the latest few are cached. Raises as `Library.submission`."""
        record = await self.record(accession)
        await hold(record.size)
        kept = self._submissions.get(accession)
        if kept is not None and kept[0] == record.sha256:
            return kept[1]
        submission = await self._do(lambda: self.library.submission(accession))
        self._submissions.put(accession, (record.sha256, submission), record.size)
        return submission

    async def facts(self, accession: AccessionNumber) -> FilingFacts:
        """The facts of a filing. Raises as `Library.submission`."""
        return await self.facts_cut(accession, "", lambda facts: facts)

    async def facts_cut(
        self, accession: AccessionNumber, kind: str, cut: Callable[[FilingFacts], FilingFacts]
    ) -> FilingFacts:
        """What `cut` makes of the facts of a filing, kept under the name `kind`. Raises as `facts`."""
        return (await self._known_facts(accession, kind, cut))[0]

    async def _known_facts(
        self, accession: AccessionNumber, kind: str, cut: Callable[[FilingFacts], FilingFacts]
    ) -> tuple[FilingFacts, int]:
        """The same, and about how many bytes it takes."""
        record = await self.record(accession)
        key = (str(accession), record.sha256, kind)
        if (known := self._facts.get(key)) is not None:
            return known
        async with reading(record.size):
            submission = await self._do(lambda: self.library.texts(accession))
            weight = weight_of(submission)
            await hold_bytes(weight)

            def read() -> tuple[FilingFacts, int]:
                whole = facts_of(submission, record.filing_date, record.size)
                made = cut(whole)
                return made, weight if made is whole else weight_of_row(made)

            found = await self.do(read)
        self._facts.put(key, found, found[1])
        return found

    async def entities(self, hit: Hit) -> Sequence[HitEntity | Entity]:
        """All entities of a hit, including those that it does not list. Raises as `facts`."""
        return (await self.facts(hit.accession)).header.entities if hit.entities_left_out else hit.entities

    async def header_text(self, accession: AccessionNumber) -> str:
        """The text of the stored header. Raises as `Library.submission`."""
        async with reading((await self.record(accession)).size):
            return decode((await self._do(lambda: self.library.texts(accession))).raw_header)

    async def _compute_md5(self, stored: StoredFile) -> str:
        found = await self.do(_md5, stored)
        if len(self._md5) >= _KEPT_NAMES:
            self._md5.clear()
        self._md5[stored.sha256] = found
        return found

    async def rows_of(self, accessions: Iterable[AccessionNumber], cik: Cik | None = None) -> list[FilingFacts]:
        """The facts of several filings, each cut to a row of a list about the entity with `cik` (`row_of`).

        In order; unreadable ones are left out (`verify` reports them).
        """
        return await self.all_cut(accessions, f"row {cik}", lambda facts: row_of(facts, cik))

    async def all_cut(
        self, accessions: Iterable[AccessionNumber], kind: str, cut: Callable[[FilingFacts], FilingFacts]
    ) -> list[FilingFacts]:
        """`facts_cut` of several filings; as `rows_of`."""
        found, weights = [], 0
        for accession in accessions:
            try:
                row, weight = await self._known_facts(accession, kind, cut)
            except (DamageError, NotInArchiveError, UnreadableSubmissionError) as error:
                extra = event("left-out", accession=accession, error=type(error).__name__)
                _log.warning("%s is left out of a list: %s", accession, error, extra=extra)
            else:
                found.append(row)
                weights += weight
                await hold_bytes(weights)
        return found

    async def held_between(self, first: date, last: date) -> list[Hit]:
        """The filings with a filing date from `first` to `last`, oldest first, with all their entities."""
        hits = await self._all_hits(SearchOptions(None, since=first, until=last, sort="oldest", snippets=False))
        await hold_bytes(_HIT_BYTES * len(hits) + _ENTITY_BYTES * sum(hit.entities_left_out for hit in hits))
        return [await self._whole(hit) for hit in hits]

    async def _whole(self, hit: Hit) -> Hit:
        if not hit.entities_left_out:
            return hit
        entities = tuple(HitEntity(one.cik, one.name, one.role) for one in await self.entities(hit))
        return replace(hit, entities=entities, entities_left_out=0)

    async def held_by(self, cik: Cik) -> list[Hit]:
        """The filings of the entity with this CIK, newest first."""
        return await self._all_hits(SearchOptions(None, cik=int(cik), sort="newest", snippets=False))

    async def _all_hits(self, options: SearchOptions) -> list[Hit]:
        results = await self.run_lazily(options.replace(limit=None))
        await hold_bytes(_HIT_BYTES * len(results))
        return await self.do(lambda: list(results))

    async def run_lazily(self, options: SearchOptions) -> Results:
        """As `run`, but without a limit, hits are created when they are reached, which blocks."""
        results = await self.do(self.library.blocking.run, options)
        await hold_bytes(_FOUND_BYTES * len(results))
        return results


def read_accession(text: str) -> AccessionNumber | None:
    """The accession number in a URL, with dashes or as 18 digits; None if there is none."""
    try:
        return AccessionNumber(text)
    except IdentifierError:
        return None


def _md5(stored: StoredFile) -> str:
    """The MD5 of the decoded bytes of a stored submission, read in pieces. Raises `DamageError` for other bytes."""
    found, known = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    for piece in unpack(stored.path):
        found.update(piece)
        known.update(piece)
    if known.hexdigest() != stored.sha256:
        raise changed(stored)
    return found.hexdigest()


def changed(stored: StoredFile) -> DamageError:
    """The error for a stored file that is not the one that the catalogue knows."""
    return DamageError(f"the stored bytes of {stored.path.name} have changed", "run `edgarchive verify`")
