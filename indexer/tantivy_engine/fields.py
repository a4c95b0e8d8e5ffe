"""The schema of a tantivy index and the values of its fields.

Words are split by `archiver.words`: texts are indexed as words separated by spaces, the only separator for tantivy's
own tokenizer.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime

from tantivy import Schema, SchemaBuilder

from archiver.selection.names import name_terms
from archiver.words import spaced_words
from indexer.entries import IndexEntry, exact, section_word
from indexer.fields import (
    DATE_FIELDS,
    NAME_FIELDS,
    NUMBER_FIELDS,
    TABLE,
    TEXT_FIELDS,
    VALUE_FIELDS,
    document_of,
)
from indexer.text.broken_words import NEAR_WORDS

WORD_FIELDS = frozenset({"sections", *(field.name for field in TABLE if field.kind in {"text", "names"})})
"""Fields of words, which score. Values of all other fields are whole and folded, and do not score."""

COLUMNS = frozenset({"form", "cik", "item", "year", "sic", "state"})
"""The value fields with a column, by which tantivy counts submissions of several documents in one request.

`indexer.tantivy_engine.facets` counts other fields more slowly. A further column is a new schema of the index.
"""

_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""One encoder for all rows: `json.dumps` would make one for each."""

_LONGEST_WORD_BYTES = 60_000
"""tantivy leaves out a word of more than 65 530 bytes, and a word of a section has that before it."""

_APART = b" ".join([b":"] * NEAR_WORDS)
_SECONDS_BITS = 39
"""Bits for the seconds from the year 1 to 9999."""


def schema() -> Schema:
    """The schema of an index.

    ``name_of`` has the words of each name separately: ``acme:0`` is from an entry's first name. ``sections`` has the
    words of the text's sections again, each prefixed with its section (`section_word`). ``id`` is ``number:position``;
    ``number`` is the 18 digits of the accession number; dates are like 20041222, 0 for none; ``when`` orders hits
    (`when`). ``first`` is 1 for the first entry of a submission, else 0. The entries of a submission with several share
    ``siblings`` and ``sibling_bit`` (`indexer.tantivy_engine.siblings`).
    """
    builder = SchemaBuilder()
    for field in TEXT_FIELDS:
        builder.add_text_field(field, tokenizer_name="whitespace", index_option="position")
    for field in NAME_FIELDS:
        builder.add_text_field(field, tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field("sections", tokenizer_name="whitespace", index_option="position")
    for field in (*VALUE_FIELDS, *(f"{name}_of" for name in NAME_FIELDS), "section", "year", "id"):
        builder.add_text_field(field, tokenizer_name="raw", index_option="basic", fast=field in COLUMNS)
    for field in (*DATE_FIELDS, *NUMBER_FIELDS, "when", "number", "position"):
        builder.add_unsigned_field(field, indexed=True, fast=True)
    builder.add_unsigned_field("first", indexed=True)
    builder.add_unsigned_field("siblings", indexed=True, fast=True)
    builder.add_unsigned_field("sibling_bit", fast=True)
    builder.add_bytes_field("record", stored=True, indexed=False)
    return builder.build()


def row(entry: IndexEntry, *, is_first: bool) -> bytes:
    """The values of each field for `entry`, as one line of JSON; `is_first` of its submission."""
    values = document_of(entry)
    columns = {
        **{field: _unique(values[field] or ()) for field in VALUE_FIELDS},
        **{name: value for field in NAME_FIELDS for name, value in _names(field, values[field])},
        "section": _unique(span.key for span in entry.sections),
        "description": spaced_words(entry.description or "").decode(),
        **{field: values[field] for field in (*DATE_FIELDS, *NUMBER_FIELDS)},
        "year": str(entry.filing_date.year),
        "when": when(entry.filing_date, entry.acceptance_datetime),
        "number": values["number"],
        "position": entry.position or 0,
        "first": int(is_first),
        "id": f"{values['number']}:{entry.position or 0}",
        "record": b64encode(values["record"].encode()).decode(),  # as tantivy reads bytes in JSON
    }
    head = _to_json(columns).encode()
    # words consist of letters and digits, which JSON does not escape, so the body is not scanned again
    text = _shortened(spaced_words(entry.text))
    if entry.sections:
        found = text.split()
        return b'%s,"sections":"%s","text":"%s"}\n' % (head[:-1], _sections(entry, found), b" ".join(found))
    return b'%s,"text":"%s"}\n' % (head[:-1], text)


def _shortened(text: bytes) -> bytes:
    """Spaced words, with only the beginning of those that tantivy would leave out."""
    half = _LONGEST_WORD_BYTES // 2
    if all(text.find(b" ", place, place + half) >= 0 for place in range(0, len(text) - half, half)):
        return text  # a longer word would fill one of these stretches
    cut = (word[:_LONGEST_WORD_BYTES].decode(errors="ignore") for word in text.split())
    return " ".join(cut).encode()


def _sections(entry: IndexEntry, found: Sequence[bytes]) -> bytes:
    """The words of all sections, with unsearchable words between spans of one, so that nothing in two is near."""
    pieces: list[bytes] = []
    known: set[str] = set()
    for span in entry.sections:
        if span.key in known:
            pieces.append(_APART)
        known.add(span.key)
        prefix = section_word(span.key, "").encode()
        if span.first < span.end:
            # no word has a space, so that they all get the prefix at once
            pieces.append(prefix + b" ".join(found[span.first : span.end]).replace(b" ", b" " + prefix))
        pieces.append(b":")
    return b" ".join(pieces)


def _names(field: str, values: Sequence[str]) -> Iterator[tuple[str, object]]:
    names = [name_terms(name) for name in values]
    yield field, " ".join(term for name in names for term in name)
    yield (
        f"{field}_of",
        [f"{term}:{place}" for place, name in enumerate(names) for term in name],
    )


def when(filed: date, accepted: datetime | None) -> int:
    """A number that orders by filing date, then by acceptance, with missing acceptances first."""
    seconds = (
        0
        if accepted is None
        else accepted.toordinal() * 86_400 + accepted.hour * 3600 + accepted.minute * 60 + accepted.second
    )
    return filed.toordinal() << _SECONDS_BITS | seconds


def _unique(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(map(exact, values)))
