"""Values and words of an archive that are spelled like what nothing in it has."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from archiver.selection.names import name_words, near_names
from archiver.words import words
from indexer.search.hits import Hit

_MIN_PREFIX = 2
"""Minimum letters and digits of a value that can be the beginning of others."""

_AMENDED = "/A"


def near_values(value: str, present: Sequence[str], *, may_be_short: bool = False) -> Iterator[str]:
    """Those of `present`, and patterns for them, that `value` may mean, the likeliest first.

    The same letters and digits come first (``8K``), then what `value` begins (``13F``: ``13F*``) or ends (``13D``),
    then similar ones. None for an amendment whose form is there (``10-K/A``): another form would not be meant. With
    `may_be_short`, one letter or digit can be the beginning.
    """
    typed = value.upper()
    if typed.endswith(_AMENDED) and typed.removesuffix(_AMENDED) in present:
        return
    plain = _plain(typed)
    yield from (one for one in present if _plain(one) == plain)
    if len(plain) >= (1 if may_be_short else _MIN_PREFIX):
        longer = [one for one in present if one.startswith(typed)]
        if longer:
            yield longer[0] if len(longer) == 1 else f"{typed}*"
        yield from (one for one in present if _plain(one).endswith(plain))
    yield from difflib.get_close_matches(typed, present, n=1)


def near_name(text: str, hits: Iterable[Hit]) -> Iterator[str]:
    """The names of entities of `hits` that are spelled like `text`, the most similar first.

    They have a word like the longest of `text`: with ``Inc`` alone, too many would be alike.
    """
    longest = max(name_words(text), key=len)
    names = dict.fromkeys(entity.name for hit in hits for entity in hit.entities)
    yield from near_names(text, (name for name in names if difflib.get_close_matches(longest, name_words(name))))


def name_query(text: str) -> str | None:
    """A query for names with words spelled like those of `text`; None if it has none."""
    return " OR ".join(f"name:{word}~{_edits(word)}" for word in name_words(text)) or None


def near_words(word: str, hits: Iterable[Hit]) -> list[str]:
    """The words marked in the excerpts of `hits`, which a fuzzy search for `word` found, the most frequent first."""
    marked: Counter[str] = Counter()
    for hit in hits:
        if hit.excerpt is not None:
            for start, stop in hit.excerpt.spans:
                marked.update(words(hit.excerpt.text[start:stop]))
    similar = {one: difflib.SequenceMatcher(None, word.lower(), one).ratio() for one in marked}
    return sorted(marked, key=lambda one: (-round(similar[one], 1), -marked[one], one))


def _edits(word: str) -> int:
    return 1 if len(word) < 6 else 2  # noqa: PLR2004 — in a short word, two edits make another word


def _plain(value: str) -> str:
    return "".join(char for char in value.upper() if char.isalnum())
