"""What a word is: the one definition for names in a selection, for every indexed text and for every query."""

from __future__ import annotations

import re
import unicodedata


class _FoldTable(dict[int, str]):
    """Code point -> folded text, filled as code points are met: case, accents and compatibility forms folded."""

    def __missing__(self, code: int) -> str:
        decomposed = unicodedata.normalize("NFKD", chr(code))
        folded = "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()
        if (
            unicodedata.category(chr(code)) == "Cf"
        ):  # soft hyphen, zero-width joiner, bidi mark: inside a word, not of it
            folded = ""
        self[code] = folded
        return folded


class _SeparatedRuns(dict[str, str]):
    """Run of characters beyond ASCII -> the same folded, with a blank for each that is no letter or digit."""

    def __missing__(self, run: str) -> str:
        separated = "".join(c if c.isalnum() else " " for c in run.translate(_FOLD))
        if len(self) < _MAX_RUNS:
            self[run] = separated
        return separated


_FOLD = _FoldTable()
_MAX_RUNS = 10_000
_SEPARATED = _SeparatedRuns()
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
_WORD_BYTES = bytes(ord(chr(code).lower() if chr(code).isalnum() else " ") for code in range(128)) + bytes(
    range(128, 256)
)
"""Each byte of a UTF-8 text as it stands in a word: in lower case, or a blank for what is no letter or digit."""


def fold(text: str) -> str:
    """`text` with case, accents and compatibility forms folded, and invisible format characters left out."""
    return text.lower() if text.isascii() else text.translate(_FOLD)


def words(text: str) -> list[str]:
    """The words of `text` in order: folded runs of letters and digits. Everything else separates.

    The one definition of a word, for names in a selection and for every indexed text and query:
    ``AT&T`` is ``at t``, ``1,234.56`` is ``1 234 56``, ``registrant's`` is ``registrant s``.
    """
    return [word.decode() for word in encoded_words(text)]


def encoded_words(text: str) -> list[bytes]:
    """The `words` of `text` in UTF-8, as an index holds them.

    Most of a filing is ASCII, so only what is not goes through the folding; the rest is one pass over bytes.
    """
    if not text.isascii():
        text = _BEYOND_ASCII.sub(lambda run: _SEPARATED[run.group()], text)
    return text.encode().translate(_WORD_BYTES).split()
