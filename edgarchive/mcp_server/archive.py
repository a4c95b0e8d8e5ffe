"""The work of the tools, done with the public library alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Literal

from archiver.errors import DamageError, IdentifierError, NotInArchiveError, UsageError
from archiver.identifiers import AccessionNumber, Cik
from archiver.listings.tickers import ciks_of, parse_tickers
from archiver.selection.names import name_keys
from archiver.words import words
from edgarchive.mcp_server import answers, models
from edgarchive.mcp_server.models import Contents
from edgarchive.mcp_server.reading import choose, page, page_around
from edgarchive.web.facts import weight_of
from edgarchive.web.limits.memory import hold, hold_bytes
from indexer.engine import FacetCount
from indexer.search.async_library import AsyncLibrary
from indexer.search.hits import Hit
from indexer.search.options import SearchOptions
from indexer.search.records import Record, Status
from indexer.submission.header import SubmissionHeader
from indexer.texts.model import StoredSubmission

_KEPT_S = 60.0
"""How long the archive's contents are cached; counting a large archive takes longer than a search."""

_CANDIDATES = 50
"""Companies of the found filings that are examined; a filing has others besides the requested one."""

_MOST_NAME_WORDS = 8


class Headers:
    """The headers of filings that `texts` reads; the latest is kept, since many companies may be in one filing."""

    def __init__(self, texts: Callable[[AccessionNumber], Awaitable[tuple[Record, StoredSubmission]]]) -> None:
        self._texts = texts
        self._latest: SubmissionHeader | None = None

    async def read(self, accession: AccessionNumber) -> SubmissionHeader:
        """The header of a filing. Raises as `Library.texts`."""
        if self._latest is None or self._latest.accession != accession:
            self._latest = None
            _, submission = await self._texts(accession)
            self._latest = await asyncio.to_thread(lambda: submission.header)
        return self._latest


