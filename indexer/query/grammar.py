"""The grammar of the query language: text to a raw tree whose leaves still have the words as they were typed.

Whoosh's parser cuts the text and groups it; its lenience ends there. Its flat list of tags is checked first, so that
what cannot be read is an error with a position and never a silent search for something else.
"""

from __future__ import annotations

import difflib
import re

from whoosh.qparser import QueryParser, plugins, syntax
from whoosh.query import Query

from archiver.errors import QueryError
from archiver.words import words

FIELDS = (
    "form",
    "cik",
    "item",
    "name",
    "type",
    "accession",
    "filed",
    "period",
    "sic",
    "state",
    "file",
    "description",
    "stem",
)
"""The fields that a query may name. Without one, words are sought in the body text and the description."""

MAX_DEPTH = 32
MAX_EDITS = 2

_UNKNOWN_FIELD = re.compile(r"([A-Za-z_]{2,}):(.?)")
_STRAIGHT_QUOTES = str.maketrans("“”„«»", '"""""')
_FUZZY = plugins.FuzzyTermPlugin.FuzzinessNode
_WILD = plugins.WildcardPlugin.WildcardNode
_PHRASE = plugins.PhrasePlugin.PhraseNode


class _PhraseTagger(plugins.PhrasePlugin.PhraseTagger):  # type: ignore[misc]  # Whoosh has no types
    """Whoosh's, except that a phrase without ``~`` can be told from one with ``~1``."""

    def create(self, _parser: QueryParser, match: re.Match[str]) -> syntax.SyntaxNode:
        """A phrase with its distance, 0 where it has none."""
        return _PHRASE(match["text"], match.start("text"), int(match["slop"] or 0))


class _PhrasePlugin(plugins.PhrasePlugin):  # type: ignore[misc]
    """Whoosh's, with our tagger."""

    def taggers(self, _parser: QueryParser) -> list[tuple[_PhraseTagger, int]]:
        """The tagger and its priority."""
        return [(_PhraseTagger(self.expr), 0)]


def read(text: str) -> Query:
    """The raw tree of `text`, in Whoosh's And, Or, Not, Term, Phrase, Prefix, Wildcard, FuzzyTerm and TermRange.

    Each leaf has its ``startchar`` and the ``fieldname`` that it names, or None. The slop of a Phrase is the distance
    after its ``~``, 0 without one.
    Raises `QueryError` with the position of what cannot be read, or passes `MAX_DEPTH` or `MAX_EDITS`.
    """
    text = text.translate(_STRAIGHT_QUOTES)
    parser = _parser()
    tags = parser.tag(text)
    _check(list(tags), text)
    return parser.filterize(tags).query(parser)


def _parser() -> QueryParser:
    """Whoosh's parser, cut down to our language. Having no schema, it leaves the words of a leaf as they were typed."""
    fields = "|".join(FIELDS)
    operator = r"(?:(?<=[\s()])|^){}(?=[\s()]|$)"
    return QueryParser(
        None,
        None,
        plugins=[
            plugins.FieldsPlugin(re.compile(rf"(?<!\w)(?P<text>{fields}):", re.IGNORECASE), remove_unknown=False),
            plugins.WildcardPlugin(r'(?P<text>[^\s()"~*?]*[*?][^\s()"~]*)'),
            _PhrasePlugin(r'"(?P<text>[^"]*)"(~(?P<slop>[1-9][0-9]*))?'),
            plugins.FuzzyTermPlugin(),
            plugins.RangePlugin(
                re.compile(
                    r"(?<=:)(?P<open>[\[{])(?P<start>[^\[\]{}]*?)(?:(?<=\s)|(?<=[\[{]))(?i:TO)(?=[\s\]}])"
                    r"(?P<end>[^\[\]{}]*)(?P<close>[\]}])"
                )
            ),
            plugins.GroupPlugin(),
            plugins.OperatorsPlugin(
                And=operator.format("AND"),
                Or=operator.format("OR"),
                Not=operator.format("NOT"),
                AndNot=None,
                AndMaybe=None,
                Require=None,
            ),
        ],
    )


def _check(tags: list[syntax.SyntaxNode], text: str) -> None:
    """Raise `QueryError` for what Whoosh's parser would let pass: it drops or rewords whatever it cannot place."""
    open_at: list[int] = []
    before: syntax.SyntaxNode | None = None  # the tag before, white space left out
    touching: syntax.SyntaxNode | None = None  # the tag before, if nothing stands between
    for tag in tags:
        if tag.is_ws():
            touching = None
            continue
        at = tag.startchar
        _check_text(tag, at)
        _check_operand(tag, before, at)
        _check_field(before, touching, at)
        _check_marks(tag, touching, at)
        if isinstance(tag, plugins.GroupPlugin.OpenBracket):
            open_at.append(at)
            if len(open_at) > MAX_DEPTH:
                raise QueryError(f"more than {MAX_DEPTH} parentheses inside each other", "write it flatter", at)
        elif isinstance(tag, plugins.GroupPlugin.CloseBracket):
            if not open_at:
                raise QueryError(
                    f"a closing parenthesis without an opening one at position {at + 1}", "remove or open it", at
                )
            open_at.pop()
        before = touching = tag
    if open_at:
        raise QueryError(
            f"the parenthesis at position {open_at[-1] + 1} is not closed", "close or quote it", open_at[-1]
        )
    if before is not None and _wants_operand(before):
        raise _nothing_after(before, len(text))


