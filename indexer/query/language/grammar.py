"""The grammar of the query language: from text to a tree whose leaves have the words as typed.

`tokens` splits the text and `read` groups it. What cannot be parsed is an error with a position and never silently
becomes a different query. From loosest to tightest binding: adjacent words, OR, AND, NOT, NEAR and PRE.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

from archiver.errors import QueryError
from archiver.startup.dataclass import dataclass
from indexer.query.language.tokens import Token, tokens

MAX_DEPTH = 32
"""Maximum nesting of parentheses."""


@dataclass(frozen=True, slots=True)
class RawWord:
    """A word or pattern as typed, at position `at`; with `edits`, a fuzzy word."""

    field: str | None
    text: str
    at: int
    edits: int = 0


@dataclass(frozen=True, slots=True)
class RawPhrase:
    """A quoted phrase; `distance` is the number after its ``~``, 0 without one."""

    field: str | None
    text: str
    at: int
    distance: int = 0


@dataclass(frozen=True, slots=True)
class RawRange:
    """A range in brackets; an empty end is open, and an excluded end is not part of the range."""

    field: str | None
    first: str
    last: str
    at: int
    excludes_first: bool
    excludes_last: bool


@dataclass(frozen=True, slots=True)
class RawNot:
    """What must not match."""

    part: RawNode


@dataclass(frozen=True, slots=True)
class RawGroup:
    """Parts of which all, or any, must match."""

    joint: Literal["and", "or"]
    parts: tuple[RawNode, ...]


@dataclass(frozen=True, slots=True)
class RawProximity:
    """Two sides with at most `between` other words between them, `left` first if `ordered`."""

    left: RawNode
    right: RawNode
    between: int
    ordered: bool
    at: int


RawLeaf: TypeAlias = RawWord | RawPhrase | RawRange
RawNode: TypeAlias = RawLeaf | RawNot | RawGroup | RawProximity


def read(text: str) -> RawNode | None:
    """The parsed tree of `text`; None if it is empty. Each leaf has the `field` it names, or None.

    Raises `QueryError`, with a position, for what cannot be parsed or exceeds `MAX_DEPTH` or `tokens.MAX_EDITS`.
    """
    return _Parser(text).query()


def raw_leaves(tree: RawNode | None) -> Iterator[RawLeaf]:
    """The leaves of a parsed tree, from left to right."""
    match tree:
        case None:
            return
        case RawNot(part):
            yield from raw_leaves(part)
        case RawGroup(_, parts):
            for part in parts:
                yield from raw_leaves(part)
        case RawProximity(left, right):
            yield from raw_leaves(left)
            yield from raw_leaves(right)
        case _:
            yield tree


def operators_as_words(text: str) -> tuple[str, ...]:
    """``or`` and ``not`` between other words of a query, where people may mean OR and NOT. Raises as `read`."""
    inner = list(raw_leaves(read(text)))[1:-1]
    found = (leaf.text for leaf in inner if isinstance(leaf, RawWord) and leaf.field is None and not leaf.edits)
    return tuple(dict.fromkeys(word for word in found if word in {"or", "not"}))


class _Parser:
    """Reads tokens from left to right, with a method for each rule of the grammar."""

    def __init__(self, text: str) -> None:
        self._tokens = tokens(text)
        self._place = 0
        self._end = len(text)
        self._open: list[int] = []

    def query(self) -> RawNode | None:
        tree = self._sequence(None) if self._peek() else None
        if (token := self._peek()) is not None:  # only a closing parenthesis ends a sequence early
            raise _not_opened(token)
        return tree

    def _sequence(self, field: str | None) -> RawNode:
        """Adjacent parts without an operator: all must match."""
        parts = [self._joined(field, "or")]
        while (token := self._peek()) is not None and token.kind != "close":
            parts.append(self._joined(field, "or"))
        return _group("and", parts)

    def _joined(self, field: str | None, joint: Literal["and", "or"]) -> RawNode:
        """Parts with the operator between them; parts of AND, which binds tighter, inside OR."""
        parts = [self._joined(field, "and") if joint == "or" else self._factor(field)]
        while (token := self._peek()) is not None and token.kind == joint:
            self._take()
            self._check_operand(token)
            parts.append(self._joined(field, "and") if joint == "or" else self._factor(field))
        return _group(joint, parts)

    def _factor(self, field: str | None) -> RawNode:
        token = self._take()
        if token.kind == "not":
            self._check_operand(token)
            following = self._peek()
            if following is not None and following.kind == "not":
                raise QueryError(f"NOT occurs twice at position {following.at + 1}", "write it once", following.at)
            return RawNot(self._factor(field))
        return self._proximity(self._operand(token, field), field)

    def _proximity(self, left: RawNode, field: str | None) -> RawNode:
        """`left`, combined with the operand of a following NEAR or PRE."""
        operator = self._peek()
        if operator is None or operator.kind not in {"near", "before"}:
            return left
        self._take()
        self._check_operand(operator)
        right = self._operand(self._take(), field)
        following = self._peek()
        if following is not None and following.kind in {"near", "before"}:
            raise QueryError(
                f"{following.text} at position {following.at + 1} follows another such operator",
                "join two at a time: a NEAR/5 b AND b NEAR/5 c",
                following.at,
            )
        return RawProximity(left, right, operator.number, operator.kind == "before", operator.at)

    def _operand(self, token: Token, field: str | None) -> RawNode:
        match token.kind:
            case "field":
                return self._of_field(token)
            case "open":
                return self._parenthesised(token, field)
            case "range":
                first, last = token.ends
                excludes_first, excludes_last = token.text[0] == "{", token.text[-1] == "}"
                return RawRange(field, first, last, token.at, excludes_first, excludes_last)
            case "phrase":
                return RawPhrase(field, token.text, token.at, token.number)
            case "word":
                return RawWord(field, token.text, token.at, token.number)
            case "close":
                raise _not_opened(token)
            case "and" | "or" | "not" | "near" | "before":
                raise QueryError(
                    f"nothing precedes {token.text} at position {token.at + 1}",
                    "write it in lower case to search for the word",
                    token.at,
                )

    def _of_field(self, token: Token) -> RawNode:
        """A field's value follows its colon directly."""
        self._check_operand(token)
        value = self._take()
        if not value.touches:
            raise QueryError(
                f"there is white space between {token.text} and its value at position {value.at + 1}",
                "remove it, or quote the text",
                value.at,
            )
        if value.kind in {"field", "not"}:
            raise _nothing_after(token, value.at)
        return self._operand(value, token.text.removesuffix(":").lower())

    def _parenthesised(self, token: Token, field: str | None) -> RawNode:
        self._open.append(token.at)
        if len(self._open) > MAX_DEPTH:
            raise QueryError(f"more than {MAX_DEPTH} nested parentheses", "simplify the query", token.at)
        following = self._peek()
        if following is not None and following.kind == "close":
            raise QueryError(f"the parentheses at position {following.at + 1} are empty", "remove them", following.at)
        if following is None:
            raise self._not_closed()
        tree = self._sequence(field)
        if self._peek() is None:
            raise self._not_closed()
        self._take()
        self._open.pop()
        return tree

    def _check_operand(self, token: Token) -> None:
        """Operators and fields need something after them."""
        following = self._peek()
        if following is None:
            raise _nothing_after(token, self._end)
        if following.kind in {"close", "and", "or", "near", "before"}:
            raise _nothing_after(token, following.at)

    def _not_closed(self) -> QueryError:
        at = self._open[-1]
        return QueryError(f"the parenthesis at position {at + 1} is not closed", "close or quote it", at)

    def _peek(self) -> Token | None:
        return self._tokens[self._place] if self._place < len(self._tokens) else None

    def _take(self) -> Token:
        self._place += 1
        return self._tokens[self._place - 1]


def _group(joint: Literal["and", "or"], parts: list[RawNode]) -> RawNode:
    return parts[0] if len(parts) == 1 else RawGroup(joint, tuple(parts))


def _not_opened(token: Token) -> QueryError:
    return QueryError(
        f"a closing parenthesis without an opening one at position {token.at + 1}", "remove or open it", token.at
    )


def _nothing_after(token: Token, at: int) -> QueryError:
    return QueryError(f"nothing follows {token.text} at position {token.at + 1}", "complete or quote it", at)
