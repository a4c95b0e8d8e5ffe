"""Made-up index entries, for the tests of engines and of what they are made of."""

from __future__ import annotations

import itertools
import json
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from archiver.identifiers import AccessionNumber, FormType
from indexer.engine import Engine
from indexer.entries import IndexEntry
from indexer.query.nodes import Node


def accession(number: int) -> AccessionNumber:
    """A made-up accession number."""
    return AccessionNumber(f"0001193125-04-{number:06d}")


def entry(number: int, text: str, **values: object) -> IndexEntry:
    """A made-up entry of submission `number`."""
    base: dict[str, object] = {
        "accession": accession(number),
        "sha256": f"{number:064d}",
        "form": FormType("8-K"),
        "filing_date": date(2004, 12, 1),
        "acceptance_datetime": None,
        "period_of_report": None,
        "items": (),
        "entities": (),
        "names": (),
        "sics": (),
        "states": (),
        "file_numbers": (),
        "position": 0,
        "sequence": 1,
        "type": "8-K",
        "filename": None,
        "description": None,
        "text": text,
    }
    return IndexEntry(**(base | values))  # type: ignore[arg-type]


def add(engine: Engine, number: AccessionNumber, entries: Iterable[IndexEntry]) -> None:
    """Let `entries` replace those of a submission at the next commit."""
    engine.adopt(part_of(engine, [(number, entries)]))


def add_all(engine: Engine, entries: Iterable[IndexEntry]) -> None:
    """Add `entries`, each submission's together, as one part."""
    engine.adopt(part_of(engine, itertools.groupby(entries, key=lambda one: one.accession)))


def part_of(engine: Engine, groups: Iterable[tuple[AccessionNumber, Iterable[IndexEntry]]]) -> Any:
    """The entries of some submissions as a part of an index, to be adopted."""
    writer = engine.part_writer()()
    try:
        for number, entries in groups:
            writer.add(number, entries)
        return writer.finish()
    except BaseException:
        writer.discard()
        raise


def count(engine: Engine) -> int:
    """How many entries can be found."""
    return sum(1 for _ in engine.stored())


def fill_alike(engine: Engine, per_commit: int, documents: Sequence[int]) -> None:
    """Three commits of so many submissions, each of one of `documents` documents; one is deleted.

    Few different texts, so that most scores are equal, and it is the same index each time.
    """
    chance = random.Random(3)  # noqa: S311 — the same index each time
    for commit in range(3):
        entries = []
        for number in range(commit * per_commit, (commit + 1) * per_commit):
            day = date(2004, 12, 1) + timedelta(days=chance.randrange(4))
            facts = {
                "filing_date": day,
                "acceptance_datetime": chance.choice([None, datetime(day.year, day.month, day.day, 9)]),  # noqa: DTZ001
                "form": chance.choice(["8-K", "8-K/A", "10-K"]),
                "added": datetime(2024, 1, chance.randint(1, 3), tzinfo=UTC),
                "items": tuple(chance.sample(["5.02", "9.01", "8.01"], chance.randint(0, 3))),
            }
            for position in range(chance.choice(documents)):
                words = chance.choices(["zebra", "alpha", "beta"], k=chance.randint(1, 3))
                one = entry(number, " ".join(words), position=position, sequence=position + 1)
                entries.append(replace(one, **facts, type=f"EX-{position % 3}"))  # type: ignore[arg-type]
        add_all(engine, entries)
        engine.commit()
    engine.delete(accession(7))
    engine.commit()


def counted_by_hand(engine: Engine, query: Node | None, facet: str) -> dict[object, int]:
    """How many hits have each value of a facet, by their records."""
    found: Counter[object] = Counter()
    for hit in engine.search(query, limit=None).hits:
        record = json.loads(hit.stored)
        match facet:
            case "item":
                found.update(record["items"])
            case "year":
                found[int(record["filing_date"][:4])] += 1
            case _:
                found[record[facet]] += 1
    return found
