"""Searching and reading an archive from Python: `Library`, and `AsyncLibrary` with the same names, awaitable."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections.abc import Sequence
from datetime import date, datetime
from os import PathLike
from pathlib import Path
from typing import Any, Self, TypeVar, get_args

from whoosh.query import Query

from archiver.edgar.endpoints import index_page
from archiver.errors import DamageError, NotInArchiveError, UsageError
from archiver.events import event
from archiver.identifiers import AccessionNumber, Cik, FormType, parse_date
from archiver.settings import Settings
from archiver.store.archive import Archive
from indexer.engine import Engine, Facet, FacetCount, Sort
from indexer.entries import HitEntity
from indexer.index_folder import open_index
from indexer.query.build import Filters, parse_query
from indexer.search.results import Hit, HitDocument, LazyHits, Results
from indexer.search.snippets import Highlighter
from indexer.submission.submission import Submission, parse_submission

T = TypeVar("T", bound=int | str)
Texts = str | Sequence[str] | None
Ciks = int | str | Sequence[int | str] | None

_log = logging.getLogger(__name__)


class Library:
    """An archive to search and read. Its own context manager; several threads may use one.

    >>> with Library("edgar/") as library:                                             # doctest: +SKIP
    ...     for hit in library.search("resigned", item="5.02", name="internap", limit=20):
    ...         print(hit.accession, hit.entities[0].name, hit.snippet)
    """

    def __init__(self, root: str | PathLike[str] | None = None, *, settings: Settings | None = None) -> None:
        """Open the archive in folder `root`, else where settings say. Raises `NotInArchiveError`, `SettingsError`."""
        self._archive = Archive.open(Path(root) if root is not None else (settings or Settings()).root)
        self._settings = settings
        self._engine: Engine | None = None
        self._opening = threading.Lock()

    def search(
        self,
        query: str | None = None,
        *,
        cik: Ciks = None,
        form: Texts = None,
        item: Texts = None,
        name: Texts = None,
        type: Texts = None,  # noqa: A002 (EDGAR's word, and the command line's)
        since: date | str | None = None,
        until: date | str | None = None,
        sort: Sort | None = None,
        limit: int | None = 10,
        offset: int = 0,
        documents: bool = False,
        snippets: bool = True,
        stem: bool = False,
    ) -> Results:
        """What `query` finds among what the filters select (docs/query-language.md).

        A filter takes one value or several, which are alternatives; dates are filing dates, inclusive, as `date` or ISO
        text. Without a query: what the filters select, newest first. `limit` hits from `offset` on, or, with None, all
        of them, each made when it is reached; one a submission, or one a document with `documents`. `sort` is
        ``relevance``, ``newest`` or ``oldest``. With `stem`, words of text stand for all words of their English stem.
        Raises `QueryError`, `UsageError`, `IndexMissingError`.
        """
        started = time.perf_counter()
        if sort is not None and sort not in get_args(Sort):
            raise UsageError(f"cannot sort by {sort!r}", f"choose one of: {', '.join(get_args(Sort))}")
        if (limit or 0) < 0 or offset < 0:
            raise UsageError("limit and offset cannot be negative", "give 0 or more")
        filters = Filters(
            cik=_many(cik),
            form=_many(form),
            item=_many(item),
            name=_many(name),
            type=_many(type),
            since=_date(since),
            until=_date(until),
        ).tree()
        tree = parse_query(query, stem=stem) if query is not None and query.strip() else None
        found = self._index().search(tree, filters=filters, sort=sort, limit=limit, offset=offset, documents=documents)
        snippet = _Snippets(self, tree if snippets else None)
        hits: Sequence[Hit] = LazyHits(found.hits, lambda hit: self._hit(json.loads(hit.stored), hit.score, snippet))
        if limit is not None:
            hits = tuple(hits)

        def count(facet: Facet) -> tuple[FacetCount, ...]:
            return self._index().facet(tree, facet, filters=filters, documents=documents)

        took_ms = round((time.perf_counter() - started) * 1000, 1)
        return Results(query, found.total, took_ms, hits, tree, filters, count)

    def submission(self, accession: str) -> Submission:
        """The submission with this accession number. Raises `IdentifierError`, `NotInArchiveError`, `DamageError`."""
        return parse_submission(self._archive.read(AccessionNumber(accession)))

    def close(self) -> None:
        """Close the archive and its index."""
        if self._engine is not None:
            self._engine.close()
        self._archive.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _index(self) -> Engine:
        with self._opening:
            if self._engine is None:
                self._engine = open_index(self._archive.index_path, settings=self._settings)
            return self._engine

    def _hit(self, stored: dict[str, Any], score: float | None, snippets: _Snippets) -> Hit:
        accession = AccessionNumber(stored["accession"])
        entities = tuple(
            HitEntity(None if cik is None else Cik(cik), name, role) for cik, name, role in stored["entities"]
        )
        cik = next((entity.cik for entity in entities if entity.cik is not None), None)
        accepted, period, position = stored["acceptance_datetime"], stored["period_of_report"], stored["position"]
        return Hit(
            accession=accession,
            form=FormType(stored["form"]),
            filing_date=date.fromisoformat(stored["filing_date"]),
            acceptance_datetime=datetime.fromisoformat(accepted) if accepted else None,
            period_of_report=date.fromisoformat(period) if period else None,
            items=tuple(stored["items"]),
            entities=entities,
            document=None
            if position is None
            else HitDocument(
                stored["type"],
                stored["sequence"],
                stored["filename"],
                stored["description"],
                truncated=stored.get("truncated", False),
            ),
            score=score,
            snippet=snippets.make(accession, position, stored["description"]),
            url=None if cik is None else index_page(cik, accession),
            _read=self.submission,
            _position=position,
        )


class _Snippets:
    """Makes the snippets of one search; hits of one submission that follow each other share its reading."""

    def __init__(self, library: Library, query: Query | None) -> None:
        self._library = library
        highlighter = None if query is None else Highlighter(query)
        self._highlighter = highlighter if highlighter and highlighter.looks_for_text else None
        self._last: Submission | None = None

    def make(self, accession: AccessionNumber, position: int | None, description: str | None) -> str | None:
        """The snippet of a document's text, else of its description; None where the query stands in neither."""
        if self._highlighter is None or position is None:
            return None
        try:
            submission = self._last  # threads may share the results; each goes on with what it has
            if submission is None or submission.header.accession != accession:
                submission = self._last = self._library.submission(accession)
            found = submission.documents[position : position + 1]  # none, where bytes changed and wait to be indexed
            snippet = self._highlighter.snippet(found[0].text()) if found else None
        except (DamageError, NotInArchiveError) as error:
            facts = event("snippet-missing", accession=accession, error=type(error).__name__)
            _log.warning("no snippet of %s: %s", accession, error, extra=facts)  # the hit stands; `verify` reports it
            return None
        snippet = snippet or self._highlighter.snippet(description or "")
        return None if snippet is None else snippet.as_html()


