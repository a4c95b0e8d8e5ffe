"""Words hyphenated at a line end, found in bytes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from indexer.passages.broken import BrokenPlace, broken_places, rejoined
from indexer.passages.folding import fold_text
from indexer.passages.snippets import _joined
from indexer.text.broken_words import broken_words

_PIECES = [
    "re-\n",
    "re",
    "sign",
    "RE",
    "x" * 41,
    "é",
    "-",
    "-\n",
    "- \n",
    f"-{' ' * 9}\n",
    " ",
    "\n",
    "\xad\n",
    ".",
    "-\n",
]
_TEXTS = st.lists(st.sampled_from(_PIECES), max_size=12).map("".join)


@given(_TEXTS)
def test_they_are_the_broken_words_of_the_text(text: str) -> None:
    """What is marked is what is indexed; only a break with a wider gap than usual is left to the index."""
    expected = [
        BrokenPlace(
            len(text[: word.start].encode()), len(text[: word.end].encode()), word.first.encode(), word.second.encode()
        )
        for word in broken_words(text)
        if f"- {' ' * 8}\n" not in text[word.start : word.end]
    ]
    assert broken_places(text.encode()) == expected


@given(_TEXTS)
def test_joining_before_and_after_folding_is_the_same(text: str) -> None:
    """Folding is not repeated for a text whose bytes keep their places."""
    encoded = text.encode()
    broken = broken_places(encoded)
    assert _joined(fold_text(encoded), encoded, broken).words == fold_text(rejoined(encoded, broken)).words


def test_a_text_of_nothing_but_breaks_is_not_hyphenated_prose() -> None:
    """Each break is examined with what stands around it: of megabytes of them no search waits for that."""
    assert broken_places(b"exam-\nple " * 2000) == []
    assert len(broken_places(b"a line of a report that ends with exam-\nple " * 2000)) == 2000
    assert len(broken_places(b"a line of a report that ends with exam-\nple " * 12_000)) == 10_000
