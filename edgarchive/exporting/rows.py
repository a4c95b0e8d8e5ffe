"""The rows of a filing in each table, from stored texts or else from the stored bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from archiver.catalogue.records import CatalogueRecord
from archiver.edgar.endpoints import index_page
from archiver.errors import NotInArchiveError, UsageError
from archiver.identifiers import AccessionNumber
from archiver.startup.dataclass import dataclass
from archiver.store.archive import Archive
from edgarchive.exporting.tables import Table
from indexer.entries import exact
from indexer.query.scopes.sections import bound_query, bound_sections
from indexer.search.options import SearchOptions
from indexer.section_rows import MOST_NAME_CHARS, MOST_PARTIES, Row, count_split_words, filing_facts, section_rows
from indexer.sections.forms import section_keys
from indexer.sections.sections import Section
from indexer.submission.header import Entity
from indexer.texts.model import StoredDocument, StoredSubmission, extract, with_fallback
from indexer.texts.store import TextStore

if TYPE_CHECKING:
    from indexer.search.library import Library

CONTEXT_WORDS = 30

Shape = Callable[[StoredSubmission, Sequence[Row]], list[Row]]
"""Converts a filing and the rows of its sections into the rows of another data set (`edgarchive.exporting.shapes`)."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A filing to export; with `positions` (from 0), only the documents there, with the scores of a search.

    `record` is its row in the catalogue; None for an accession number that the archive does not have.
    """

    accession: AccessionNumber
    record: CatalogueRecord | None
    positions: tuple[tuple[int | None, float | None], ...] | None = None

    @property
    def year(self) -> int:
        """The filing year; 0 if the archive does not have it."""
        return self.record.filing_date.year if self.record else 0


@dataclass(frozen=True, slots=True)
class Asked:
    """What rows show of a search: the matches of `words`, and only sections that match one of `sections`."""

    words: str | None = None
    stem: bool = False
    sections: tuple[str, ...] = ()


NOTHING_ASKED = Asked()


class FilingReader:
    """Reads the rows of filings in the archive at `root`. A context manager."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._texts = TextStore.open(root)
        self._stack = ExitStack()
        self._asked: dict[Asked, frozenset[str]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._texts.close()
        self._stack.close()

    @cached_property
    def _library(self) -> Library:
        """Opened for the matches of a search, and for filings without kept texts."""
        from indexer.search.library import Library  # noqa: PLC0415 — a quarter of the start of a worker

        return self._stack.enter_context(Library(self._root))

    @cached_property
    def _archive(self) -> Archive:
        return self._stack.enter_context(Archive.open(self._root))

    def rows(self, table: Table, wanted: Wanted, asked: Asked = NOTHING_ASKED) -> Iterator[Row]:
        """The rows of one filing. Raises `NotInArchiveError`, `DamageError`, `UnreadableSubmissionError`."""
        record, filing = self._filing(wanted)
        facts = filing_facts(filing, filing_date=record.filing_date)
        if table is not Table.SECTIONS:  # whose columns are those of `Library.sections`
            facts["period_of_report"] = facts.pop("period")
        match table:
            case Table.FILINGS:
                yield _filing(filing, record, facts)
            case Table.ENTITIES:
                yield from (_entity(filing.accession, entity) for entity in filing.header.entities)
            case Table.DOCUMENTS:
                yield from (_document(document, facts) for document in _chosen(filing, wanted))
            case Table.SECTIONS:
                for document in _chosen(filing, wanted):
                    yield from section_rows(document, facts, names=asked.sections)
            case Table.HITS:
                yield from self._hits(filing, facts, wanted, asked)

    def shaped(self, shape: Shape, wanted: Wanted) -> list[Row]:
        """The rows of one filing in the layout of another data set. Raises what `rows` raises."""
        record, filing = self._filing(wanted)
        facts = filing_facts(filing, filing_date=record.filing_date)
        documents = _chosen(filing, wanted)
        return shape(filing, [row for document in documents for row in section_rows(document, facts)])

    def _filing(self, wanted: Wanted) -> tuple[CatalogueRecord, StoredSubmission]:
        record = wanted.record
        if record is None:
            raise NotInArchiveError(f"{wanted.accession} is not in this archive", "`edgarchive sync` can fetch it")
        filing = self._texts.submission(wanted.accession, sha256=record.sha256)
        if filing is not None:
            return record, with_fallback(filing, lambda: self._parsed(record))
        newest = self._archive.catalogue.get(record.accession) or record  # it may have been fetched again since
        return newest, self._parsed(newest)

    def _parsed(self, record: CatalogueRecord) -> StoredSubmission:
        return extract(self._library.submission(record.accession), sha256=record.sha256)

    def _hits(self, filing: StoredSubmission, facts: Row, wanted: Wanted, asked: Asked) -> Iterator[Row]:
        scores = dict(wanted.positions or ())
        documents: list[StoredDocument | None] = [*_chosen(filing, wanted)]
        for document in documents or [None]:
            text = document.text() if document and asked.words else ""
            spans = self._library.marks(text, asked.words, stem=asked.stem) if asked.words and text else ()
            if document and spans:
                within = self._sections(document, asked)
                spans = tuple(one for one in spans if any(part.start <= one[0] < part.end for part in within)) or spans
            yield _hit(filing, facts, document, scores.get(document.position if document else None), text, spans)

    def _sections(self, document: StoredDocument, asked: Asked) -> Sequence[Section]:
        """The sections of `document` that the search asks for, in its query or as a filter."""
        if asked not in self._asked:
            options = SearchOptions(asked.words, stem=asked.stem, section=asked.sections or None)
            question = self._library.question(options)
            bound = bound_query(question.query, question.filters)
            self._asked[asked] = frozenset() if bound is None else bound_sections(bound)
        keys = self._asked[asked]
        return [
            section
            for section in document.sections()
            if not keys.isdisjoint(exact(key) for key in section_keys(section, form=document.type))
        ]


def _chosen(filing: StoredSubmission, wanted: Wanted) -> list[StoredDocument]:
    if wanted.positions is None:
        return list(filing.documents)
    positions = {position for position, _ in wanted.positions}  # numbers that filers gave may be those of several
    return [document for document in filing.documents if document.position in positions]


def _filing(filing: StoredSubmission, record: CatalogueRecord, facts: Row) -> Row:
    header = filing.header
    ciks = [int(entity.cik) for entity in header.entities if entity.cik is not None]
    return {
        **facts,
        "acceptance_datetime": header.acceptance_datetime,
        "ciks": list(dict.fromkeys(ciks)),
        "names": list(dict.fromkeys(entity.name for entity in header.entities)),
        "items": list(header.items),
        "items_derived": header.items_derived,
        "sic": next((entity.sic for entity in header.entities if entity.sic is not None), None),
        "state": next((one.state_of_incorporation for one in header.entities if one.state_of_incorporation), None),
        "documents": len(filing.documents),
        "bytes": record.size,
        "sha256": record.sha256,
        "source": record.source,
        "added": record.added.replace(tzinfo=None),
        "withdrawn": record.withdrawn_at.replace(tzinfo=None) if record.withdrawn_at else None,
        "url": _url(filing),
    }


def _url(filing: StoredSubmission) -> str | None:
    cik = next((entity.cik for entity in filing.header.entities if entity.cik is not None), None)
    return None if cik is None else index_page(cik, filing.accession)


def _entity(accession: AccessionNumber, entity: Entity) -> Row:
    values = next(iter(entity.filing_values), None)
    place = entity.business_address
    return {
        "accession": str(accession),
        "cik": None if entity.cik is None else int(entity.cik),
        "name": entity.name,
        "role": entity.role,
        "sic": entity.sic,
        "state": entity.state_of_incorporation,
        "business_state": place.state if place else None,
        "business_city": place.city if place else None,
        "fiscal_year_end": entity.fiscal_year_end,
        "irs_number": entity.irs_number,
        "file_number": values.file_number if values else None,
        "film_number": values.film_number if values else None,
    }


def _document(document: StoredDocument, facts: Row) -> Row:
    text = document.text()
    return {
        **facts,
        "sequence": document.sequence,
        "type": document.type,
        "filename": document.filename,
        "description": document.description,
        "bytes": document.size,
        "words": count_split_words(text),
        "text": text,
    }


def _hit(  # noqa: PLR0917 — the parts of one row
    filing: StoredSubmission,
    facts: Row,
    document: StoredDocument | None,
    score: float | None,
    text: str,
    spans: Sequence[tuple[int, int]],
) -> Row:
    header = filing.header
    entities = header.entities[:MOST_PARTIES]
    start, end = spans[0] if spans else (0, 0)
    section = _section_at(document.sections() if document and spans else (), start)
    return {
        **{name: facts[name] for name in ("accession", "form", "filing_date", "period_of_report")},
        "ciks": list(dict.fromkeys(int(entity.cik) for entity in entities if entity.cik is not None)),
        "names": list(dict.fromkeys(entity.name[:MOST_NAME_CHARS] for entity in entities)),
        "items": list(header.items[:MOST_PARTIES]),
        "items_derived": header.items_derived,
        "sequence": document.sequence if document else None,
        "type": document.type if document else None,
        "filename": document.filename if document else None,
        "score": score,
        "section": None if section is None else " ".join(filter(None, (section.part, section.item))),
        "before": _last_words(text[:start]) if spans else None,
        "match": " ".join(text[start:end].split()) if spans else None,
        "after": _first_words(text[end:]) if spans else None,
        "match_count": len(spans),
        "url": _url(filing),
    }


def _section_at(sections: Sequence[Section], place: int) -> Section | None:
    return next((section for section in sections if section.start <= place < section.end), None)


def _last_words(text: str) -> str:
    return " ".join(text[-CONTEXT_WORDS * 20 :].split()[-CONTEXT_WORDS:])


def _first_words(text: str) -> str:
    return " ".join(text[: CONTEXT_WORDS * 20].split()[:CONTEXT_WORDS])


def check_table(name: str) -> Table:
    """The table `name`. Raises `UsageError`."""
    try:
        return Table(name)
    except ValueError:
        tables = ", ".join(table for table in Table if table is not Table.ENTITIES)
        raise UsageError(f"there is no table {name[:40]!r}", f"choose from: {tables}") from None
