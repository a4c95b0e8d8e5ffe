"""English stems."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from indexer.query.stems import english_stem, stem_beginning
from tests.paths import CORPUS, INVENTED, ODDITIES


@pytest.mark.parametrize(
    ("words", "stem"),
    [
        ("resign resigned resigning resigns resignation resignations", "resign"),
        ("company companies", "compani"),
        ("dying dies die died", "die"),
        ("skies sky", "sky"),
        ("2004", "2004"),
        ("société", "société"),
    ],
)
def test_words_of_one_stem(words: str, stem: str) -> None:
    """Snowball's English stems; what is no English word stays as it is."""
    assert {english_stem(word) for word in words.split()} == {stem}


def test_threads_have_stemmers_of_their_own() -> None:
    """Stems are the same from any thread."""
    words = [f"{start}{end}" for start in ("resign", "appoint", "compan") for end in ("ed", "ing", "ies", "ment")]
    expected = [english_stem(word) for word in words]
    english_stem.cache_clear()
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(english_stem, words * 20)) == expected * 20


@pytest.mark.slow
def test_every_word_begins_as_its_stem_says() -> None:
    """The beginning that words of a stem are sought by is that of every word in documents, invented and real."""
    paths = [path for folder in (INVENTED, ODDITIES, CORPUS) for path in folder.glob("*.txt")]
    words = {word for path in paths for word in path.read_text("latin-1").lower().split()}
    wrong = [word for word in words if not word.startswith(stem_beginning(english_stem(word)))]
    assert wrong == []
