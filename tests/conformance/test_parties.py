"""Parties in entries of their own: every engine answers as if each document had the facts of all of them."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from archiver.identifiers import Cik, FormType
from indexer.engine import Engine, EngineHit, JoinedEngine, within_unit
from indexer.entries import HitEntity, IndexEntry, SectionSpan
from indexer.fields import FACETS
from indexer.index_folder import create_index
from indexer.query.build import parse_query
from indexer.query.filters import Filters
from indexer.update import parties
from indexer.update.parties import with_parties_apart
from tests.thorough import rounds
from tests.unit.index_entries import add, entry

_NAMES = ("ACME HOLDINGS INC", "Bramble Corp", "ACME CORP", "HOLDINGS OF BRAMBLE", "CORVID LLC", "Corvid Inc")
_STATES = ("DE", "de", "NY", "GA")

QUERIES = (
    *(None, "risk", "NOT risk", "name:acme", "name:acme -name:corvid", 'name:"acme corp"', "name:ac* risk"),
    *('name:"holdings bramble" OR cik:3', "-cik:2", "cik:2 risk", "cik:2 NOT risk", "state:de board", "form:8-K"),
    *("NOT (name:corvid OR risk)", "type:EX-10 cik:1", "series:fund", "name:fund", "city:rome -risk", "file:1-2"),
)


def _filings() -> list[list[IndexEntry]]:
    """Filings with a few or many parties and documents, some without any document."""
    chance = random.Random(7)  # noqa: S311 — the same filings each time
    made = []
    for number in range(40):
        who = chance.choices(range(len(_NAMES)), k=chance.choice([0, 1, 2, 5, 9]))
        facts = {
            "form": FormType(chance.choice(["8-K", "10-K"])),
            "entities": tuple(HitEntity(Cik(one + 1), _NAMES[one], chance.choice(["FILER", "ISSUER"])) for one in who),
            "names": tuple(dict.fromkeys(_NAMES[one] for one in who)),
            "states": tuple(dict.fromkeys(chance.choices(_STATES, k=len(who)))),
            "sics": tuple({one % 3 for one in who}),
            "file_numbers": tuple(f"1-{one}" for one in sorted(set(who))),
            "cities": ("Rome",) if len(who) > 4 else (),
            "series": ("Index Fund", "S000002839") if number % 5 == 0 else (),
        }
        first = entry(number, "", **facts)
        if number % 9 == 0:
            made.append([replace(first, position=None, sequence=None, type=None)])
            continue
        made.append(
            [
                replace(
                    first,
                    position=place,
                    sequence=place + 1,
                    type=kind,
                    text=" ".join(chance.choices(words, k=3)),
                    sections=(SectionSpan("10-K 1A", 0, 1), SectionSpan("10-K 7", 1, 3)),
                )
                for place, kind in enumerate(("8-K", "EX-10", "EX-99")[: chance.randint(1, 3)])
                for words in [("risk", "board", "company", "te")]
            ]
        )
    return made


@pytest.fixture
def reference_of_parties(tmp_path: Path) -> Iterator[Engine]:
    """A Whoosh index of the same filings, in which every document has all facts."""
    made = create_index(tmp_path / "reference", engine="whoosh")
    for entries in _filings():
        add(made, entries[0].accession, entries)
    made.commit()
    yield made
    made.close()


@pytest.fixture
def apart(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> JoinedEngine:
    """An index in which most filings have their parties in entries of their own."""
    monkeypatch.setattr(parties, "MAX_NAMES", 2)
    monkeypatch.setattr(parties, "MAX_CHARS", 120)
    indexed = [with_parties_apart(entries) for entries in _filings()]
    assert {one.parties for one in itertools.chain(*indexed)} == {None, "here", "apart"}
    for entries in indexed:
        add(engine, entries[0].accession, entries)
    engine.commit()
    return JoinedEngine(engine)


def test_parties_apart_change_no_answer(apart: JoinedEngine, reference_of_parties: Engine) -> None:
    """Hits, totals, facets and words across documents, by submission and by document."""
    selections = (None, Filters(form=["8-K"]).tree(), Filters(cik=[2]).tree())
    for number, (query, documents) in enumerate(itertools.product(QUERIES, (False, True))):
        tree = parse_query(query) if query else None
        for filters in selections[number % rounds(3, thorough=1) :: rounds(3, thorough=1)]:
            asked = {"filters": filters, "documents": documents}
            found = [
                one.search(tree, limit=None, sort="newest", **asked)  # type: ignore[arg-type]
                for one in (apart, reference_of_parties)
            ]
            assert found[0].total == found[1].total == len(found[0].hits), (query, asked)
            assert _places(found[0].hits, documents=documents) == _places(found[1].hits, documents=documents), query
        asked_for = FACETS if documents or query in {None, "risk", "name:acme -name:corvid"} else ()
        for facet in asked_for[number % rounds(3, thorough=1) :: rounds(3, thorough=1)]:
            counts = [
                one.facet(tree, facet, documents=documents) for one in (apart, JoinedEngine(reference_of_parties))
            ]
            assert counts[0] == counts[1], (query, facet, documents)
    in_section = Filters(section=["1A"], form=["8-K", "10-K"]).tree()
    for facet, documents in itertools.product(("cik", "section"), (False, True)):
        asked = {"filters": in_section, "documents": documents}
        engines = (apart, JoinedEngine(reference_of_parties))
        counts = [one.facet(parse_query("risk"), facet, **asked) for one in engines]  # type: ignore[arg-type]
        assert counts[0] == counts[1], (facet, documents)
    for query in ("risk board", "risk name:acme", "board -name:corvid te"):
        totals = []
        for one in (apart, reference_of_parties):
            asked_of_filings, filters = within_unit(one, parse_query(query), None, "filing")
            totals.append(one.search(asked_of_filings, filters=filters, limit=0).total)
        assert totals[0] == totals[1], query


def _places(hits: Sequence[EngineHit], *, documents: bool) -> list[tuple[str, int | None]]:
    """The submissions in order; with `documents` their documents too, whose order within one is the engine's own."""
    records = [json.loads(hit.stored) for hit in hits]
    found = [(record["accession"], record["position"] if documents else None) for record in records]
    return sorted(found, key=str) if documents else found
