from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from archiver.catalogue.catalogue import Catalogue
from archiver.catalogue.watching import Delivery, SavedSearch, Sighting
from archiver.errors import DamageError
from archiver.identifiers import AccessionNumber
from tests.unit.archives import FEED_ENTRY, PAYLOAD, STORED

ONE, TWO, THREE = (AccessionNumber(f"0001193125-04-00000{number}") for number in (1, 2, 3))
OTHER = FEED_ENTRY | {"form": "4"}
SOON, LATER = STORED + timedelta(minutes=2), STORED + timedelta(hours=1)


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    """An empty catalogue, open for writing."""
    with Catalogue(tmp_path / "catalogue.sqlite3", writable=True) as made:
        yield made


def test_saved_searches_have_names(catalogue: Catalogue) -> None:
    """A name is taken once; what is saved under it again replaces it; removing says whether there was one."""
    first = SavedSearch("resignations", "resigned", {"form": ["8-K"]}, STORED)
    other = SavedSearch("all", "*", {}, STORED)
    catalogue.saved_searches.set(first)
    catalogue.saved_searches.set(other)
    assert catalogue.saved_searches.all() == [other, first]
    changed = SavedSearch("resignations", "item:5.02", {}, LATER)
    catalogue.saved_searches.set(changed)
    assert catalogue.saved_searches.get("resignations") == changed
    assert catalogue.saved_searches.remove("resignations")
    assert not catalogue.saved_searches.remove("resignations")
    assert next(catalogue.saved_searches.salvage()) == other


def test_a_filing_is_seen_once(catalogue: Catalogue) -> None:
    """A second sighting changes nothing, whatever became of the first."""
    catalogue.sightings.add(Sighting(ONE, FEED_ENTRY, "pending", STORED, next_try_at=STORED))
    catalogue.sightings.set_state([ONE], "done")
    catalogue.sightings.add(Sighting(ONE, OTHER, "pending", LATER), Sighting(TWO, OTHER, "known", LATER))
    assert catalogue.sightings.found([ONE])[ONE] == Sighting(ONE, FEED_ENTRY, "done", STORED)
    assert catalogue.sightings.known([ONE, TWO, THREE]) == {ONE, TWO}


def test_what_is_pending_is_due_at_its_time(catalogue: Catalogue) -> None:
    """Each attempt puts off the next one."""
    catalogue.sightings.add(Sighting(ONE, OTHER, "pending", STORED, next_try_at=STORED))
    assert [one.accession for one in catalogue.sightings.of("pending", due=STORED)] == [ONE]
    catalogue.sightings.try_again(ONE, at=SOON)
    assert catalogue.sightings.of("pending", due=STORED) == []
    [sighting] = catalogue.sightings.of("pending", due=SOON)
    assert (sighting.attempts, sighting.next_try_at) == (1, SOON)


def test_what_is_pending_is_due_where_the_clock_was_set_back(catalogue: Catalogue) -> None:
    """A next try further off than any wait was written by another clock."""
    catalogue.sightings.add(Sighting(ONE, OTHER, "pending", LATER, next_try_at=LATER))
    longest = timedelta(minutes=2)
    assert catalogue.sightings.of("pending", due=LATER - longest, longest=longest) == []
    assert len(catalogue.sightings.of("pending", due=STORED, longest=longest)) == 1


def test_the_newest_sighting_is_known(catalogue: Catalogue) -> None:
    """None before there is one."""
    assert catalogue.sightings.newest() is None
    catalogue.sightings.add(Sighting(ONE, OTHER, "known", LATER), Sighting(TWO, OTHER, "known", STORED))
    assert catalogue.sightings.newest() == LATER


def test_what_is_settled_can_be_forgotten(catalogue: Catalogue) -> None:
    """What is open stays, however old it is."""
    catalogue.sightings.add(
        Sighting(ONE, OTHER, "pending", STORED),
        Sighting(TWO, OTHER, "known", STORED),
        Sighting(THREE, OTHER, "done", LATER),
    )
    catalogue.sightings.forget(seen_before=SOON)
    assert [one.accession for one in catalogue.sightings.all()] == [ONE, THREE]


