"""Access to the archive for the server, with limited work and a small cache.

Pages, JSON and EDGAR's URLs all use `ServedArchive`, which uses the public library alone.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from zoneinfo import ZoneInfo

from archiver.edgar.endpoints import Quarter
from archiver.errors import DamageError, IdentifierError, NotInArchiveError, UnreadableSubmissionError
from archiver.events import event
from archiver.identifiers import AccessionNumber, Cik, FormType
from archiver.startup.dataclass import dataclass
from archiver.store.packing import unpack
from edgarchive.web.memory import hold, holding, reading
from edgarchive.web.safety import Gate
from indexer.engine import FacetCount
from indexer.entries import HitEntity
from indexer.fields import Facet
from indexer.search.async_library import AsyncLibrary
from indexer.search.diagnosis.model import Diagnosis
from indexer.search.hits import Hit
from indexer.search.options import SearchOptions
from indexer.search.records import Record, Status
from indexer.search.results import Results
from indexer.sections.sections import Section
from indexer.submission.header import Entity, SubmissionHeader
from indexer.submission.submission import Document, Submission
from indexer.text.charset import decode
from indexer.texts.model import StoredDocument, StoredSubmission

P = ParamSpec("P")
T = TypeVar("T")

EASTERN = ZoneInfo("America/New_York")
"""EDGAR's time zone: acceptance times in headers have no zone."""

_log = logging.getLogger(__name__)

_KEPT_FACTS_BYTES = 200_000_000
"""By `_weight`: about ten thousand usual filings."""
_KEPT_NAMES = 20_000
_NAME_S = 60.0
_STATUS_S = 5.0
_KEPT_SUBMISSIONS_BYTES = 64_000_000
_XBRL_TYPES = ("EX-101", "XML", "EX-100")


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """A document of a filing, without its body. `size` is the length of the filed file in bytes."""

    type: str
    sequence: int | None
    filename: str
    description: str | None
    size: int
    is_data: bool


@dataclass(frozen=True, slots=True)
class FilingFacts:
    """The facts about a filing for lists: its header and table of documents. `size` is the total in bytes."""

    header: SubmissionHeader
    filing_date: date
    size: int
    documents: tuple[DocumentFacts, ...]
    is_xbrl: bool
    is_inline_xbrl: bool

    @property
    def accession(self) -> AccessionNumber:
        """The accession number."""
        return self.header.accession

    @property
    def form(self) -> FormType:
        """The form type."""
        return self.header.form

    @property
    def primary(self) -> DocumentFacts | None:
        """The first document, the subject of the filing; None for a paper filing."""
        return min(self.documents, key=lambda document: document.sequence or 0, default=None)

    def entity(self, cik: Cik | None) -> Entity | None:
        """The entity with this CIK, else the first; None if the header has none."""
        for entity in self.header.entities:
            if entity.cik == cik:
                return entity
        return next(iter(self.header.entities), None)

    @property
    def accepted(self) -> datetime:
        """When EDGAR accepted it, in EDGAR's time zone; the start of the filing date if the header lacks it."""
        moment = self.header.acceptance_datetime
        if moment is None:
            moment = datetime(self.filing_date.year, self.filing_date.month, self.filing_date.day)  # noqa: DTZ001 — the zone follows
        return moment.replace(tzinfo=EASTERN)


