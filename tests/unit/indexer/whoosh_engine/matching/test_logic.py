"""Boolean and phrase logic, held against what a look at each text says."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archiver.words import words
from indexer.query.build import parse_query
from indexer.whoosh_engine.engine import WhooshEngine
from tests.unit.index_entries import accession, add, entry

_WORDS = ("a", "b", "c", "d")
_texts = st.lists(st.sampled_from(_WORDS), max_size=6)
_leaves = st.one_of(
    st.sampled_from(_WORDS),
    st.tuples(st.lists(st.sampled_from(_WORDS), min_size=2, max_size=4), st.integers(0, 3)),
    st.tuples(
        st.sampled_from(["NEAR", "PRE"]),
        st.lists(st.sampled_from(_WORDS), min_size=1, max_size=2),
        st.integers(0, 2),
        st.lists(st.sampled_from(_WORDS), min_size=1, max_size=2),
    ),
)
_trees = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.tuples(st.just("NOT"), inner),
        st.tuples(st.sampled_from(["AND", "OR"]), inner, inner),
    ),
    max_leaves=5,
)


def _written(tree: object) -> str:
    """A random tree in the query language."""
    match tree:
        case str():
            return tree
        case ("NOT", child):
            return f"(NOT {_written(child)})"
        case ("AND" | "OR" as operator, left, right):
            return f"({_written(left)} {operator} {_written(right)})"
        case (str() as operator, list() as left, between, list() as right):
            return f'("{" ".join(left)}" {operator}/{between} "{" ".join(right)}")'
        case (list() as phrase, 0):
            return f'"{" ".join(phrase)}"'
        case (list() as near, distance):
            return f'"{" ".join(near)}"~{distance}'
    raise AssertionError(tree)


def _holds(tree: object, text: Sequence[str]) -> bool:  # noqa: PLR0911 — one for each kind of tree
    """Whether a random tree matches a text, worked out by looking."""
    match tree:
        case str():
            return tree in text
        case ("NOT", child):
            return not _holds(child, text)
        case ("AND", left, right):
            return _holds(left, text) and _holds(right, text)
        case ("OR", left, right):
            return _holds(left, text) or _holds(right, text)
        case (str() as operator, list() as left, int() as between, list() as right):
            starts = [
                [at for at in range(len(text)) if list(text[at : at + len(side)]) == side] for side in (left, right)
            ]
            return any(
                0 <= there - here - len(left) <= between
                or (operator == "NEAR" and 0 <= here - there - len(right) <= between)
                for here, there in itertools.product(*starts)
            )
        case (list() as phrase, 0):
            return any(list(text[start : start + len(phrase)]) == phrase for start in range(len(text)))
        case (list() as near, int() as distance):
            return any(
                max(places) - min(places) < len(near) - 1 + distance
                for places in itertools.permutations(range(len(text)), len(near))
                if all(text[place] == word for place, word in zip(places, near, strict=True))
            )
    raise AssertionError(tree)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=_trees)
@pytest.mark.slow
def test_boolean_and_phrase_logic_is_exact(
    texts_index: tuple[WhooshEngine, dict[int, list[str]]], tree: object
) -> None:
    """For any tree of words, phrases, AND, OR and NOT, exactly the submissions that it describes are found."""
    engine, texts = texts_index
    expected = sorted(number for number, text in texts.items() if _holds(tree, text))
    found = engine.search(parse_query(_written(tree)), limit=None).hits
    assert sorted(int(json.loads(hit.stored)["accession"][-6:]) for hit in found) == expected


@pytest.fixture
def texts_index(tmp_path: Path) -> Iterator[tuple[WhooshEngine, dict[int, list[str]]]]:
    """An index of short texts in several segments, with replaced and deleted submissions in it."""
    texts = {
        number: words(text)
        for number, text in enumerate(
            [
                "",
                "a",
                "b",
                "a b",
                "b a",
                "a b c",
                "a c b",
                "c d",
                "a a b b",
                "d c b a",
                "a b a b",
                "c",
                "d d d",
                "b c d",
            ],
            1,
        )
    }
    engine = WhooshEngine.create(tmp_path)
    for number in (1, 4, 8, 12):
        add(engine, accession(number), [entry(number, "a b c d")])
    add(engine, accession(99), [entry(99, "a b c d")])
    engine.commit()
    for start in (1, 6, 11):
        for number in range(start, min(start + 5, len(texts) + 1)):
            add(engine, accession(number), [entry(number, " ".join(texts[number]))])
        engine.commit()
    engine.delete(accession(99))
    engine.commit()
    yield engine, texts
    engine.close()
