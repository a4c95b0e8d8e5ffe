"""Words inside of sections: every engine finds what it finds where each section is a text of its own."""

from __future__ import annotations

import json
import random
from typing import get_args

import pytest

from indexer.engine import Engine, JoinedEngine, within_unit
from indexer.entries import SectionSpan
from indexer.query.build import parse_query
from indexer.query.filters import Filters
from indexer.query.scopes.filings import Unit
from tests.unit.index_entries import add_all, entry

_WORDS = "the board of directors resigned resign company companies risk risks 1a te tet".split()
_QUERIES = (
    *("risk", "risk board", "risk OR resigned", "risk NOT board", '"the board"', '"board of directors"~4', "ris*"),
    *(
        "the NEAR/2 board",
        "the PRE/1 (board OR company)",
        "stem:resigning",
        "tst~2",
        '"the ris*"',
        "(risk te) OR board",
    ),
)
_KEYS = ("10-K 1A", "10-K 7", "10-K 8")


def test_words_stand_in_the_section_as_in_a_text_of_its_own(engine: Engine) -> None:
    """For each query and section exactly the documents whose section, taken alone, the query matches."""
    chance = random.Random(5)  # noqa: S311 — the same texts each time
    made = []
    for number in range(60):
        texts = [chance.choices(_WORDS, k=chance.randint(1, 9)) for _ in range(3)]
        spans, place = [], 0
        for key, text in zip(_KEYS, texts, strict=True):
            spans.append(SectionSpan(key, place, place + len(text)))
            place += len(text)
        made.append(entry(number, " ".join(word for text in texts for word in text), sections=tuple(spans)))
        made += [entry(1000 * (at + 1) + number, " ".join(text)) for at, text in enumerate(texts)]
    add_all(engine, made)
    engine.commit()
    for query in _QUERIES:
        alone = _numbers(engine, query)
        for at, name in enumerate(("1A", "mda", "II 8")):
            expected = [number % 1000 for number in alone if number // 1000 == at + 1]
            assert _numbers(engine, f'section:"{name}" ({query})') == expected, (query, name)
            assert _numbers(engine, query, section=[name]) == expected
        either = sorted({number % 1000 for number in alone if number // 1000 in {1, 2}})
        assert _numbers(engine, f"section:(1A OR mda) ({query})") == either, query
        assert _numbers(engine, query, section=["1A", "mda"]) == either


def test_without_a_section_nothing_changes(engine: Engine) -> None:
    """Phrases go over the border of sections, scores are those of the text, and a section alone is a fact."""
    with_sections = (SectionSpan("10-K 1A", 0, 2), SectionSpan("10-K 7", 2, 4))
    add_all(engine, [entry(1, "risk of board pay", sections=with_sections), entry(2, "risk of board pay")])
    engine.commit()
    result = engine.search(parse_query('"of board"'))
    assert result.total == 2
    assert result.hits[0].score == result.hits[1].score
    assert _numbers(engine, 'section:1A "of board"') == []
    assert _numbers(engine, "section:7") == _numbers(engine, "section:1A section:7") == [1]
    assert _numbers(engine, "-section:7") == [2]
    counts = JoinedEngine(engine).facet(parse_query("board"), "section")
    assert [(one.value, one.count) for one in counts] == [("10-K 7", 1)]


def _numbers(engine: Engine, query: str, section: list[str] | None = None) -> list[int]:
    found = engine.search(parse_query(query), filters=Filters(section=section).tree(), limit=None)
    return sorted(int(json.loads(hit.stored)["accession"][-6:]) for hit in found.hits)


def test_the_facet_counts_sections_of_any_document_of_a_hit(engine: Engine) -> None:
    """Also where the best document of a submission is one without sections."""
    report = entry(1, "risk of pay and more words than that", sections=(SectionSpan("10-K 1A", 0, 3),))
    add_all(engine, [report, entry(1, "risk risk", position=1, sequence=2)])
    engine.commit()
    for documents in (False, True):
        counts = JoinedEngine(engine).facet(parse_query("risk"), "section", documents=documents)
        assert [(one.value, one.count) for one in counts] == [("10-K 1A", 1)]


@pytest.mark.parametrize("name", ["zzz", "17", "99.01", "V 1"])
def test_a_name_of_no_section_is_an_error(name: str) -> None:
    """What no form numbers so is refused, with what can be written."""
    with pytest.raises(ValueError, match="is not the name of a section"):
        parse_query(f'section:"{name}"')


def test_what_is_said_of_the_description_stays_an_alternative(engine: Engine) -> None:
    """A description is a fact of the document, also next to words of the section and inside of what is excluded."""
    spans = (SectionSpan("10-K 1A", 0, 2), SectionSpan("10-K 7", 2, 4))
    add_all(
        engine,
        [
            entry(1, "risk of board pay", sections=spans, description="Letter to holders"),
            entry(2, "risk of board pay", sections=spans),
            entry(3, "risk of board pay", description="Letter to holders"),
        ],
    )
    engine.commit()
    for query, expected in (
        ("section:1A (absent OR description:letter)", [1]),
        ("section:1A (board OR description:letter)", [1]),
        ("section:1A (letter OR description:letter)", [1]),
        ("section:1A (letter OR description:absent)", []),
        ("section:1A (risk NEAR/1 absent OR (absent board) OR description:(letter NEAR/1 holders))", [1]),
        ("section:1A NOT (absent OR description:letter)", [2]),
        ("section:1A (stem:absent OR stem:risks)", [1, 2]),
    ):
        assert _numbers(engine, query) == expected, query


def test_no_words_are_near_over_the_border_of_two_sections_of_one_name(engine: Engine) -> None:
    """A report may have an item twice, also next to each other: what stands in neither is in no engine in one."""
    words = "the risk of pay board of directors the resigned te"
    spans = (
        SectionSpan("10-K 2", 0, 4),
        SectionSpan("10-K 2", 4, 7),
        SectionSpan("10-K 3", 7, 8),
        SectionSpan("10-K 2", 8, 10),
    )
    add_all(engine, [entry(1, words, sections=spans)])
    engine.commit()
    for query, expected in (
        ('"of pay"', True),
        ('"pay board"', False),
        ('"board of directors"', True),
        ("pay NEAR/1 of", True),
        ("pay NEAR/50 board", False),
        ('"risk directors"~50', False),
        ("directors PRE/50 resigned", False),
        ("(risk OR te) NEAR/50 directors", False),
        ('"of of"~50', False),
        ('"resign* te"', True),
        ('"di* resign*"~50', False),
    ):
        assert _numbers(engine, f"section:2 {query}") == [1] * expected, query


def test_the_facet_counts_what_matches_in_the_section_itself(engine: Engine) -> None:
    """A 10-Q has two items 1: each counts only for what the query finds in it, however it asks for sections."""
    spans = (SectionSpan("10-Q I 1", 0, 2), SectionSpan("10-Q II 1", 2, 4), SectionSpan("10-Q I 2", 4, 6))
    add_all(engine, [entry(1, "risk of board pay company risks", sections=spans)])
    engine.commit()
    for query, sections, expected in (
        ("section:1 risk", None, ["10-Q I 1"]),
        ("(section:1 pay) OR absent", None, ["10-Q II 1"]),
        ("section:(1 OR 2) (pay OR company)", None, ["10-Q I 2", "10-Q II 1"]),
        ("pay OR company", ["1", "2"], ["10-Q I 2", "10-Q II 1"]),
        ("section:2 company", ["1"], []),
        ("section:1", None, ["10-Q I 1", "10-Q II 1"]),
        ("risk -section:7", None, ["10-Q I 1"]),
    ):
        for unit in get_args(Unit):
            tree, filters = within_unit(engine, parse_query(query), Filters(section=sections).tree(), unit)
            counts = JoinedEngine(engine).facet(tree, "section", filters=filters)
            assert sorted(str(one.value) for one in counts) == expected, (query, unit)