class ServedArchive:
    """The library behind a server: reading and searching, limited by a `Gate`."""

    def __init__(self, library: AsyncLibrary, gate: Gate) -> None:
        self.library = library
        self._gate = gate
        self._facts: OrderedDict[tuple[str, str], tuple[FilingFacts, int]] = OrderedDict()
        self._facts_bytes = 0
        self._submissions: OrderedDict[str, tuple[str, int, Submission]] = OrderedDict()
        self._kept_bytes = 0
        self._md5: dict[str, str] = {}
        self._status: tuple[float, Status] | None = None
        self._tickers: tuple[str, Any] | None = None
        self._names: OrderedDict[int, tuple[float, str]] = OrderedDict()

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
        """As `Library.search`. Raises its errors, and `web.HTTPServiceUnavailable` if too many searches run."""
        return await self.run(SearchOptions(query, **options))

    async def run(self, options: SearchOptions) -> Results:
        """As `Library.run`; raises as `search`."""
        return await self._do(lambda: self.library.run(options))

    async def facet(self, results: Results, facet: Facet) -> tuple[FacetCount, ...]:
        """How many hits in `results` have each value."""
        return (await self.facets(results, facet))[facet]

    async def facets(self, results: Results, *facets: Facet) -> dict[Facet, tuple[FacetCount, ...]]:
        """The same for several facets at once."""
        return dict(await self.do(results.facets, *facets))

    async def diagnose(self, results: Results) -> Diagnosis:
        """Why `results` is empty."""
        return await self.do(results.diagnose)

    async def recent_status(self) -> Status:
        """The contents of the archive, counted at most once in _STATUS_S seconds, as it counts all submissions."""
        now = asyncio.get_running_loop().time()
        if self._status is None or now - self._status[0] > _STATUS_S:
            self._status = (now, await self.library.status())
        return self._status[1]

    async def record(self, accession: AccessionNumber) -> Record:
        """The catalogue's facts about a submission. Raises `NotInArchiveError`, `DamageError`."""
        return await self.library.record(accession)

    async def text(self, document: Document) -> str:
        """The text of a document."""
        return await self.do(document.text)

    async def sections(self, document: Document) -> tuple[Section, ...]:
        """The sections of a report with their spans in its text."""
        return await self.do(document.sections)

    async def section(self, document: Document, name: str) -> str:
        """The text of one section. Raises `NotInArchiveError` if the document lacks it."""
        text = await self.do(document.section, name)
        if text is None:
            raise NotInArchiveError(f"the document has no section {name[:40]!r}", "see its list of sections")
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
        names = [one.name for hit in results.hits for one in await self.entities(hit) if one.cik == cik]
        self._names[cik] = (now, names[0] if names else "")
        self._names.move_to_end(cik)
        while len(self._names) > _KEPT_NAMES:
            self._names.popitem(last=False)
        return self._names[cik][1]

    async def opened(self, accession: AccessionNumber, read: Callable[[Path], T]) -> tuple[T, str]:
        """The result of `read` for the gzip file of a submission, and the MD5 of its decoded bytes, as in EDGAR's ETag.

        One thread call, except the first time for a submission that did not come from EDGAR's server. Raises
        `NotInArchiveError`, and as `read`.
        """
        found = await asyncio.to_thread(self._open, accession, read)
        if found is None:
            md5 = await self._compute_md5(accession)
            path = await asyncio.to_thread(self.library.stored.path, accession)
            return await asyncio.to_thread(read, path), md5
        return found

    def _open(self, accession: AccessionNumber, read: Callable[[Path], T]) -> tuple[T, str] | None:
        """None if the MD5 must be computed first."""
        stored = self.library.stored
        path = stored.path(accession)
        md5 = stored.md5(accession) or self._md5.get(stored.sha256(accession))
        return None if md5 is None else (read(path), md5)

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
            self._submissions.move_to_end(accession)
            return kept[2]
        submission = await self._do(lambda: self.library.submission(accession))
        self._keep(accession, record.sha256, record.size, submission)
        return submission

    def _keep(self, accession: AccessionNumber, sha256: str, size: int, submission: Submission) -> None:
        if size > _KEPT_SUBMISSIONS_BYTES // 4:
            return
        old = self._submissions.pop(accession, None)
        self._kept_bytes += size - (old[1] if old else 0)
        self._submissions[accession] = (sha256, size, submission)
        while self._kept_bytes > _KEPT_SUBMISSIONS_BYTES:
            _, (_, gone, _) = self._submissions.popitem(last=False)
            self._kept_bytes -= gone

    async def facts(self, accession: AccessionNumber) -> FilingFacts:
        """The facts of a filing. Raises as `Library.submission`."""
        record = await self.record(accession)
        key = (str(accession), record.sha256)
        if (known := self._facts.get(key)) is not None:
            self._facts.move_to_end(key)
            return known[0]
        async with reading(record.size):
            submission = await self._do(lambda: self.library.texts(accession))
            facts = await self.do(_facts, submission, record.filing_date, record.size)
        self._keep_facts(key, facts, _weight(submission))
        return facts

    def _keep_facts(self, key: tuple[str, str], facts: FilingFacts, weight: int) -> None:
        if weight > _KEPT_FACTS_BYTES // 4:
            return
        self._facts_bytes += weight - (self._facts[key][1] if key in self._facts else 0)
        self._facts[key] = (facts, weight)
        while self._facts_bytes > _KEPT_FACTS_BYTES:
            _, (_, gone) = self._facts.popitem(last=False)
            self._facts_bytes -= gone

    async def entities(self, hit: Hit) -> Sequence[HitEntity | Entity]:
        """All entities of a hit, including those that it does not list. Raises as `facts`."""
        return (await self.facts(hit.accession)).header.entities if hit.entities_left_out else hit.entities

    async def header_text(self, accession: AccessionNumber) -> str:
        """The text of the stored header. Raises as `Library.submission`."""
        async with reading((await self.record(accession)).size):
            return decode((await self._do(lambda: self.library.texts(accession))).raw_header)

    async def _compute_md5(self, accession: AccessionNumber) -> str:
        record = await self.record(accession)
        path = await asyncio.to_thread(self.library.stored.path, accession)
        found = await self.do(_md5, path, record.sha256)
        if len(self._md5) >= _KEPT_NAMES:
            self._md5.clear()
        self._md5[record.sha256] = found
        return found

    async def facts_of(self, accessions: Iterable[AccessionNumber]) -> list[FilingFacts]:
        """The facts of several filings, in order; unreadable ones are left out (`verify` reports them)."""
        found = []
        for accession in accessions:
            try:
                found.append(await self.facts(accession))
            except (DamageError, NotInArchiveError, UnreadableSubmissionError) as error:
                extra = event("left-out", accession=accession, error=type(error).__name__)
                _log.warning("%s is left out of a list: %s", accession, error, extra=extra)
        return found

    async def held_between(self, first: date, last: date) -> list[Hit]:
        """The filings with a filing date from `first` to `last`, oldest first."""
        results = await self.search(None, since=first, until=last, sort="oldest", limit=None, snippets=False)
        return [await self._whole(hit) for hit in results.hits]

    async def _whole(self, hit: Hit) -> Hit:
        if not hit.entities_left_out:
            return hit
        entities = tuple(HitEntity(one.cik, one.name, one.role) for one in await self.entities(hit))
        return replace(hit, entities=entities, entities_left_out=0)

    async def held_by(self, cik: Cik) -> list[Hit]:
        """The filings of the entity with this CIK, newest first."""
        results = await self.search(None, cik=int(cik), sort="newest", limit=None, snippets=False)
        return list(results.hits)


