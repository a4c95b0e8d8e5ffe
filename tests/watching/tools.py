"""What tests of the watch share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from archiver.catalogue.watching import Delivery
from archiver.selection.selection import Selection
from archiver.settings.settings import Settings
from edgarchive.watching.delivering import Deliverer
from edgarchive.watching.searches import NamedSearch
from edgarchive.watching.sinks.sink import Outcome, Sent, Sink
from edgarchive.watching.watcher import PollReport, Watcher
from tests.loopback import LoopbackEdgar
from tests.paths import INVENTED

PAGE = 10
"""Entries in a page of the feed as these tests read it, instead of 100."""


ALL = Selection(["*"])
"""Everything is selected."""


class Clock:
    """Gives the moment it is set to."""

    def __init__(self, moment: datetime, passed: timedelta) -> None:
        self._moment = moment
        self._passed = passed

    def __call__(self) -> datetime:
        """The moment."""
        return self._moment + self._passed

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._passed += timedelta(seconds=seconds)


class KeepingSink(Sink):
    """Keeps payloads; fails as long as `outcome` says so."""

    def __init__(self, key: str = "kept") -> None:
        self.key = self.name = key
        self.got: list[dict[str, Any]] = []
        self.outcome = Outcome.DELIVERED

    async def send(self, deliveries: Sequence[Delivery]) -> Sent:
        """Keep them."""
        if self.outcome is Outcome.DELIVERED:
            self.got += [one.payload for one in deliveries]
        return Sent(self.outcome, "so it was told")

    @property
    def accessions(self) -> list[str]:
        """The accession numbers of what came."""
        return [payload["accession"] for payload in self.got]


def invented(place: int) -> bytes:
    """One of the invented submissions, by its place in the order of names."""
    return sorted(INVENTED.glob("*.txt"))[place].read_bytes()


_PARTY = """FILER:

\tCOMPANY DATA:\t
\t\tCOMPANY CONFORMED NAME:\t\t\tTEAL DYNAMICS INC
\t\tCENTRAL INDEX KEY:\t\t\t{:010d}
"""


def filing(
    number: int,
    *,
    text: str = "resigned",
    form: str = "8-K",
    cik: int = 9000004,
    parties: int = 1,
    filed: str = "20260112",
    accepted: str | None = None,
) -> bytes:
    """A small invented submission of its own number, of so many parties with CIKs from `cik` on.

    `accepted` is in EDGAR's spelling, such as ``20260112100000``; the default is ten o'clock on the day `filed`.
    """
    filers = "\n".join(_PARTY.format(cik + place) for place in range(parties))
    return f"""<SEC-DOCUMENT>0009000999-26-{number:06d}.txt : 20260112
<SEC-HEADER>0009000999-26-{number:06d}.hdr.sgml : 20260112
<ACCEPTANCE-DATETIME>{accepted or f"{filed}100000"}
ACCESSION NUMBER:\t\t0009000999-26-{number:06d}
CONFORMED SUBMISSION TYPE:\t{form}
PUBLIC DOCUMENT COUNT:\t\t1
ITEM INFORMATION:\t\tOther Events
FILED AS OF DATE:\t\t{filed}

{filers}</SEC-HEADER>
<DOCUMENT>
<TYPE>{form}
<SEQUENCE>1
<FILENAME>a.txt
<TEXT>
The chief financial officer {text} on this day.
</TEXT>
</DOCUMENT>
</SEC-DOCUMENT>
""".encode()


def missed_by_the_feed(edgar: LoopbackEdgar) -> list[str]:
    """File more than the feed has pages for; returns the accession numbers."""
    added = [edgar.add(filing(number)) for number in range(1, PAGE + 6)]
    edgar.end_feed_at(0)
    return added


async def poll(
    settings: Settings,
    sink: KeepingSink,
    clock: Clock,
    *,
    selection: Selection = ALL,
    searches: list[NamedSearch] | None = None,
    backfill: date | None = None,
) -> PollReport:
    """One poll and its deliveries, as ``watch --once`` does."""
    async with Watcher(settings, selection, searches=searches, sinks=[sink], clock=clock, backfill=backfill) as watcher:
        report = await watcher.poll()
    await Deliverer(settings, [sink], clock=clock).deliver()
    return report
