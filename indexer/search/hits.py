"""Hits: found submissions with their best document, or found documents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Self, TypeVar, overload

from archiver.errors import NotInArchiveError, UsageError
from archiver.identifiers import AccessionNumber, FormType
from archiver.startup.dataclass import dataclass
from indexer.engine import EngineHit
from indexer.entries import HitEntity
from indexer.notebook.markup import Markup, facts, link
from indexer.passages.cutting import Snippet
from indexer.passages.excerpts import HitSection
from indexer.query.nodes import Node
from indexer.submission.items import items_as_text

if TYPE_CHECKING:
    from indexer.submission.submission import Submission

P = ParamSpec("P")
R = TypeVar("R")

ROW_COLUMNS = (
    "accession",
    "form",
    "filing_date",
    "acceptance_datetime",
    "period_of_report",
    "items",
    "ciks",
    "names",
    "type",
    "sequence",
    "filename",
    "description",
    "score",
    "snippet",
    "url",
    "added",
    "items_derived",
)
"""The columns of `Hit.to_row`, and of hits in CSV."""


HTML_HEAD = ("filing", "filed", "form", "names", "document", "snippet")
"""The header row for `Hit.html_cells`."""


class FromLibrary(Generic[P, R]):
    """A call that needs the open library of a hit or of results. It does not survive pickling."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[P, R] | None) -> None:
        self._call = call

    def __call__(self, *args: P.args, **values: P.kwargs) -> R:
        """Call the library. Raises `UsageError` after pickling."""
        if self._call is None:
            raise UsageError(
                "pickled hits and results have lost their library", "call Library.submission(hit.accession) or search"
            )
        return self._call(*args, **values)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (None,)

    def __deepcopy__(self, _memo: object) -> Self:
        return self


@dataclass(frozen=True, slots=True)
class HitDocument:
    """The found document. `sequence` is EDGAR's, from 1.

    `truncated`: its text exceeds the setting `max_text_chars`; only the beginning can be searched.
    """

    type: str | None
    sequence: int | None
    filename: str | None
    description: str | None
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A found submission with its best document, or a found document. It can be pickled, and outlives the library.

    `document` is None for a submission without documents; `score` and `excerpt` are None if only filters were given,
    `excerpt` also if it was not requested. `acceptance_datetime` is US Eastern. `added` is when the submission was
    added to the archive, in UTC, to the second. `url` is EDGAR's page of the filing. `excerpt` is the best passage,
    `section` the item of a report that contains it, and `passages` the requested ones. `matches` counts the words and
    phrases of the query in the document; None without an excerpt. `items_derived`: the header left items blank, and
    headings of the main document filled them in. `entities_left_out` counts those that `entities` does not list, as it
    would be too long: `submission` has all.
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
    excerpt: Snippet | None
    url: str | None
    _read: FromLibrary[[str], Submission] = field(repr=False, compare=False)
    _position: int | None = field(repr=False, compare=False)
    section: HitSection | None = None
    matches: int | None = None
    passages: tuple[Snippet, ...] | None = None
    _query: Node | None = field(default=None, repr=False, compare=False)
    items_derived: bool = False
    added: datetime | None = None
    entities_left_out: int = 0

    @property
    def snippet(self) -> str | None:
        """The excerpt as HTML: each match in ``<em>`` and ``</em>``, everything else escaped."""
        return None if self.excerpt is None else self.excerpt.as_html()

    def items_as_text(self) -> str:
        """The item codes for people, with a remark if they are derived."""
        return items_as_text(self.items, is_derived=self.items_derived)

    @property
    def position(self) -> int | None:
        """The position of the found document in the submission, from 0."""
        return self._position

    @property
    def query(self) -> Node | None:
        """The query tree of the excerpt; None without an excerpt."""
        return self._query

    def submission(self) -> Submission:
        """The whole submission, read from the archive. Raises as `Library.submission`."""
        return self._read(self.accession)

    def text(self) -> str:
        """The text of the found document, or of the whole submission if it has no documents.

        Raises as `Library.submission`.
        """
        submission = self.submission()
        if self._position is None:
            return submission.text()
        if self._position >= len(submission.documents):
            raise NotInArchiveError(f"{self.accession} has changed since it was indexed", "run `edgarchive index`")
        return submission.documents[self._position].text()

    def to_dict(self) -> dict[str, Any]:
        """The hit as a JSON object."""
        return {
            "accession": str(self.accession),
            "form": str(self.form),
            "filing_date": self.filing_date.isoformat(),
            "acceptance_datetime": self.acceptance_datetime.isoformat() if self.acceptance_datetime else None,
            "period_of_report": self.period_of_report.isoformat() if self.period_of_report else None,
            "items": list(self.items),
            **({"items_derived": True} if self.items_derived else {}),
            "entities": [
                {"cik": None if entity.cik is None else int(entity.cik), "name": entity.name, "role": entity.role}
                for entity in self.entities
            ],
            **({"entities_left_out": self.entities_left_out} if self.entities_left_out else {}),
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
            "matches": self.matches,
            "section": None if self.section is None else asdict(self.section),
            **({} if self.passages is None else {"passages": [passage.text for passage in self.passages]}),
            "url": self.url,
            "added": self.added.isoformat() if self.added else None,
        }

    def to_row(self) -> dict[str, Any]:
        """The hit as a flat row of Python values, with the same columns for every hit; the snippet is plain text."""
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
            "snippet": None if self.excerpt is None else self.excerpt.text,
            "url": self.url,
            "added": self.added,
            "items_derived": self.items_derived,
        }

    def html_cells(self) -> tuple[object, ...]:
        """The hit as cells of an HTML table, for the header `HTML_HEAD`."""
        document = self.document or HitDocument(None, None, None, None)
        return (
            link(self.accession, self.url),
            self.filing_date,
            self.form,
            "; ".join(entity.name for entity in self.entities),
            " ".join(part for part in (document.type, document.filename) if part),
            None if self.excerpt is None else Markup(self.excerpt.with_ellipses().as_html()),
        )

    def _repr_html_(self) -> str:
        """A small table for a notebook."""
        return facts(zip(HTML_HEAD, self.html_cells(), strict=True))


class LazyHits(Sequence[Hit]):
    """Hits that are created, with their snippets, each time one is reached. Pickling creates all of them."""

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

    def __reduce__(self) -> tuple[Any, ...]:
        return tuple, (list(self),)