def read_accession(text: str) -> AccessionNumber | None:
    """The accession number in a URL, with dashes or as 18 digits; None if there is none."""
    try:
        return AccessionNumber(text)
    except IdentifierError:
        return None


def document_name(document: Document | StoredDocument, accession: AccessionNumber, position: int) -> str:
    """The file name of a document in URLs: EDGAR's, or one made from its number if the filer gave none."""
    return document.filename or f"{accession}-{document.sequence or position + 1}.txt"


def _facts(submission: StoredSubmission, filing_date: date, size: int) -> FilingFacts:
    accession = submission.header.accession
    documents = tuple(
        DocumentFacts(
            type=document.type,
            sequence=document.sequence,
            filename=document_name(document, accession, position),
            description=document.description,
            size=document.size,
            is_data=document.type.upper().startswith(_XBRL_TYPES),
        )
        for position, document in enumerate(submission.documents)
    )
    types = {document.type.upper() for document in documents}
    has_xbrl = any(one.startswith(("EX-100", "EX-101")) for one in types)
    return FilingFacts(
        header=submission.header,
        filing_date=submission.header.filing_date or filing_date,
        size=size,
        documents=documents,
        is_xbrl=has_xbrl,
        # with inline XBRL the instance is in the report itself: there is a schema but no instance document
        is_inline_xbrl="EX-101.SCH" in types and "EX-101.INS" not in types,
    )


def _md5(path: Path, sha256: str) -> str:
    """The MD5 of the decoded bytes of a stored submission, read in pieces. Raises `DamageError` for other bytes."""
    found, known = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    for piece in unpack(path):
        found.update(piece)
        known.update(piece)
    if known.hexdigest() != sha256:
        raise DamageError(f"the stored bytes of {path.name} have changed", "run `edgarchive verify`")
    return found.hexdigest()


def _weight(submission: StoredSubmission) -> int:
    """About how many bytes the facts of a filing take: its filer decides on its header and its list of documents."""
    texts = (one for document in submission.documents for one in (document.filename, document.description))
    header = 4 * len(submission.raw_header) + 200 * submission.raw_header.count(b"\n")
    return header + 400 * len(submission.documents) + sum(len(text or "") for text in texts)
