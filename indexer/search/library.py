"""Searching and reading an archive from Python: `Library`."""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Self

from archiver.errors import DamageError, EdgarchiveError, NotInArchiveError, UsageError
from archiver.identifiers import AccessionNumber, Cik
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from indexer.engine import FacetCount, JoinedEngine, within_unit
from indexer.fields import Facet
from indexer.index_folder import marks_hold
from indexer.index_reader import IndexReader
from indexer.passages.cutting import Snippet
from indexer.passages.excerpts import ExcerptMaker
from indexer.passages.snippets import Highlighter
from indexer.query.bounds import one_search
from indexer.query.build import parse_query
from indexer.query.language.leaves import join_all
from indexer.query.nodes import Node
from indexer.query.scopes.sections import bound_query
from indexer.search.hit_maker import HitMaker
from indexer.search.hits import FromLibrary, Hit, LazyHits
from indexer.search.options import SearchOptions, several, takes_options
from indexer.search.results import Results
from indexer.section_rows import Row, SectionRows, filing_facts, section_rows
from indexer.texts.reader import TextReader

if TYPE_CHECKING:
    from archiver.catalogue.runs import Run
    from indexer.archive.journal import StoredRecord
    from indexer.archive.stored_files import StoredFiles
    from indexer.matcher import FilingMatcher, Question
    from indexer.search.diagnosis.model import Diagnosis
    from indexer.search.records import Record, Status
    from indexer.submission.submission import Submission
    from indexer.texts.model import StoredSubmission

SECTION_OPTIONS = partial(SearchOptions, sort="oldest", limit=None, documents=True, snippets=False)
"""Options for iterating over sections: all hits, by filing date."""


