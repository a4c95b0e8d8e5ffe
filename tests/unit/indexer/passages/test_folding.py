from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.words import encoded_words, words
from indexer.passages.folding import _pieces, fold_text

MIXED = st.text(
    alphabet=st.one_of(st.sampled_from("ab1 .-’“—é™²³¹½ß漢\u00ad\u0301ﬁ"), st.characters(exclude_categories=["Cs"]))
)


@given(MIXED)
def test_the_words_are_those_that_are_indexed(text: str) -> None:
    """Whatever a text has, its folded form has the words of an index."""
    assert fold_text(text.encode()).words.split() == encoded_words(text)


@given(MIXED)
def test_each_word_leads_back_to_characters_that_have_it(text: str) -> None:
    """What stands at a word's place in the text is that word, or has it."""
    data = text.encode()
    folded = fold_text(data)
    place = 0
    for word in folded.words.split():
        begin = folded.words.index(b" " + word + b" ", max(0, place - 1)) + 1
        place = begin + len(word)
        start, stop = folded.start(begin), folded.stop(place)
        assert 0 <= start < stop <= len(data)
        assert word.decode() in words(data[:stop].decode())[-3:], (text, word)
        data[start:stop].decode()  # it begins and ends between characters


@pytest.mark.parametrize(
    ("text", "word", "origin"),
    [
        ("the Café’s menu", b"cafe", "Café"),
        ("l’été", b"ete", "été"),
        ("a ﬁne day", b"fine", "ﬁne"),
        ("5 m² of", b"m2", "m²"),
        ("sales³ grew", b"sales", "sales"),
        ("in\u00advisible", b"invisible", "in\u00advisible"),
        ("10½ days", b"2", "½"),
    ],
)
def test_a_word_is_found_as_it_was_written(text: str, word: bytes, origin: str) -> None:
    """A folded word leads back to all the characters it was written with."""
    data = text.encode()
    folded = fold_text(data)
    at = folded.words.index(b" " + word + b" ") + 1
    assert data[folded.start(at) : folded.stop(at + len(word))].decode() == origin


def test_lone_surrogates_are_no_letters() -> None:
    """Half a character separates words."""
    assert fold_text("a\ud800b".encode(errors="surrogatepass")).words.split() == [b"a", b"b"]


def test_long_runs_of_letters_are_not_remembered() -> None:
    """The cache has room for ten thousand runs, which could each be a text."""
    fold_text("é".encode())
    before = _pieces.cache_info().currsize
    assert fold_text(("é" * 1000).encode()).words == b" " + b"e" * 1000 + b" "
    assert _pieces.cache_info().currsize == before
