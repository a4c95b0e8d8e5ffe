"""The filings of an export, in order: all, the hits of a search, a list, or only what is new."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from datetime import UTC, datetime, timedelta
from typing import Self

from archiver.catalogue.catalogue import Catalogue
from archiver.catalogue.records import CatalogueRecord
from archiver.identifiers import AccessionNumber
from archiver.settings.settings import Settings
from archiver.startup.dataclass import dataclass
from archiver.store.archive import Archive
from archiver.store.locking import is_being_written
from edgarchive.exporting.files.state import ExportState, LastExport
from edgarchive.exporting.rows import Wanted
from indexer.search.library import Library
from indexer.search.options import SearchOptions

COMMIT_S = 600
"""Seconds within which a stored file gets its row in the catalogue. The row has the time of the bytes."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The filings to export: what `options` find, or `accessions` in their order; with neither, all.

    `by_document`: only the found documents. `since`: only what that export did not have. Everything is exported,
    whatever the limit in the options.
    """

    options: SearchOptions | None = None
    accessions: tuple[AccessionNumber, ...] | None = None
    by_document: bool = False
    since: LastExport | None = None

    def selection(self) -> str:
        """A digest that two choices share if they select the same filings of any archive."""
        options = None if self.options is None else _whole(self.options, documents=self.by_document).to_dict()
        return hashlib.sha256(json.dumps([options, self.accessions], sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Begun:
    """What the archive had when an export began: what came until then, and what the runs up to `run` stored.

    A run that had ended counts whatever its clock said: a clock that was ahead dates its filings in the future. So do
    `undated`, filings of no run with such a date. `latest` is the latest run, which may still have been active. What a
    search may find while it runs though it was `unindexed`, of those that only want what is new, is for the next one.
    `recent` has the sha256 of what was stored or added shortly before: the
    catalogue may get the row of another such filing only when the export has passed its day.
    """

    until: datetime
    run: int = 0
    latest: int = 0
    undated: frozenset[str] = frozenset()
    unindexed: frozenset[str] = frozenset()
    recent: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def now(cls, choice: Choice, settings: Settings, state: ExportState | None = None) -> Self:
        """An export that begins now, or that began with `state` and is resumed now. Raises as `Archive.open`."""
        until = datetime.now(UTC)
        with Archive.open(settings.root) as archive:
            catalogue = archive.catalogue
            latest = next((run.number for run in catalogue.runs.latest(1)), 0)
            run = latest - 1 if latest and is_being_written(archive.layout) else latest
            if state is not None:
                until, run, latest = state.until, state.run, state.latest
            begun = cls(until, run, latest, unindexed=_unindexed(choice, catalogue))
            overlap = until - timedelta(seconds=COMMIT_S)
            undated, recent = set(), {}
            for one in itertools.chain(catalogue.stored_since(overlap), catalogue.added_since(overlap)):
                is_undated = one.run is None and one.stored_at > until
                if is_undated:
                    undated.add(str(one.accession))
                if is_undated or begun.had_bytes(one):
                    recent[str(one.accession)] = one.sha256
            return replace(begun, undated=frozenset(undated), recent=recent)

    def had(self, record: CatalogueRecord) -> bool:
        """Whether the archive had the filing, with these bytes or others, and can find it."""
        is_there = record.added <= self.until or self._is_of_a_run(record, record.added_run)
        return is_there and str(record.accession) not in self.unindexed

    def had_bytes(self, record: CatalogueRecord) -> bool:
        """Whether the archive had these bytes of the filing."""
        return record.stored_at <= self.until or self._is_of_a_run(record, record.run)

    def _is_of_a_run(self, record: CatalogueRecord, run: int | None) -> bool:
        return (run is not None and run <= self.run) or str(record.accession) in self.undated


def wanted_filings(choice: Choice, settings: Settings, begun: Begun) -> Iterator[Wanted]:
    """The filings to export, in order: those that the archive had when the export began."""
    since = choice.since
    with Archive.open(settings.root) as archive:
        for wanted in _asked_for(choice, settings, archive):
            record = wanted.record
            if record is None or (begun.had(record) and (since is None or _is_new(record, since))):
                yield wanted


def _unindexed(choice: Choice, catalogue: Catalogue) -> frozenset[str]:
    """What is new and in no answer of a search yet."""
    if choice.options is None or choice.since is None:
        return frozenset()
    return frozenset(str(one.accession) for one in catalogue.unindexed() if _is_new(one, choice.since))


def _is_new(record: CatalogueRecord, since: LastExport) -> bool:
    if record.accession in since.again:
        return True
    is_later = record.run is not None and since.run is not None and record.run > since.run
    last = max(record.stored_at, record.added)  # a repair may add a filing long after its file was stored
    overlap = since.until - timedelta(seconds=COMMIT_S)
    return (is_later or last > overlap) and since.had.get(record.accession) != record.sha256


def this_export(choice: Choice, settings: Settings, begun: Begun, *, failed: Iterable[str]) -> LastExport:
    """What the next export needs to know about this one, which had what was stored before it began except `failed`.

    A search finds only what is indexed; what is new and was not indexed when it began, or is not yet, comes next time.
    """
    with Archive.open(settings.root) as archive:
        again = begun.unindexed.union(failed, _unindexed(choice, archive.catalogue))
    return LastExport(begun.until, again, dict(begun.recent), begun.latest, choice.selection())


def _asked_for(choice: Choice, settings: Settings, archive: Archive) -> Iterator[Wanted]:
    catalogue = archive.catalogue
    if choice.accessions is not None:
        for accession in choice.accessions:
            yield Wanted(accession, catalogue.get(accession))
    elif choice.options is None:
        for record in catalogue.records_by_filing_date():
            yield Wanted(record.accession, record)
    else:
        with Library(settings=settings) as library:
            yield from _found(library, _whole(choice.options, documents=choice.by_document), archive)


def _whole(options: SearchOptions, *, documents: bool) -> SearchOptions:
    return options.replace(sort="oldest", limit=None, offset=0, snippets=False, passages=0, documents=documents)


def _found(library: Library, options: SearchOptions, archive: Archive) -> Iterator[Wanted]:
    """The hits of a search by filing date, with the documents of a filing together."""
    for accession, together in itertools.groupby(library.run(options).hits, key=lambda hit: hit.accession):
        found = [(hit.position, hit.score) for hit in together]
        yield Wanted(accession, archive.catalogue.get(accession), tuple(found) if options.documents else None)
