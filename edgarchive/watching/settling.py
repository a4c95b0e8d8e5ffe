"""What the feed missed: every filing in EDGAR's daily indexes, each read once EDGAR has published it.

The feed alone loses filings: it reaches back about a day, an entry may be unreadable or appear among older ones, and
its later pages may be refused. A daily index lists all filings of its day, whatever their filing dates.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from archiver.catalogue import values
from archiver.catalogue.catalogue import Catalogue
from archiver.catalogue.watching import SETTLED_NOTE, Sightings
from archiver.edgar.endpoints import quarters
from archiver.identifiers import AccessionNumber
from archiver.listings.current_feed import CurrentFiling
from archiver.listings.reader import FullIndex
from archiver.model import MasterIndexEntry
from archiver.planning.plan import SubmissionRef
from archiver.selection.selection import Selection
from archiver.startup.dataclass import dataclass
from edgarchive.watching.schedule import EASTERN, last_published

RETRY = timedelta(minutes=30)
"""After an index that should be there is not; on a holiday there is none until the next evening."""

_DEADLINE = time(17, 30)
"""What is accepted later on a day is listed with the next one (docs/edgar.md)."""
_DAY = timedelta(days=1)
_PATIENCE = timedelta(days=7)
"""How long an index that EDGAR lists but does not serve whole keeps those of later days from counting as read."""
_SURE = 3
"""So many filings of the feed have to be accepted later than now before the clock counts as behind."""


@dataclass(frozen=True, slots=True)
class Settled:
    """How far the daily indexes have been read: those of all days until `through`.

    `newest` is when EDGAR accepted the newest filing seen in the feed. Until `retry_at` no index is requested.
    """

    through: date
    newest: datetime | None = None
    retry_at: datetime | None = None

    @classmethod
    def at_start(cls, feed: Sequence[CurrentFiling], now: datetime) -> Settled:
        """The state of a watch that begins with this feed, so that no filing from before causes an alert.

        The index of the first day counts if the feed names all that is in it so far. A clock behind EDGAR's does not:
        it would make all filings of the time between new ones.
        """
        accepted = sorted(one.accepted for one in feed)
        now = max([now, *accepted[-_SURE:][:1]])
        published = last_published(now)
        deadline = datetime.combine(published, _DEADLINE, tzinfo=EASTERN)
        today = now.astimezone(EASTERN).date()
        is_covered = bool(accepted) and min(accepted) <= deadline
        return cls(published if is_covered else max(published, today), max(accepted, default=None))

    @classmethod
    def of(cls, catalogue: Catalogue) -> Settled | None:
        """The stored state. None before a watch has begun, or if the state is damaged or was lost in a repair."""
        try:
            found = json.loads(catalogue.note(SETTLED_NOTE) or "")
            newest, retry_at = (values.optional(values.moment, found[name]) for name in ("newest", "retry_at"))
            return cls(values.day(found["through"]), newest, retry_at)
        except (ValueError, KeyError, TypeError, RecursionError):
            return None

    def store(self, catalogue: Catalogue) -> None:
        """Store the state."""
        state = {
            "through": self.through.isoformat(),
            "newest": self.newest.isoformat() if self.newest else None,
            "retry_at": self.retry_at.isoformat() if self.retry_at else None,
        }
        catalogue.set_note(SETTLED_NOTE, json.dumps(state))

    def is_due(self, now: datetime) -> bool:
        """Whether an index that was not read should be there. A `retry_at` of a clock since set back does not count."""
        waits = self.retry_at is not None and now < self.retry_at <= now + RETRY
        return not waits and self.through < last_published(now)

    def reopened(self) -> Settled:
        """The state after a gap in the feed: the days since the newest filing seen are to be read again."""
        return replace(self, through=self._before_newest(), retry_at=None)

    def corrected(self, now: datetime) -> Settled:
        """The state without days that have not come yet, which a clock that was ahead has taken for read."""
        if self.newest is None:
            return self
        is_ahead = self.through > max(now, self.newest).astimezone(EASTERN).date()
        return self.reopened() if is_ahead else self

    def with_feed(self, feed: Iterable[CurrentFiling]) -> Settled:
        """The state after these filings were seen."""
        accepted = [one.accepted for one in feed]
        return replace(self, newest=max([*accepted, *([self.newest] if self.newest else [])], default=None))

    def _before_newest(self) -> date:
        if self.newest is None:
            return self.through - _DAY
        return min(self.through, self.newest.astimezone(EASTERN).date() - _DAY)


async def missed_filings(
    index: FullIndex,
    selections: Sequence[Selection],
    sightings: Sightings,
    settled: Settled,
    now: datetime,
) -> AsyncIterator[tuple[list[SubmissionRef], Settled]]:
    """For each daily index since: the selected filings not seen, and the state once they are recorded.

    The index of a day that has not ended is read again later, and so, for some days, is one that EDGAR lists and does
    not serve, or that is shorter than EDGAR says, with all after it. Raises `BlockedError`, `UnreachableError`.
    """
    since, until = settled.through + _DAY, now.astimezone(EASTERN).date()
    published = last_published(now)
    is_complete = True
    for quarter in reversed(list(quarters(since, until))):
        async for daily in index.days(quarter, since=since, until=until):
            refs = _selected(daily.entries, selections)
            is_sound = daily.is_complete or daily.day < published - _PATIENCE
            is_complete = is_complete and is_sound and daily.day <= published
            if is_complete:
                settled = replace(settled, through=daily.day, retry_at=None)
            yield _unseen(refs, sightings), settled


def _unseen(refs: Sequence[SubmissionRef], sightings: Sightings) -> list[SubmissionRef]:
    """Those of filings that were not seen, or only by entries of parties that are not selected.

    The feed has an entry for each party, and may end between them.
    """
    seen = sightings.known(ref.accession for ref in refs)
    unseen = []
    for ref in refs:
        sighting = sightings.get(ref.accession) if ref.accession in seen else None
        parties = sighting.entry["parties"] if sighting and sighting.state == "known" else None
        if ref.accession not in seen or (parties is not None and all(int(ref.cik) != one["cik"] for one in parties)):
            unseen.append(ref)
    return unseen


def _selected(entries: Iterable[MasterIndexEntry], selections: Sequence[Selection]) -> list[SubmissionRef]:
    """The rows that any selection selects, one for each accession number."""
    refs: dict[AccessionNumber, SubmissionRef] = {}
    for row in entries:
        if row.accession not in refs and any(selection.matches(row) for selection in selections):
            refs[row.accession] = SubmissionRef(row.accession, row.form, row.filing_date, row.cik, listed=False)
    return list(refs.values())
