"""Matching company names as people type them with names as EDGAR spells them.

EDGAR's names (``PROCTER & GAMBLE CO``, ``U S BANCORP``, ``MCDONALDS CORP``, ``JPMORGAN CHASE & CO``) treat apostrophes,
initials and spaces inconsistently. So a name matches if it has the typed words in any order, and adjacent words may be
joined.
"""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from functools import lru_cache

from archiver.startup.dataclass import dataclass
from archiver.startup.patterns import lazy_pattern
from archiver.words import APOSTROPHES, words

MAX_JOINED_WORDS = 4
"""How many adjacent words may be joined: ``A T & T`` and ``ATT`` are three."""

MAX_SPELLINGS = 64
"""Maximum spellings returned by `joined_spellings`: all for seven words."""

_APOSTROPHES = lazy_pattern(f"(?<=\\w)['\u2019\u2018`\u00b4{APOSTROPHES}](?=\\w)")
_MEANINGLESS = frozenset({"and", "the"})
_ABBREVIATIONS = {
    "corporation": "corp",
    "company": "co",
    "companies": "cos",
    "incorporated": "inc",
    "limited": "ltd",
    "international": "intl",
    "brothers": "bros",
    "manufacturing": "mfg",
    "association": "assn",
    "financial": "finl",
    "fort": "ft",
    "fund": "fd",
    "funds": "fds",
    "government": "govt",
    "holdings": "hldgs",
    "insurance": "ins",
    "investments": "invs",
    "laboratories": "labs",
    "management": "mgmt",
    "mount": "mt",
    "municipal": "mun",
    "national": "natl",
    "saint": "st",
    "series": "ser",
    "services": "svcs",
    "trust": "tr",
    **{word: f"{number}th" for number, word in enumerate("fourth fifth sixth seventh eighth ninth tenth".split(), 4)},
    "first": "1st",
    "second": "2nd",
    "third": "3rd",
}
_PAIRS = {("united", "states"): "us", ("twenty", "first"): "21st"}
"""Two words that are often written as one. Either of them also finds the name."""

_PAIRED = frozenset(_PAIRS.values())

_MOST_NEAR = 3
_LONGEST_KEPT = 200
"""Characters of a name whose terms are cached: those of a name made up to be huge would fill the memory."""

RULES_VERSION = 3
"""Increase it when names match other names than before: a sync by name then reads finished quarters again."""


@lru_cache(maxsize=65_536)
def name_words(name: str) -> tuple[str, ...]:
    """The words of a company name, in order.

    An apostrophe joins, ``and`` and ``the`` are left out, legal forms and other words are abbreviated.

    >>> name_words("The McDonald's Corporation"), name_words("Procter and Gamble") == name_words("PROCTER & GAMBLE")
    (('mcdonalds', 'corp'), True)
    """
    return significant_words(words(without_apostrophes(name)))


def without_apostrophes(name: str) -> str:
    """`name` without the apostrophes inside its words: ``McDonald's`` is ``McDonalds``."""
    return _APOSTROPHES.sub("", name)


def significant_words(found: Sequence[str]) -> tuple[str, ...]:
    """Those of the folded words that tell names apart, abbreviated as EDGAR does; all of them where none would be left.

    >>> significant_words(["the", "procter", "and", "gamble", "company"])
    ('procter', 'gamble', 'co')
    """
    meaningful = [word for word in found if word not in _MEANINGLESS] or found
    return tuple(_ABBREVIATIONS.get(word, word) for word in _paired(meaningful))


def _paired(found: Sequence[str]) -> Sequence[str]:
    """`found` with one word for each of the `_PAIRS`."""
    pairs = list(itertools.pairwise(found))
    if _PAIRS.keys().isdisjoint(pairs):
        return found
    paired: list[str] = []
    is_taken = False
    for word, pair in itertools.zip_longest(found, pairs):
        if not is_taken:
            paired.append(_PAIRS.get(pair, word))
        is_taken = not is_taken and pair in _PAIRS
    return paired


def _halves(name: str, found: tuple[str, ...]) -> tuple[str, ...]:
    """The words of the `_PAIRS` in `name`, which are not among its words `found`."""
    if _PAIRED.isdisjoint(found):  # nearly always
        return ()
    pairs = itertools.pairwise(word for word in words(without_apostrophes(name)) if word not in _MEANINGLESS)
    return tuple(_ABBREVIATIONS.get(half, half) for pair in pairs if pair in _PAIRS for half in pair)


def name_keys(name: str) -> frozenset[str]:
    """What `name` can be found by: each of its words, and each run of at most `MAX_JOINED_WORDS` words as one.

    >>> sorted(name_keys("U S Bancorp"))
    ['bancorp', 's', 'sbancorp', 'u', 'us', 'usbancorp']
    """
    found = name_words(name)
    return frozenset((*_runs(found), *_halves(name, found)))