@pytest.mark.parametrize(
    ("keep", "left"), [(0, []), (1, [THREE]), (2, [TWO, THREE]), (3, [ONE, TWO, THREE]), (9, [ONE, TWO, THREE])]
)
def test_the_newest_sightings_are_not_forgotten(catalogue: Catalogue, keep: int, left: list[AccessionNumber]) -> None:
    """However old they are by a clock that may be wrong."""
    moments = (STORED, SOON, LATER)
    catalogue.sightings.add(
        *(Sighting(one, OTHER, "done", at) for one, at in zip((ONE, TWO, THREE), moments, strict=True))
    )
    catalogue.sightings.forget(seen_before=LATER + timedelta(days=30), keep=keep)
    assert [one.accession for one in catalogue.sightings.all()] == left


def delivery(accession: AccessionNumber, sink: str = "stdout", **changes: object) -> Delivery:
    """A delivery of a filing."""
    values: dict[str, object] = {"id": f"all/{accession}", "sink": sink, "accession": accession, "search": "all"}
    values |= {"payload": PAYLOAD | {"accession": accession}, "created_at": STORED}
    return Delivery(**(values | changes))  # type: ignore[arg-type]


def test_deliveries_and_their_filing_are_settled_together(catalogue: Catalogue) -> None:
    """One transaction: a filing is done when all that is to be sent of it is written down, and only once."""
    catalogue.sightings.add(Sighting(ONE, OTHER, "stored", STORED))
    both = [delivery(ONE), delivery(ONE, "webhook")]
    catalogue.deliveries.add(both, matched=[ONE])
    assert [one.state for one in catalogue.sightings.all()] == ["done"]
    catalogue.deliveries.delivered(catalogue.deliveries.waiting("stdout"), at=LATER)
    catalogue.deliveries.add(both, matched=[ONE])
    assert catalogue.deliveries.waiting("stdout") == []
    assert catalogue.deliveries.waiting("webhook") == [delivery(ONE, "webhook")]


def test_a_failed_delivery_waits_under_the_same_id(catalogue: Catalogue) -> None:
    """Until it is delivered or given up; no other one waits for it."""
    catalogue.deliveries.add([delivery(ONE), delivery(TWO, created_at=SOON)])
    [first, second] = catalogue.deliveries.waiting("stdout", due=STORED)
    catalogue.deliveries.try_again(first, at=LATER)
    assert catalogue.deliveries.waiting("stdout", due=SOON) == [second]
    [again] = catalogue.deliveries.waiting("stdout", due=LATER, limit=1)
    assert (again.id, again.attempts) == (first.id, 1)
    catalogue.deliveries.give_up([again], at=LATER)
    assert catalogue.deliveries.waiting("stdout") == [second]
    assert [(one.accession, one.state) for one in catalogue.deliveries.latest()] == [
        (TWO, "waiting"),
        (ONE, "given-up"),
    ]
    catalogue.deliveries.forget(created_before=LATER)
    assert list(catalogue.deliveries.all()) == [second]


@pytest.mark.parametrize(
    ("table", "column", "whole", "wrong"),
    [
        ("sighting", "entry", FEED_ENTRY, {"form": 4, "filing_date": "2004", "parties": [{"cik": "1"}]}),
        ("delivery", "payload", PAYLOAD, {
            "id": 1, "search": 1, "accession": None, "form": [], "filing_date": 2004, "accepted": 1, "items": [1],
            "entities": ["TEAL"], "snippet": {}, "url": 0,
        }),
    ],
)  # fmt: skip
def test_json_that_lacks_something_is_damage(
    tmp_path: Path, table: str, column: str, whole: dict[str, object], wrong: dict[str, object]
) -> None:
    """A flipped bit in a name or value may leave JSON: the check finds it, and nothing is sent of it."""
    path = tmp_path / "catalogue.sqlite3"
    with Catalogue(path, writable=True) as catalogue:
        catalogue.sightings.add(Sighting(ONE, FEED_ENTRY, "pending", STORED))
        catalogue.deliveries.add([delivery(ONE)])
        catalogue.check()
    lacking = [{name: value for name, value in whole.items() if name != gone} for gone in wrong]
    others = [whole | {name: value} for name, value in wrong.items()]
    for damaged in (*lacking, *others, whole | {next(reversed(wrong)): "x", "parties": [1], "entities": [{}]}):
        with contextlib.closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(f"UPDATE {table} SET {column} = ?", (json.dumps(damaged),))
        with Catalogue(path) as catalogue:
            with pytest.raises(DamageError, match="is damaged"):
                catalogue.check()
            with pytest.raises(DamageError, match="is damaged"):
                list(catalogue.sightings.all() if table == "sighting" else catalogue.deliveries.waiting("stdout"))
