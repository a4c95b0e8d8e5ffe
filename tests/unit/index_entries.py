"""Made-up index entries, for the tests of engines and of what they are made of."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import date
from typing import Any

from archiver.identifiers import AccessionNumber, FormType
from indexer.engine import Engine
from indexer.entries import IndexEntry


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
