"""Deliveries of a watch: each receiver gets each alert, whatever the others and the clock do."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from archiver.catalogue.watching import Delivery
from archiver.settings.settings import Settings
from edgarchive.watching.delivering import Deliverer
from edgarchive.watching.sinks.sink import Outcome, Sent
from edgarchive.watching.watcher import Watcher
from tests.loopback import LoopbackEdgar
from tests.watching.tools import ALL, Clock, KeepingSink, filing, poll


async def test_a_sink_that_is_named_twice_gets_each_alert_once(
    edgar: LoopbackEdgar, settings: Settings, clock: Clock
) -> None:
    """As two options with one URL."""
    sinks = [KeepingSink(), KeepingSink()]
    for _ in range(2):
        async with Watcher(settings, ALL, sinks=sinks, clock=clock) as watcher:
            await watcher.poll()
        await Deliverer(settings, sinks, clock=clock).deliver()
        accession = edgar.add(filing(1))
    assert sinks[0].accessions + sinks[1].accessions == [accession]


async def test_a_sink_that_fails_holds_up_no_other(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock
) -> None:
    """The other sink has its alerts at once; the failing one gets them later, under the same id."""
    other = KeepingSink("other")
    sinks = [sink, other]
    async with Watcher(settings, ALL, sinks=sinks, clock=clock) as watcher:
        await watcher.poll()
        edgar.add(filing(1))
        await watcher.poll()
    deliverer = Deliverer(settings, sinks, clock=clock)
    sink.outcome = Outcome.AGAIN
    await deliverer.deliver()
    assert (len(sink.got), len(other.got)) == (0, 1)
    sink.outcome = Outcome.DELIVERED
    await deliverer.deliver()
    assert sink.got == []  # not yet due
    clock.advance(6)
    await deliverer.deliver()
    await deliverer.deliver()
    assert [one["id"] for one in sink.got] == [one["id"] for one in other.got]


async def test_a_slow_receiver_gets_the_rest_in_later_rounds(
    edgar: LoopbackEdgar, settings: Settings, clock: Clock
) -> None:
    """What a round of deliveries has no time for is neither lost nor sent twice, so that EDGAR is polled in between."""

    class SlowSink(KeepingSink):
        async def send(self, deliveries: Sequence[Delivery]) -> Sent:
            await asyncio.sleep(0.01)
            return await super().send(deliveries)

    sink = SlowSink()
    async with Watcher(settings, ALL, sinks=[sink], clock=clock) as watcher:
        await watcher.poll()
        for number in (1, 2, 3):
            edgar.add(filing(number))
        await watcher.poll()
    deliverer = Deliverer(settings, [sink], clock=clock, budget_s=0.001)
    assert [await deliverer.deliver() for _ in range(4)] == [1, 1, 1, 0]
    assert len(set(sink.accessions)) == len(sink.accessions) == 3


async def test_a_delivery_that_failed_by_a_wrong_clock_is_tried_again(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock
) -> None:
    """Its next attempt is planned for next year, by a clock that was a year ahead: it is due at once."""
    await poll(settings, sink, clock)
    clock.advance(365 * 24 * 3600)
    sink.outcome = Outcome.AGAIN
    expected = [edgar.add(filing(1))]
    await poll(settings, sink, clock)
    clock.advance(-365 * 24 * 3600)
    sink.outcome = Outcome.DELIVERED
    await Deliverer(settings, [sink], clock=clock).deliver()
    assert sink.accessions == expected