class Library:
    """An archive to search and read. Its own context manager; several threads may use one.

    Once it is closed, every call raises `UsageError`; hits and results that it returned remain usable, but can no
    longer read from the archive.

    >>> with Library("edgar/") as library:                                             # doctest: +SKIP
    ...     for hit in library.search("resigned", item="5.02", name="internap", limit=20):
    ...         print(hit.accession, hit.entities[0].name, hit.snippet)
    """

    def __init__(self, root: str | PathLike[str] | None = None, *, settings: Settings | None = None) -> None:
        """Open the archive in folder `root`, else that of the settings. Raises `NotInArchiveError`, `SettingsError`."""
        self._opened: Archive | None = Archive.open(Path(root) if root is not None else (settings or Settings()).root)
        self._texts = TextReader(self._opened)
        self._settings = settings
        self._index = IndexReader(self._opened.index_path, settings=settings)
        self._known_tickers: tuple[str, Mapping[str, Cik]] | None = None
        self._marker: tuple[tuple[str, bool], Highlighter] | None = None

    @takes_options(SearchOptions)
    def search(self, options: SearchOptions) -> Results:
        """Search the archive; the arguments are those of `SearchOptions`.

        Raises `QueryError`, `UsageError`, `IndexMissingError`.
        """
        return self.run(options)

    def run(self, options: SearchOptions) -> Results:
        """Search the archive with these options; `search` takes the same as arguments. Raises as `search`."""
        started = time.perf_counter()
        query = options.query
        tree, filters = self._trees(options)
        with one_search():
            asked, selected = self._index.ask(
                lambda engine: within_unit(JoinedEngine(engine), tree, filters, options.within)
            )
            found = self._index.ask(
                lambda engine: JoinedEngine(engine).search(
                    asked,
                    filters=selected,
                    sort=options.sort,
                    limit=options.limit,
                    offset=options.offset,
                    documents=options.documents,
                )
            )
        excerpts = None
        shown_by = bound_query(tree, filters)
        if shown_by is not None and (options.snippets or options.passages):
            excerpts = ExcerptMaker(
                self.texts, shown_by, passages=options.passages, context_words=options.context_words
            )
        hits: Sequence[Hit] = LazyHits(found.hits, HitMaker(self.submission, excerpts))
        if options.limit is not None:
            hits = tuple(hits)

        def count(facet: Facet, year: int | None) -> tuple[FacetCount, ...]:
            # a section is in one document
            wanted, narrowed = (tree, filters) if facet == "section" else (asked, selected)
            if year is not None:
                in_year = options.in_year(year)
                narrowed = self._filters(in_year) if wanted is tree else join_all((selected, in_year.filters().dates()))
            with one_search():
                return self._index.ask(
                    lambda engine: JoinedEngine(engine).facet(
                        wanted, facet, filters=narrowed, documents=options.documents
                    )
                )

        took_ms = round((time.perf_counter() - started) * 1000, 1)
        return Results(
            query,
            found.total,
            took_ms,
            hits,
            tree,
            filters,
            FromLibrary(count),
            FromLibrary(self._name_of),
            FromLibrary(lambda: self._diagnose(options, found.total)),
            options.within,
        )

    def question(self, options: SearchOptions) -> Question:
        """A search prepared for matching many filings (`matcher`). Raises `QueryError`, `UsageError`."""
        from indexer.matcher import Question  # noqa: PLC0415 — a search needs none of it

        return Question(*self._trees(options), unit=options.within)

    def matcher(self, accession: AccessionNumber) -> FilingMatcher:
        """A matcher that tells which searches find a stored filing, much faster than the index for many searches.

        Raises as `submission`.
        """
        from indexer.entries import entries_of  # noqa: PLC0415 — a search needs none of it
        from indexer.matcher import FilingMatcher  # noqa: PLC0415 — as above

        record = self._archive.record(accession)
        return FilingMatcher(
            entries_of(
                self.texts(accession),
                sha256=record.sha256,
                filing_date=record.filing_date,
                added=record.added,
                added_run=record.added_run,
                max_text_chars=self.settings.max_text_chars,
                warn=False,  # as indexing did
            )
        )

    @takes_options(SearchOptions)
    def diagnose(self, options: SearchOptions) -> Diagnosis:
        """Why a search finds nothing. The arguments are those of `search`; `Results.diagnose` does the same.

        Raises as `search`.
        """
        return self._diagnose(options)

    def _diagnose(self, options: SearchOptions, total: int | None = None) -> Diagnosis:
        from indexer.search.diagnosis.diagnose import diagnose  # noqa: PLC0415 — a search needs none of it

        return diagnose(
            options, self.run, last_run=lambda: next((run.number for run in self.log(1)), None), total=total
        )

    def _trees(self, options: SearchOptions) -> tuple[Node | None, Node | None]:
        """The query and the filters as trees, each None if there is none."""
        query = options.query
        tree = parse_query(query, stem=options.stem, cik_of=self._cik_of) if query and query.strip() else None
        return tree, self._filters(options)

    def _filters(self, options: SearchOptions) -> Node | None:
        """The filters as a query tree, with tickers replaced by CIKs."""
        filters = options.filters()
        if options.ticker is not None:
            from archiver.listings.tickers import ciks_of  # noqa: PLC0415 — for this filter alone

            ciks = ciks_of(several("ticker", options.ticker) or (), self._tickers())
            filters = replace(filters, cik=(*(filters.cik or ()), *ciks))
        return filters.tree()

    def _tickers(self) -> Mapping[str, Cik]:
        """EDGAR's list of tickers, read once per copy."""
        from archiver.listings.tickers import parse_tickers  # noqa: PLC0415 — a search needs none of it

        stored = self.stored
        version = stored.tickers_sha256()
        if version is not None and self._known_tickers is not None and self._known_tickers[0] == version:
            return self._known_tickers[1]
        body = stored.tickers()
        if body is None or version is None:
            raise UsageError(
                "this archive has no list of tickers", "run `edgarchive sync --ticker …` once, or search by CIK"
            )
        tickers = parse_tickers(body)
        self._known_tickers = (version, tickers)
        return tickers

    def _cik_of(self, ticker: str) -> Cik:
        from archiver.listings.tickers import ciks_of  # noqa: PLC0415 — a search needs none of it

        return ciks_of([ticker], self._tickers())[0]

    def _name_of(self, facet: Facet, value: int) -> str | None:
        """The name of a CIK or SIC code in the latest filing."""
        try:
            [hit] = self.run(SearchOptions(f"{facet}:{value}", limit=1, sort="newest", snippets=False))
            if facet == "cik":
                return next((entity.name for entity in hit.entities if entity.cik == value), None)
            entities = hit.submission().header.entities
        except (ValueError, DamageError, NotInArchiveError):  # the filing is gone or unreadable
            return None
        return next((entity.sic_description for entity in entities if entity.sic == value), None)

    def submission(self, accession: str) -> Submission:
        """The submission with this accession number, in any spelling that `AccessionNumber.from_text` accepts.

        Raises `IdentifierError`, `NotInArchiveError`, `DamageError`.
        """
        from indexer.submission.submission import parse_submission  # noqa: PLC0415 — a search needs none of it

        return parse_submission(self.raw(accession), accession=AccessionNumber.from_text(accession))

    def texts(self, accession: str) -> StoredSubmission:
        """The documents of a submission with texts and sections, from the text store if it has them.

        Raises as `submission`.
        """
        _ = self._archive  # the library must be open
        return self._texts.submission(AccessionNumber.from_text(accession))

    @takes_options(SECTION_OPTIONS)
    def sections(self, options: SearchOptions) -> SectionRows:
        """Rows of the sections of the 10-Ks, 10-Qs and 8-Ks that a search finds, by filing date, read one by one.

        The arguments are those of `search`, but `item` and `section` both say which sections: an item (``"1A"``,
        ``"II 1A"``, ``"5.02"``) or a name (``"risk-factors"``); without them, all. A query must stand in such a
        section. If nothing is found, a warning names a value that the archive does not have, such as the form ``10K``.
        A row is a dict: ``accession``, ``cik``, ``name``, ``form``, ``filing_date``, ``period``,
        ``sequence``, ``part``, ``item``, ``title``, ``text``, ``words``, ``is_reference``. The library must be open
        while they are read. Raises as `search`, and while reading as `submission`.
        """
        names = (*(options.item or ()), *(options.section or ()))
        found = self.run(options.replace(item=None, section=names or None, documents=True, snippets=False))
        if not found.total:
            found.diagnose().warn_of_unknown()
        return SectionRows(self._section_rows(found, names))

    def _section_rows(self, found: Results, names: Sequence[str]) -> Iterator[Row]:
        for hit in found:
            filing = self.texts(hit.accession)
            facts = filing_facts(filing, filing_date=hit.filing_date)
            if hit.position is not None and hit.position < len(filing.documents):
                yield from section_rows(filing.documents[hit.position], facts, names=names)

    def passages(self, hit: Hit, n: int = 3, *, context_words: int | None = None) -> tuple[Snippet, ...]:
        """The `n` best passages of the found document, best first, with their matches.

        A passage has about 240 characters, or `context_words` words on each side of its matches. Empty if the search
        had no words. Raises as `submission`, and `UsageError` for `n` below 1 or `context_words` below 0.
        """
        if n < 1 or (context_words or 0) < 0:
            raise UsageError("the number of passages must be at least 1, and of words at least 0", "give 1 or more")
        position, query = hit.position, hit.query
        if query is None or position is None or not Highlighter(query).looks_for_text:
            return ()
        documents = self.texts(hit.accession).documents
        if position >= len(documents):
            raise NotInArchiveError(f"{hit.accession} has changed since it was indexed", "run `edgarchive index`")
        maker = ExcerptMaker(self.texts, query, passages=n, context_words=context_words)
        return tuple(passage.snippet for passage in maker.find(documents[position]).passages)

    def raw(self, accession: str) -> bytes:
        """The exact bytes of a submission as EDGAR sent them. Raises as `submission`."""
        return self._archive.read(AccessionNumber.from_text(accession))

    def record(self, accession: str) -> Record:
        """The catalogue's facts about a submission. Raises `IdentifierError`, `NotInArchiveError`."""
        from indexer.search.records import record_of  # noqa: PLC0415 — a search needs none of it

        return record_of(self._archive, AccessionNumber.from_text(accession))

    def marks(self, text: str, query: str, *, stem: bool = False) -> tuple[tuple[int, int], ...]:
        """The spans of the words of `query` in `text`, in characters, in order. Raises `QueryError`."""
        asked, marker = (query, stem), self._marker
        if marker is None or marker[0] != asked:
            marker = self._marker = asked, Highlighter(parse_query(query, stem=stem, cik_of=self._cik_of))
        return marker[1].marks(text)

    @property
    def stored(self) -> StoredFiles:
        """The stored files themselves, and the copies of EDGAR's listings."""
        from indexer.archive.stored_files import StoredFiles  # noqa: PLC0415 — a search needs none of it

        return StoredFiles(self._archive)

    @property
    def version(self) -> Hashable:
        """A value that differs after every change of what can be searched or read.

        None if that cannot be told: without an index, or with one on a server.
        """
        from indexer.search.records import archive_version  # noqa: PLC0415 — a search needs none of it

        return archive_version(self._archive)

    def run_of(self, number: int) -> Run:
        """The run `number` in the journal. Raises `NotInArchiveError`."""
        from indexer.archive.journal import run_of  # noqa: PLC0415 — a search needs none of it

        return run_of(self._archive, number)

    def stored_by(self, number: int) -> list[StoredRecord]:
        """What a run stored, by accession number. Raises as `run_of`."""
        from indexer.archive.journal import stored_by  # noqa: PLC0415 — a search needs none of it

        self.run_of(number)
        return list(stored_by(self._archive, number))

    def status(self) -> Status:
        """What the archive contains, and whether its index can be searched."""
        from indexer.search.records import status_of  # noqa: PLC0415 — a search needs none of it

        archive, error = self._archive, None
        try:
            self._index.ask(lambda _: None)
        except EdgarchiveError as caught:
            error = caught
        return status_of(archive, index_error=error, marks_hold=marks_hold(archive.index_path))

    def log(self, limit: int | None = None) -> tuple[Run, ...]:
        """The journal: at most `limit` runs that wrote to the archive, newest first.

        Raises `UsageError` for a negative `limit`.
        """
        if limit is not None and limit < 0:
            raise UsageError("limit cannot be negative", "give 0 or more, or None for all runs")
        return tuple(self._archive.catalogue.runs.latest(limit))

    def close(self) -> None:
        """Close the archive and its index. It may be called again."""
        self._index.close()
        self._texts.close()
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()

    def __repr__(self) -> str:
        return "<Library, closed>" if self._opened is None else f"Library({str(self._opened.root)!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def root(self) -> Path:
        """The archive's folder."""
        return self._archive.root

    @property
    def settings(self) -> Settings:
        """Its settings, those of the environment if it was opened without; `root` is the archive's folder."""
        root = self.root  # the library must be open
        if self._settings is None or self._settings.root != root:
            self._settings = (self._settings or Settings()).replace(root=root)  # it reads files: once is enough
        return self._settings

    @property
    def _archive(self) -> Archive:
        if self._opened is None:
            raise UsageError("the library is closed", "read before it is closed, or open it again")
        return self._opened
