"""The query language (docs/query-language.md): text and filters to one query tree that means the same in every engine.

`query_syntax` groups the text; here each leaf is built by the rules of its field. The tree has Whoosh's And, Or, Not,
Term, Phrase, Prefix, Wildcard, FuzzyTerm and Sequence, and the nodes of `query_tree`.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from whoosh import query as whoosh_query
from whoosh.query import And, FuzzyTerm, Not, Or, Phrase, Prefix, Query, Term, Wildcard

from archiver.errors import IdentifierError, QueryError, UsageError
from archiver.identifiers import AccessionNumber, Cik, parse_date
from archiver.words import fold, words
from indexer.entries import exact
from indexer.query.grammar import read
from indexer.query.nodes import TEXT_FIELDS, DateSpan, NameWords, Near, Stem

MAX_QUERY_CHARS = 4096
MAX_TERMS = 256
MAX_SLOP = 50
MAX_STARS = 3
MIN_PREFIX = 2

STEM_FIELD = "stem"
"""Stands for `TEXT_FIELDS`, with stemming."""

_PATTERN_WORD = re.compile(r"(?:[^\W_]|[*?])+")
_PHRASE_WORD = re.compile(r"(?:[^\W_]|\*)+")
_STARS = re.compile(r"\*+")
_DATE = re.compile(r"([0-9]{4})(?:-?([0-9]{2})(?:-?([0-9]{2}))?)?")
_FIRST_DATE, _LAST_DATE = date(1, 1, 1), date(9999, 12, 31)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a hit must be, beside the query: values of one kind are alternatives, and every kind given must hold.

    `form`, `item` and `type` take globs and any case; `name` takes words in any order; dates are filing dates,
    inclusive.
    """

    cik: Sequence[int | str] = ()
    form: Sequence[str] = ()
    item: Sequence[str] = ()
    name: Sequence[str] = ()
    type: Sequence[str] = ()
    since: date | None = None
    until: date | None = None

    def tree(self) -> Query | None:
        """The filters as a query tree, None where nothing is asked. Raises `UsageError` for a value without meaning."""
        kinds = [
            [Term("cik", str(int(Cik(value)))) for value in self.cik],
            [_exact_leaf("form", value) for value in self.form],
            [_exact_leaf("item", value) for value in self.item],
            [_name_filter(value) for value in self.name],
            [_exact_leaf("type", value) for value in self.type],
        ]
        if self.since and self.until and self.since > self.until:
            raise UsageError(f"since {self.since} is after until {self.until}", "swap the two dates")
        if self.since or self.until:
            kinds.append([DateSpan("filed", self.since or _FIRST_DATE, self.until or _LAST_DATE)])
        return _join(And, [_join(Or, alternatives) for alternatives in kinds])


def parse_query(text: str, *, stem: bool = False) -> Query:
    """The query tree of `text`. With `stem`, every whole word of text stands for all words of its stem.

    Raises `QueryError`, with the position in `text` where there is one, for what cannot be read and for what passes a
    bound: `MAX_QUERY_CHARS`, `MAX_TERMS`, `MAX_SLOP`, and those of `query_syntax`.
    """
    if len(text) > MAX_QUERY_CHARS:
        raise QueryError(
            f"the query has {len(text)} characters, more than {MAX_QUERY_CHARS}", "shorten it", position=MAX_QUERY_CHARS
        )
    tree = _TreeBuilder(stem=stem).build(read(text))
    if tree is None:
        raise QueryError("the query has no word to search for", "give a word, a phrase or a field such as form:8-K")
    return tree


