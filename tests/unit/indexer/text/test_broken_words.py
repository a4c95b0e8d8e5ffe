from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.words import words
from indexer.query.build import MAX_SLOP
from indexer.text import broken_words as broken_words_module
from indexer.text.broken_words import NEAR_WORDS, broken_words, rejoined, searchable


def _has(text: str, phrase: str) -> bool:
    return f" {' '.join(words(phrase))} " in f" {' '.join(words(searchable(text).text))} "


@pytest.mark.parametrize(
    ("text", "found", "not_found"),
    [
        ("his resigna-\n     tion as director", ["resignation", "his resignation as director"], []),
        ("the CORPORA-\nTION shall", ["the corporation shall"], []),
        ("a long-\nterm loan", ["long-term", "a long-term loan", "longterm"], []),
        ("a long-term loan, long-\nterm debt", ["long-term debt"], ["longterm"]),
        ("management; the manage-\n\n   ment of", ["the management of"], ["manage ment"]),
        ("re\N{SOFT HYPHEN}\nsigned", ["resigned"], []),
        ("Non-\nGAAP", ["non-gaap"], ["nongaap"]),
        ("10-\nK and 1-\nfold", ["10-k"], ["10k"]),
        ("----\nsales", ["sales"], []),
        ("a -\nb", ["a b"], ["ab"]),
    ],
)
def test_words_broken_at_a_line_end_are_found_whole(text: str, found: list[str], not_found: list[str]) -> None:
    """Alone and in phrases; a compound is found as one, and what is neither is not joined."""
    assert [phrase for phrase in found if not _has(text, phrase)] == []
    assert [phrase for phrase in not_found if _has(text, phrase)] == []


@given(st.lists(st.sampled_from(["re", "sign", "ed", "A", "-", "-\n", " ", "\n", "\xad\n", "10", ". "])))
def test_every_other_place_stays_the_same(pieces: list[str]) -> None:
    """What is indexed begins with the text, as long as it was and changed nowhere but in the broken words."""
    text = "".join(pieces)
    broken = broken_words(text)
    joined = rejoined(text, broken)
    assert len(joined) == len(text)
    assert searchable(text).text.startswith(joined)
    inside = {place for word in broken for place in range(word.start, word.end)}
    assert all(joined[place] == text[place] for place in range(len(text)) if place not in inside)


_PIECES = [
    "re",
    "sign",
    "ed",
    "A",
    "é",
    "-",
    "-",
    "- ",
    "-\n",
    "-\n  ",
    "\xad\n",
    "‐\n",
    " ",
    "\n",
    "10",
    "_",
    ". ",
    "x" * 39,
]


@given(st.lists(st.sampled_from(_PIECES)))
def test_breaks_are_those_of_their_pattern(pieces: list[str]) -> None:
    """They are looked for at hyphens, which is faster than trying the pattern everywhere."""
    text = "".join(pieces)
    tried = [match.span() for match in broken_words_module._BREAK.finditer(text)]
    assert [match.span() for match in broken_words_module._breaks(text)] == tried


@given(st.lists(st.sampled_from([piece for piece in _PIECES if piece.isascii()])))
def test_ascii_is_read_as_any_other_text(pieces: list[str]) -> None:
    """The faster way gives what the way for all languages gives, which a letter beyond ASCII makes it take."""
    text = "".join(pieces) + "\n"
    assert broken_words(text) == broken_words(f"{text}. é")


