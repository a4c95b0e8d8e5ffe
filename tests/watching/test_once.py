"""``watch --once``: one poll, and all that is due is sent, and sent once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from archiver.catalogue.watching import Delivery
from archiver.errors import LockedError
from archiver.identifiers import AccessionNumber
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from edgarchive.watching.delivering import Deliverer
from edgarchive.watching.run import watch
from edgarchive.watching.watcher import Watcher
from tests.watching.tools import ALL, Clock, KeepingSink, poll

_ABSENT = ("search", "accepted", "snippet", "url")


def _delivery(number: int, created: datetime) -> Delivery:
    name, accession = f"alert_{number}", AccessionNumber(f"0009000999-26-{number:06d}")
    facts = {
        "id": name,
        "accession": accession,
        "form": "8-K",
        "filing_date": "2026-01-12",
        "items": [],
        "entities": [],
    }
    return Delivery(name, "kept", accession, None, {**facts, **dict.fromkeys(_ABSENT)}, created)


async def _once(settings: Settings, sink: KeepingSink, clock: Clock, *, budget_s: float = 30.0) -> None:
    async with Watcher(settings, ALL, sinks=[sink], clock=clock) as watcher:
        await watch(watcher, Deliverer(settings, [sink], clock=clock, budget_s=budget_s), once=True, clock=clock)


@pytest.mark.usefixtures("edgar")
@pytest.mark.parametrize(("count", "budget_s"), [(2500, 30.0), (3, 0.0)])
async def test_all_that_is_due_is_sent(
    settings: Settings, sink: KeepingSink, clock: Clock, count: int, budget_s: float
) -> None:
    """However many they are, and however long that takes: nobody may run it again."""
    await poll(settings, sink, clock)
    with Archive.open(settings.root, writable=True) as archive:
        archive.catalogue.deliveries.add([_delivery(number, clock()) for number in range(count)])
    await _once(settings, sink, clock, budget_s=budget_s)
    assert len(set(sink.accessions)) == len(sink.accessions) == count


@pytest.mark.usefixtures("edgar")
async def test_nothing_is_sent_that_cannot_be_recorded(settings: Settings, sink: KeepingSink, clock: Clock) -> None:
    """While a sync writes to the archive, each run would send it again; one with nothing to send has no error."""
    await poll(settings, sink, clock)
    with Archive.open(settings.root, writable=True) as archive:
        await _once(settings, sink, clock)
        archive.catalogue.deliveries.add([_delivery(1, datetime(2026, 1, 12, tzinfo=UTC))])
        for _ in range(2):
            with pytest.raises(LockedError):
                await _once(settings, sink, clock)
        assert sink.got == []
    for _ in range(2):
        await _once(settings, sink, clock)
    assert len(sink.got) == 1
