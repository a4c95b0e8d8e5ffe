"""Searching and reading an archive from asyncio: `AsyncLibrary`."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Hashable
from os import PathLike
from pathlib import Path
from typing import Self

from archiver.catalogue.runs import Run
from archiver.identifiers import AccessionNumber
from archiver.settings.settings import Settings
from indexer.archive.journal import StoredRecord
from indexer.archive.stored_files import StoredFiles
from indexer.matcher import FilingMatcher, Question
from indexer.passages.cutting import Snippet
from indexer.search.diagnosis.model import Diagnosis
from indexer.search.hits import Hit
from indexer.search.library import SECTION_OPTIONS, Library
from indexer.search.options import SearchOptions, takes_options
from indexer.search.records import Record, Status
from indexer.search.results import Results
from indexer.section_rows import SectionRows
from indexer.submission.submission import Submission
from indexer.texts.model import StoredSubmission


class AsyncLibrary:
    """`Library` for asyncio: each call runs in a thread of its own, and returns hits that are already created.

    >>> async with AsyncLibrary("edgar/") as library:                                  # doctest: +SKIP
    ...     results = await library.search("resigned", item="5.02")
    """

    def __init__(self, root: str | PathLike[str] | None = None, *, settings: Settings | None = None) -> None:
        """Open the archive in folder `root`, else that of the settings. Raises `NotInArchiveError`, `SettingsError`."""
        self._library = Library(root, settings=settings)

    def __repr__(self) -> str:
        return repr(self._library).replace("Library", "AsyncLibrary", 1)

    @takes_options(SearchOptions)
    async def search(self, options: SearchOptions) -> Results:
        """See `Library.search`."""
        return await self.run(options)

    async def run(self, options: SearchOptions) -> Results:
        """See `Library.run`."""
        results = await asyncio.to_thread(self._library.run, options)
        return results if options.limit is not None else await asyncio.to_thread(results.materialize)

    @takes_options(SearchOptions)
    async def diagnose(self, options: SearchOptions) -> Diagnosis:
        """See `Library.diagnose`."""
        return await asyncio.to_thread(lambda: self._library.run(options.replace(limit=0)).diagnose())

    async def question(self, options: SearchOptions) -> Question:
        """See `Library.question`."""
        return await asyncio.to_thread(self._library.question, options)

    async def matcher(self, accession: AccessionNumber) -> FilingMatcher:
        """See `Library.matcher`."""
        return await asyncio.to_thread(self._library.matcher, accession)

    async def submission(self, accession: str) -> Submission:
        """See `Library.submission`."""
        return await asyncio.to_thread(self._library.submission, accession)

    async def texts(self, accession: str) -> StoredSubmission:
        """See `Library.texts`."""
        return await asyncio.to_thread(self._library.texts, accession)

    @takes_options(SECTION_OPTIONS)
    async def sections(self, options: SearchOptions) -> SectionRows:
        """See `Library.sections`. All rows are read before it returns."""
        given = {field.name: getattr(options, field.name) for field in dataclasses.fields(options)}
        return await asyncio.to_thread(lambda: SectionRows(iter([*self._library.sections(**given)])))

    async def passages(self, hit: Hit, n: int = 3, *, context_words: int | None = None) -> tuple[Snippet, ...]:
        """See `Library.passages`."""
        return await asyncio.to_thread(self._library.passages, hit, n, context_words=context_words)

    async def raw(self, accession: str) -> bytes:
        """See `Library.raw`."""
        return await asyncio.to_thread(self._library.raw, accession)

    async def record(self, accession: str) -> Record:
        """See `Library.record`."""
        return await asyncio.to_thread(self._library.record, accession)

    async def marks(self, text: str, query: str, *, stem: bool = False) -> tuple[tuple[int, int], ...]:
        """See `Library.marks`."""
        return await asyncio.to_thread(self._library.marks, text, query, stem=stem)

    @property
    def blocking(self) -> Library:
        """The library that does the work. Its methods block."""
        return self._library

    @property
    def stored(self) -> StoredFiles:
        """See `Library.stored`. Its methods block."""
        return self._library.stored

    @property
    def root(self) -> Path:
        """See `Library.root`."""
        return self._library.root

    @property
    def settings(self) -> Settings:
        """See `Library.settings`."""
        return self._library.settings

    @property
    def version(self) -> Hashable:
        """See `Library.version`."""
        return self._library.version

    async def status(self) -> Status:
        """See `Library.status`."""
        return await asyncio.to_thread(self._library.status)

    async def log(self, limit: int | None = None) -> tuple[Run, ...]:
        """See `Library.log`."""
        return await asyncio.to_thread(self._library.log, limit)

    async def run_of(self, number: int) -> Run:
        """See `Library.run_of`."""
        return await asyncio.to_thread(self._library.run_of, number)

    async def stored_by(self, number: int) -> list[StoredRecord]:
        """See `Library.stored_by`."""
        return await asyncio.to_thread(self._library.stored_by, number)

    async def close(self) -> None:
        """Close the archive and its index."""
        await asyncio.to_thread(self._library.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