def name_terms(name: str) -> tuple[str, ...]:
    """What an index has for `name`: its `name_keys`, words first, and its words as they are written, for patterns."""
    return _recent_name_terms(name) if len(name) <= _LONGEST_KEPT else _name_terms(name)


def _name_terms(name: str) -> tuple[str, ...]:
    found = name_words(name)
    return tuple(dict.fromkeys((*found, *words(name), *_halves(name, found), *_runs(found))))


_recent_name_terms = lru_cache(maxsize=4096)(_name_terms)


def joined_spellings(found: Sequence[str], *, may_join: Sequence[bool]) -> Iterator[tuple[str, ...]]:
    """Each way to write words side by side as one, the fewest joined first; at most `MAX_SPELLINGS`.

    `may_join` says of each word whether it may be part of a longer one.

    >>> list(joined_spellings(["jp", "morgan"], may_join=[True, True]))
    [('jp', 'morgan'), ('jpmorgan',)]
    """
    gaps = [place for place in range(1, len(found)) if may_join[place - 1] and may_join[place]]
    cuts = (set(closed) for count in range(len(gaps) + 1) for closed in itertools.combinations(gaps, count))
    spellings = (_joined(found, closed) for closed in cuts)
    return itertools.islice((spelling for spelling in spellings if spelling), MAX_SPELLINGS)


def _joined(found: Sequence[str], closed: set[int]) -> tuple[str, ...]:
    """`found` without a border before the words numbered in `closed`; empty where too many would be one."""
    borders = [place for place in range(len(found) + 1) if place not in closed]
    runs = list(itertools.pairwise(borders))
    if any(end - start > MAX_JOINED_WORDS for start, end in runs):
        return ()
    return tuple("".join(found[start:end]) for start, end in runs)


def _runs(found: tuple[str, ...]) -> Iterator[str]:
    count = len(found)
    return (
        "".join(found[start:end])
        for start in range(count)
        for end in range(start + 1, min(start + MAX_JOINED_WORDS, count) + 1)
    )


@dataclass(frozen=True, slots=True)
class NamePattern:
    """A name as somebody typed it. `words` is empty where it has no letter or digit.

    >>> NamePattern("JP Morgan").matches("JPMORGAN CHASE & CO"), NamePattern("Morgan").matches("JPMORGAN CHASE & CO")
    (True, False)
    """

    text: str
    words: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", name_words(self.text))

    def matches(self, name: str) -> bool:
        """Whether the company `name` has all words of the pattern, in any order, joined or apart."""
        found = name_words(name)
        letters = "".join((*found, *_halves(name, found)))
        if not self.words or not all(word in letters for word in self.words):
            return False
        return self.matches_keys(name_keys(name))

    def matches_keys(self, keys: frozenset[str]) -> bool:
        """Whether a company with these `name_keys` has all words of the pattern."""
        count = len(self.words)
        reached = [True] + [False] * count  # [n]: whether the first n words of the pattern are there
        for end in range(1, count + 1):
            reached[end] = any(
                reached[start] and "".join(self.words[start:end]) in keys
                for start in range(max(0, end - MAX_JOINED_WORDS), end)
            )
        return bool(self.words) and reached[count]


def near_names(text: str, names: Iterable[str]) -> list[str]:
    """Those of `names` that somebody who typed `text` may have meant, the nearest first; at most `_MOST_NEAR`.

    >>> near_names("Interanp Network", ["INTERNAP NETWORK SERVICES CORP", "APPLE INC"])
    ['INTERNAP NETWORK SERVICES CORP']
    """
    wanted = name_words(text)
    by_name = {name: name_words(name) for name in names}
    known = {word for found in by_name.values() for word in found}
    near = {word: _near_words(word, known) for word in wanted}
    scores = {
        name: score
        for name, found in by_name.items()
        if (score := sum(len(word) * max((near[word].get(one, 0.0) for one in found), default=0.0) for word in wanted))
    }
    return sorted(scores, key=lambda name: (-scores[name], len(name), name))[:_MOST_NEAR]


def _near_words(word: str, known: set[str]) -> dict[str, float]:
    """The words of `known` that are spelt like `word`, each with how near it is; 1 is the word itself."""
    alike = [one for one in known if one[0] == word[0] and abs(len(one) - len(word)) <= 2]  # noqa: PLR2004 — letters
    close = difflib.get_close_matches(word, alike, n=5, cutoff=0.75)
    return {one: difflib.SequenceMatcher(None, word, one).ratio() ** 2 for one in close}
