"""Translating a query tree to OpenSearch's query DSL, for words that are already split."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, assert_never

from archiver.errors import QueryError
from indexer.entries import exact, section_word
from indexer.fields import date_number
from indexer.opensearch_engine.mapping import (
    NAME_GAP,
    SECTION_STEMS,
    SECTION_WORDS,
    STEMS,
    short,
    short_value,
)
from indexer.query.expansion import pattern_expression
from indexer.query.nodes import (
    All,
    AnyOf,
    AtLeast,
    DateSpan,
    Fuzzy,
    InSection,
    Leaf,
    NameWords,
    Near,
    Node,
    Not,
    OfFilings,
    OneOf,
    Pattern,
    Phrase,
    Proximity,
    Span,
    Stem,
    TextLeaf,
    Value,
    Within,
    Word,
    WordLike,
    spelled,
)
from indexer.query.stems import english_stem, stem_beginning

Json = dict[str, Any]

MAX_PATTERN_WORDS = 1024
"""Words that a pattern inside of a phrase, or among the words of a name, may stand for: what a cluster allows unless
its ``indices.query.bool.max_clause_count`` is raised. A pattern alone has no such bound."""

_TERMS = 65_536
"""Values in one clause: ``index.max_terms_count``."""

MAX_SHARED_PLACES = 5
"""Near words that could be the same word of the text; each order of them is queried."""

EVERYTHING: Json = {"match_all": {}}
_NAME_WIDTH = NAME_GAP // 2 + 100
"""More positions than a name has, and fewer than between two names."""


def translated(tree: Node) -> Json:
    """The query for `tree`. Words score by BM25, phrases by their frequency, everything else equally.

    Raises `QueryError` for more than `MAX_SHARED_PLACES`.
    """
    match tree:
        case All(parts):
            return {"bool": {"must": [translated(part) for part in parts]}}
        case AnyOf(parts):
            return {"bool": {"should": [translated(part) for part in parts], "minimum_should_match": 1}}
        case Not(part):
            return {"bool": {"must_not": [translated(part)]}}
        case _:
            return _leaf(tree)


def _leaf(leaf: Leaf) -> Json:  # noqa: C901, PLR0911, PLR0912 — one for each kind of leaf
    match leaf:
        case Phrase(field, parts):
            words = [part.text for part in parts if isinstance(part, Word)]
            if len(words) == len(parts):
                return {"match_phrase": {field: " ".join(map(short, words))}}
            return _intervals(field, _all_of([_interval(part) for part in parts], ordered=True, gaps=0))
        case Near(field):
            return _intervals(field, _near(leaf))
        case Proximity(field, left, right, between, ordered):
            sides = [_span(left), _span(right)]
            ways = [
                _all_of(order, ordered=True, gaps=between) for order in ((sides,) if ordered else (sides, sides[::-1]))
            ]
            return _intervals(field, _any_of(ways))
        case Within(key, part):
            return _leaf(_in_section(key, part))
        case InSection(_, keys):
            return {"constant_score": {"filter": {"terms": {"section": [exact(key) for key in keys]}}}}
        case NameWords():
            return _name(leaf)
        case DateSpan(field, first, last):
            bounds = {"gte": max(1, date_number(first)), "lte": date_number(last)}
            return {"constant_score": {"filter": {"range": {field: bounds}}}}
        case AtLeast(field, number):
            return {"constant_score": {"filter": {"range": {field: {"gte": number}}}}}
        case OfFilings(numbers):
            return _of_filings(sorted(numbers))
        case Value(field, text):
            return {"constant_score": {"filter": {"term": {field: {"value": short_value(text)}}}}}
        case Word() | Pattern() | Fuzzy() | Stem():
            return _word(leaf)
        case _:
            assert_never(leaf)


def _of_filings(numbers: Sequence[int]) -> Json:
    """Any of these accession numbers, without a score."""
    portions = [numbers[first : first + _TERMS] for first in range(0, len(numbers), _TERMS)]
    return {"bool": {"filter": [{"bool": {"should": [{"terms": {"number": some}} for some in portions or [[]]]}}]}}


def _word(part: WordLike) -> Json:
    match part:
        case Word(field, text):
            return {"term": {field: {"value": short(text)}}}
        case Stem():
            fields = _stem_fields(part)
            return {"bool": {"should": [{"term": {name: {"value": stem}}} for name, stem in fields]}}
        case Fuzzy(field, text, max_edits):
            fuzzy = {
                "value": text,
                "fuzziness": max_edits,
                "prefix_length": text.find(":") + 2,
                "transpositions": True,
                "max_expansions": MAX_PATTERN_WORDS,
                "rewrite": "constant_score",
            }
            return {"fuzzy": {field: fuzzy}}
        case Pattern(field, text):
            if part.prefix is not None:
                return {"prefix": {field: {"value": part.prefix, "rewrite": "constant_score"}}}
            return {"wildcard": {field: {"value": text.replace("\\", "\\\\"), "rewrite": "constant_score"}}}
        case _:
            assert_never(part)


def _in_section(key: str, leaf: TextLeaf) -> TextLeaf:
    """`leaf` for words that are indexed with their section as prefix."""
    match leaf:
        case Phrase(_, parts):
            return Phrase(SECTION_WORDS, tuple(_word_in_section(key, part) for part in parts))
        case Near(_, parts, distance):
            return Near(SECTION_WORDS, tuple(_word_in_section(key, part) for part in parts), distance)
        case Proximity(_, left, right, between, ordered):
            sides = (_span_in_section(key, left), _span_in_section(key, right))
            return Proximity(SECTION_WORDS, *sides, between, ordered)
        case _:
            return _word_in_section(key, leaf)


def _span_in_section(key: str, span: Span) -> Span:
    match span:
        case OneOf(found):
            return OneOf(tuple(_word_in_section(key, word) for word in found))
        case Phrase(_, parts):
            return Phrase(SECTION_WORDS, tuple(_word_in_section(key, part) for part in parts))
        case _:
            return _word_in_section(key, span)


def _word_in_section(key: str, word: WordLike) -> WordLike:
    match word:
        case Stem():
            return Word(SECTION_STEMS, section_word(key, word.stem))
        case Fuzzy(_, text, max_edits):
            return Fuzzy(SECTION_WORDS, section_word(key, text), max_edits)
        case Pattern(_, text):
            return Pattern(SECTION_WORDS, section_word(key, text))
        case _:
            return Word(SECTION_WORDS, section_word(key, word.text))


def _name(tree: NameWords) -> Json:
    spellings = tree.spellings()
    if len(tree.words) == 1:
        return {"constant_score": {"filter": _word(spellings[0][0])}}
    # two patterns may match one word of the name, and unordered intervals may overlap
    ways = [_all_of([_interval(part) for part in spelling], ordered=False, gaps=_NAME_WIDTH) for spelling in spellings]
    return {"constant_score": {"filter": _intervals(tree.field, _any_of(ways))}}


def _near(tree: Near) -> Json:
    """Each part needs a position of its own: parts that could match the same word are queried in each order."""
    parts, gaps = tree.parts, tree.distance - 1
    rules = [_interval(part) for part in parts]
    if not any(_may_be_one(*pair) for pair in itertools.combinations(parts, 2)):
        return _all_of(rules, ordered=False, gaps=gaps)
    if len(parts) > MAX_SHARED_PLACES:
        raise QueryError(
            f"more than {MAX_SHARED_PLACES} words near each other, of which two may be the same word",
            "use fewer words, or no word twice",
        )
    orders = dict.fromkeys(itertools.permutations(map(spelled, parts)))
    by_spelling = dict(zip(map(spelled, parts), rules, strict=True))
    return {
        "any_of": {
            "intervals": [_all_of([by_spelling[word] for word in order], ordered=True, gaps=gaps) for order in orders]
        }
    }


def _may_be_one(one: WordLike, other: WordLike) -> bool:
    """Whether some word could match both parts."""
    if isinstance(one, Word) or isinstance(other, Word):
        word, part = (one, other) if isinstance(one, Word) else (other, one)
        match part:
            case Word(_, text):
                return word.text == text
            case Stem():
                return english_stem(word.text) == part.stem
            case Pattern(_, text):
                return pattern_expression(text).fullmatch(word.text) is not None
            case _:
                return word.text[:1] == part.text[:1]
    if isinstance(one, Stem) and isinstance(other, Stem):
        return one == other
    first, second = _beginning(one), _beginning(other)
    return first.startswith(second) or second.startswith(first)


def _beginning(part: WordLike) -> str:
    """What every word that matches `part` begins with."""
    match part:
        case Stem():
            return stem_beginning(part.stem)
        case Pattern():
            return part.literal
        case Fuzzy(_, text):
            return text[:1]
        case _:
            return part.text


def _stem_fields(part: Stem) -> list[tuple[str, str]]:
    """The fields with the words of a stem: those that differ from it, and the one that does not."""
    stem = part.stem
    found = [(STEMS[part.field], stem)]
    return [*found, (part.field, short(stem))] if english_stem(stem) == stem else found


def _interval(part: WordLike) -> Json:
    """One word as a source of intervals."""
    match part:
        case Word(field, text):
            return {"match": {"query": short(text), **({"use_field": field} if field == SECTION_STEMS else {})}}
        case Stem():
            fields = _stem_fields(part)
            return {"any_of": {"intervals": [{"match": {"query": stem, "use_field": name}} for name, stem in fields]}}
        case Pattern(_, text):  # `prefix` in intervals is limited to 128 words, which cannot be changed
            return {"wildcard": {"pattern": text, "max_expansions": MAX_PATTERN_WORDS}}
        case Fuzzy(_, text, max_edits):
            return {
                "fuzzy": {
                    "term": text,
                    "fuzziness": max_edits,
                    "prefix_length": text.find(":") + 2,
                    "transpositions": True,
                }
            }
        case _:
            assert_never(part)


def _span(span: Span) -> Json:
    """One side of NEAR as a source of intervals."""
    match span:
        case OneOf(words):
            return _any_of([_interval(word) for word in words])
        case Phrase(_, parts):
            return _all_of([_interval(part) for part in parts], ordered=True, gaps=0)
        case _:
            return _interval(span)


def _any_of(rules: list[Json]) -> Json:
    return rules[0] if len(rules) == 1 else {"any_of": {"intervals": rules}}


def _all_of(rules: Sequence[Json], *, ordered: bool, gaps: int) -> Json:
    mode = "ordered" if ordered else "unordered"
    return {"all_of": {"intervals": list(rules), "mode": mode, "max_gaps": gaps}}


def _intervals(field: str, rule: Json) -> Json:
    return {"intervals": {field: rule}}
