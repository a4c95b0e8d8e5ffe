"""The nodes of query trees, and stems."""

from __future__ import annotations

import pytest
from whoosh.query import Term

from indexer.query.nodes import Near, Stem, english_stem, stem_beginning
from tests.paths import CORPUS


def test_nodes_are_equal_by_what_they_mean() -> None:
    """Two words of one stem ask for the same; near words differ by distance and field."""
    assert Stem("text", "resigned") == Stem("text", "resignation")
    assert hash(Stem("text", "resigned")) == hash(Stem("text", "resigning"))
    parts = (Term("text", "a"), Term("text", "b"))
    assert Near("text", parts, distance=5) == Near("text", parts, distance=5) != Near("text", parts, distance=4)
    assert Near("text", parts, distance=5) != Near("description", parts, distance=5)


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


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real files is not here")
def test_every_word_begins_as_its_stem_says() -> None:
    """The beginning that words of a stem are sought by is that of every word in real documents."""
    words = {word for path in CORPUS.glob("*.txt") for word in path.read_text("latin-1").lower().split()}
    wrong = [word for word in words if not word.startswith(stem_beginning(english_stem(word)))]
    assert wrong == []