class ToolArchive:
    """The library behind the tools. Methods raise the library's errors."""

    def __init__(self, library: AsyncLibrary) -> None:
        self._library = library
        self._contents: tuple[float, Contents] | None = None

    async def search(self, options: SearchOptions) -> models.SearchAnswer:
        """One page of hits."""
        results = await self._library.run(options)
        return await asyncio.to_thread(
            answers.search_answer, results, offset=options.offset, contents=await self.contents()
        )

    async def count(self, options: SearchOptions, *, by: str | None, limit: int) -> models.CountAnswer:
        """How many filings match, and how many of them have each of the `limit` most frequent values of `by`."""
        results = await self._library.run(options.replace(limit=0, snippets=False))
        counts: tuple[FacetCount, ...] = ()
        if by is not None:
            counts = (await asyncio.to_thread(results.facets, by, limit=limit, names=True))[by]
        return answers.count_answer(results, by=by, counts=counts, contents=await self.contents())

    async def filing(self, accession: str, *, documents_offset: int) -> models.Filing:
        """The header of a filing, and the list of its documents."""
        number = AccessionNumber.from_text(accession)
        record, submission = await self._texts(number)
        if documents_offset and documents_offset >= (count := len(submission.documents)):
            raise UsageError(
                f"documents_offset {documents_offset} is at or after the end", f"there are {count} documents"
            )
        return await asyncio.to_thread(answers.filing, submission, record, documents_offset=documents_offset)

    async def read(
        self, accession: str, *, document: str | None, section: str | None, around: str | None, offset: int, chars: int
    ) -> models.Reading:
        """At most `chars` characters of a document or section from `offset` on, or around a match of `around`."""
        number = AccessionNumber.from_text(accession)
        record, submission = await self._texts(number)
        chosen, part = await asyncio.to_thread(choose, submission, document, section)
        text = await asyncio.to_thread(chosen.text)
        if not text.strip():
            raise NotInArchiveError(
                f"document {chosen.sequence} of {number} ({chosen.kind}) has no text", "choose another document"
            )
        if part is not None:
            text = text[part.start : part.end]
        matches = None
        if around is None:
            if offset >= len(text):
                raise UsageError(f"offset {offset} is at or after the end", f"the text has {len(text)} characters")
            shown = page(text, offset=offset, max_chars=chars)
        else:
            marks = await self._library.marks(text, around)
            matches = len(marks)
            found = page_around(text, marks, offset=offset, max_chars=chars)
            if found is None:
                after = f" after offset {offset}" if matches else ""
                raise NotInArchiveError(
                    f"{around[:80]!r} does not occur{after} in this text of {len(text)} characters",
                    "try other words, another document, or leave `around` out",
                )
            shown = found
        return models.Reading(
            accession=str(number),
            form=str(record.form),
            filing_date=record.filing_date,
            document=answers.document_brief(chosen),
            section=None if part is None else answers.section_brief(part),
            text=text[shown.start : shown.end],
            offset=shown.start,
            next_offset=shown.next_offset,
            total_chars=len(text),
            matches=matches,
            url=answers.url_of(submission),
        )

    async def companies(self, wanted: str, *, limit: int) -> models.CompanyAnswer:
        """The companies with this CIK, ticker or name, current or former."""
        contents = await self.contents()
        note, more = "", False
        found: list[models.Company] = []
        ciks, no_ticker = await self._ciks(wanted)
        for cik in ciks:
            found += filter(None, [await self._company(cik, Headers(self._texts))])
        if not found:
            tried = words(wanted)[:_MOST_NAME_WORDS]
            for count in range(len(tried), 0, -1):
                found, more = await self._named(" ".join(tried[:count]), limit=limit)
                if found:
                    if count < len(tried):
                        note = f"No name has all of these words; these have {' '.join(tried[:count])!r}. "
                    break
        if found and more:
            note += "There may be more: give more words of the name. "
        if not found and no_ticker:
            note += f"As a ticker: {no_ticker}. "
        note += answers.meaning(len(found), contents, "company")
        return models.CompanyAnswer(companies=found[:limit], archive=contents, note=note)

    async def _ciks(self, wanted: str) -> tuple[list[int], str]:
        """The CIKs that `wanted` means as a number or ticker; none for a name. And why it cannot be a ticker."""
        if not wanted.strip() or " " in wanted.strip():
            return [], ""
        try:
            return [int(Cik(wanted.strip()))], ""
        except IdentifierError:
            pass
        body = await asyncio.to_thread(self._library.stored.tickers)
        if body is None:
            return [], "this archive has no list of tickers"
        try:
            return [int(cik) for cik in ciks_of([wanted], parse_tickers(body))], ""
        except UsageError as error:  # no such ticker
            return [], error.message

    async def _named(self, name: str, *, limit: int) -> tuple[list[models.Company], bool]:
        """The companies with this name, those with the most filings first, and whether there may be others."""
        results = await self._library.search(name=name, sort="newest", limit=_CANDIDATES, snippets=False)
        counts = (await asyncio.to_thread(results.facets, "cik", limit=_CANDIDATES + 1))["cik"]
        keys, headers = set(words(name)), Headers(self._texts)
        examined, found = 0, list[models.Company]()
        for one in counts[:_CANDIDATES]:
            company = await self._company(int(one.value), headers)
            if company is not None and _has_name(keys, company.name, company.former_names):
                found.append(company)
            examined += 1
            if len(found) == limit:
                break
        if not found:  # it may be one of many in each of its filings
            for cik in await self._ciks_in(results, keys, headers, limit=limit):
                found += filter(None, [await self._company(cik, headers)])
        return sorted(found, key=lambda company: -company.filings), examined < len(counts)

    async def _ciks_in(self, hits: Iterable[Hit], keys: set[str], headers: Headers, *, limit: int) -> list[int]:
        """The CIKs of at most `limit` entities that the headers of `hits` name so."""
        found: dict[int, None] = {}
        for hit in hits:
            try:
                header = await headers.read(hit.accession)
            except (DamageError, NotInArchiveError):  # `verify` reports it
                continue
            for entity in header.entities:
                former = (one.name for one in entity.former_names)
                if entity.cik is not None and _has_name(keys, entity.name, former):
                    found[int(entity.cik)] = None
            if len(found) >= limit:
                break
        return list(found)[:limit]

    async def _texts(self, accession: AccessionNumber) -> tuple[Record, StoredSubmission]:
        """A filing's record and texts, while the call may take the memory for them. Raises as `hold`."""
        record = await self._library.record(accession)
        await hold(record.size)
        submission = await self._library.texts(accession)
        await hold_bytes(weight_of(submission))
        return record, submission

    async def _company(self, cik: int, headers: Headers) -> models.Company | None:
        """The company with this CIK; None if no filing here has it or the latest one cannot be read."""
        newest, total = await self._end("newest", cik=cik)
        oldest, _ = await self._end("oldest", cik=cik)
        if newest is None or oldest is None:
            return None
        try:
            header = await headers.read(newest.accession)
        except (DamageError, NotInArchiveError):  # `verify` reports it
            return None
        entity = next((one for one in header.entities if one.cik == cik), None)
        if entity is None:
            return None
        return answers.company(entity, cik=cik, newest=newest, oldest=oldest, filings=total)

    async def status(self) -> models.ArchiveStatus:
        """The contents of the archive."""
        status = await self._library.status()
        return answers.archive_status(status, await self._count(status))

    async def contents(self) -> Contents:
        """The contents of the archive, counted at most once in `_KEPT_S` seconds."""
        if self._contents is None or time.monotonic() - self._contents[0] >= _KEPT_S:
            return await self._count(await self._library.status())
        return self._contents[1]

    async def _count(self, status: Status) -> Contents:
        first = last = None
        if status.index_error is None:
            (oldest, _), (newest, _) = await self._end("oldest"), await self._end("newest")
            first = None if oldest is None else oldest.filing_date
            last = None if newest is None else newest.filing_date
        contents = Contents(
            filings=status.submissions,
            not_indexed=status.unindexed,
            first_filing_date=first,
            last_filing_date=last,
        )
        self._contents = (time.monotonic(), contents)
        return contents

    async def _end(self, sort: Literal["newest", "oldest"], *, cik: int | None = None) -> tuple[Hit | None, int]:
        """The first filing in this order, and the total."""
        results = await self._library.search(cik=cik, sort=sort, limit=1, snippets=False)
        return next(iter(results), None), results.total


def _has_name(keys: set[str], name: str, former: Iterable[str]) -> bool:
    """Whether all words `keys` are in the `name` of an entity, or in one of its `former` names."""
    return any(keys <= _keys(one) for one in (name, *former))


def _keys(name: str) -> frozenset[str]:
    return frozenset(words(name)) | name_keys(name)
