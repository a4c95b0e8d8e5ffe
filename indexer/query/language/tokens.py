"""The tokens of a query: words, phrases, fields, ranges, operators and parentheses, with their positions."""

from __future__ import annotations

import difflib
import re
from typing import Literal

from archiver.errors import QueryError
from archiver.startup.dataclass import dataclass
from archiver.startup.patterns import lazy_pattern
from archiver.words import words
from indexer.fields import QUERY_FIELDS, has_wildcards

MAX_EDITS = 2
"""Maximum edits of a fuzzy word."""

Kind = Literal["word", "phrase", "range", "field", "open", "close", "and", "or", "not", "near", "before"]

_STRAIGHT_QUOTES = str.maketrans("“”„«»", '"""""')
_SPACE = lazy_pattern(r"\s+")
_PHRASE = lazy_pattern(r'"([^"]*)"(?:~([1-9][0-9]*))?')
_RUN = lazy_pattern(r'[^\s()"]+')
_FIELD = lazy_pattern(rf"(?:{'|'.join(QUERY_FIELDS)}):", re.IGNORECASE)
_UNKNOWN_FIELD = lazy_pattern(r"([A-Za-z_]{2,}(?:[-_][A-Za-z_]+)*):(.?)")
_RANGE = lazy_pattern(
    r"[\[{](?P<first>[^\[\]{}]*?)(?:(?<=\s)|(?<=[\[{]))(?i:TO)(?=[\s\]}])(?P<last>[^\[\]{}]*)[\]}]",
)
_PROXIMITY = lazy_pattern(r"(near|w|pre)/([0-9]{1,4})", re.IGNORECASE)
_EXCLUDES = frozenset("-\N{MINUS SIGN}")
_DASHES = frozenset("\u2010\u2011\u2012\u2013\u2014\u2015")
"""What a word processor makes of ``-``; before a word in a text, it may also be a dash."""

_BUT_NOT = lazy_pattern(r"BUT\s+NOT\b")
_SINGLE_QUOTED = lazy_pattern(r"['‘](\w[^\"()'‘’]*)['’](?=[\s()]|$)")
_PLURAL_MARK = lazy_pattern(r"\((?:s|es|ies)\)", re.IGNORECASE)
"""``date(s)`` in a text."""
_ADDRESS = lazy_pattern(r"(?:https?://)?(?:www\.)?sec\.gov/.*", re.IGNORECASE | re.DOTALL)
_FOREIGN: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (lazy_pattern(pattern, re.DOTALL), message, hint)
    for pattern, message, hint in (
        (r".*\|.*", "| is not an operator here", "write OR between the alternatives"),
        (r".*&&.*", "&& is not an operator here", "write AND, or just a space"),
        (r"!\w.*", "! is not an operator here", "write NOT word or -word to exclude a word"),
        (r"\+(?:[0-9]{1,3}|[sp])", "there is no such operator", "write PRE/10"),
        (r"\+\w.*", "+ is not an operator here", "leave it out: every word is required"),
        (r"\w+!", "! is not a pattern here", "write indemn* for all words that begin so, or quote the text"),
        (r".*\w\^[0-9.]+", "there are no boosts", "leave ^ and its number out"),
        (r"\^\w.*|.*\w\^", "^ is not an operator here", "leave it out"),
        (r"[^\W\d]\w*%", "% is not a pattern here", "write resign* for all words that begin so, or quote the text"),
        (r"~[^\W\d]\w*", "~ is not an operator before a word", "write stem:word for its forms, or word~1"),
        (r"%", "% is not an operator here", "write NOT between the words, or -word to exclude a word"),
        (
            rf"(?i:{'|'.join(QUERY_FIELDS)})=.+",
            "= is not an operator here",
            "write a field and its value like form:10-K",
        ),
        (r"(?i:date|filed|period|added)[<>]=?.*", "a field ends with a colon", "write it like filed:>=2020"),
        (r":\w.*", "a colon follows a field directly", "write it like form:8-K, or quote the text"),
        (r"--[A-Za-z].*", "an option is no part of a query", "end the quotes before it, or quote the text"),
        (r"XOR|ANDNOT|BUTNOT", "there is no such operator", "write AND, OR or NOT, or the word in small letters"),
        (r"(?i:atleast[0-9]+)", "there is no such operator", "leave it out: hits that have the words often come first"),
        (r"/.+/", "there are no regular expressions", "use * and ? in a word"),
        (
            r"NEAR|ADJ|WITHIN|W/|(?:NEAR|ADJ|ONEAR|WITHIN)/(?:[^0-9].*)?",
            "it has no distance",
            "write it like NEAR/10, w/10 or PRE/10, or in small letters",
        ),
        (
            (
                r"(?i:w|near|pre|adj|onear|within|\+)?/(?:[0-9]+|s|p)|(?i:near|adj|onear|within)[0-9]{1,3}"
                r"|(?:[NP]|(?i:before|after|followedby))/[0-9]+|AROUND|@[0-9]+"
                r"|<(?i:near|and|or|not|phrase)(?:/[0-9]+)?>"
            ),
            "there is no such operator",
            "write NEAR/10, w/10 or PRE/10",
        ),
    )
)
"""Operators of other systems, which would be searched as words here, and what to write instead."""