@given(st.lists(st.sampled_from([*_PIECES, "sign-ed", "re-sign", "İ"])), st.integers(0, 2))
def test_words_sought_one_by_one_are_those_of_the_whole_text(pieces: list[str], most_sought: int) -> None:
    """Whether a word or compound is looked for alone or in the sets of all does not show."""
    text = "".join(pieces)
    alone = broken_words(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(broken_words_module, "_MOST_SOUGHT", most_sought)
        assert broken_words(text) == alone


def test_a_word_inside_many_others_is_no_word_of_the_text() -> None:
    """However often the letters of a word stand in longer ones, it is found only where it stands alone."""
    longer = "resigned " * 100
    assert not _has(f"{longer} re-\nsign", "the resign")
    assert broken_words(f"{longer} re-\nsign resign")[0].is_certain
    assert not broken_words(f"{longer} re-\nsign")[0].is_certain


@pytest.mark.timeout(30)  # what is quadratic here takes minutes
@pytest.mark.parametrize("piece", ["a-\n", "ab-\ncd ", "abc", "-\n", "ab-\n" + " " * 90, "a-\n\n"])
@pytest.mark.slow
def test_time_is_linear_in_size(piece: str) -> None:
    """A megabyte of broken words is searched through in moments."""
    assert len(searchable(piece * (1_000_000 // len(piece))).text) < 3_000_000


_MANY = st.lists(
    st.sampled_from(["long-\nterm", "re-\nsign", "resign", "alpha", "10", "é", "$", "- -", *["beta " * 70] * 2])
)


@given(_MANY)
def test_what_is_indexed_twice_is_apart_and_whole(pieces: list[str]) -> None:
    """Each copy repeats words of the text that follow each other, and nothing is near that is not near in the text."""
    text = " ".join(pieces)
    indexed = searchable(text)
    broken = broken_words(text)
    halved = rejoined(text, [word for word in broken if word.is_certain])
    whole = rejoined(text, broken)
    stretches = [
        indexed.text[: indexed.size],
        *(indexed.text[one.place :][: one.end - one.start] for one in indexed.copies),
    ]
    for one, repeated in zip(indexed.copies, stretches[1:], strict=True):
        assert {*words(repeated)} <= {*words(halved[one.start : one.end]), *words(whole[one.start : one.end])}
        assert repeated != whole[one.start : one.end]
    between = words(indexed.text[indexed.size : indexed.copies[0].place]) if indexed.copies else []
    assert not indexed.copies or len(between) > MAX_SLOP
    assert words(indexed.text) == [
        word for number, one in enumerate(stretches) for word in [*(between if number else ()), *words(one)]
    ]
    for one in indexed.copies:
        before, copied, after = words(halved[: one.start]), words(halved[one.start : one.end]), words(halved[one.end :])
        assert before + copied + after == words(halved)
    spans = {(one.start, one.end) for one in indexed.copies}
    copied_places = [place for span in spans for place in range(*span)]
    assert len(copied_places) == len(set(copied_places))
    assert len(indexed.text) <= indexed.size + max(indexed.size, 3 * indexed.size + 30_000) + 180 * len(spans)


@given(_MANY)
def test_all_that_is_near_is_copied_too(pieces: list[str]) -> None:
    """Around a word that may be a compound, everything that a query can want near it is in the same copy."""
    text = " ".join(pieces)
    indexed = searchable(text)
    for word in broken_words(text):
        if word.is_certain:
            continue
        [copy, *others] = [one for one in indexed.copies if one.start <= word.start and word.end <= one.end]
        assert {(one.start, one.end) for one in others} <= {(copy.start, copy.end)}
        for whole, part in (
            (text[: word.start], text[copy.start : word.start]),
            (text[word.end :], text[word.end : copy.end]),
        ):
            assert len(words(part)) >= min(len(words(whole)), NEAR_WORDS)
    assert NEAR_WORDS > MAX_SLOP + 1


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("between", [" ", "\n", " and with ", " and" * 20 + " "])
def test_words_near_each_other_are_found_in_each_choice_of_forms(count: int, between: str) -> None:
    """One whole and the next in halves, next to each other and some words apart."""
    pairs = [("long", "term"), ("resigna", "tion"), ("sub", "sidiary"), ("non", "performing")][:count]
    text = "alpha " * 100 + between.join(f"{first}-\n{second}" for first, second in pairs) + " omega" * 100
    for signs in itertools.product(["", " "], repeat=count):
        assert _has(text, between.join(sign.join(pair) for sign, pair in zip(signs, pairs, strict=True)))


def test_of_many_words_near_each_other_neighbours_are_found_in_each_choice_of_forms() -> None:
    """Where there are more than four, or where they are all over a text, each two next to each other are."""
    text = " ".join(f"ab{letter}-\ncd{letter} and with" for letter in "abcdefghijklmnopqrstuvwxyz") + " end" * 60
    for first, second in itertools.pairwise("abcdefghijklmnopqrstuvwxyz"):
        for one, other in itertools.product(["", " "], repeat=2):
            assert _has(text, f"ab{first}{one}cd{first} and with ab{second}{other}cd{second}")
