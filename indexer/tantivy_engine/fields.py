"""The schema of a tantivy index, and what of an entry goes into each field.

Words are cut by `archiver.identifiers` alone: texts are indexed as words with a blank between two, which is all that
tantivy's own tokenizer cuts at.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime

from tantivy import Schema, SchemaBuilder

from archiver.names import name_terms
from archiver.words import encoded_words
from indexer.entries import IndexEntry, exact
from indexer.fields import (
    DATE_FIELDS,
    NAME_FIELDS,
    NUMBER_FIELDS,
    SUBMISSION_FACETS,
    TABLE,
    TEXT_FIELDS,
    VALUE_FIELDS,
    document_of,
)

WORD_FIELDS = frozenset({"sections", *(field.name for field in TABLE if field.kind in {"text", "names"})})
"""Fields of words, which score. Values of all other fields are whole and folded, and score nothing."""

_SECONDS_BITS = 39
"""Room for the seconds from the year 1 to 9999."""


def schema() -> Schema:
    """The schema of an index.

    ``name_of`` has the terms of each name apart: ``acme:0`` is of an entry's first name. ``sections`` has the words of
    the text's sections again, each with its section before it (`section_word`). ``id`` is ``number:position``;
    ``number`` the 18 digits of the accession number; dates are like 20041222, 0 for none; ``when``
    is what hits are ordered by (`when`). ``first`` is 1 for the first entry of a submission, else 0. Entries of a
    submission that has several share ``siblings`` and ``sibling_bit`` (`indexer.tantivy_engine.siblings`).
    """
    builder = SchemaBuilder()
    for field in TEXT_FIELDS:
        builder.add_text_field(field, tokenizer_name="whitespace", index_option="position")
    for field in NAME_FIELDS:
        builder.add_text_field(field, tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field("sections", tokenizer_name="whitespace", index_option="position")
    for field in (*VALUE_FIELDS, *(f"{name}_of" for name in NAME_FIELDS), "section", "year", "id"):
        builder.add_text_field(field, tokenizer_name="raw", index_option="basic", fast=field in SUBMISSION_FACETS)
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
        "description": b" ".join(encoded_words(entry.description or "")).decode(),
        **{field: values[field] for field in (*DATE_FIELDS, *NUMBER_FIELDS)},
        "year": str(entry.filing_date.year),
        "when": when(entry.filing_date, entry.acceptance_datetime),
        "number": values["number"],
        "position": entry.position or 0,
        "first": int(is_first),
        "id": f"{values['number']}:{entry.position or 0}",
        "record": b64encode(values["record"].encode()).decode(),  # as tantivy reads bytes in JSON
    }
    head = json.dumps(columns, ensure_ascii=False, separators=(",", ":")).encode()
    # words are letters and digits, which JSON need not escape: the body is not walked again
    found = encoded_words(entry.text)
    if entry.sections:
        return b'%s,"sections":"%s","text":"%s"}\n' % (head[:-1], _sections(entry, found), b" ".join(found))
    return b'%s,"text":"%s"}\n' % (head[:-1], b" ".join(found))


def section_word(key: str, word: str) -> str:
    """A word of the section `key` as it is indexed."""
    return f"{exact(key).replace(' ', '_')}:{word}"


def _sections(entry: IndexEntry, found: Sequence[bytes]) -> bytes:
    """The words of all sections; between two a word that nobody can ask for, so that no phrase goes over the border."""
    pieces: list[bytes] = []
    for span in entry.sections:
        prefix = section_word(span.key, "").encode()
        pieces += (prefix + word for word in found[span.first : span.end])
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
    """A number that orders by filing date, then by acceptance, which comes first where there is none."""
    seconds = (
        0
        if accepted is None
        else accepted.toordinal() * 86_400 + accepted.hour * 3600 + accepted.minute * 60 + accepted.second
    )
    return filed.toordinal() << _SECONDS_BITS | seconds


def _unique(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(exact(value) for value in values))
