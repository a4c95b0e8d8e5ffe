"""Finding out why a search finds nothing, by running parts and variants of it as searches."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from archiver.errors import UsageError
from archiver.startup.patterns import lazy_pattern
from archiver.words import words
from indexer.fields import NAME_FIELDS, TEXT_FIELDS, Facet
from indexer.query.language.grammar import (
    RawGroup,
    RawLeaf,
    RawNode,
    RawNot,
    RawPhrase,
    RawProximity,
    RawWord,
    raw_leaves,
    read,
)
from indexer.query.language.written import conjuncts, joined, wanted_leaves, with_field, written
from indexer.search.diagnosis.model import (
    Alternative,
    Change,
    Diagnosis,
    FilterCount,
    PartCount,
    UnknownValue,
    is_xbrl_type,
)
from indexer.search.diagnosis.near import name_query, near_name, near_values, near_words
from indexer.search.diagnosis.probing import Prober, Run
from indexer.search.diagnosis.spans import spans_in_query, spans_of_filters
from indexer.search.options import SearchOptions
from indexer.sections.forms import keys_of_name

MAX_S = 2.0
"""Time limit in seconds."""

_MAX_PARTS = 8
_NEAR = 10
"""The distance tried for a phrase that is not found."""

_GLOB = frozenset("*?[")
_CHECKED = ("form", "item", "type", "cik", "name", "sic", "state", "series")
"""Filters whose values are looked up."""

_SPELLED: dict[str, Facet] = {"form": "form", "item": "item", "type": "type", "sic": "sic", "state": "state"}
"""Filters whose values have one spelling, and the facets that count them."""

_NEAR_HITS = 20
"""Hits of a fuzzy search among which a similar word or name is looked for."""

_MAX_EDITS = 2
_CIK_DIGITS = 10
_DATES = frozenset({"since", "until"})
_NEEDS_QUOTES = lazy_pattern(r"[\s()]")
_OPERATOR = lazy_pattern(r"or|and|not", re.IGNORECASE)


def diagnose(
    options: SearchOptions,
    run: Run,
    *,
    last_run: Callable[[], int | None],
    total: int | None = None,
    max_s: float = MAX_S,
    clock: Callable[[], float] = time.monotonic,
) -> Diagnosis:
    """Why a search with these options finds nothing; only the total if it finds something.

    `run` runs a search, and `last_run` returns the number of the archive's last run. `total` is what the search itself
    found, if it has been run. All searches but that one end after `max_s`. Raises what `run` raises for it.
    """
    if total is None:
        total = run(_counted(options)).total
    if total:
        return Diagnosis(total)
    return _Diagnoser(options, Prober(run, last_run, ends=clock() + max_s, clock=clock)).run()


def _counted(options: SearchOptions) -> SearchOptions:
    """The same search for its total alone."""
    return options.replace(limit=0, offset=0, snippets=False, passages=0, sort=None)


class _Diagnoser:
    """One search and the results of its variants so far."""

    def __init__(self, options: SearchOptions, prober: Prober) -> None:
        self._options = _counted(options)
        self._prober = prober
        self._count = prober.count
        self._raw = read(options.query) if options.query else None
        self._given = options.given_filters

    def run(self) -> Diagnosis:
        if self._count(SearchOptions(limit=0)) == 0:
            return Diagnosis(0, is_empty=True)
        alone = self._count(self._options.without(*self._given)) if self._given and self._raw is not None else None
        found = Diagnosis(0, alone)
        if self._given:
            found = self._of_filters(found)
        if self._raw is not None and not alone:
            found = replace(found, unknown=(*found.unknown, *self._unknown_in_query(self._raw)))
            found = replace(found, spans=(*found.spans, *spans_in_query(self._raw, self._prober)))
            if len(conjuncts(self._raw)) > 1 or not (found.unknown or found.spans):
                found = replace(found, parts=self._parts(conjuncts(self._raw)))
        alternatives = list(self._alternatives(found)) or list(self._without_unknown(found))
        best = {(one.change, one.value): one for one in alternatives}
        return replace(found, alternatives=tuple(best.values()), is_complete=self._prober.is_complete)

    def _of_filters(self, found: Diagnosis) -> Diagnosis:
        """`found`, with the filters that exclude everything."""
        itemless = self._forms_without_items()
        unknown = tuple(self._unknown(skip={"item"} if itemless else set()))
        told = {one.filter for one in unknown if one.near}
        groups = [names for names in self._groups() if found.query_total != 0 and not told & set(names)]
        if found.query_total is None and len(groups) == 1:  # without it, there are hits
            groups = []
        causes = tuple(
            FilterCount(names[0], _as_given(self._options, names), without)
            for names in groups
            if (without := self._count(self._options.without(*names)))
        )
        spans = tuple(spans_of_filters(self._options, self._prober))
        return replace(found, filters=causes, unknown=unknown, spans=spans, forms_without_items=itemless)

    def _groups(self) -> Iterator[tuple[str, ...]]:
        """The given filters; those of dates together."""
        dates = tuple(name for name in self._given if name in _DATES)
        yield from ((name,) for name in self._given if name not in dates)
        if dates:
            yield dates

    def _forms_without_items(self) -> tuple[str, ...]:
        """Requested forms that have no items in any filing here that the filters select."""
        forms = self._options.form
        if not forms or not self._options.item:
            return ()
        of_forms = self._no_filters().replace(query=None, form=forms)
        items = self._prober.values("item", of_forms) if self._count(of_forms) else None
        return () if items is None or items else tuple(str(form).upper() for form in _several(forms))

    def _unknown(self, *, skip: set[str]) -> Iterator[UnknownValue]:
        for kind in (name for name in _CHECKED if name in self._given and name not in skip):
            given = _several(getattr(self._options, kind))
            for value in map(str, given):
                alone = self._no_filters().replace(query=None, **{kind: value})
                if not _GLOB.isdisjoint(value) or self._count(alone) != 0:
                    continue
                near, total = self._near(kind, value)
                yield UnknownValue(kind, value, near, total)

    def _unknown_in_query(self, raw: RawNode) -> Iterator[UnknownValue]:
        """Values of fields in the query that nothing in the archive has."""
        query = self._options.query or ""
        for leaf in wanted_leaves(raw):
            if leaf.field not in _CHECKED or not isinstance(leaf, RawWord | RawPhrase):
                continue
            if not _GLOB.isdisjoint(leaf.text) or self._count(self._no_filters().replace(query=written(leaf))) != 0:
                continue
            put = partial(_put, query, leaf)
            near, total = self._near(leaf.field, leaf.text, put)
            yield UnknownValue(leaf.field, leaf.text, near, total, None if near is None else put(near))

    def _near(self, kind: str, value: str, in_query: Callable[[str], str] | None = None) -> tuple[str | None, int]:
        """A value similar to `value` with which the search has hits, and how many.

        `in_query` puts it into the query, for a value there.
        """
        for near in self._candidates(kind, value):
            changed = {kind: near} if in_query is None else {"query": in_query(near)}
            if total := self._count(self._options.replace(**changed)):
                return near, total
        return None, 0

    def _candidates(self, kind: str, value: str) -> Iterator[str]:
        """Values of the archive that are spelled like `value`."""
        if self._prober.is_over() or is_xbrl_type(UnknownValue(kind, value)):
            return
        if kind in NAME_FIELDS:
            if kind == "name" and (query := name_query(value)) is not None:
                yield from near_name(value, self._prober.hits(SearchOptions(query, limit=_NEAR_HITS, snippets=False)))
        elif (facet := _SPELLED.get(kind)) is not None:
            there = self._prober.values(facet, SearchOptions(documents=True)) or ()
            yield from dict.fromkeys(near_values(value, there, may_be_short=kind == "item"))

    def _parts(self, parts: tuple[RawNode, ...]) -> tuple[PartCount, ...]:
        """How much each part of the query finds by itself; for a single phrase or NEAR, each of its sides.

        A single word finds nothing, or there would be no diagnosis.
        """
        if len(parts) == 1:
            match parts[0]:
                case RawPhrase(field, text, at) | RawWord(field, text, at, 0) if _is_text(field) and _GLOB.isdisjoint(
                    text
                ):
                    parts = tuple(RawWord(field, word, at) for word in dict.fromkeys(words(text))) or parts
                case RawProximity(left, right):
                    parts = (left, right)
                case RawGroup("or", parts=alternatives):
                    parts = alternatives
        counted = []
        for part in parts[:_MAX_PARTS]:
            text = written(part)
            if (
                not isinstance(part, RawNot)
                and (total := self._count(self._no_filters().replace(query=text))) is not None
            ):
                counted.append(PartCount(text, total))
        return tuple(counted)

    def _alternatives(self, found: Diagnosis) -> Iterator[Alternative]:
        yield from self._sections(found)
        if self._raw is None or found.query_total:  # the filters are the cause
            return
        options = self._options
        if not options.stem:
            yield from self._try("stem", "", options.replace(stem=True))
        if options.within == "document" and len(conjuncts(self._raw)) > 1:
            yield from self._try("within", "filing", options.replace(within="filing"))
        for query in dict.fromkeys(self._queries(self._raw, found)):
            if query != options.query:
                yield from self._try("query", query, options.replace(query=query))

    def _sections(self, found: Diagnosis) -> Iterator[Alternative]:
        """A section, if an item was requested that no header has, as in a 10-K."""
        items = _several(self._options.item)
        unknown = {one.value for one in found.unknown if one.filter == "item"}
        if (
            items
            and (found.forms_without_items or unknown)
            and all(map(_is_section, items))
            and not self._options.section
        ):
            wanted = self._options.without("item").replace(section=items)
            for one in self._try("section", str(items[0]), wanted):
                yield one if len(items) == 1 else replace(one, value=", ".join(map(str, items)))
        if self._raw is not None and any(leaf.field == "item" for leaf in raw_leaves(self._raw)):
            query = written(with_field(self._raw, "item", "section"))
            yield from self._try("query", query, self._options.replace(query=query))

    def _queries(self, raw: RawNode, found: Diagnosis) -> Iterator[str]:
        """Queries that may have been meant."""
        query = self._options.query or ""
        for at in (leaf.at for leaf in raw_leaves(raw) if _is_operator(leaf)):
            query = query[:at] + _OPERATOR.sub(lambda found: found[0].upper(), query[at:], count=1)
        yield query
        parts = conjuncts(raw)
        for place, part in enumerate(parts):
            match part:
                case RawNot() if len(parts) > 1:
                    yield joined((*parts[:place], *parts[place + 1 :]))
                case RawPhrase(_, text, _, 0) if len(words(text)) > 1:
                    yield joined((*parts[:place], replace(part, distance=_NEAR), *parts[place + 1 :]))
                case RawPhrase(field, text, at) if len(words(text)) > 1:
                    apart = (RawWord(field, word, at) for word in words(text))
                    yield joined((*parts[:place], *apart, *parts[place + 1 :]))
                case RawProximity(left, right):
                    yield joined((*parts[:place], left, right, *parts[place + 1 :]))
        yield from self._respelled(parts, found)

    def _respelled(self, parts: Sequence[RawNode], found: Diagnosis) -> Iterator[str]:
        """Queries with another spelling of a word that nothing in the archive has; a number may be a CIK."""
        nothing = _nothing(found)
        for place, part in enumerate(parts):
            if isinstance(part, RawWord) and _is_plain(part) and (len(parts) == 1 or written(part) in nothing):
                if part.text.isdecimal():
                    if part.field is None and len(part.text) <= _CIK_DIGITS:
                        others = (one for one in parts if one is not part and not _is_word(one, "cik"))
                        yield joined((RawWord("cik", part.text, part.at), *others))
                    continue
                for near in self._near_words(part):
                    yield joined((*parts[:place], near, *parts[place + 1 :]))

    def _near_words(self, word: RawWord) -> Iterator[RawWord]:
        """A word of the archive that is spelled like `word`, if there is one."""
        for edits in range(1, _MAX_EDITS + 1):
            fuzzy = self._no_filters().replace(query=written(replace(word, edits=edits)), stem=False)
            hits = self._prober.hits(fuzzy.replace(limit=_NEAR_HITS, snippets=True))
            for near in near_words(word.text, hits)[:1]:
                yield replace(word, text=near)
                return

    def _without_unknown(self, found: Diagnosis) -> Iterator[Alternative]:
        """The query without the parts that find nothing by themselves."""
        parts, nothing = conjuncts(self._raw), _nothing(found)
        rest = tuple(part for part in parts if written(part) not in nothing)
        if len(rest) < len(parts) and any(not isinstance(part, RawNot) for part in rest):
            yield from self._try("query", joined(rest), self._options.replace(query=joined(rest)))

    def _try(self, change: Change, value: str, options: SearchOptions) -> Iterator[Alternative]:
        if total := self._count(options):
            yield Alternative(change, value, total)

    def _no_filters(self) -> SearchOptions:
        return self._options.without(*self._given)


def _put(query: str, leaf: RawWord | RawPhrase, other: str) -> str:
    """`query` with the value `other` in the place of that of `leaf`."""
    if isinstance(leaf, RawWord) and _NEEDS_QUOTES.search(other):
        other = f'"{other}"'
    return query[: leaf.at] + query[leaf.at :].replace(leaf.text, other, 1)


def _several(values: object) -> tuple[object, ...]:
    """The values of a filter as `SearchOptions` stores them."""
    return values if isinstance(values, tuple) else ()


def _as_given(options: SearchOptions, names: Iterable[str]) -> tuple[str, ...]:
    found: list[str] = []
    for name in names:
        value = getattr(options, name)
        found += map(str, value if isinstance(value, tuple) else (value,))
    return tuple(found)


def _is_section(value: object) -> bool:
    try:
        return bool(keys_of_name(str(value)))
    except UsageError:
        return False


def _is_operator(leaf: RawLeaf) -> bool:
    return isinstance(leaf, RawWord) and leaf.field is None and _OPERATOR.fullmatch(leaf.text) is not None


def _is_word(part: RawNode, text: str) -> bool:
    return isinstance(part, RawWord) and part.field is None and part.text.lower() == text


def _is_text(field: str | None) -> bool:
    return field in {None, "stem", *TEXT_FIELDS}


def _nothing(found: Diagnosis) -> set[str]:
    """The parts of the query that find nothing by themselves."""
    return {one.text for one in found.parts if not one.count}


def _is_plain(word: RawWord) -> bool:
    """Whether `word` is one plain word of text, not a pattern or value."""
    return word.field in {None, *TEXT_FIELDS} and not word.edits and words(word.text) == [word.text.lower()]