def _check_text(tag: syntax.SyntaxNode, at: int) -> None:
    """A lone quotation mark and an unknown field show up inside plain text."""
    if not isinstance(tag, (syntax.WordNode, _WILD)):
        return
    quote = tag.text.find('"')
    if quote >= 0:
        raise QueryError(f"the quotation mark at position {at + quote + 1} is not closed", "close it", at + quote)
    unknown = _UNKNOWN_FIELD.match(tag.text)
    if unknown and unknown[2]:
        raise _no_field(unknown[1], at)


def _check_operand(tag: syntax.SyntaxNode, before: syntax.SyntaxNode | None, at: int) -> None:
    """Operators, fields and parentheses need something to stand before or after them."""
    ends = isinstance(tag, plugins.GroupPlugin.CloseBracket)
    infix = isinstance(tag, syntax.InfixOperator)
    starts = before is None or isinstance(before, plugins.GroupPlugin.OpenBracket)
    if infix and starts:
        raise QueryError(
            f"nothing stands before {tag.text} at position {at + 1}", "write it in small letters to seek the word", at
        )
    if ends and before is not None and starts:
        raise QueryError(f"the parentheses at position {at + 1} are empty", "remove them", at)
    if before is not None and _wants_operand(before) and (ends or infix or _is_field_pair(before, tag)):
        raise _nothing_after(before, at)
    if isinstance(before, syntax.PrefixOperator) and isinstance(tag, syntax.PrefixOperator):
        raise QueryError(f"NOT stands twice at position {at + 1}", "write it once", at)


def _check_field(before: syntax.SyntaxNode | None, touching: syntax.SyntaxNode | None, at: int) -> None:
    """A field's value follows its colon directly; after another word's colon, a phrase or parenthesis is a mistake."""
    if isinstance(before, syntax.FieldnameNode) and touching is None:
        raise QueryError(
            f"white space stands between {before.original} and its value at position {at + 1}",
            "remove it, or quote the text",
            at,
        )
    if isinstance(touching, syntax.WordNode):
        unknown = _UNKNOWN_FIELD.fullmatch(touching.text)
        if unknown:
            raise _no_field(unknown[1], touching.startchar)


def _check_marks(tag: syntax.SyntaxNode, touching: syntax.SyntaxNode | None, at: int) -> None:
    """``~``, ``*`` and ``?`` belong to one word."""
    if isinstance(tag, _FUZZY):
        if not isinstance(touching, syntax.WordNode) or not words(touching.text):
            raise QueryError(
                f"~ at position {at + 1} does not follow a word",
                'write acquistion~1, or "near each other"~5 for a phrase',
                at,
            )
        if tag.maxdist > MAX_EDITS or tag.maxdist < 1 or tag.prefixlength:
            raise QueryError(f"~ at position {at + 1} allows 1 to {MAX_EDITS} edits", f"write ~1 or ~{MAX_EDITS}", at)
    if isinstance(touching, _FUZZY) and not _is_bracket(tag):
        raise QueryError(f"text follows ~ directly at position {at + 1}", "put a space between", at)
    if (isinstance(tag, _WILD) and isinstance(touching, _PHRASE)) or (
        isinstance(tag, _PHRASE) and isinstance(touching, _WILD)
    ):
        raise QueryError(
            f"a pattern touches a phrase at position {at + 1}", "put a space between, or * inside the quotes", at
        )
    if isinstance(touching, syntax.FieldnameNode) and isinstance(tag, (syntax.WordNode, _WILD)) and tag.text[0] in "[{":
        raise QueryError(
            f"the range at position {at + 1} cannot be read", "write it like filed:[2004-01-01 TO 2004-12-31]", at
        )


def _no_field(name: str, at: int) -> QueryError:
    near = difflib.get_close_matches(name.lower(), FIELDS, 1)
    return QueryError(
        f"there is no field {name!r} (at position {at + 1})",
        f"did you mean {near[0]}:?" if near else f"fields are {', '.join(FIELDS)}; quote text that has a colon",
        at,
    )


def _is_bracket(tag: syntax.SyntaxNode) -> bool:
    return isinstance(tag, (plugins.GroupPlugin.OpenBracket, plugins.GroupPlugin.CloseBracket))


def _wants_operand(tag: syntax.SyntaxNode) -> bool:
    return isinstance(tag, (syntax.Operator, syntax.FieldnameNode))


def _is_field_pair(before: syntax.SyntaxNode, tag: syntax.SyntaxNode) -> bool:
    return isinstance(before, syntax.FieldnameNode) and isinstance(tag, (syntax.FieldnameNode, syntax.Operator))


def _nothing_after(tag: syntax.SyntaxNode, at: int) -> QueryError:
    what = tag.original if isinstance(tag, syntax.FieldnameNode) else tag.text
    return QueryError(f"nothing stands after {what} at position {tag.startchar + 1}", "complete or quote it", at)
