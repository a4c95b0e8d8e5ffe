"""The contents of an OpenSearch index: names, settings, the strict mapping, and entries as documents.

Words are split by `archiver.words` and sent separated by spaces. OpenSearch only splits at spaces, so its tokens are
the same. Most words are their own stem, so the stem field has only other stems, each at the position of its word; that
makes an index a quarter to a third smaller (measured).
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

from opensearchpy import OpenSearch

from archiver.errors import ArchiveFormatError
from archiver.selection.names import name_terms
from archiver.words import words
from indexer.entries import IndexEntry, exact, section_word
from indexer.fields import DATE_FIELDS, NAME_FIELDS, NUMBER_FIELDS, TEXT_FIELDS, VALUE_FIELDS, document_of
from indexer.opensearch_engine.connection import Access, cluster_errors
from indexer.query.stems import english_stem

NAME_GAP = 1000
"""Positions left free between two names, and twice the number of words kept of a name."""

STEMS = {name: f"{name}_stem" for name in TEXT_FIELDS}
"""For each field of running text, one with the stems that differ from their words, at the same positions."""

SECTION_WORDS, SECTION_STEMS = "section_words", "section_stems"

_MAX_WORD_CHARS = 200
"""OpenSearch splits words after 255 UTF-16 units, which would shift all following positions."""

_KEPT_CHARS = 100
_WORDS: dict[str, Any] = {"type": "text", "analyzer": "whitespace"}
_NO_STEM = "0"
"""Placeholder for a word that is its own stem; it is not indexed. Stems consist of the letters a to z."""
_STEM_WORDS: dict[str, Any] = {"type": "text", "analyzer": "stems"}
_VALUE: dict[str, Any] = {"type": "keyword"}


def template(prefix: str) -> dict[str, Any]:
    """The index template for all indexes whose name begins with `prefix`.

    Only ``record`` is stored (``_source``), since words need not be read back. Documents are sorted by accession
    number, so that counting submissions reads the index in order.
    """
    return {
        "index_patterns": [f"{prefix}-*"],
        "template": {
            "settings": {
                "index": {
                    "auto_expand_replicas": "0-1",
                    "codec": "best_compression",
                    "sort.field": ["number", "position"],
                    "sort.order": ["asc", "asc"],
                    "analysis.analyzer.stems": {"type": "standard", "stopwords": [_NO_STEM]},
                }
            },
            "mappings": mapping(),
        },
    }


def mapping() -> dict[str, Any]:
    """The fields. An index with other fields is not ours."""
    return {
        "dynamic": "strict",
        "_source": {"includes": ["record"]},
        "_routing": {"required": True},
        "properties": {
            **dict.fromkeys(STEMS, _WORDS),
            **dict.fromkeys(STEMS.values(), _STEM_WORDS),
            **{name: _WORDS | {"position_increment_gap": NAME_GAP} for name in NAME_FIELDS},
            "section": _VALUE,
            SECTION_WORDS: _WORDS | {"position_increment_gap": NAME_GAP},
            SECTION_STEMS: _WORDS | {"position_increment_gap": NAME_GAP},
            **dict.fromkeys(VALUE_FIELDS, _VALUE),
            **{name: {"type": "integer"} for name in (*DATE_FIELDS, "year", "position")},
            **{name: {"type": "long"} for name in (*NUMBER_FIELDS, "accepted", "number")},
            "first": {"type": "boolean"},
            "record": {"type": "keyword", "index": False, "doc_values": False},
        },
    }


def document_id(entry: IndexEntry) -> str:
    """The ``_id`` of an entry; writing it again replaces the document."""
    return f"{entry.accession}:{entry.position or 0}"


def body_of(entry: IndexEntry, *, is_first: bool) -> dict[str, Any]:
    """An entry as a document; `is_first` of its submission."""
    values = document_of(entry)
    body: dict[str, Any] = {name: values[name] for name in (*NUMBER_FIELDS, "accepted", "number", "record")}
    for name in TEXT_FIELDS:
        cut = [short(word) for word in words(values[name] or "")]
        if cut:
            body[name] = " ".join(cut)
            body[STEMS[name]] = " ".join(map(_other_stem, cut))
    for field in NAME_FIELDS:
        names = [" ".join(short(term) for term in name_terms(text)[: NAME_GAP // 2]) for text in values[field]]
        body |= {field: names} if names else {}
    if entry.sections:
        body |= _sections_of(entry)
    for name in VALUE_FIELDS:
        folded = list(dict.fromkeys(short_value(exact(value)) for value in values[name] or ()))
        body |= {name: folded} if folded else {}
    body |= {name: values[name] for name in DATE_FIELDS if values[name]}
    return body | {
        "year": entry.filing_date.year,
        "position": entry.position or 0,
        "first": is_first,
    }


def _sections_of(entry: IndexEntry) -> dict[str, Any]:
    """The words of each section a second time, prefixed with the section, and their stems at the same positions."""
    found = [short(word) for word in words(entry.text)]
    spans = [(section_word(span.key, ""), found[span.first : span.end]) for span in entry.sections]
    return {
        "section": list(dict.fromkeys(exact(span.key) for span in entry.sections)),
        SECTION_WORDS: [" ".join(prefix + word for word in of_span) for prefix, of_span in spans],
        SECTION_STEMS: [" ".join(prefix + english_stem(word) for word in of_span) for prefix, of_span in spans],
    }


def _other_stem(word: str) -> str:
    stem = english_stem(word)
    return _NO_STEM if stem == word else stem


def short(word: str) -> str:
    """`word`, or, if it is too long for OpenSearch, its beginning and a digest."""
    return word if len(word) <= _KEPT_CHARS else _shortened(word)


def short_value(value: str) -> str:
    """A whole value, shortened if it is longer than a query can be."""
    return value if len(value) <= _MAX_VALUE_CHARS else value[:_MAX_VALUE_CHARS]


_MAX_VALUE_CHARS = 4097


@lru_cache(maxsize=1024)
def _shortened(word: str) -> str:
    if len(word) <= _MAX_WORD_CHARS and word.isascii():
        return word
    return word[:_KEPT_CHARS] + hashlib.blake2b(word.encode(), digest_size=20).hexdigest()


def require_mapping(client: OpenSearch, access: Access, alias: str) -> None:
    """Raise `ArchiveFormatError` if an index of `alias` has other fields than edgarchive's, `IndexServerError`."""
    with cluster_errors(access):
        indexes = client.indices.get_mapping(index=alias)
    wanted = {field: of["type"] for field, of in mapping()["properties"].items()}
    for name, found in sorted(indexes.items()):
        if {field: of["type"] for field, of in found["mappings"].get("properties", {}).items()} != wanted:
            raise ArchiveFormatError(
                f"the index {name} at {access.url} has fields that edgarchive did not create",
                "run `edgarchive index --rebuild`",
            )
