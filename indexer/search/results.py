"""What a search found: hits, and the results that hold them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, get_args, overload

from whoosh.query import Query

from archiver.errors import NotInArchiveError, UsageError
from archiver.identifiers import AccessionNumber, FormType
from indexer.engine import EngineHit, Facet, FacetCount
from indexer.entries import HitEntity
from indexer.query.explain import explain
from indexer.submission.submission import Submission

FACETS: tuple[Facet, ...] = get_args(Facet)


@dataclass(frozen=True, slots=True)
class HitDocument:
    """The document that was found. `sequence` is EDGAR's, from 1.

    `truncated`: it has more text than the setting `max_text_chars` lets into the index; what stands after that is not
    found.
    """

    type: str | None
    sequence: int | None
    filename: str | None
    description: str | None
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A found submission with its best document, or a found document.

    `document` is None for a submission without documents; `score` and `snippet` are None where only filters were asked,
    `snippet` also where it was not wanted. `acceptance_datetime` is US Eastern. In `snippet`, matches stand between
    ``<em>`` and ``</em>`` and all else is escaped as in HTML. `url` is EDGAR's page of the submission.
    """

    accession: AccessionNumber
    form: FormType
    filing_date: date
    acceptance_datetime: datetime | None
    period_of_report: date | None
    items: tuple[str, ...]
    entities: tuple[HitEntity, ...]
    document: HitDocument | None
    score: float | None
    snippet: str | None
    url: str | None
    _read: Callable[[str], Submission] = field(repr=False, compare=False)
    _position: int | None = field(repr=False, compare=False)

    def submission(self) -> Submission:
        """The whole submission, read from the archive."""
        return self._read(self.accession)

    def text(self) -> str:
        """The text of the found document; of the whole submission where it has no documents.

        Raises as `Library.submission`.
        """
        submission = self.submission()
        if self._position is None:
            return submission.text()
        if self._position >= len(submission.documents):
            raise NotInArchiveError(f"{self.accession} has changed since it was indexed", "run `edgarchive index`")
        return submission.documents[self._position].text()

    def to_dict(self) -> dict[str, Any]:
        """The hit as JSON has it."""
        return {
            "accession": str(self.accession),
            "form": str(self.form),
            "filing_date": self.filing_date.isoformat(),
            "acceptance_datetime": self.acceptance_datetime.isoformat() if self.acceptance_datetime else None,
            "period_of_report": self.period_of_report.isoformat() if self.period_of_report else None,
            "items": list(self.items),
            "entities": [
                {"cik": None if entity.cik is None else int(entity.cik), "name": entity.name, "role": entity.role}
                for entity in self.entities
            ],
            "document": self.document
            and {
                "type": self.document.type,
                "sequence": self.document.sequence,
                "filename": self.document.filename,
                "description": self.document.description,
                **({"truncated": True} if self.document.truncated else {}),
            },
            "score": self.score,
            "snippet": self.snippet,
            "url": self.url,
        }

    def to_row(self) -> dict[str, Any]:
        """The hit as one flat row of Python values, with the same columns for every hit."""
        document = self.document or HitDocument(None, None, None, None)
        return {
            "accession": str(self.accession),
            "form": str(self.form),
            "filing_date": self.filing_date,
            "acceptance_datetime": self.acceptance_datetime,
            "period_of_report": self.period_of_report,
            "items": list(self.items),
            "ciks": [int(entity.cik) for entity in self.entities if entity.cik is not None],
            "names": [entity.name for entity in self.entities],
            "type": document.type,
            "sequence": document.sequence,
            "filename": document.filename,
            "description": document.description,
            "score": self.score,
            "snippet": self.snippet,
            "url": self.url,
        }


class LazyHits(Sequence[Hit]):
    """Hits that are made, with their snippets, each time one is reached."""

    def __init__(self, found: Sequence[EngineHit], make: Callable[[EngineHit], Hit]) -> None:
        self._found = found
        self._make = make

    @overload
    def __getitem__(self, place: int) -> Hit: ...

    @overload
    def __getitem__(self, place: slice) -> LazyHits: ...

    def __getitem__(self, place: int | slice) -> Hit | LazyHits:
        if isinstance(place, slice):
            return LazyHits(self._found[place], self._make)
        return self._make(self._found[place])

    def __len__(self) -> int:
        return len(self._found)


@dataclass(frozen=True, slots=True)
class Results:
    """The hits that were asked for, in order. `total` counts all that was found; `took_ms` is the time of the search.

    Iterating gives the hits, and ``len()`` their number. They are made with the search, or, where no limit was given,
    each when it is reached; the library must still be open then. `tree` and `filters` are query and filters as they
    were understood, None without.
    """

    query: str | None
    total: int
    took_ms: float
    hits: Sequence[Hit]
    tree: Query | None = field(default=None, repr=False, compare=False)
    filters: Query | None = field(default=None, repr=False, compare=False)
    _count: Callable[[Facet], tuple[FacetCount, ...]] = field(default=lambda _: (), repr=False, compare=False)

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def __len__(self) -> int:
        return len(self.hits)

    def made(self) -> Results:
        """The same results with every hit made."""
        return replace(self, hits=tuple(self.hits))

    def facets(self, *kinds: Facet) -> dict[Facet, tuple[FacetCount, ...]]:
        """How many of all that was found (`total`, not only these hits) have each value, the most frequent first.

        `kinds` are of ``form``, ``item``, ``cik``, ``year``, ``sic``, ``state`` and ``type``; without any: all of them.
        A hit with several values counts for each, one without any for none. Counted when asked for, in the index as
        it is then. Raises `UsageError` for another kind.
        """
        unknown = [kind for kind in kinds if kind not in FACETS]
        if unknown:
            raise UsageError(f"there is no facet {unknown[0]!r}", f"choose from: {', '.join(FACETS)}")
        return {kind: self._count(kind) for kind in kinds or FACETS}

    def explain(self) -> str:
        """The query and the filters in words, one condition a line."""
        return explain(self.tree, self.filters)

    def to_dict(self) -> dict[str, Any]:
        """The results as JSON has them."""
        return {
            "query": self.query,
            "total": self.total,
            "took_ms": self.took_ms,
            "hits": [hit.to_dict() for hit in self.hits],
        }

    def to_dicts(self) -> list[dict[str, Any]]:
        """A flat row for each hit (`Hit.to_row`), as ``pandas.DataFrame`` and ``polars.DataFrame`` take them."""
        return [hit.to_row() for hit in self.hits]
