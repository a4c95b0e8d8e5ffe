"""The persistent state of `watch`: saved searches, filings seen in EDGAR's feed, and deliveries to sinks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal, get_args

from archiver.catalogue import values
from archiver.catalogue.database import Database
from archiver.identifiers import AccessionNumber
from archiver.startup.dataclass import dataclass

SightingState = Literal["known", "pending", "stored", "done", "left"]
DeliveryState = Literal["waiting", "delivered", "given-up"]

SETTLED_NOTE = "watch_settled"
"""The note that says how far `watch` has come (docs/format.md)."""

_MAX_ROWS = 1000


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A named query; `filters` are search options by name, as plain JSON values."""

    name: str
    query: str
    filters: dict[str, Any]
    saved_at: datetime


_SAVED_SEARCH = values.Columns(
    SavedSearch,
    name=values.text,
    query=values.text,
    filters=partial(values.json_of, dict),
    saved_at=values.moment,
)


class SavedSearches:
    """Searches saved by command. Those in the settings file are not here."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[SavedSearch]:
        """Every saved search, by name."""
        return list(self._database.records(_SAVED_SEARCH, "FROM saved_search ORDER BY name"))

    def get(self, name: str) -> SavedSearch | None:
        """The search `name`, or None."""
        return next(self._database.records(_SAVED_SEARCH, "FROM saved_search WHERE name = ?", (name,)), None)

    def set(self, search: SavedSearch) -> None:
        """Save a search, durably, replacing one of the same name."""
        self._database.write(
            f"INSERT OR REPLACE INTO saved_search ({_SAVED_SEARCH.names}) VALUES ({_SAVED_SEARCH.marks})",
            [_SAVED_SEARCH.row(search)],
        )
        self._database.make_durable()

    def salvage(self) -> Iterator[SavedSearch]:
        """Searches still readable in a damaged catalogue."""
        return self._database.salvage(_SAVED_SEARCH, "saved_search", "name")

    def remove(self, name: str) -> bool:
        """Remove a search, durably; returns whether there was one."""
        with self._database.transaction() as connection:
            removed = connection.execute("DELETE FROM saved_search WHERE name = ?", (name,)).rowcount
        self._database.make_durable()
        return removed > 0


@dataclass(frozen=True, slots=True)
class Sighting:
    """A filing seen in EDGAR's feed; `entry` holds the feed's data as plain JSON values.

    `state`: ``known`` (listed before the watch began, or not selected), ``pending`` (to be fetched at `next_try_at`,
    after `attempts`), ``stored`` (fetched, to be matched), ``done`` (its deliveries are recorded), ``left`` (not
    there; left to the next sync, and to the daily index).
    """

    accession: AccessionNumber
    entry: dict[str, Any]
    state: SightingState
    seen_at: datetime
    attempts: int = 0
    next_try_at: datetime | None = None


def _accession(value: object) -> AccessionNumber:
    return AccessionNumber(values.text(value))


_entry = values.object_with(
    form=values.text, filing_date=values.day, parties=values.each(values.object_with(cik=values.integer))
)
"""An entry with what is read of it."""

_SIGHTING = values.Columns(
    Sighting,
    accession=_accession,
    entry=lambda value: _entry(values.json_of(dict, value)),
    state=lambda value: values.one_of(value, *get_args(SightingState)),
    seen_at=values.moment,
    attempts=values.integer,
    next_try_at=values.optional(values.moment),
)


class Sightings:
    """The filings seen, one row per accession number."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def known(self, accessions: Iterable[AccessionNumber]) -> set[AccessionNumber]:
        """Those of `accessions` that were seen before."""
        rows = self._database.rows_of("SELECT accession FROM sighting WHERE accession IN ({})", accessions)
        return {AccessionNumber(row[0]) for row in rows}

    def found(self, accessions: Iterable[AccessionNumber]) -> dict[AccessionNumber, Sighting]:
        """Those of `accessions` that were seen before, with what was seen."""
        sql = f"SELECT {_SIGHTING.names} FROM sighting WHERE accession IN ({{}})"
        rows = self._database.rows_of(sql, accessions)
        return {one.accession: one for one in (self._database.parsed(_SIGHTING.record, row) for row in rows)}

    def add(self, *sightings: Sighting) -> None:
        """Add filings not seen before, in one transaction. Others become ``pending`` if they are not begun."""
        self._database.write(
            f"INSERT INTO sighting ({_SIGHTING.names}) VALUES ({_SIGHTING.marks}) ON CONFLICT (accession) DO UPDATE"
            " SET entry = excluded.entry, state = excluded.state, attempts = 0, next_try_at = excluded.next_try_at"
            " WHERE state IN ('known', 'left') AND excluded.state = 'pending'",
            map(_SIGHTING.row, sightings),
        )

    def newest(self) -> datetime | None:
        """When a filing was last seen for the first time; None if none was."""
        [(moment,)] = self._database.rows("SELECT MAX(seen_at) FROM sighting")
        return self._database.parsed(lambda row: values.optional(values.moment)(row[0]), (moment,))

    def of(
        self,
        state: SightingState,
        *,
        due: datetime | None = None,
        longest: timedelta | None = None,
        after: AccessionNumber | None = None,
        limit: int | None = None,
    ) -> list[Sighting]:
        """The first filings in `state` after one, by accession number; with `due`, those to be tried again by then.

        No wait is longer than `longest`: an attempt planned for later was planned before the clock was set back.
        """
        condition, parameters = _due(due, longest)
        rows = self._database.records(
            _SIGHTING,
            f"FROM sighting WHERE state = ? AND accession > ? {condition} ORDER BY accession LIMIT ?",
            (state, after or "", *parameters, -1 if limit is None else limit),
        )
        return list(rows)

    def count(self, state: SightingState) -> int:
        """How many filings are in `state`."""
        [(count,)] = self._database.rows("SELECT count(*) FROM sighting WHERE state = ?", (state,))
        return int(count)

    def set_state(self, accessions: Iterable[AccessionNumber], state: SightingState) -> None:
        """Set the state of filings, in one transaction."""
        self._database.write(
            "UPDATE sighting SET state = ?2, next_try_at = NULL WHERE accession = ?1",
            [(str(accession), state) for accession in accessions],
        )

    def try_again(self, accession: AccessionNumber, *, at: datetime) -> None:
        """Record another attempt and when the next one is due."""
        self._database.write(
            "UPDATE sighting SET state = 'pending', attempts = attempts + 1, next_try_at = ?2 WHERE accession = ?1",
            [(str(accession), at.isoformat())],
        )

    def forget(self, *, seen_before: datetime, keep: int = 0) -> None:
        """Remove finished filings that were seen before that time, except the `keep` newest."""
        self._database.write(
            "DELETE FROM sighting WHERE seen_at < ?1 AND state NOT IN ('pending', 'stored') AND (?2 = 0 OR seen_at <"
            " (SELECT seen_at FROM sighting ORDER BY seen_at DESC LIMIT 1 OFFSET MAX(?2 - 1, 0)))",
            [(seen_before.isoformat(), keep)],
        )

    def all(self) -> Iterator[Sighting]:
        """Every row, by accession number, a page at a time."""
        return self._database.pages(_SIGHTING, "sighting", order=("accession",))

    def salvage(self) -> Iterator[Sighting]:
        """Sightings still readable in a damaged catalogue."""
        return self._database.salvage(_SIGHTING, "sighting", "accession")


