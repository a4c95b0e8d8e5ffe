"""Stems of English words, by Snowball's stemmer (https://snowballstem.org/algorithms/english/stemmer.html)."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Any

from archiver.startup.patterns import lazy_pattern

_ENGLISH_WORD = lazy_pattern(r"[a-z]+")
_SHORT_STEM = 3
_threads = threading.local()


@lru_cache(maxsize=65_536)
def english_stem(word: str) -> str:
    """The stem of a folded word; a word with other characters than a to z is its own stem."""
    if not _ENGLISH_WORD.fullmatch(word):
        return word
    stemmed: str = _stemmer().stemWord(word)
    return stemmed


def stem_beginning(stem: str) -> str:
    """Letters that every word with this stem begins with.

    The stemmer changes at most the last letter of a stem (``companies``, ``compani``), but two in short ones
    (``dying``, ``die``).
    """
    return stem[:-1] if len(stem) > _SHORT_STEM else stem[:1]


def _stemmer() -> Any:
    """The stemmer of this thread, since a stemmer is not thread-safe."""
    if not hasattr(_threads, "stemmer"):
        from Stemmer import Stemmer  # noqa: PLC0415 — few searches need it

        _threads.stemmer = Stemmer("english")
    return _threads.stemmer
