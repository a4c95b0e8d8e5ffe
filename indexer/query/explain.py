"""A query tree in words: what a search was understood to ask for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from whoosh import query as whoosh_query
from whoosh.query import And, FuzzyTerm, Not, Or, Phrase, Prefix, Query

from indexer.query.nodes import TEXT_FIELDS, DateSpan, NameWords, Near, Stem, phrase_parts

_INDENT = "  "
_FIELDS = {
    "text": "text",
    "description": "description",
    "name": "a name",
    "form": "form",
    "type": "document type",
    "item": "item",
    "cik": "CIK",
    "accession": "accession number",
    "sic": "SIC code",
    "state": "state of incorporation",
    "file": "SEC file number",
    "filed": "filing date",
    "period": "period of report",
}


def explain(query: Query | None, filters: Query | None) -> str:
    """`query` and `filters` in words, a line for each condition; what belongs together is indented below a heading."""
    lines: list[str] = []
    for heading, tree in (("query", query), ("filters", filters)):
        if tree is not None:
            lines += [f"{heading}:", *(f"{_INDENT}{line}" for line in _lines(tree))]
    return "\n".join(lines) or "everything"


def spelled(leaf: Query) -> str:
    """A word of a query as it was asked for: a pattern with its marks, a fuzzy word with its edits."""
    if isinstance(leaf, Prefix):
        return f"{leaf.text}*"
    if isinstance(leaf, FuzzyTerm):
        return f"{leaf.text}~{leaf.maxdist}"
    if isinstance(leaf, Stem):
        return f"stem:{leaf.text}"
    text: str = leaf.text
    return text


def _lines(tree: Query) -> Iterator[str]:
    if isinstance(tree, (And, Or)):
        children = tree.subqueries
        fields = tuple(getattr(child, "fieldname", None) or _field_of(child) for child in children)
        if isinstance(tree, Or) and fields == TEXT_FIELDS:
            yield _leaf(children[0], " or ".join(TEXT_FIELDS))
            return
        yield "all of:" if isinstance(tree, And) else "any of:"
        for child in children:
            yield from (f"{_INDENT}{line}" for line in _lines(child))
    elif isinstance(tree, Not):
        yield "not:"
        yield from (f"{_INDENT}{line}" for line in _lines(tree.query))
    else:
        yield _leaf(tree, _FIELDS[_field_of(tree)])


def _field_of(leaf: Query) -> str:
    if isinstance(leaf, NameWords):
        return "name"
    if isinstance(leaf, whoosh_query.Sequence):
        leaf = phrase_parts(leaf)[0]
    field: str = getattr(leaf, "fieldname", "") or ""
    return field


def _leaf(leaf: Query, where: str) -> str:
    """One condition, on what stands in `where`."""
    if isinstance(leaf, DateSpan):
        return f"{where} {_span(leaf)}"
    if isinstance(leaf, NameWords):
        return f"{where}, current or former, has {_listed(map(_word, leaf.words))}"
    if isinstance(leaf, Near):
        return (
            f"{where} has {_listed(map(_part, leaf.parts))} near each other in any order,"
            f" with fewer than {leaf.distance} other words among them"
        )
    if _field_of(leaf) in TEXT_FIELDS:
        return f"{where} has {_part(leaf)}"
    value = spelled(leaf)
    return f"{where} is like {value.upper()}" if set("*?") & set(value) else f"{where} is {value.upper()}"


def _span(leaf: DateSpan) -> str:
    if leaf.last == date.max:
        return f"from {leaf.first} on"
    return f"up to {leaf.last}" if leaf.first == date.min else f"from {leaf.first} to {leaf.last}"


def _part(leaf: Query) -> str:
    """A word of running text, or words side by side."""
    if isinstance(leaf, Phrase):
        return f'the phrase "{" ".join(leaf.words)}"'
    if isinstance(leaf, whoosh_query.Sequence):
        return f"side by side {_listed(map(_part, phrase_parts(leaf)), 'then')}"
    if isinstance(leaf, FuzzyTerm):
        return f'a word at most {leaf.maxdist} {"edit" if leaf.maxdist == 1 else "edits"} from "{leaf.text}"'
    if isinstance(leaf, Stem):
        return f'a word with the stem of "{leaf.text}"'
    return _word(spelled(leaf))


def _word(word: str) -> str:
    return f'a word like "{word}"' if set("*?") & set(word) else f'"{word}"'


def _listed(parts: Iterator[str], joint: str = "and") -> str:
    return f" {joint} ".join(parts)