class _TreeBuilder:
    """Whoosh's raw tree to ours: every leaf by the rules of its field, counted against `MAX_TERMS`."""

    def __init__(self, *, stem: bool) -> None:
        self._stem = stem
        self._terms = 0

    def build(self, node: Query | None) -> Query | None:
        """The tree for `node`; None where it has no word at all."""
        if isinstance(node, (And, Or)):
            return _join(type(node), [self.build(child) for child in node.subqueries])
        if isinstance(node, Not):
            child = self.build(node.query)
            if isinstance(child, Not):
                return child.query
            return None if child is None else Not(child)
        if node is None or node is whoosh_query.NullQuery:
            return None
        return self._leaf(node)

    def _leaf(self, node: Query) -> Query | None:
        at = node.startchar
        field = node.fieldname.lower() if node.fieldname else None
        if isinstance(node, whoosh_query.TermRange):
            return _date_range(field, node, at)
        if isinstance(node, Phrase):
            raw = " ".join(node.words)
        elif isinstance(node, Prefix):
            raw = f"{node.text}*"
        else:
            raw = node.text
        self._count(raw, at)
        stem = field == STEM_FIELD or (self._stem and field in {None, *TEXT_FIELDS})
        if field == STEM_FIELD:
            field = None
        if isinstance(node, FuzzyTerm):
            return _anywhere(field, lambda name: _fuzzy_leaf(name, raw, node.maxdist, at))
        if isinstance(node, Phrase):
            if node.slop > MAX_SLOP:
                raise QueryError(
                    f"the distance ~{node.slop} at position {at + 1} is more than {MAX_SLOP}", "lower it", at
                )
            return _anywhere(
                field, lambda name: _leaf(name, raw, cut=_PHRASE_WORD, near=node.slop or None, stem=stem, at=at)
            )
        return _anywhere(field, lambda name: _leaf(name, raw, cut=_PATTERN_WORD, near=None, stem=stem, at=at))

    def _count(self, raw: str, at: int) -> None:
        self._terms += max(1, len(words(raw)))
        if self._terms > MAX_TERMS:
            raise QueryError(f"the query has more than {MAX_TERMS} words", "shorten it", at)


def _join(group: type[Query], children: Iterable[Query | None]) -> Query | None:
    """The children that there are, as one query."""
    present = [child for child in children if child is not None]
    if len(present) < 2:  # noqa: PLR2004
        return present[0] if present else None
    return group(present)


def _anywhere(field: str | None, leaf: Callable[[str], Query | None]) -> Query | None:
    return _join(Or, [leaf(name) for name in (TEXT_FIELDS if field is None else (field,))])


def _leaf(field: str, raw: str, *, cut: re.Pattern[str], near: int | None, stem: bool, at: int) -> Query | None:
    """The leaf for a typed word or phrase, cut into words by `cut`; `near` is the distance of a phrase that has one."""
    if field not in TEXT_FIELDS:
        return _value_leaf(field, raw, cut, at)
    found = cut.findall(fold(raw))
    kept = [word for word in found if word.strip("*?")]
    parts = [_pattern(field, word, at, stem=stem) for word in kept]
    if not parts and any(found):
        raise QueryError(f"the pattern at position {at + 1} matches every word", "add letters or digits", at)
    if len(parts) < 2:  # noqa: PLR2004
        if parts and "*" in kept[0][:MIN_PREFIX]:
            raise QueryError(
                f"the pattern {kept[0]!r} at position {at + 1} has fewer than {MIN_PREFIX} letters or digits before *",
                "make it longer",
                at,
            )
        return parts[0] if parts else None
    if near is not None:
        return Near(field, tuple(parts), distance=near)
    if all(isinstance(part, Term) for part in parts):
        return Phrase(field, [part.text for part in parts])
    return whoosh_query.Sequence(parts)


def _fuzzy_leaf(field: str, raw: str, edits: int, at: int) -> Query:
    found = words(raw)
    if field not in (*TEXT_FIELDS, "name") or len(found) != 1:
        raise QueryError(f"~ at position {at + 1} does not follow a single word of text or of a name", "remove it", at)
    return FuzzyTerm(field, found[0], maxdist=edits, prefixlength=1)


