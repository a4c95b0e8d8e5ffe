"""Which words of an index a part of a query stands for."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.query.expansion import expansion, pattern_expression, within_edits
from indexer.query.nodes import Fuzzy, Pattern, Stem, Value, Word, WordLike

_WORDS = sorted("company companies comapny compny compxny conpany cmopany compan company1 count zebra a ab".split())


def beginning(letters: str) -> Iterable[str]:
    """The words that begin with `letters`, as an index gives them."""
    return (word for word in _WORDS if word.startswith(letters))


@pytest.mark.parametrize(
    ("part", "found"),
    [
        (Word("text", "absent"), ["absent"]),
        (Value("form", "8-k"), ["8-k"]),
        (Pattern("text", "comp*"), ["compan", "companies", "company", "company1", "compny", "compxny"]),
        (Pattern("text", "comp?ny"), ["company", "compxny"]),
        (Pattern("text", "c*y"), ["cmopany", "comapny", "company", "compny", "compxny", "conpany"]),
        (
            Fuzzy("text", "company", 1),
            ["cmopany", "comapny", "compan", "company", "company1", "compny", "compxny", "conpany"],
        ),
        (Fuzzy("text", "comapny", 1), ["comapny", "company", "compny"]),
        (Stem("text", "company"), ["companies", "company"]),
    ],
)
def test_a_part_stands_for_words_of_the_index(part: WordLike | Value, found: list[str]) -> None:
    """Patterns compare whole words, a swap of neighbours is one edit, and a fuzzy word keeps its first character."""
    assert list(expansion(part, beginning)) == found


def _distance(one: str, other: str) -> int:
    """The optimal string alignment distance, by its definition."""
    table = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i in range(len(one) + 1):
        for j in range(len(other) + 1):
            if not i or not j:
                table[i][j] = i + j
                continue
            table[i][j] = min(
                table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + (one[i - 1] != other[j - 1])
            )
            if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                table[i][j] = min(table[i][j], table[i - 2][j - 2] + 1)
    return table[len(one)][len(other)]


_few_letters = st.text("abc", max_size=7)


@given(_few_letters, st.lists(_few_letters, max_size=30), st.integers(1, 2), st.booleans())
def test_edits_are_counted_by_their_definition(text: str, words: list[str], most: int, in_order: bool) -> None:  # noqa: FBT001
    """Whatever the words and their order, those found are exactly those within the distance."""
    words = sorted(words) if in_order else words
    assert list(within_edits(text, words, most)) == [word for word in words if _distance(text, word) <= most]


@given(st.text("ab.*?[", max_size=6), st.text("ab.[", max_size=6))
def test_only_stars_and_question_marks_are_marks(pattern: str, word: str) -> None:
    """All other characters of a pattern stand for themselves."""

    def matches(left: str, right: str) -> bool:
        if not left:
            return not right
        if left[0] == "*":
            return matches(left[1:], right) or bool(right and matches(left, right[1:]))
        return bool(right) and left[0] in ("?", right[0]) and matches(left[1:], right[1:])

    assert bool(pattern_expression(pattern).fullmatch(word)) == matches(pattern, word)
