from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.selection.names import (
    MAX_SPELLINGS,
    NamePattern,
    joined_spellings,
    name_keys,
    name_terms,
    name_words,
    near_names,
)
from archiver.words import words

TYPED = [
    ("McDonald's", "MCDONALDS CORP"),
    ("mcdonald’s", "MCDONALDS CORP"),
    ("McDonald's Corporation", "MCDONALDS CORP"),
    ("Hawai\u02bbian Electric", "HAWAIIAN ELECTRIC CO INC"),
    ("Macys", "Macy's, Inc."),
    ("Mc Donalds", "MCDONALDS CORP"),
    ("MCDONALDS", "MCDONALD S CORP"),
    ("Procter and Gamble", "PROCTER & GAMBLE CO"),
    ("Procter & Gamble Company", "PROCTER & GAMBLE CO"),
    ("gamble procter", "PROCTER & GAMBLE CO"),
    ("US Bancorp", "U S BANCORP"),
    ("U.S. Bancorp", "US BANCORP \\DE\\"),
    ("JP Morgan", "JPMORGAN CHASE & CO"),
    ("J.P. Morgan", "JPMORGAN CHASE & CO"),
    ("JPMorgan", "J P MORGAN CHASE & CO"),
    ("AT & T", "AT&T INC."),
    ("ATT", "AT&T INC."),
    ("A T and T", "AT&T INC."),
    ("Walmart", "WAL MART STORES INC"),
    ("Wal-Mart", "Walmart Inc."),
    ("ExxonMobil", "EXXON MOBIL CORP"),
    ("O'Reilly", "O REILLY AUTOMOTIVE INC"),
    ("The Home Depot, Incorporated", "HOME DEPOT, INC."),
    ("Coca-Cola", "COCA COLA CO"),
    ("H and R Block", "H&R BLOCK INC"),
    ("3 M", "3M CO"),
    ("Estée Lauder", "ESTEE LAUDER COMPANIES INC"),
    ("The", "THE"),
    ("US Steel", "UNITED STATES STEEL CORP"),
    ("United States Bancorp", "U S BANCORP"),
    ("United Steel", "UNITED STATES STEEL CORP"),
    ("Saint Jude Medical", "ST JUDE MEDICAL INC"),
    ("St. Paul Companies", "SAINT PAUL COS"),
    ("Mount Vernon", "MT VERNON SAVINGS"),
    ("First Source", "1ST SOURCE CORP"),
    ("5th Third", "FIFTH THIRD BANCORP"),
    ("21st Century Fox", "TWENTY-FIRST CENTURY FOX, INC."),
    ("Twenty First Century", "21ST CENTURY INSURANCE GROUP"),
    ("Abbott Labs", "ABBOTT LABORATORIES"),
    ("Lehman Brothers Hldgs", "LEHMAN BROTHERS HOLDINGS INC"),
    ("Municipal Investment Trust Fund", "MUNICIPAL INVESTMENT TR FD"),
    ("Defined Asset Fds Municipal", "DEFINED ASSET FUNDS MUN INVT TR FD AMT MON PYMT SER 20"),
    ("Nationwide Life Insurance", "NATIONWIDE LIFE INS CO"),
]
OTHERS = [
    ("Morgan", "JPMORGAN CHASE & CO"),
    ("Apple", "APPLEBEES INTERNATIONAL INC"),
    ("US Bancorp", "BUS BANCORP"),
    ("Procter Gamble", "PROCTER CORP"),
    ("General Motors", "MOTORS LIQUIDATION CO"),
    ("Block H R", "H R CO"),
    ("&", "AT&T INC."),
    ("", "AT&T INC."),
    ("US Steel", "UNITED STEEL CORP"),
    ("States Steel", "UNITED STEEL CORP"),
    ("Twenty First", "FIRST TWENTY CORP"),
]


@pytest.mark.parametrize(("typed", "name"), TYPED)
def test_names_as_people_type_them(typed: str, name: str) -> None:
    """Apostrophes, initials, `and`, spaces and legal forms do not matter."""
    assert NamePattern(typed).matches(name)
    assert NamePattern(typed).matches_keys(name_keys(name))


@pytest.mark.parametrize(("typed", "name"), OTHERS)
def test_other_companies(typed: str, name: str) -> None:
    """A part of a word is not the word, and every word must be there."""
    assert not NamePattern(typed).matches(name)


NAMES = st.lists(st.text(st.sampled_from("abAB19éß'&.- "), min_size=1, max_size=8), min_size=1, max_size=6).map(
    " ".join
)


@given(NAMES)
def test_a_name_matches_itself_in_any_case_order_and_joining(name: str) -> None:
    """Whatever the letters: shuffled, in other case, without spaces."""
    found = name_words(name)
    assert NamePattern(name).matches(name) == bool(found) == bool(words(name))
    if found:
        assert NamePattern(" ".join(reversed(found))).matches(name)
        assert NamePattern(name.swapcase()).matches(name) or not name.isascii()
        assert NamePattern("".join(found[:4])).matches(" ".join(found))


@given(NAMES, NAMES)
def test_the_quick_look_changes_no_answer(typed: str, name: str) -> None:
    """Matching by name and matching by keys agree."""
    assert NamePattern(typed).matches(name) == NamePattern(typed).matches_keys(name_keys(name))


@given(NAMES, NAMES)
def test_terms_and_spellings_give_the_same_answer(typed: str, name: str) -> None:
    """What an index has, asked for each way to join the words, is the same rule."""
    found = name_words(typed)
    terms = name_keys(name)
    spelt = joined_spellings(found, may_join=[True] * len(found))
    if found and len(found) <= 7:
        assert any(terms.issuperset(spelling) for spelling in spelt) == NamePattern(typed).matches(name)
    assert terms.union(words(name)) == set(name_terms(name))


@pytest.mark.parametrize(
    ("found", "may_join", "spellings"),
    [
        (["a"], [True], [("a",)]),
        (["a", "b"], [True, True], [("a", "b"), ("ab",)]),
        (["a", "b*"], [True, False], [("a", "b*")]),
        (["a", "b", "c"], [True] * 3, [("a", "b", "c"), ("ab", "c"), ("a", "bc"), ("abc",)]),
    ],
)
def test_joined_spellings(found: list[str], may_join: list[bool], spellings: list[tuple[str, ...]]) -> None:
    """Each way once, the fewest joined first."""
    assert list(joined_spellings(found, may_join=may_join)) == spellings


@pytest.mark.parametrize("count", [5, 8, 200])
def test_joined_spellings_are_bounded(count: int) -> None:
    """However long a name is, and never with more than four words in one."""
    spellings = list(joined_spellings(["x"] * count, may_join=[True] * count))
    assert 1 < len(spellings) <= MAX_SPELLINGS
    assert max(len(word) for spelling in spellings for word in spelling) <= 4


def test_near_names() -> None:
    """A slip of the pen is forgiven, and what shares nothing is not offered."""
    names = ["INTERNAP NETWORK SERVICES CORP", "MICROSOFT CORP", "APPLE INC", "MICRON TECHNOLOGY INC"]
    assert near_names("Mircosoft", names) == ["MICROSOFT CORP"]
    assert near_names("interanp", names) == ["INTERNAP NETWORK SERVICES CORP"]
    assert near_names("zzzzqq", names) == []
    assert near_names("corp", ["A CORP", *names, "B CORP", "CD CORP"]) == ["A CORP", "B CORP", "CD CORP"]