def _value_leaf(field: str, raw: str, cut: re.Pattern[str], at: int) -> Query:
    """A leaf of a field whose values are no running text."""
    try:
        if field == "name":
            return _name_words(cut.findall(fold(raw)), raw)
        if field in {"filed", "period"}:
            return DateSpan(field, *_span(raw))
        if field == "cik":
            return Term("cik", str(int(Cik(raw))))
        if field == "accession" and not set("*?") & set(raw):
            return Term("accession", AccessionNumber(raw))
        return _exact_leaf(field, raw)
    except UsageError as error:
        if isinstance(error, QueryError) and error.position is not None:
            raise
        raise QueryError(f"{field}: at position {at + 1}: {error.message}", error.hint, at) from None


def _name_filter(raw: str) -> Query:
    return _name_words(_PHRASE_WORD.findall(fold(raw)), raw)


def _name_words(found: list[str], raw: str) -> NameWords:
    wanted = tuple(dict.fromkeys(word for word in found if word.strip("*?")))
    if not wanted:
        raise UsageError(f"{raw[:40]!r} has no word of a name", "give one or more words of the name")
    for word in wanted:
        _pattern("name", word, 0)
    return NameWords(wanted)


def _exact_leaf(field: str, raw: str) -> Query:
    value = _STARS.sub("*", exact(raw))
    if not value:
        raise UsageError(f"an empty {field} finds nothing", f"give a {field}, or leave it out")
    if "*" not in value and "?" not in value:
        return Term(field, value)
    if value.count("*") > MAX_STARS:
        raise UsageError(f"{raw[:40]!r} has more than {MAX_STARS} *", "use fewer")
    if value.endswith("*") and not set("*?") & set(value[:-1]):
        return Prefix(field, value[:-1])
    return Wildcard(field, value.replace("[", "[[]"))


def _pattern(field: str, word: str, at: int, *, stem: bool = False) -> Query:
    """A word of running text that may hold ``*`` and ``?``; `QueryError` where it begins with one or has too many."""
    if "*" not in word and "?" not in word:
        return Stem(field, word) if stem and word.isascii() and word.isalpha() else Term(field, word)
    word = _STARS.sub("*", word)
    if word.count("*") > MAX_STARS:
        raise QueryError(f"the pattern {word!r} at position {at + 1} has more than {MAX_STARS} *", "use fewer", at)
    if word[0] in "*?":
        raise QueryError(
            f"the pattern {word!r} at position {at + 1} begins with {word[0]}: every word of the index would be tried",
            "begin it with a letter or digit",
            at,
        )
    if word.endswith("*") and not set("*?") & set(word[:-1]):
        return Prefix(field, word[:-1])
    return Wildcard(field, word)


def _date_range(field: str | None, node: whoosh_query.TermRange, at: int) -> DateSpan:
    if field not in {"filed", "period"}:
        raise QueryError(
            f"the range at position {at + 1} is not of filed: or period:", "ranges are for these two fields", at
        )
    try:
        first = _span(node.start) if node.start else (_FIRST_DATE, _FIRST_DATE)
        last = _span(node.end) if node.end else (_LAST_DATE, _LAST_DATE)
    except IdentifierError as error:
        raise QueryError(f"{field}: at position {at + 1}: {error.message}", error.hint, at) from None
    start = _next_day(first[1]) if node.startexcl and node.start else first[0]
    end = date.fromordinal(max(1, last[0].toordinal() - 1)) if node.endexcl and node.end else last[1]
    return DateSpan(field, start, end)


def _next_day(day: date) -> date:
    return day if day == _LAST_DATE else date.fromordinal(day.toordinal() + 1)


def _span(raw: str) -> tuple[date, date]:
    """First and last day of ``2004``, ``2004-12``, ``2004-12-22`` or ``20041222``. Raises `IdentifierError`."""
    match = _DATE.fullmatch(raw.strip())
    if match is None:
        raise IdentifierError(f"{raw[:40]!r} is not a date", "write it like 2004, 2004-12 or 2004-12-31")
    year, month, day = match.groups()
    if day:
        only = parse_date(f"{year}-{month}-{day}")
        return only, only
    first = parse_date(f"{year}-{month or '01'}-01")
    last_month = int(month or 12)
    return first, date(first.year, last_month, calendar.monthrange(first.year, last_month)[1])