_RESTRICTORS = frozenset(
    {
        *QUERY_FIELDS,
        *("allcaps", "body", "caps", "co", "company", "da", "date", "headline", "hlead", "lead", "nocaps", "plural"),
        *("singular", "text", "ti", "title"),
    }
)
"""What other systems, and people, write directly before a parenthesis to restrict a search: ``CO(apple)``."""

_MEANT = {
    **dict.fromkeys(("company", "companyname", "entity", "entityname", "filer", "issuer", "registrant"), "name"),
    **dict.fromkeys(("date", "dates", "filedat", "filingdate", "datefiled", "fileddate", "year"), "filed"),
    **dict.fromkeys(("formtype", "filingtype", "forms"), "form"),
    **dict.fromkeys(("doctype", "documenttype", "exhibit"), "type"),
    **dict.fromkeys(("industry", "sector", "siccode"), "sic"),
    **dict.fromkeys(("accessionnumber", "accessionno"), "accession"),
    **dict.fromkeys(("symbol", "tickers"), "ticker"),
    **dict.fromkeys(("stateofincorporation", "stateofinc"), "state"),
    **dict.fromkeys(("country", "businessstate"), "location"),
    **dict.fromkeys(("periodofreport", "reportdate"), "period"),
}
"""Fields of other systems and of EDGAR's own search, without dashes, and ours that find the same."""

_BOUNDS = {"since": ">=", "after": ">=", "until": "<=", "before": "<="}
"""Names of the first or last filing date, and how a query says it."""

_TEXT_NAMES = frozenset({"text", "body", "content", "fulltext", "q", "query", "title"})
"""Names that other systems give to the text, which has none here."""

_OPERATORS: dict[str, Kind] = {"AND": "and", "OR": "or", "NOT": "not"}
_BRACKETS: dict[str, Kind] = {"(": "open", ")": "close"}


@dataclass(frozen=True, slots=True)
class Token:
    """A token of a query: its `text` (of a phrase, without the quotes) at position `at`.

    `touches`: it follows the previous token directly. `number` is the distance of a phrase or of NEAR and PRE, or the
    edits of a fuzzy word, 0 for none; `ends` are those of a range.
    """

    kind: Kind
    text: str
    at: int
    touches: bool
    number: int = 0
    ends: tuple[str, str] = ("", "")


def tokens(text: str) -> list[Token]:
    """The tokens of `text`, in order. Raises `QueryError` with the position of anything else."""
    return _Lexer(text.translate(_STRAIGHT_QUOTES)).tokens()


