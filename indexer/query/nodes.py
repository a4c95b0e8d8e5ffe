"""The nodes of a query tree: plain values that say what is meant, not how it is found. Every engine translates them.

A tree is made of `All`, `AnyOf` and `Not` over leaves; each leaf is about one field.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from archiver.names import joined_spellings
from indexer.query.stems import english_stem


@dataclass(frozen=True, slots=True)
class All:
    """Documents that every one of `parts` matches."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Documents that at least one of `parts` matches."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Documents that `part` does not match."""

    part: Node


@dataclass(frozen=True, slots=True)
class Word:
    """Documents with the folded word `text` in `field`."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """Documents with a word or whole value of `field` like `text`, in which ``*`` and ``?`` stand for characters."""

    field: str
    text: str

    @property
    def prefix(self) -> str | None:
        """What the pattern's words begin with where nothing else is asked of them, else None."""
        beginning = self.text[:-1]
        return beginning if self.text.endswith("*") and not set("*?") & set(beginning) else None

    @property
    def literal(self) -> str:
        """The characters before the first ``*`` or ``?``."""
        return self.text.partition("*")[0].partition("?")[0]


@dataclass(frozen=True, slots=True)
class Fuzzy:
    """Documents with a word of `field` at most `max_edits` edits from `text`, and with its first character."""

    field: str
    text: str
    max_edits: int


@dataclass(frozen=True, slots=True, eq=False)
class Stem:
    """Documents with any word of `field` that has the same English stem as `text`. Equal to another of that stem."""

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
"""One word of running text, in whatever way it is asked for."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Documents in which `parts` stand side by side in `field`, in their order."""

    field: str
    parts: tuple[WordLike, ...]


@dataclass(frozen=True, slots=True)
class Near:
    """Documents in which all `parts` stand near each other in `field`, in any order.

    Near means that fewer than `distance` other words stand among them: two words are at most `distance` places apart.
    Each part takes a place of its own.
    """

    field: str
    parts: tuple[WordLike, ...]
    distance: int


@dataclass(frozen=True, slots=True)
class OneOf:
    """Any of `words`, in one place of a text."""

    words: tuple[WordLike, ...]


Span: TypeAlias = WordLike | OneOf | Phrase
"""What stands on one side of NEAR."""


@dataclass(frozen=True, slots=True)
class Proximity:
    """Documents in which `left` and `right` stand in `field` with at most `between` other words between them.

    They take places of their own; with `ordered`, `left` stands first.
    """

    field: str
    left: Span
    right: Span
    between: int
    ordered: bool


@dataclass(frozen=True, slots=True)
class NameWords:
    """Documents that have all `words` in one of the names in `field`, in any order: an entity's, current or former.

    A word may be a pattern with ``*`` and ``?``. Words side by side may stand there as one (`archiver.names`).
    """

    words: tuple[str, ...]
    field: str = "name"

    def spellings(self) -> tuple[tuple[Word | Pattern, ...], ...]:
        """The alternatives: each has what must stand in one name, no word twice."""
        plain = [set("*?").isdisjoint(word) for word in self.words]
        return tuple(
            tuple(
                Word(self.field, word) if set("*?").isdisjoint(word) else Pattern(self.field, word)
                for word in dict.fromkeys(spelling)
            )
            for spelling in joined_spellings(self.words, may_join=plain)
        )


@dataclass(frozen=True, slots=True)
class InSection:
    """Documents that have a section called `name`, under one of `keys` (`indexer.sections.forms.section_keys`).

    What stands beside it in an `All` must stand in one such section (`indexer.query.scopes.sections`).
    """

    name: str
    keys: tuple[str, ...]
    field: str = "section"


@dataclass(frozen=True, slots=True)
class Within:
    """Documents in which `part`, a leaf about the text, holds in the section `key`."""

    key: str
    part: TextLeaf
    field: str = "text"


@dataclass(frozen=True, slots=True)
class DateSpan:
    """Documents whose date in `field` is from `first` to `last`, both included."""

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
    """All documents of the filings with these accession numbers, as numbers of 18 digits. They score nothing."""

    numbers: frozenset[int]
    field: str = "accession"


TextLeaf: TypeAlias = WordLike | Phrase | Near | Proximity
Leaf: TypeAlias = TextLeaf | Value | NameWords | InSection | Within | DateSpan | AtLeast | OfFilings
Node: TypeAlias = All | AnyOf | Not | Leaf


def leaves(tree: Node, *, negated: bool = True) -> Iterator[Leaf]:
    """Every leaf of `tree`, from left to right; with `negated` false without those of what must not be there."""
    match tree:
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from leaves(part, negated=negated)
        case Not(part):
            if negated:
                yield from leaves(part)
        case _:
            yield tree


def span_words(span: Span) -> tuple[tuple[WordLike, ...], ...]:
    """For each place of `span`, in order, the words of which any may stand there."""
    match span:
        case Phrase(_, parts):
            return tuple((part,) for part in parts)
        case OneOf(words):
            return (words,)
        case _:
            return ((span,),)


def field_of(leaf: Leaf) -> str:
    """The field that `leaf` is about."""
    return leaf.field


def spelled(part: WordLike | Value) -> str:
    """A word or value as it was asked for: a pattern with its marks, a fuzzy word with its edits."""
    match part:
        case Fuzzy(_, text, max_edits):
            return f"{text}~{max_edits}"
        case Stem(_, text):
            return f"stem:{text}"
        case _:
            return part.text
