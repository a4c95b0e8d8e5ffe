"""The nodes of a query tree: plain values that every engine translates.

A tree consists of `All`, `AnyOf` and `Not` over leaves; each leaf is about one field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import TypeAlias

from archiver.selection.names import joined_spellings
from archiver.startup.dataclass import dataclass
from indexer.fields import has_wildcards
from indexer.query.stems import english_stem


@dataclass(frozen=True, slots=True)
class All:
    """Documents that match every one of `parts`."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Documents that match at least one of `parts`."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Documents that do not match `part`."""

    part: Node


@dataclass(frozen=True, slots=True)
class Word:
    """Documents with the folded word `text` in `field`."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """Documents with a word or whole value of `field` like `text`, in which ``*`` and ``?`` are wildcards."""

    field: str
    text: str

    @property
    def prefix(self) -> str | None:
        """The beginning of the pattern's words if that is the only condition, otherwise None."""
        beginning = self.text[:-1]
        return beginning if self.text.endswith("*") and not has_wildcards(beginning) else None

    @property
    def literal(self) -> str:
        """The characters before the first ``*`` or ``?``."""
        return self.text.partition("*")[0].partition("?")[0]


@dataclass(frozen=True, slots=True)
class Fuzzy:
    """Documents with a word of `field` at most `max_edits` edits from `text`, with the same first character."""

    field: str
    text: str
    max_edits: int


@dataclass(frozen=True, slots=True, eq=False)
class Stem:
    """Documents with any word of `field` that has the same English stem as `text`. Equal if the stems are equal."""

    field: str
    text: str

    @property
    def stem(self) -> str:
        """The stem of `text`."""
        return english_stem(self.text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stem) and (self.field, self.stem) == (other.field, other.stem)

    def __hash__(self) -> int:
        return hash((self.field, self.stem))


@dataclass(frozen=True, slots=True)
class Value:
    """Documents with the whole folded value `text` in `field`."""

    field: str
    text: str


WordLike: TypeAlias = Word | Pattern | Fuzzy | Stem
"""One word of running text, in any form of query."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Documents with `parts` next to each other in `field`, in this order."""

    field: str
    parts: tuple[WordLike, ...]


@dataclass(frozen=True, slots=True)
class Near:
    """Documents with all `parts` near each other in `field`, in any order.

    Near means with fewer than `distance` other words between them: two words are at most `distance` positions apart.
    Each part needs a position of its own.
    """

    field: str
    parts: tuple[WordLike, ...]
    distance: int


@dataclass(frozen=True, slots=True)
class OneOf:
    """Any of `words`, at one position of a text."""

    words: tuple[WordLike, ...]


Span: TypeAlias = WordLike | OneOf | Phrase
"""One side of NEAR."""


@dataclass(frozen=True, slots=True)
class Proximity:
    """Documents with `left` and `right` in `field` with at most `between` other words between them.

    They need positions of their own; if `ordered`, `left` comes first.
    """

    field: str
    left: Span
    right: Span
    between: int
    ordered: bool


@dataclass(frozen=True, slots=True)
class NameWords:
    """Documents with all `words` in one of the names in `field`, in any order.

    A word may be a pattern with ``*`` and ``?``. Adjacent words may be joined (`archiver.selection.names`).
    """

    words: tuple[str, ...]
    field: str = "name"

    def spellings(self) -> tuple[tuple[Word | Pattern, ...], ...]:
        """The alternatives: each is a set of words that one name must have, without repetitions."""
        plain = [not has_wildcards(word) for word in self.words]
        return tuple(
            tuple(
                Pattern(self.field, word) if has_wildcards(word) else Word(self.field, word)
                for word in dict.fromkeys(spelling)
            )
            for spelling in joined_spellings(self.words, may_join=plain)
        )


@dataclass(frozen=True, slots=True)
class InSection:
    """Documents with a section called `name`, under one of `keys` (`indexer.sections.forms.section_keys`).

    What is next to it in an `All` must match within one such section (`indexer.query.scopes.sections`).
    """

    name: str
    keys: tuple[str, ...]
    field: str = "section"


@dataclass(frozen=True, slots=True)
class Within:
    """Documents in which `part`, a leaf about the text, matches within the section `key`."""

    key: str
    part: TextLeaf
    field: str = "text"


@dataclass(frozen=True, slots=True)
class DateSpan:
    """Documents whose date in `field` is from `first` to `last`, inclusive."""

    field: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class AtLeast:
    """Documents whose number in `field` is `number` or more."""

    field: str
    number: int


@dataclass(frozen=True, slots=True)
class OfFilings:
    """All documents of the filings with these accession numbers, as numbers of 18 digits, without a score."""

    numbers: frozenset[int]
    field: str = "accession"


TextLeaf: TypeAlias = WordLike | Phrase | Near | Proximity
Leaf: TypeAlias = TextLeaf | Value | NameWords | InSection | Within | DateSpan | AtLeast | OfFilings
Node: TypeAlias = All | AnyOf | Not | Leaf


def leaves(tree: Node, *, negated: bool = True) -> Iterator[Leaf]:
    """Every leaf of `tree`, from left to right; unless `negated`, without excluded leaves."""
    match tree:
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from leaves(part, negated=negated)
        case Not(part):
            if negated:
                yield from leaves(part)
        case _:
            yield tree


def with_parts(tree: Node, change: Callable[[Node], Node]) -> Node:
    """`tree` after a `change` of each part that it consists of; a leaf has none."""
    match tree:
        case All(parts):
            return All(tuple(map(change, parts)))
        case AnyOf(parts):
            return AnyOf(tuple(map(change, parts)))
        case Not(part):
            return Not(change(part))
        case _:
            return tree


def requires(tree: Node, wanted: Callable[[Leaf], bool]) -> bool:
    """Whether whatever matches `tree` matches a `wanted` leaf of it."""
    match tree:
        case All(parts):
            return any(requires(part, wanted) for part in parts)
        case AnyOf(parts):
            return all(requires(part, wanted) for part in parts)
        case Not():
            return False
        case _:
            return wanted(tree)


def span_words(span: Span) -> tuple[tuple[WordLike, ...], ...]:
    """For each position of `span`, in order, the words that may be there."""
    match span:
        case Phrase(_, parts):
            return tuple((part,) for part in parts)
        case OneOf(words):
            return (words,)
        case _:
            return ((span,),)


def spelled(part: WordLike | Value) -> str:
    """A word or value as written in a query: a pattern with its wildcards, a fuzzy word with its edits."""
    match part:
        case Fuzzy(_, text, max_edits):
            return f"{text}~{max_edits}"
        case Stem(_, text):
            return f"stem:{text}"
        case _:
            return part.text
