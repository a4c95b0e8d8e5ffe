from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.words import count_words, encoded_words, fold, is_unit, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AT&T", ["at", "t"]),
        ("1,234.56", ["1", "234", "56"]),
        ("registrant's", ["registrant", "s"]),
        ("Société Générale", ["societe", "generale"]),
        ("under_score", ["under", "score"]),
        ("co\N{SOFT HYPHEN}operate", ["cooperate"]),
        ("STRASSE straße", ["strasse", "strasse"]),
        ("\N{LATIN SMALL LIGATURE FI}ling", ["filing"]),
        ("Apple Intelligence™ lamp℠ WaxSoft®", ["apple", "intelligence", "lamp", "waxsoft"]),
        ("10½ ⅞ 66⅔%", ["10", "1", "2", "7", "8", "66", "2", "3"]),
        ("$1,234³ sales¹² 2022¹", ["1", "234", "3", "sales", "12", "2022", "1"]),
        ("5 m² 100m³ km² CO₂ CO² H₂O", ["5", "m2", "100m3", "km2", "co2", "co2", "h2o"]),
        ("$5m² £1,234m³ form²", ["5m", "2", "1", "234m", "3", "form", "2"]),
        ("ItemⅣ ①note №5 100℃", ["item", "iv", "1", "note", "no", "5", "100", "c"]),
        ("10ᵗʰ 1ª", ["10th", "1a"]),
        ("O\u02bcBrien Hawai\u02bbi \u0149x", ["o", "brien", "hawai", "i", "nx"]),
    ],
)
def test_words_are_folded_letters_and_digits(text: str, expected: list[str]) -> None:
    """One meaning of a word; symbols that decompose into letters or digits are no part of the word beside them."""
    assert words(text) == expected


_ODD = st.text() | st.text(
    st.sampled_from("amZ9$_ .\n\x00\x1f\x85\xa0\u2028éßﬁİΣς²³¹½™①\u02bc\u0149\xad\u200d漢ｱ\ud800")
)


@given(_ODD)
def test_words_are_the_runs_of_letters_and_digits_of_the_folded_text(text: str) -> None:
    """However they are cut, words are what the definition says, for any characters at all."""
    expected = re.findall(r"[^\W_]+", fold(text))
    assert words(text) == expected
    assert encoded_words(text) == [word.encode() for word in expected]
    assert count_words(text) == len(expected)


@given(_ODD)
def test_folding_twice_changes_nothing_more(text: str) -> None:
    """A query and a text meet in the same folded form, whichever was folded before."""
    assert words(fold(text)) == words(text)


@pytest.mark.parametrize(
    ("before", "expected"),
    [("5 m", True), ("per ft", True), ("CO", True), ("5m", True), ("$5m", False), ("form", False), ("", False)],
)
def test_a_unit_takes_a_raised_digit(before: str, *, expected: bool) -> None:
    """A power belongs to its unit; a digit behind a word or an amount of money is a footnote's."""
    assert is_unit(before) is expected