class _Lexer:
    """Splits the text of a query."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._found: list[Token] = []
        self._touches = False

    def tokens(self) -> list[Token]:
        while self._at < len(self._text):
            char = self._text[self._at]
            if space := _SPACE.match(self._text, self._at):
                self._at = space.end()
                self._touches = False
            elif char in _BRACKETS:
                self._check_label()
                self._check_restrictor()
                self._add(_BRACKETS[char], char, self._at + 1)
            elif char == '"':
                self._phrase()
            else:
                self._run()
        return self._found

    @property
    def _before(self) -> Token | None:
        """The token that what comes next follows directly."""
        return self._found[-1] if self._touches else None

    def _add(self, kind: Kind, text: str, end: int, *, number: int = 0, ends: tuple[str, str] = ("", "")) -> None:
        self._found.append(Token(kind, text, self._at, self._touches, number, ends))
        self._at = end
        self._touches = True

    def _phrase(self) -> None:
        at = self._at
        match = _PHRASE.match(self._text, at)
        if match is None:
            raise QueryError(f"the quotation mark at position {at + 1} is not closed", "close it", at)
        self._check_label()
        if (before := self._before) and before.kind == "word" and has_wildcards(before.text):
            raise _pattern_touches_phrase(at)
        self._check_fuzzy_before()
        self._add("phrase", match[1], match.end(), number=int(match[2] or 0))

    def _run(self) -> None:
        """A run without white space, quotes and parentheses: an operator, or a field, a range and a word."""
        match = _RUN.match(self._text, self._at)
        if match is None:  # nothing else begins here
            raise QueryError(
                f"{self._text[self._at]!r} at position {self._at + 1} cannot be read", "quote it", self._at
            )
        run, end = match.group(), match.end()
        before, after = self._text[self._at - 1 : self._at], self._text[end : end + 1]
        if run in _OPERATORS and _is_edge(before) and _is_edge(after):
            self._add(_OPERATORS[run], run, end)
            return
        proximity = _PROXIMITY.fullmatch(run)
        if proximity and _is_edge(before):
            kind: Kind = "before" if run[0] in "pP" else "near"
            self._add(kind, run, end, number=int(proximity[2]))
            return
        if _is_edge(before) and (run[1:2].isalnum() or (len(run) == 1 and after in ('"', "("))):
            if run[0] in _EXCLUDES:
                self._add("not", run[0], self._at + 1)
                return
            if run[0] in _DASHES:
                raise QueryError(
                    f"the dash at position {self._at + 1} excludes nothing",
                    "write -word or NOT word, or put a space after it",
                    self._at,
                )
        if field := _FIELD.match(run):
            self._check_fuzzy_before()
            self._add("field", field.group(), self._at + field.end())
            self._range()
            return
        self._word(run, end)

    def _range(self) -> None:
        """The range after a field's colon, if there is one."""
        if self._text[self._at : self._at + 1] not in ("[", "{"):
            return
        match = _RANGE.match(self._text, self._at)
        if match is None:
            raise QueryError(
                f"the range at position {self._at + 1} cannot be read",
                "write it like filed:[2004-01-01 TO 2004-12-31]",
                self._at,
            )
        self._add("range", match.group(), match.end(), ends=(match["first"], match["last"]))

    def _word(self, run: str, end: int) -> None:
        at = self._at
        if _ADDRESS.fullmatch(run):
            self._add("word", run, end)
            return
        self._check_run(run)
        word, tilde, rest = run.partition("~")
        if tilde and not word and not self._touches:  # follows nothing, so it is not a mark
            if rest.isdecimal() and self._found and self._found[-1].kind == "phrase":
                raise QueryError(f"~ at position {at + 1} does not follow its phrase directly", "remove the space", at)
            word, tilde, rest = run, "", ""
        is_pattern = has_wildcards(word)
        if is_pattern and (before := self._before) and before.kind == "phrase":
            raise _pattern_touches_phrase(at)
        self._check_fuzzy_before()
        if not tilde:
            self._add("word", word, end)
            return
        mark = at + len(word)
        if is_pattern or not words(word):
            raise QueryError(
                f"~ at position {mark + 1} does not follow a word",
                'write acquistion~1, or "near each other"~5 for a phrase',
                mark,
            )
        edits = int(rest[0]) if rest[:1].isdecimal() else 1
        if not 1 <= edits <= MAX_EDITS:
            raise QueryError(
                f"~ at position {mark + 1} allows 1 to {MAX_EDITS} edits", f"write ~1 or ~{MAX_EDITS}", mark
            )
        if rest and not (rest.isdecimal() and len(rest) == 1):
            raise _text_follows_mark(mark + 1 + rest[:1].isdecimal())
        self._add("word", word, end, number=edits)

    def _check_run(self, run: str) -> None:
        """Reject unknown fields and operators of other systems, which are not words."""
        at = self._at
        if _BUT_NOT.match(self._text, at):
            raise QueryError(f"BUT NOT at position {at + 1}: there is no such operator", "write NOT", at)
        quoted = None if self._touches else _SINGLE_QUOTED.match(self._text, at)
        if quoted and len(quoted[1].split()) > 1:
            raise QueryError(f"single quotes at position {at + 1} quote nothing here", "use double quotes", at)
        unknown = _UNKNOWN_FIELD.match(run)
        if unknown and unknown[2]:
            raise _no_field(unknown[1], at)
        before = self._before
        if before is None or before.kind != "field":
            for pattern, message, hint in _FOREIGN:
                if pattern.fullmatch(run):
                    raise QueryError(f"{run[:20]} at position {at + 1}: {message}", hint, at)

    def _check_label(self) -> None:
        """Reject an unknown field before a phrase or parenthesis."""
        before = self._before
        if before and before.kind == "word" and (unknown := _UNKNOWN_FIELD.fullmatch(before.text)):
            raise _no_field(unknown[1], before.at)

    def _check_restrictor(self) -> None:
        """Reject ``CO(apple)``, which would search for ``co`` as a word."""
        before = self._before
        if before is None or self._text[self._at] != "(" or _PLURAL_MARK.match(self._text, self._at):
            return
        if before.kind == "word" and before.text.lower() in _RESTRICTORS:
            hint = "write a field with a colon, such as name:apple, or a space before the parenthesis"
            raise QueryError(f"{before.text}( at position {before.at + 1} restricts nothing here", hint, before.at)

    def _check_fuzzy_before(self) -> None:
        if (before := self._before) and before.kind == "word" and before.number:
            raise _text_follows_mark(self._at)


def _is_edge(char: str) -> bool:
    """Whether an operator may be next to `char`, which is empty at either end of a query."""
    return not char or char.isspace() or char in "()"


def _pattern_touches_phrase(at: int) -> QueryError:
    return QueryError(
        f"a pattern touches a phrase at position {at + 1}", "put a space between, or * inside the quotes", at
    )


def _text_follows_mark(at: int) -> QueryError:
    return QueryError(f"text follows ~ directly at position {at + 1}", "put a space between", at)


def _no_field(name: str, at: int) -> QueryError:
    plain = name.lower().replace("-", "").replace("_", "")
    near = [_MEANT[plain]] if plain in _MEANT else difflib.get_close_matches(name.lower(), QUERY_FIELDS, 1)
    hint = f"fields are {', '.join(QUERY_FIELDS)}; quote text that has a colon"
    if plain in _TEXT_NAMES:
        hint = "leave it out: words without a field are searched in the text"
    elif plain in _BOUNDS:
        hint = f"write filed:{_BOUNDS[plain]}DATE"
    elif near:
        hint = f"did you mean {near[0]}:?"
    return QueryError(f"there is no field {name!r} (at position {at + 1})", hint, at)
