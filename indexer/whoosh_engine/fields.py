"""The field types and the schema of a Whoosh index; `indexer.fields` defines the values of the fields.

An index contains pickled references to this module, to `positions`, and to the attributes of their classes: moving or
renaming them makes existing indexes unreadable. Words are split by `archiver.words`; fields never analyse queries,
whose words are already split.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from whoosh.columns import NumericColumn
from whoosh.fields import COLUMN, STORED, FieldType, Schema
from whoosh.formats import Existence

from archiver.selection.names import name_terms
from archiver.words import encoded_words
from indexer.entries import SectionSpan, exact
from indexer.fields import NOT_INDEXED, TABLE, Kind
from indexer.query.places import NAME_GAP
from indexer.whoosh_engine.positions import PackedPositions

Posting = tuple[bytes, int, float, bytes]


class WordsField(FieldType):  # type: ignore[misc]  # Whoosh has no types
    """Words with positions and scores, for body text and descriptions. Its value is one text."""

    def __init__(self) -> None:
        self.format = PackedPositions()
        self.scorable = True

    def index(self, value: str, **_: Any) -> Iterator[Posting]:
        """The postings of one document: word, frequency, weight, encoded positions."""
        return _postings(self.format, enumerate(encoded_words(value)))


class NamesField(FieldType):  # type: ignore[misc]  # as above
    """The terms of several names, separated by `NAME_GAP` positions. Its value is a sequence of names."""

    def __init__(self) -> None:
        self.format = PackedPositions()
        self.scorable = True

    def index(self, value: Iterable[str], **_: Any) -> Iterator[Posting]:
        """The postings of one document: word, frequency, weight, encoded positions."""
        return _postings(self.format, self.placed(value))

    def placed(self, value: Iterable[str]) -> Iterator[tuple[int, bytes]]:
        """The terms of one document with their positions."""
        return (
            (number * NAME_GAP + place, term.encode())
            for number, name in enumerate(value)
            for place, term in enumerate(name_terms(name)[: NAME_GAP // 2])
        )


class ExactField(FieldType):  # type: ignore[misc]  # as above
    """Whole values, with case and accents folded, without scores. Its value is a sequence of texts."""

    def __init__(self) -> None:
        self.format = Existence()
        self.scorable = False

    def index(self, value: Iterable[str], **_: Any) -> Iterator[Posting]:
        """The postings of one document: each distinct value once."""
        return ((term, 1, 1.0, b"") for term in self.terms(value))

    def terms(self, value: Iterable[str]) -> list[bytes]:
        """The distinct terms of one document."""
        return [text.encode() for text in dict.fromkeys(map(exact, value))]


class SectionsField(FieldType):  # type: ignore[misc]  # as above
    """Sections by key, without scores; the positions of each are the begins and ends of its ranges of words."""

    def __init__(self) -> None:
        self.format = PackedPositions()
        self.scorable = False

    def index(self, value: Iterable[SectionSpan], **_: Any) -> Iterator[Posting]:
        """The postings of one document: each key once."""
        places: defaultdict[bytes, list[int]] = defaultdict(list)
        for span in value:
            places[exact(span.key).encode()] += (span.first, span.end)
        return ((key, 1, 1.0, self.format.encode(found)) for key, found in places.items())


def schema() -> Schema:
    """The schema of a new index.

    The columns are numbers for sorting, grouping and filtering, 0 for none: dates like 20041222, ``accepted`` and
    ``added_at`` like 20041222160512, ``number`` the 18 digits of the accession number.
    """
    return Schema(
        **{field.name: _TYPES[field.kind]() for field in TABLE if field.kind not in NOT_INDEXED},
        accepted=COLUMN(NumericColumn("Q")),
        number=COLUMN(NumericColumn("Q")),
        record=STORED(),
    )


_TYPES: dict[Kind, Callable[[], Any]] = {
    "text": WordsField,
    "names": NamesField,
    "value": ExactField,
    "sections": SectionsField,
    "date": lambda: COLUMN(NumericColumn("I")),
    "number": lambda: COLUMN(NumericColumn("Q")),
}


def _postings(form: PackedPositions, placed: Iterable[tuple[int, bytes]]) -> Iterator[Posting]:
    places: defaultdict[bytes, list[int]] = defaultdict(list)
    for place, word in placed:
        places[word].append(place)
    for word, found in places.items():
        yield word, len(found), float(len(found)), form.encode(found)
