"""A query tree as OpenSearch's query DSL: the same documents as every engine finds, by words that are cut already."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from whoosh import query as whoosh_query
from whoosh.query import And, FuzzyTerm, Not, Or, Phrase, Prefix, Query, Term, Wildcard

from archiver.errors import QueryError
from indexer.fields import VALUE_FIELDS, date_number
from indexer.opensearch_engine.mapping import NAME_GAP, STEMS, short, short_value
from indexer.query.explain import spelled
from indexer.query.nodes import DateSpan, NameWords, Near, Stem, english_stem, phrase_parts, stem_beginning

Json = dict[str, Any]

MAX_PATTERN_WORDS = 1024
"""Words that a pattern inside of a phrase, or among the words of a name, may stand for: what a cluster allows unless
its ``indices.query.bool.max_clause_count`` is raised. A pattern alone has no such bound."""

MAX_SHARED_PLACES = 5
"""Words near each other of which two could be the same word of the text: each order of them is asked for."""

EVERYTHING: Json = {"match_all": {}}
_NAME_WIDTH = NAME_GAP // 2 + 100
"""More places than lie inside a name, and fewer than between two."""


def translated(tree: Query) -> Json:  # noqa: PLR0911 — a line or two for each kind of node
    """The query for `tree`. Words score by BM25, phrases by how often they stand there, all else alike.

    Raises `QueryError` for `MAX_SHARED_PLACES`.
    """
    if isinstance(tree, And):
        return {"bool": {"must": [translated(child) for child in tree.subqueries]}}
    if isinstance(tree, Or):
        return {"bool": {"should": [translated(child) for child in tree.subqueries], "minimum_should_match": 1}}
    if isinstance(tree, Not):
        return {"bool": {"must_not": [translated(tree.query)]}}
    if isinstance(tree, Phrase):
        return {"match_phrase": {tree.fieldname: " ".join(map(short, tree.words))}}
    if isinstance(tree, whoosh_query.Sequence):
        parts = phrase_parts(tree)
        return _intervals(parts[0].fieldname, _all_of([_interval(part) for part in parts], ordered=True, gaps=0))
    if isinstance(tree, Near):
        return _intervals(tree.fieldname, _near(tree))
    if isinstance(tree, NameWords):
        return _name(tree)
    if isinstance(tree, DateSpan):
        bounds = {"gte": max(1, date_number(tree.first)), "lte": date_number(tree.last)}
        return {"constant_score": {"filter": {"range": {tree.fieldname: bounds}}}}
    return _leaf(tree)


def is_of_submission(tree: Query | None) -> bool:
    """Whether `tree` asks for facts alone that all documents of a submission share."""
    if tree is None or isinstance(tree, (NameWords, DateSpan)):
        return True
    if isinstance(tree, (And, Or)):
        return all(is_of_submission(child) for child in tree.subqueries)
    if isinstance(tree, Not):
        return is_of_submission(tree.query)
    return isinstance(tree, (Term, Prefix, Wildcard, FuzzyTerm)) and tree.fieldname not in {*STEMS, "type"}


def _leaf(tree: Query) -> Json:
    field = tree.fieldname
    if isinstance(tree, Stem):
        fields = _stem_fields(tree)
        return {"bool": {"should": [{"term": {name: {"value": stem}}} for name, stem in fields]}}
    if isinstance(tree, FuzzyTerm):
        fuzzy = {
            "value": tree.text,
            "fuzziness": tree.maxdist,
            "prefix_length": tree.prefixlength,
            "transpositions": False,
            "rewrite": "constant_score",
        }
        return {"fuzzy": {field: fuzzy}}
    if isinstance(tree, Prefix):
        return {"prefix": {field: {"value": tree.text, "rewrite": "constant_score"}}}
    if isinstance(tree, Wildcard):
        return {"wildcard": {field: {"value": _pattern(tree), "rewrite": "constant_score"}}}
    if field in VALUE_FIELDS:
        return {"constant_score": {"filter": {"term": {field: {"value": short_value(tree.text)}}}}}
    return {"term": {field: {"value": short(tree.text)}}}


def _name(tree: NameWords) -> Json:
    parts = [whoosh_query.Wildcard("name", word).normalize() for word in tree.words]
    if len(parts) == 1:
        return {"constant_score": {"filter": _leaf(parts[0])}}
    # words of a pattern and of another may be one word of the name, and unordered intervals may overlap
    rule = _all_of([_interval(part) for part in parts], ordered=False, gaps=_NAME_WIDTH)
    return {"constant_score": {"filter": _intervals("name", rule)}}


def _near(tree: Near) -> Json:
    """Each part takes a place of its own: words that could take the same one are asked for in each order."""
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


def _may_be_one(one: Query, other: Query) -> bool:
    """Whether some word could be of both parts."""
    if isinstance(one, Term) or isinstance(other, Term):
        term, part = (one, other) if isinstance(one, Term) else (other, one)
        if isinstance(part, Stem):
            return english_stem(term.text) == english_stem(part.text)
        return fnmatchcase(term.text, _glob(part))
    if isinstance(one, Stem) and isinstance(other, Stem):
        return one == other
    first, second = _beginning(one), _beginning(other)
    return first.startswith(second) or second.startswith(first)


def _beginning(part: Query) -> str:
    if isinstance(part, Stem):
        return stem_beginning(english_stem(part.text))
    return _glob(part).split("*", 1)[0].split("?", 1)[0]


def _glob(part: Query) -> str:
    return f"{part.text}*" if isinstance(part, Prefix) else str(part.text)


def _stem_fields(part: Query) -> list[tuple[str, str]]:
    """Where the words of a stem stand: those that differ from it, and the one that does not."""
    stem = english_stem(part.text)
    found = [(STEMS[part.fieldname], stem)]
    return [*found, (part.fieldname, short(stem))] if english_stem(stem) == stem else found


def _interval(part: Query) -> Json:
    """One word as a source of intervals."""
    if isinstance(part, Term):
        return {"match": {"query": short(part.text)}}
    if isinstance(part, Stem):
        fields = _stem_fields(part)
        return {"any_of": {"intervals": [{"match": {"query": stem, "use_field": name}} for name, stem in fields]}}
    # `prefix` among intervals has a bound of 128 words that cannot be raised
    return {"wildcard": {"pattern": _glob(part), "max_expansions": MAX_PATTERN_WORDS}}


def _all_of(rules: Sequence[Json], *, ordered: bool, gaps: int) -> Json:
    mode = "ordered" if ordered else "unordered"
    return {"all_of": {"intervals": list(rules), "mode": mode, "max_gaps": gaps}}


def _intervals(field: str, rule: Json) -> Json:
    return {"intervals": {field: rule}}


def _pattern(tree: Wildcard) -> str:
    """Whoosh's spelling of a pattern, in which ``[`` stands for itself in brackets, as Lucene's."""
    text: str = tree.text
    return text.replace("[[]", "[").replace("\\", "\\\\")
