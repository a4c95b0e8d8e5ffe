"""Sending pending deliveries, to each sink separately, so that a failing one delays no other."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from archiver.catalogue.watching import Delivery
from archiver.errors import LockedError, NotInArchiveError, UsageError
from archiver.events import event
from archiver.identifiers import AccessionNumber
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from edgarchive.watching.alerts import alert_id
from edgarchive.watching.sinks.sink import LONGEST, Outcome, Sent, Sink, next_try

_log = logging.getLogger(__name__)
_notes = logging.getLogger("edgarchive.cli.notes")

BUDGET_S = 30.0
"""For one round of deliveries to a sink: what is left waits for the next round, and EDGAR is polled in between."""

_Ended = tuple[Delivery, Sent]

_NO_FILING = AccessionNumber("0000000000-00-000000")


async def send_test(sinks: Sequence[Sink], *, now: datetime) -> None:
    """Send an alert of no filing to each sink, once. Raises `UsageError` with the reasons of those that refuse it."""
    alert = alert_id(_NO_FILING, f"test {now.isoformat()}")
    payload = {
        "id": alert,
        "search": None,
        "accession": str(_NO_FILING),
        "form": "TEST",
        "filing_date": now.date().isoformat(),
        "accepted": None,
        "items": [],
        "entities": [{"cik": None, "name": "edgarchive watch", "role": None}],
        "snippet": "This is a test. Nothing was filed.",
        "url": None,
    }
    refused = []
    for sink in sinks:
        sent = await sink.send([Delivery(alert, sink.key, _NO_FILING, None, payload, now)])
        if sent.outcome is Outcome.DELIVERED:
            _notes.info("%s accepted a test alert", sink.name, extra=event("test-accepted", sink=sink.key))
        else:
            refused.append(f"{sink.name} did not accept a test alert: {sent.reason}")
    if refused:
        raise UsageError("; ".join(refused), "see `edgarchive help alerts`")


class Deliverer:
    """Sends the catalogue's deliveries to their sinks.

    Sent deliveries are remembered until the catalogue can be written, so that an archive locked for hours delays
    nothing and nothing is sent twice. A kill in between sends again, with the same id.
    """

    def __init__(
        self,
        settings: Settings,
        sinks: Sequence[Sink],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        budget_s: float = BUDGET_S,
    ) -> None:
        self._settings = settings
        self._sinks = tuple({sink.key: sink for sink in sinks}.values())  # one that is named twice gets each alert once
        self._clock = clock
        self._budget_s = budget_s
        self._ended: list[_Ended] = []
        self._gone: set[str] = set()

    async def deliver(self) -> int:
        """Send what is due and record the outcomes. Returns the number accepted. Raises `StorageError`."""
        outcomes = await asyncio.gather(*(self._deliver_to(sink) for sink in self._sinks))
        self._ended += [one for some in outcomes for one in some]
        self.note()
        return sum(sent.outcome is Outcome.DELIVERED for some in outcomes for _, sent in some)

    async def deliver_all(self) -> None:
        """Send all that is due, however long that takes.

        Raises `LockedError` instead of sending what could not be recorded, and `StorageError`.
        """
        while any(self._waiting(sink) for sink in self._sinks):
            with Archive.open(self._settings.root, writable=True):
                pass  # nobody else writes to it
            if not await self.deliver():
                break

    async def _deliver_to(self, sink: Sink) -> list[_Ended]:
        """Send to one sink, oldest first; failures are retried later, and the rest is still sent."""
        ended: list[_Ended] = []
        began_s = time.monotonic()
        for together in sink.portions(self._waiting(sink)):
            sent = await sink.send(together)
            ended += [(delivery, sent) for delivery in together]
            if sent.outcome is Outcome.NEVER:
                self._gone.add(sink.key)
            if sent.outcome is not Outcome.DELIVERED:
                facts = event("delivery-failed", sink=sink.key, deliveries=len(together), reason=sent.reason)
                count = f"{len(together):,} alert{'' if len(together) == 1 else 's'}"
                _log.warning("%s did not accept %s: %s", sink.name, count, sent.reason, extra=facts)
                break  # a sink that is away is not asked for every delivery
            if time.monotonic() - began_s > self._budget_s:
                break
        return ended

    def _waiting(self, sink: Sink) -> list[Delivery]:
        """What is due now for a sink, without what has been sent and could not be recorded yet."""
        if sink.key in self._gone:
            return []
        noted = {(delivery.id, delivery.sink) for delivery, _ in self._ended}
        try:
            with Archive.open(self._settings.root) as archive:
                waiting = archive.catalogue.deliveries.waiting(sink.key, due=self._clock(), longest=LONGEST)
        except NotInArchiveError:
            return []
        return [one for one in waiting if (one.id, one.sink) not in noted]

    def note(self) -> bool:
        """Record outcomes; False if the archive is locked, to be tried again."""
        if not self._ended:
            return True
        try:
            with Archive.open(self._settings.root, writable=True) as archive:
                deliveries, now = archive.catalogue.deliveries, self._clock()
                deliveries.delivered([one for one, sent in self._ended if sent.outcome is Outcome.DELIVERED], at=now)
                for delivery, sent in self._ended:
                    again = next_try(delivery, now) if sent.outcome is Outcome.AGAIN else None
                    if again is not None:
                        deliveries.try_again(delivery, at=again)
                    elif sent.outcome is not Outcome.DELIVERED:
                        deliveries.give_up([delivery], at=now)
        except LockedError:
            return False
        self._ended.clear()
        return True