class AsyncLibrary:
    """`Library` for asyncio: each call runs in a thread of its own, and gives back hits that are made.

    >>> async with AsyncLibrary("edgar/") as library:                                  # doctest: +SKIP
    ...     results = await library.search("resigned", item="5.02")
    """

    def __init__(self, root: str | PathLike[str] | None = None, *, settings: Settings | None = None) -> None:
        """Open the archive in folder `root`, else where settings say. Raises `NotInArchiveError`, `SettingsError`."""
        self._library = Library(root, settings=settings)

    async def search(
        self,
        query: str | None = None,
        *,
        cik: Ciks = None,
        form: Texts = None,
        item: Texts = None,
        name: Texts = None,
        type: Texts = None,  # noqa: A002 (as Library.search)
        since: date | str | None = None,
        until: date | str | None = None,
        sort: Sort | None = None,
        limit: int | None = 10,
        offset: int = 0,
        documents: bool = False,
        snippets: bool = True,
        stem: bool = False,
    ) -> Results:
        """See `Library.search`."""
        results = await asyncio.to_thread(
            self._library.search,
            query,
            cik=cik,
            form=form,
            item=item,
            name=name,
            type=type,
            since=since,
            until=until,
            sort=sort,
            limit=limit,
            offset=offset,
            documents=documents,
            snippets=snippets,
            stem=stem,
        )
        return results if limit is not None else await asyncio.to_thread(results.made)

    async def submission(self, accession: str) -> Submission:
        """See `Library.submission`."""
        return await asyncio.to_thread(self._library.submission, accession)

    async def close(self) -> None:
        """Close the archive and its index."""
        await asyncio.to_thread(self._library.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _many(values: T | Sequence[T] | None) -> Sequence[T]:
    if values is None:
        return ()
    return values if isinstance(values, Sequence) and not isinstance(values, str) else (values,)


def _date(value: date | str | None) -> date | None:
    return parse_date(value) if isinstance(value, str) else value
