"""Submissions of many parties as they are indexed."""

from __future__ import annotations

import json

from archiver.identifiers import Cik
from indexer.entries import HitEntity, IndexEntry
from indexer.fields import PARTY_FIELDS, document_of
from indexer.update.parties import MAX_LISTED_CHARS, MAX_NAMES, with_parties_apart
from tests.unit.index_entries import entry


def submission(documents: int, parties: int) -> list[IndexEntry]:
    """The entries of a submission."""
    names = tuple(f"ABLE {number} HOLDINGS INC" for number in range(parties))
    entities = tuple(HitEntity(Cik(number + 1), name, "FILER") for number, name in enumerate(names))
    facts = {"entities": entities, "names": names, "states": ("DE", "de", "NY"), "sics": (1, 2)}
    return [entry(1, f"word{place}", position=place, **facts) for place in range(documents)]


def indexed_chars(entries: list[IndexEntry]) -> int:
    """How much an engine is given of `entries`."""
    return sum(len(str(document_of(one))) for one in with_parties_apart(entries))


def test_usual_submissions_are_indexed_as_they_are() -> None:
    """Real ones have some dozen parties, or some dozen documents."""
    for documents, parties in ((1, 1), (200, 3), (100, 61), (0, 0), (1, MAX_NAMES)):
        entries = submission(documents, parties)
        assert with_parties_apart(entries) is entries


def test_documents_times_parties_grow_with_their_sum() -> None:
    """Twice the documents and twice the parties: twice the cost, not four times."""
    once, twice = (indexed_chars(submission(size, size)) for size in (500, 1000))
    assert twice < 2.2 * once


def test_each_fact_is_in_one_entry_of_parties() -> None:
    """A value that is counted in these entries must not be counted twice, however it is spelt."""
    entries = with_parties_apart(submission(3, 10 * MAX_NAMES))
    documents, parties = entries[:3], entries[3:]
    assert [one.parties for one in documents] == ["apart"] * 3
    assert not any(document_of(one)[name] for one in documents for name in PARTY_FIELDS)
    assert {one.parties for one in parties} == {"here"}
    assert len(parties) == 10
    assert all(len(one.names) <= MAX_NAMES and not one.text for one in parties)
    assert len({one.position for one in entries}) == len(entries)
    ciks = [cik for one in parties for cik in document_of(one)["cik"]]
    assert sorted(map(int, ciks)) == list(range(1, 10 * MAX_NAMES + 1))
    assert [state for one in parties for state in one.states] == ["DE", "NY"]


def test_a_hit_lists_some_entities_and_counts_the_others() -> None:
    """A page of hits of such a submission stays small."""
    record = json.loads(with_parties_apart(submission(3, 10_000))[0].stored())
    assert 0 < sum(len(name) for _, name, _ in record["entities"]) < MAX_LISTED_CHARS
    assert len(record["entities"]) + record["entities_left_out"] == 10_000
