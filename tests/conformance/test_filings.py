"""Words in different documents of one filing: every engine finds what it finds where a filing is one text."""

from __future__ import annotations

import json
import random

import pytest

from archiver.errors import QueryError
from archiver.identifiers import FormType
from indexer.engine import Engine, within_unit
from indexer.entries import IndexEntry, SectionSpan
from indexer.query.build import parse_query
from indexer.query.filters import Filters
from indexer.query.scopes import filings
from tests.unit.index_entries import add_all, entry

_WORDS = "the board of directors resigned resign company risk te tet".split()
_APART = " ".join(["x"] * 60)
"""Stands between the documents of a filing where they are one text, so that nothing is near over the border."""

QUERIES = (
    *("risk", "risk board", "risk board company", "risk OR resigned", "risk NOT board", "NOT risk", "-risk -board"),
    *(
        '"the board" risk',
        '"board of directors"~4 te',
        "ris* board",
        "the NEAR/2 board company",
        "stem:resigning board",
    ),
    *(
        "(risk te) OR (board company)",
        "NOT (risk board)",
        "risk (board OR NOT te)",
        "risk form:8-K",
        "risk OR form:8-K",
    ),
    *("(risk OR te) -(board company)", "board tst~1", "form:8-K -risk", "resign* (the PRE/1 board) -tet", "form:8-K"),
)


def _made() -> list[IndexEntry]:
    """Filings of several documents, and each again as one text: of all its documents, and of its exhibits."""
    chance = random.Random(11)  # noqa: S311 — the same texts each time
    made = []
    for number in range(50):
        form = FormType(chance.choice(["8-K", "10-K"]))
        texts = [" ".join(chance.choices(_WORDS, k=chance.randint(0, 4))) for _ in range(chance.randint(1, 4))]
        types = [str(form), *chance.choices(["EX-10", "EX-99.1"], k=len(texts) - 1)]
        for position, (text, kind) in enumerate(zip(texts, types, strict=True)):
            made.append(entry(number, text, form=form, type=kind, position=position, sequence=position + 1))
        made.append(entry(1000 + number, f" {_APART} ".join(texts), form=form, type="ALL"))
        exhibits = [text for text, kind in zip(texts, types, strict=True) if kind.startswith("EX-")]
        if exhibits:
            made.append(entry(2000 + number, f" {_APART} ".join(exhibits), form=form, type="EXHIBITS"))
    return made


def test_a_filing_is_searched_as_one_text(engine: Engine) -> None:
    """The same filings are found and counted, with and without a filter of documents; hits are of its documents."""
    add_all(engine, _made())
    engine.commit()
    for query in QUERIES:
        for kinds, merged, types in ((["8-K", "10-K", "EX-*"], "ALL", 1), (["EX-*"], "EXHIBITS", 2)):
            alone = engine.search(parse_query(query), filters=Filters(type=[merged]).tree(), limit=None)
            expected = sorted(_number(hit.stored) - 1000 * types for hit in alone.hits)
            asked, filters = within_unit(engine, parse_query(query), Filters(type=kinds).tree(), "filing")
            found = engine.search(asked, filters=filters, limit=None)
            assert sorted(_number(hit.stored) for hit in found.hits) == expected, (query, kinds)
            assert found.total == len(expected)
            assert engine.search(asked, filters=filters, limit=0).total == len(expected)
            assert sum(one.count for one in engine.facet(asked, "form", filters=filters)) == len(expected)
            assert all(json.loads(hit.stored)["type"] not in {"ALL", "EXHIBITS"} for hit in found.hits)
            assert all(hit.score is not None for hit in found.hits)


def test_the_best_document_is_the_hit(engine: Engine) -> None:
    """Of a filing's documents the one with most of the query; with `documents`, each that has some of it."""
    texts = ["risk", "company board resigned", "te"]
    add_all(engine, [entry(1, text, position=place, sequence=place + 1) for place, text in enumerate(texts)])
    engine.commit()
    asked, filters = within_unit(engine, parse_query("risk company board"), None, "filing")
    [hit] = engine.search(asked, filters=filters).hits
    assert json.loads(hit.stored)["position"] == 1
    documents = engine.search(asked, filters=filters, documents=True)
    assert sorted(json.loads(one.stored)["position"] for one in documents.hits) == [0, 1]
    assert engine.search(parse_query("risk company board")).total == 0


def test_the_words_of_a_section_stand_in_one_document(engine: Engine) -> None:
    """Next to words of any documents, and where a filing has several documents with that section."""
    texts = {1: ("risk of pay", "board of pay", "letter"), 2: ("risk board pay", "te"), 3: ("te te pay", "risk board")}
    made = [
        entry(
            number, text, position=place, sequence=place + 1, sections=(SectionSpan("10-K 1A", 0, 2),) * ("pay" in text)
        )
        for number, documents in texts.items()
        for place, text in enumerate(documents)
    ]
    add_all(engine, made)
    engine.commit()
    for query, sections, expected in (
        ("section:1A risk board", None, [(2, 0)]),
        ("risk board", ["1A"], [(2, 0)]),
        ("(section:1A risk) (section:1A board)", None, [(1, 0), (1, 1), (2, 0)]),
        ("(section:1A risk) letter", None, [(1, 0), (1, 2)]),
        ("(section:1A risk board) te", None, [(2, 0), (2, 1)]),
        ("section:1A NOT risk", None, [(1, 1), (3, 0)]),
        ("section:1A (risk OR te)", None, [(1, 0), (2, 0), (3, 0)]),
        ("(section:1A board) -(section:1A risk)", None, []),
        ("risk te -section:7", None, [(2, 0), (2, 1), (3, 0), (3, 1)]),
        ("risk te (section:7 OR -section:5.02)", None, [(2, 0), (2, 1), (3, 0), (3, 1)]),
        ("risk te -(section:7 OR section:8)", None, [(2, 0), (2, 1), (3, 0), (3, 1)]),
        ("risk te ((section:7 OR section:8) OR -section:5.02)", None, [(2, 0), (2, 1), (3, 0), (3, 1)]),
        ("risk board", ["1A", "7"], [(2, 0)]),
    ):
        asked, filters = within_unit(engine, parse_query(query), Filters(section=sections).tree(), "filing")
        found = engine.search(asked, filters=filters, documents=True, limit=None)
        documents = [(_number(hit.stored), json.loads(hit.stored)["position"]) for hit in found.hits]
        assert sorted(documents) == expected, query
        assert engine.search(asked, filters=filters).total == len({number for number, _ in expected})


def test_too_many_filings_are_refused(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would be held in memory has a bound; the rarest part narrows all others first."""
    add_all(engine, [entry(number, "the risk" if number < 2 else "the") for number in range(5)])
    engine.commit()
    monkeypatch.setattr(filings, "MAX_FILINGS", 3)
    asked, found = within_unit(engine, parse_query("the risk"), None, "filing")
    assert engine.search(asked, filters=found).total == 2
    with pytest.raises(QueryError, match="one part of the query matches 5 filings, more than the limit of 3"):
        within_unit(engine, parse_query("the -absent"), None, "filing")


def _number(stored: str) -> int:
    return int(json.loads(stored)["accession"][-6:])
