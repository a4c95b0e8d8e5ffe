"""Whatever EDGAR does, and whatever runs beside the watch: each filing since it began is told of, once."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from archiver.selection.selection import Selection
from archiver.settings.settings import Settings
from edgarchive import index_archive, repair_archive, sync_archive
from edgarchive.watching.schedule import EASTERN
from tests.loopback import LoopbackEdgar
from tests.loopback import faults as f
from tests.loopback.answers import Answer
from tests.thorough import rounds
from tests.watching.tools import Clock, KeepingSink, filing, poll

HOUR, DAY = 3600, 86_400
STARTS = (datetime(2025, 12, 29, 15, tzinfo=UTC), datetime(2026, 3, 5, 23, tzinfo=UTC))
"""Before the end of a year, and before the clocks are set to summer time."""
CHOSEN = Selection(["8-K*", "SCHEDULE 13D"], ciks=range(9000001, 9000006))
NOT_CHOSEN = 77


class Disorder:
    """What EDGAR does to what was filed, as its feed and its indexes show it."""

    def __init__(self, edgar: LoopbackEdgar, choose: random.Random) -> None:
        self._edgar = edgar
        self._choose = choose
        self.expected: list[str] = []
        self._filed = 0
        self._changed: dict[bytes, list[tuple[bytes, bytes]]] = {}
        self._late: dict[bytes, int] = {}
        self._held: list[str] = []
        edgar.inject(f.Fault("feed", alter=self._feed), path="/cgi-bin/browse-edgar*", times=None)
        edgar.inject(f.Fault("list", alter=self._list), path="*/daily-index/*/index.json", times=None)

    def file(self, now: datetime) -> None:
        """File something, of which the feed may show less, something else or nothing."""
        self._filed += 1
        is_chosen = self._choose.random() < 0.7
        form = self._choose.choice(["8-K", "8-K/A", "SCHEDULE 13D"] if is_chosen else ["8-K", "4"])
        parties = self._choose.choice([1, 1, 3])
        cik = self._choose.choice([9000001, 9000003]) if is_chosen else NOT_CHOSEN
        stamps = {"filed": f"{now:%Y%m%d}", "accepted": f"{now:%Y%m%d%H%M%S}"}
        data = filing(self._filed, form=form, cik=cik, parties=parties, **stamps)
        trick = self._choose.choice(["", "", "", "hidden", "no party", "one party", "renamed", "old", "corrected"])
        published: date | None = None
        if trick == "corrected":
            published = now.date() - timedelta(days=self._choose.randrange(5))
            published = max(published, self.began + timedelta(days=1)) if published != now.date() else None
        accession = self._edgar.add(data, published=published)
        if self._choose.random() < 0.1:
            self._edgar.hold_text(accession)
            self._held.append(accession)
        if is_chosen:
            self.expected.append(accession)
        self._changed[accession.encode()] = {
            "hidden": [(b"accession-number=", b"number ")],
            "corrected": [(b"accession-number=", b"number ")],
            "no party": [(b"er)</title>", b"</title>")],
            "one party": [(b"(000900000", b"(000800000")],
            "renamed": [(b"SCHEDULE 13D", b"SC 13D"), (b"8-K", b"8K")],
            "old": [(b"<updated>20", b"<updated>19")],
        }.get(trick, [])

    def publish(self, now: datetime) -> None:
        """Let the index of this day be late by some days, and others appear, with texts."""
        self._release()
        self._late = {name: days - 1 for name, days in self._late.items() if days}
        if self._choose.random() < 0.3:
            self._late[f"master.{now:%Y%m%d}".encode()] = self._choose.randrange(4)

    def end(self) -> None:
        """Let all be published."""
        self._late.clear()
        self._release()

    def _release(self) -> None:
        while self._held:
            self._edgar.hold_text(self._held.pop(), held=False)

    began = date.max

    def _feed(self, answer: Answer) -> Answer:
        before, *entries = re.split(rb"(?=<entry>)", answer.body)
        shown = []
        for entry in entries:
            number = re.search(rb"[0-9]{10}-[0-9]{2}-[0-9]{6}", entry)
            for old, new in self._changed.get(number[0], []) if number else []:
                entry = entry.replace(old, new)  # noqa: PLW2901
            shown.append(entry)
        return replace(answer, body=b"".join([before, *shown]))

    def _list(self, answer: Answer) -> Answer:
        body = answer.body
        for name in self._late:
            body = body.replace(name, b"later")
        return replace(answer, body=body)


@pytest.mark.parametrize("seed", range(rounds(3, thorough=200)))
async def test_every_filing_is_told_of_once(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, seed: int
) -> None:
    """A week and a half: a short or wrong feed, late and changed indexes, polls days apart, other runs in between."""
    choose = random.Random(seed)  # noqa: S311 — for a test
    start = choose.choice(STARTS)
    clock, disorder = Clock(start, timedelta()), Disorder(edgar, choose)
    disorder.began = start.astimezone(EASTERN).date()
    await poll(settings, sink, clock, selection=CHOSEN)
    others: list[Callable[[], object]] = [
        lambda: sync_archive(Selection(["*"], since="2025-12-01"), settings=settings),
        lambda: index_archive(settings, rebuild=True),
        lambda: repair_archive(settings),
    ]
    while clock() < start + timedelta(days=10):
        before = clock().astimezone(EASTERN).date()
        clock.advance(choose.choice([1, 3, 9, 30]) * HOUR)
        now = clock().astimezone(EASTERN)
        for _ in range(choose.choice([0, 1, 3, 14])):
            disorder.file(now)
        if now.date() != before:
            disorder.publish(now)
        edgar.end_feed_at(choose.choice([0, 0, 5000]))
        if choose.random() < 0.2:
            choose.choice(others)()
        if choose.random() < 0.7:
            await poll(settings, sink, clock, selection=CHOSEN)
    disorder.end()
    for _ in range(4):
        clock.advance(DAY)
        await poll(settings, sink, clock, selection=CHOSEN)
    assert sorted(sink.accessions) == sorted(disorder.expected)
