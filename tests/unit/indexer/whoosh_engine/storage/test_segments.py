"""Segments of our own making, against Whoosh's own writer and readers."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from whoosh.fields import Schema
from whoosh.index import FileIndex, create_in, open_dir
from whoosh.query import And, Or, Phrase, Prefix, Query, Term

from archiver.identifiers import Cik
from indexer.entries import HitEntity, IndexEntry
from indexer.fields import document_of
from indexer.whoosh_engine.engine import WhooshEngine
from indexer.whoosh_engine.fields import schema
from tests.unit.index_entries import add, entry

QUERIES: tuple[Query, ...] = (
    Term("text", "a"),
    Term("text", "w7"),
    Term("text", "once3"),
    Term("text", "naïve".replace("ï", "i")),
    Term("text", "漢"),
    Term("text", "absent"),
    Term("description", "b"),
    Term("name", "acme"),
    Term("cik", "320"),
    Term("accession", "0001193125-04-000017"),
    And([Term("text", "a"), Term("text", "w7"), Term("form", "8-k")]),
    Or([Term("text", "w100"), Term("text", "w7"), Term("name", "corp")]),
    Phrase("text", ["a", "b"]),
    Phrase("text", ["a", "b", "a"], slop=3),
    Phrase("name", ["acme", "corp"]),
    Prefix("text", "w1"),
)


def entries() -> list[IndexEntry]:
    """Enough made-up entries for words of one, of few and of many blocks."""
    chance = random.Random(5)  # noqa: S311 — the same texts each time
    made = []
    for number in range(300):
        rare = (f"w{int(chance.paretovariate(0.4)) % 500}" for _ in range(chance.randrange(60)))
        common = chance.choices("abc", k=chance.choice((0, 3, 40, 300)))
        text = " ".join([*common, *rare, f"once{number}", *["Naïve 漢-字"] * (number % 3)])
        made.append(
            entry(
                number,
                text if number % 50 else "",
                description=chance.choice((None, "A b c", "b")),
                names=("ACME CORP", "OTHER INC") if number % 4 else (),
                entities=(HitEntity(Cik(320), "ACME CORP", "FILER"),) if number % 4 else (),
                filing_date=date(2004, 1 + number % 12, 1),
                acceptance_datetime=datetime(2004, 1, 1, 9, 30) if number % 2 else None,  # noqa: DTZ001
            )
        )
    return made


def ours(folder: Path, made: Sequence[IndexEntry]) -> FileIndex:
    """An index of our own writer, opened as anybody would."""
    engine = WhooshEngine.create(folder)
    for one in made:
        add(engine, one.accession, [one])
    engine.commit()
    engine.close()
    return open_dir(str(folder))


def stock(folder: Path, made: Sequence[IndexEntry], fields: Schema) -> FileIndex:
    """The same entries in an index of Whoosh's own writer."""
    index = create_in(str(folder), fields)
    writer = index.writer()
    for one in made:
        writer.add_document(**document_of(one))
    writer.commit()
    return index


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[FileIndex, FileIndex]:
    """Our index and the stock one of the same entries."""
    return ours(tmp_path_factory.mktemp("ours"), entries()), stock(
        tmp_path_factory.mktemp("stock"), entries(), schema()
    )


@pytest.mark.parametrize("query", QUERIES, ids=str)
@pytest.mark.slow
def test_stock_readers_find_the_same_with_the_same_scores(both: tuple[FileIndex, FileIndex], query: Query) -> None:
    """Whoosh's own searcher gives the same documents with the same scores for our segment as for its own."""
    answers = []
    for index in both:
        with index.searcher() as searcher:
            found = searcher.search(query, limit=None)
            answers.append([(hit["record"], pytest.approx(hit.score)) for hit in found])
            assert [hit["record"] for hit in searcher.search(query, limit=5)] == [hit["record"] for hit in found][:5]
    assert answers[0] == answers[1]
    assert answers[0] or "absent" in str(query)


@pytest.mark.slow
def test_a_segment_holds_what_whoosh_would_have_written(both: tuple[FileIndex, FileIndex]) -> None:
    """Every term, statistic, posting, length, stored value and column is what Whoosh's own writer wrote."""
    mine, theirs = (index.reader() for index in both)
    assert list(mine.all_terms()) == list(theirs.all_terms())
    for (term, my_info), (_, their_info) in zip(mine, theirs, strict=True):
        for fact in "weight doc_frequency min_length max_length max_weight min_id max_id".split():
            assert getattr(my_info, fact)() == getattr(their_info, fact)(), (term, fact)
    assert _postings(mine) == _postings(theirs)
    for name in ("text", "description", "name"):
        assert mine.field_length(name) == theirs.field_length(name)
        assert [mine.doc_field_length(number, name) for number in range(300)] == [
            theirs.doc_field_length(number, name) for number in range(300)
        ]
    for name in ("filed", "period", "accepted", "number"):
        assert list(mine.column_reader(name)) == list(theirs.column_reader(name))
    assert list(mine.all_stored_fields()) == list(theirs.all_stored_fields())
    mine.close()
    theirs.close()


def _postings(reader: Any) -> list[tuple[str, bytes, int, float, bytes]]:
    """All postings; a field without values has None or nothing for each."""
    return [(*posting[:4], posting[4] or b"") for posting in reader.iter_postings()]


@pytest.mark.slow
def test_whoosh_can_take_our_segment_over(tmp_path: Path) -> None:
    """Whoosh's own merge of our segment into one of its own loses nothing: the segment is an ordinary one."""
    index = ours(tmp_path, entries())
    writer = index.writer()
    writer.add_document(**document_of(entry(999, "a b")))
    writer.commit(optimize=True)
    with index.searcher() as searcher:
        assert searcher.doc_count() == 301
        assert len(searcher.search(Phrase("text", ["a", "b"]), limit=None)) > 100