def _due(due: datetime | None, longest: timedelta | None) -> tuple[str, tuple[str, ...]]:
    """The condition that an attempt is due, and its parameters."""
    if due is None:
        return "", ()
    if longest is None:
        return "AND (next_try_at IS NULL OR next_try_at <= ?)", (due.isoformat(),)
    planned_before_the_clock_was_set = (due + longest).isoformat()
    return (
        "AND (next_try_at IS NULL OR next_try_at <= ? OR next_try_at > ?)",
        (due.isoformat(), planned_before_the_clock_was_set),
    )


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery to one sink: `payload`, a JSON object, with an `id` that is the same for every attempt.

    `search` is the name of the saved search that matched; None if every filing is delivered. `state`: ``waiting`` (to
    be sent at `next_try_at`, after `attempts`), ``delivered``, ``given-up``.
    """

    id: str
    sink: str
    accession: AccessionNumber
    search: str | None
    payload: dict[str, Any]
    created_at: datetime
    state: DeliveryState = "waiting"
    attempts: int = 0
    next_try_at: datetime | None = None
    ended_at: datetime | None = None


_payload = values.object_with(
    **dict.fromkeys(("id", "accession", "form", "filing_date"), values.text),
    **dict.fromkeys(("search", "accepted", "snippet", "url"), values.optional(values.text)),
    items=values.each(values.text),
    entities=values.each(values.object_with(name=values.text)),
)
"""A payload with what the sinks read of it."""

_DELIVERY = values.Columns(
    Delivery,
    id=values.text,
    sink=values.text,
    accession=_accession,
    search=values.optional(values.text),
    payload=lambda value: _payload(values.json_of(dict, value)),
    created_at=values.moment,
    state=lambda value: values.one_of(value, *get_args(DeliveryState)),
    attempts=values.integer,
    next_try_at=values.optional(values.moment),
    ended_at=values.optional(values.moment),
)


class Deliveries:
    """Deliveries to be sent and those sent. Each is recorded before it is sent, so a kill loses none."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, deliveries: Sequence[Delivery], *, matched: Iterable[AccessionNumber] = ()) -> None:
        """Record deliveries and, in the same transaction, mark the sightings they come from as ``done``.

        A delivery with a known `id` and `sink` is unchanged.
        """
        with self._database.transaction() as connection:
            connection.executemany(
                f"INSERT OR IGNORE INTO delivery ({_DELIVERY.names}) VALUES ({_DELIVERY.marks})",
                map(_DELIVERY.row, deliveries),
            )
            connection.executemany(
                "UPDATE sighting SET state = 'done', next_try_at = NULL WHERE accession = ?",
                [(str(accession),) for accession in matched],
            )

    def waiting(
        self, sink: str, *, due: datetime | None = None, longest: timedelta | None = None, limit: int = _MAX_ROWS
    ) -> list[Delivery]:
        """What waits to be sent to `sink`, oldest first; with `due`, only what is due by then.

        `longest` as in `Sightings.of`.
        """
        condition, parameters = _due(due, longest)
        rows = self._database.records(
            _DELIVERY,
            f"FROM delivery WHERE state = 'waiting' AND sink = ? {condition} ORDER BY created_at, id LIMIT ?",
            (sink, *parameters, limit),
        )
        return list(rows)

    def latest(self, limit: int = 100) -> list[Delivery]:
        """The latest deliveries to any sink, newest first."""
        rows = self._database.records(
            _DELIVERY, "FROM delivery ORDER BY created_at DESC, id DESC, sink LIMIT ?", (limit,)
        )
        return list(rows)

    def delivered(self, deliveries: Iterable[Delivery], *, at: datetime) -> None:
        """Record what a sink has accepted, in one transaction."""
        self._end(deliveries, "delivered", at)

    def give_up(self, deliveries: Iterable[Delivery], *, at: datetime) -> None:
        """Record what will not be sent again, in one transaction."""
        self._end(deliveries, "given-up", at)

    def _end(self, deliveries: Iterable[Delivery], state: DeliveryState, at: datetime) -> None:
        self._database.write(
            "UPDATE delivery SET state = ?3, ended_at = ?4, attempts = attempts + 1, next_try_at = NULL"
            " WHERE id = ?1 AND sink = ?2",
            [(one.id, one.sink, state, at.isoformat()) for one in deliveries],
        )

    def try_again(self, delivery: Delivery, *, at: datetime) -> None:
        """Record a failed attempt and when the next one is due."""
        self._database.write(
            "UPDATE delivery SET attempts = attempts + 1, next_try_at = ?3 WHERE id = ?1 AND sink = ?2",
            [(delivery.id, delivery.sink, at.isoformat())],
        )

    def forget(self, *, created_before: datetime) -> None:
        """Remove finished deliveries created before that time."""
        self._database.write(
            "DELETE FROM delivery WHERE created_at < ? AND state <> 'waiting'", [(created_before.isoformat(),)]
        )

    def all(self) -> Iterator[Delivery]:
        """Every row, by id, a page at a time."""
        return self._database.pages(_DELIVERY, "delivery", order=("id", "sink"))

    def salvage(self) -> Iterator[Delivery]:
        """Deliveries still readable in a damaged catalogue."""
        return self._database.salvage(_DELIVERY, "delivery", "id")
