"""The entries of the full-text index: one per document.

Each document's entry carries the facts of its whole submission, so that a filter by CIK, form, item or name and words
of one document can apply together. A submission without documents (PAPER) has one entry, so that its facts can be
searched.
"""

from __future__ import annotations

import json
import logging
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from archiver.events import event
from archiver.identifiers import AccessionNumber, Cik, FormType
from archiver.startup.dataclass import dataclass
from archiver.words import count_words, fold
from indexer.sections.forms import section_keys
from indexer.text.broken_words import Searchable, searchable

if TYPE_CHECKING:
    from indexer.sections.model import Section
    from indexer.submission.header import Entity, Series, SubmissionHeader
    from indexer.submission.submission import Document, Submission
    from indexer.texts.model import StoredDocument, StoredSubmission

_log = logging.getLogger(__name__)

_MOST_SAID, _MOST_SAID_CHARS = 10, 100
"""Unknown items that are logged, and the characters of each: filers decide on both."""

T = TypeVar("T")

_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""One encoder for all entries: `json.dumps` would make one for each."""


@dataclass(frozen=True, slots=True)
class HitEntity:
    """An entity of the submission as shown in a hit. `role` is EDGAR's own label, such as ``FILER``."""

    cik: Cik | None
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class SectionSpan:
    """The words of a section in a text: from number `first` to before `end`; `key` identifies the section."""

    key: str
    first: int
    end: int


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One document with the facts of its submission.

    `sha256` is that of the decoded submission the entry was made from. `position` counts the submission's documents
    from 0; it and the document's other facts are None in the only entry of a submission without documents. `names` are
    the entities' current and former names. `filing_date` is the header's, else the catalogue's. `truncated` says that
    `text` is only the beginning of the document's. `items_derived` is that of `SubmissionHeader`. In `text`, words
    hyphenated at a line end are whole (`indexer.text.broken_words`). `added` (UTC) and `added_run` are those of the
    catalogue: when, and by which run, the submission was added to the archive. A submission with very many parties has
    them in entries of their own: `parties` is ``here`` in those entries, ``apart`` in the entries of its documents,
    which have no facts of parties, and None in all others; `entities_left_out` counts those that `entities` then does
    not list.
    """

    accession: AccessionNumber
    sha256: str
    form: FormType
    filing_date: date
    acceptance_datetime: datetime | None
    period_of_report: date | None
    items: tuple[str, ...]
    entities: tuple[HitEntity, ...]
    names: tuple[str, ...]
    sics: tuple[int, ...]
    states: tuple[str, ...]
    file_numbers: tuple[str, ...]
    position: int | None
    sequence: int | None
    type: str | None
    filename: str | None
    description: str | None
    text: str
    truncated: bool = False
    sections: tuple[SectionSpan, ...] = ()
    series: tuple[str, ...] = ()
    cities: tuple[str, ...] = ()
    business_states: tuple[str, ...] = ()
    film_numbers: tuple[str, ...] = ()
    fiscal_year_ends: tuple[str, ...] = ()
    items_derived: bool = False
    added: datetime | None = None
    added_run: int | None = None
    parties: Literal["here", "apart"] | None = None
    entities_left_out: int = 0

    def stored(self) -> str:
        """The part that every engine stores unindexed, as compact JSON; a hit is made from it alone.

        ``truncated``, ``items_derived`` and ``entities_left_out`` are present only if true or not 0.
        """
        return _to_json(
            {
                "accession": self.accession,
                "sha256": self.sha256,
                "form": self.form,
                "filing_date": self.filing_date.isoformat(),
                "acceptance_datetime": self.acceptance_datetime.isoformat() if self.acceptance_datetime else None,
                "period_of_report": self.period_of_report.isoformat() if self.period_of_report else None,
                "items": self.items,
                "entities": [[entity.cik, entity.name, entity.role] for entity in self.entities],
                "position": self.position,
                "sequence": self.sequence,
                "type": self.type,
                "filename": self.filename,
                "description": self.description,
                "added": self.added.isoformat(timespec="seconds") if self.added else None,
                **({"truncated": True} if self.truncated else {}),
                **({"items_derived": True} if self.items_derived else {}),
                **({"entities_left_out": self.entities_left_out} if self.entities_left_out else {}),
            }
        )


def entries_of(
    submission: Submission | StoredSubmission,
    *,
    sha256: str,
    filing_date: date,
    added: datetime | None = None,
    added_run: int | None = None,
    max_text_chars: int | None = None,
    warn: bool = True,
) -> Iterator[IndexEntry]:
    """The entries of `submission`, in document order. Each document's text is made when its entry is asked for.

    XBRL and its renderings (`Document.is_xbrl`) have none, since the report has the same content.

    `sha256` is that of the submission's decoded bytes; `filing_date` is used where the header has none; `added` and
    `added_run` are the catalogue's. A text of more than `max_text_chars` characters is cut after the last whole word
    within them, and its entry flagged. With `warn`, each cut text is logged, and the first items without a known code,
    since no search can find the submission by them.
    """
    header = submission.header
    for item in header.unknown_items[:_MOST_SAID] if warn else ():
        shown = item[:_MOST_SAID_CHARS]
        facts = event("item-unknown", accession=header.accession, item=shown)
        _log.warning("%s: no code is known for the item %r", header.accession, shown, extra=facts)
    shared = {
        **_shared_facts(header),
        "sha256": sha256,
        "filing_date": header.filing_date or filing_date,
        "added": added,
        "added_run": added_run,
    }
    documents: tuple[Document | StoredDocument, ...] = submission.documents
    searched = [(position, document) for position, document in enumerate(documents) if not document.is_xbrl]
    if not searched:
        yield IndexEntry(**shared, position=None, sequence=None, type=None, filename=None, description=None, text="")
    for position, document in searched:
        text = document.text()
        truncated = max_text_chars is not None and len(text) > max_text_chars
        if max_text_chars is not None and truncated:
            if warn:
                _log.warning(
                    "%s: document %s has %d characters of text, of which %d are indexed (max_text_chars)",
                    header.accession,
                    document.sequence or position + 1,
                    len(text),
                    max_text_chars,
                    extra=event("text-cut", accession=header.accession, sequence=document.sequence, chars=len(text)),
                )
            text = _beginning(text, max_text_chars)
        indexed = searchable(text)
        yield IndexEntry(
            **shared,
            position=position,
            sequence=document.sequence,
            type=document.type or None,
            filename=document.filename,
            description=document.description,
            text=indexed.text,
            truncated=truncated,
            sections=section_spans(indexed, document.sections(), form=document.type) if document.type else (),
        )


def _shared_facts(header: SubmissionHeader) -> dict[str, Any]:
    """The facts of a header that the entries of all its documents have."""
    entities = header.entities
    places = [entity.business_address for entity in entities if entity.business_address is not None]
    filings = [values for entity in entities for values in entity.filing_values]
    return {
        "accession": header.accession,
        "form": header.form,
        "acceptance_datetime": header.acceptance_datetime,
        "period_of_report": header.period_of_report,
        "items": header.items,
        "items_derived": header.items_derived,
        "entities": _unique(HitEntity(entity.cik, entity.name, entity.role) for entity in entities),
        "names": _unique(name for entity in entities for name in _names(entity)),
        "sics": _unique(entity.sic for entity in entities if entity.sic is not None),
        "states": _unique(entity.state_of_incorporation for entity in entities if entity.state_of_incorporation),
        "file_numbers": _unique(values.file_number for values in filings if values.file_number),
        "series": _unique(text for series in header.series for text in _series_texts(series)),
        "cities": _unique(place.city for place in places if place.city),
        "business_states": _unique(place.state for place in places if place.state),
        "film_numbers": _unique(values.film_number for values in filings if values.film_number),
        "fiscal_year_ends": _unique(entity.fiscal_year_end for entity in entities if entity.fiscal_year_end),
    }


def section_spans(indexed: Searchable, sections: Sequence[Section], *, form: str) -> tuple[SectionSpan, ...]:
    """The ranges of words of each section of `indexed`, in order; those in its copies follow those in the text."""
    text = indexed.text
    stretches: list[tuple[Section, int, int]] = []
    place = 0
    for section in sorted(sections, key=lambda one: one.start):
        start, end = max(place, section.start), min(section.end, indexed.size)
        if start < end:
            stretches.append((section, start, end))
            place = end
    parts = list(stretches)
    starts, ends = [start for _, start, _ in stretches], [end for _, _, end in stretches]
    for copy in indexed.copies:
        moved = copy.place - copy.start
        parts += (
            (section, max(start, copy.start) + moved, min(end, copy.end) + moved)
            for section, start, end in stretches[bisect_right(ends, copy.start) : bisect_left(starts, copy.end)]
        )
    spans: list[SectionSpan] = []
    counted = place = 0
    for section, start, end in parts:
        first = counted + count_words(text[place:start])
        counted, place = first + count_words(text[start:end]), end
        spans += (SectionSpan(key, first, counted) for key in section_keys(section, form=form) if counted > first)
    return tuple(spans)


def is_truncated(document: Document, *, max_text_chars: int) -> bool:
    """Whether `entries_of` truncates the text of `document`."""
    if document.kind != "xml" and document.size <= max_text_chars:  # only XML can have more characters than bytes
        return False
    return len(document.text()) > max_text_chars


@lru_cache(maxsize=8192)
def exact(value: str) -> str:
    """A whole value as it is indexed and searched: folded, with runs of white space as one space."""
    return " ".join(fold(value).split())


def section_word(key: str, word: str) -> str:
    """The indexed form of a word in the section `key`, in engines that index the words of sections again."""
    return f"{exact(key).replace(' ', '_')}:{word}"


def _beginning(text: str, max_chars: int) -> str:
    """The first `max_chars` of a longer `text`, without the word that would be split."""
    beginning = text[:max_chars]
    ends_with_word = beginning[-1].isspace() or text[max_chars].isspace()
    return beginning if ends_with_word else beginning.rsplit(maxsplit=1)[0]


def _series_texts(series: Series) -> Iterator[str]:
    """The searchable texts of series and their classes: ids, names and tickers."""
    yield from filter(None, (series.id, series.name))
    for one in series.classes:
        yield from filter(None, (one.id, one.name, one.ticker))


def _names(entity: Entity) -> Iterator[str]:
    yield entity.name
    for former in entity.former_names:
        yield former.name


def _unique(values: Iterator[T]) -> tuple[T, ...]:
    """`values` without repetitions, in order; a filing may list an entity once for every Act."""
    return tuple(dict.fromkeys(values))
