"""What the feed missed: every filing in EDGAR's daily indexes, each read once EDGAR has published it.

The feed alone loses filings: it reaches back about a day, an entry may be unreadable or appear among older ones, and
its later pages may be refused. A daily index lists all filings of its day, whatever their filing dates. It may appear
after those of later days, and change later.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from archiver.catalogue import values
from archiver.catalogue.catalogue import Catalogue
from archiver.catalogue.watching import SETTLED_NOTE, Sighting, Sightings
from archiver.edgar.endpoints import quarters
from archiver.identifiers import AccessionNumber, Cik, FormType, form_matches, parse_date, without_form_word
from archiver.listings.current_feed import CurrentFiling
from archiver.listings.daily_index import DailyIndex
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
"""How long an index that appears late or changes is read still, and one that EDGAR lists but does not serve whole keeps
those of later days from counting as read."""
_SEEN_BEFORE = timedelta(days=7)
"""A filing is in the feed so long before its index at most, with holidays."""
_SIGNS = re.compile(r"[^A-Z0-9]")
_SURE = 3
"""So many filings of the feed have to be accepted later than now before the clock counts as behind."""


@dataclass(frozen=True, slots=True)
class Settled:
    """How far the daily indexes have been read: those of all days until `through`.

    What those until `began` list is from before the watch, and so is what EDGAR accepted before the `oldest` filing of
    the first feed, whose later pages may have been refused. `newest` is when EDGAR accepted the newest filing seen in
    the feed. Until `retry_at` no index is requested. `read` says of the indexes of the last days how EDGAR listed them.
    """

    through: date
    began: date
    newest: datetime | None = None
    retry_at: datetime | None = None
    read: Mapping[date, str] = field(default_factory=dict)
    oldest: datetime | None = None

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
        through = published if is_covered else max(published, today)
        return cls(through, through, max(accepted, default=None), oldest=min(accepted, default=None))

    @classmethod
    def since_seen(cls, newest: datetime) -> Settled:
        """The state if it was lost, and a filing was last seen then."""
        day = newest.astimezone(EASTERN).date() - _DAY
        return cls(day, day)

    @classmethod
    def of(cls, catalogue: Catalogue) -> Settled | None:
        """The stored state. None before a watch has begun, or if the state is damaged or was lost in a repair."""
        try:
            found = json.loads(catalogue.note(SETTLED_NOTE) or "")
            moments = (found["newest"], found["retry_at"], found.get("oldest"))  # the last came later
            newest, retry_at, oldest = map(values.optional(values.moment), moments)
            read = {values.day(day): values.text(stamp) for day, stamp in found["read"].items()}
            return cls(values.day(found["through"]), values.day(found["began"]), newest, retry_at, read, oldest)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None

    def store(self, catalogue: Catalogue) -> None:
        """Store the state."""
        state = {
            "through": self.through.isoformat(),
            "began": self.began.isoformat(),
            "newest": self.newest.isoformat() if self.newest else None,
            "retry_at": self.retry_at.isoformat() if self.retry_at else None,
            "oldest": self.oldest.isoformat() if self.oldest else None,
            "read": {day.isoformat(): stamp for day, stamp in self.read.items()},
        }
        catalogue.set_note(SETTLED_NOTE, json.dumps(state))

    @property
    def before(self) -> date:
        """The last day whose index is not read any more. A clock that was ahead may have set `began` in the future."""
        return min(self.through, max(self.began, self.through - _PATIENCE))

    @property
    def needs_since(self) -> datetime:
        """What was seen since then may be in an index that is still to be read."""
        return datetime.combine(self.before, time(), tzinfo=EASTERN).astimezone(UTC) - _SEEN_BEFORE

    def with_index(self, daily: DailyIndex, *, is_last: bool) -> Settled:
        """The state after an index was read; `is_last`: all until then were."""
        through = max(self.through, daily.day) if is_last else self.through
        read = {**self.read, daily.day: daily.stamp} if daily.is_complete else self.read
        then = replace(self, through=through, retry_at=None if is_last else self.retry_at)
        return replace(then, read={day: stamp for day, stamp in read.items() if day > then.before})

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
    since, until = settled.before + _DAY, now.astimezone(EASTERN).date()
    published = last_published(now)
    read = {day: stamp for day, stamp in settled.read.items() if day <= settled.through}
    is_complete = True
    for quarter in reversed(list(quarters(since, until))):
        async for daily in index.days(quarter, since=since, until=until, read=read):
            refs = _selected(daily.entries, selections)
            is_sound = daily.is_complete or daily.day < published - _PATIENCE
            is_complete = is_complete and is_sound and daily.day <= published
            settled = settled.with_index(daily, is_last=is_complete)
            yield _unseen(refs, sightings, selections), settled


def _unseen(
    refs: Sequence[SubmissionRef], sightings: Sightings, selections: Sequence[Selection]
) -> list[SubmissionRef]:
    """Those of selected filings that were not seen, or only by entries that are not selected, or had no text in time.

    The feed has an entry for each party, and may end between them; it may write a form or a name in another way; and
    the title of an entry may not be readable.
    """
    seen = sightings.found(ref.accession for ref in refs)
    return [
        ref
        for ref in refs
        if (sighting := seen.get(ref.accession)) is None
        or sighting.state == "left"
        or (sighting.state == "known" and not is_selected(sighting.accession, sighting.entry, selections))
    ]


def is_selected(accession: AccessionNumber, entry: Mapping[str, Any], selections: Sequence[Selection]) -> bool:
    """Whether a selection selects the filing of an entry of the feed by any of its parties."""
    form, day = FormType(entry["form"]), parse_date(entry["filing_date"])
    rows = [MasterIndexEntry(Cik(one["cik"]), one.get("name", ""), form, day, accession) for one in entry["parties"]]
    return any(selection.matches(row) for selection in selections for row in rows)


def misspelt_forms(selections: Iterable[Selection], known: Collection[FormType]) -> dict[str, FormType]:
    """Forms of the selections, such as ``8K``, that match none of `known` but are one of them in all but its signs."""
    forms = {form for selection in selections for form in selection.forms}
    spelt = {_SIGNS.sub("", form.upper()): form for form in sorted(known, reverse=True)}
    return {
        form: near
        for form in sorted(forms)
        if (near := spelt.get(_SIGNS.sub("", without_form_word(form).upper())))
        and not any(form_matches(one, [form]) for one in known)
    }


def take_up(sightings: Sightings, refs: Sequence[SubmissionRef], now: datetime) -> int:
    """Record index rows as filings to fetch, unless they were fetched; returns how many."""
    seen = sightings.found(ref.accession for ref in refs)
    new = [
        Sighting(ref.accession, _entry(ref, seen.get(ref.accession)), "pending", now, next_try_at=now)
        for ref in refs
        if ref.accession not in seen or seen[ref.accession].state in {"known", "left"}
    ]
    sightings.add(*new)
    return len(new)


def _entry(ref: SubmissionRef, seen: Sighting | None) -> dict[str, Any]:
    """An index row in the form of a feed entry, with what the entry that was seen says."""
    entry = seen.entry if seen else {"accepted": None, "items": [], "parties": []}
    cik = int(ref.cik)
    parties = sorted(entry["parties"], key=lambda party: party["cik"] != cik)  # the text is fetched by the first
    if not parties or parties[0]["cik"] != cik:
        parties.insert(0, {"cik": cik, "name": "", "role": ""})
    facts = {"accession": str(ref.accession), "form": str(ref.form), "filing_date": ref.filing_date.isoformat()}
    return {**entry, **facts, "parties": parties}


def _selected(entries: Iterable[MasterIndexEntry], selections: Sequence[Selection]) -> list[SubmissionRef]:
    """The rows that any selection selects, one for each accession number."""
    refs: dict[AccessionNumber, SubmissionRef] = {}
    for row in entries:
        if row.accession not in refs and any(selection.matches(row) for selection in selections):
            refs[row.accession] = SubmissionRef(row.accession, row.form, row.filing_date, row.cik, listed=False)
    return list(refs.values())
