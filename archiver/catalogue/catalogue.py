"""The catalogue: one row for each stored submission, in SQLite (docs/format.md).

A row is written only after its file is durable, so a row always names a complete file. Each write is one small
transaction in WAL mode. A power failure may lose the last rows but not their files, and the next run finds those. The
cost of adding a row does not grow with the catalogue.
"""

from __future__ import annotations

import collections
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Self

from archiver.catalogue import values
from archiver.catalogue.database import REPAIR, Database
from archiver.catalogue.listings import Checkpoints, IndexFiles
from archiver.catalogue.records import SUBMISSION, VERSION, CatalogueRecord, CatalogueTotals, VersionRecord
from archiver.catalogue.runs import Runs
from archiver.catalogue.watching import Deliveries, SavedSearches, Sightings
from archiver.errors import DamageError
from archiver.identifiers import AccessionNumber, FormType

_BY_DATE = ("filing_date", "accession")
_MAX_SIZES = 100_000
"""Rows of two values read at once."""

_ACKNOWLEDGED = values.Columns(
    lambda accession, sha256, moment: ((accession, sha256), moment),
    accession=lambda value: AccessionNumber(values.text(value)),
    sha256=values.sha256,
    acknowledged_at=values.moment,
)

_NEW = "excluded.{0}"
_KEPT = "coalesce(submission.{0}, excluded.{0})"
_SAME_BYTES = "CASE WHEN submission.sha256 = excluded.sha256 THEN submission.run ELSE excluded.run END"
_MERGED = {
    "added": "submission.added",
    "added_run": "submission.added_run",
    "run": _SAME_BYTES,
    "withdrawn_at": "submission.withdrawn_at",
    "missing_since": "submission.missing_since",
    "missing_in": "submission.missing_in",
    "first_seen": _KEPT.format("first_seen"),
    "quarter": _KEPT.format("quarter"),
    "listed": "max(submission.listed, excluded.listed)",
    "indexed_sha256": "coalesce(excluded.indexed_sha256, submission.indexed_sha256)",
}
"""Facts that only the earlier row of a submission knows and that a new row keeps."""


class Catalogue:
    """An open catalogue; threads may share it.

    It holds the rows of submissions itself, and in attributes the tables `runs`, `index_files`, `checkpoints`, and, for
    `watch`, `saved_searches`, `sightings` and `deliveries`. `frozen`: a lock keeps all writers out.

    Its methods raise `DamageError` for what cannot be read or has an impossible value, `StorageError` for what cannot
    be written, and `UsageError` once it is closed.
    """

    def __init__(self, path: Path, *, writable: bool = False, frozen: bool = False) -> None:
        self._database = Database(path, writable=writable, frozen=frozen)
        self.runs = Runs(self._database)
        self.index_files = IndexFiles(self._database)
        self.checkpoints = Checkpoints(self._database)
        self.saved_searches = SavedSearches(self._database)
        self.sightings = Sightings(self._database)
        self.deliveries = Deliveries(self._database)

    def check(self) -> None:
        """Read the whole database: every page, and every value of every row. Raises `DamageError`."""
        verdict = str(self._database.rows("PRAGMA integrity_check(1)")[0][0])
        if verdict != "ok":
            raise DamageError(f"{self._database.path} is damaged: {verdict}", REPAIR)
        self.checkpoints.check()
        for rows in (
            self.records(),
            self.versions(),
            self.runs.latest(),
            self.index_files.all(),
            self.saved_searches.all(),
            self.sightings.all(),
            self.deliveries.all(),
            self.acknowledged(),
            self.notes().items(),
        ):
            collections.deque(rows, maxlen=0)

    def get(self, accession: AccessionNumber) -> CatalogueRecord | None:
        """The row of `accession`, or None."""
        return next(self._database.records(SUBMISSION, "FROM submission WHERE accession = ?", (accession,)), None)

    def __contains__(self, accession: object) -> bool:
        return bool(self._database.rows("SELECT 1 FROM submission WHERE accession = ?", (accession,)))

    def records(self) -> Iterator[CatalogueRecord]:
        """All rows by accession number, read a page at a time so that memory use is constant."""
        return self._pages()

    def unindexed(self) -> Iterator[CatalogueRecord]:
        """Rows whose bytes are not indexed, by filing date. Rows marked meanwhile may or may not be included."""
        return self._pages("indexed_sha256 IS NOT sha256", order=_BY_DATE)

    def records_by_filing_date(self) -> Iterator[CatalogueRecord]:
        """All rows by filing date, read a page at a time."""
        return self._pages(order=_BY_DATE)

    def filed_between(self, first: date, last: date) -> Iterator[CatalogueRecord]:
        """Rows with a filing date from `first` to `last`, inclusive, by filing date."""
        where = "filing_date >= ? AND filing_date <= ?"
        return self._pages(where, first.isoformat(), last.isoformat(), order=_BY_DATE)

    def sizes_between(self, first: date, last: date, *, quarter: str) -> Iterator[tuple[str, int]]:
        """Accession number and file size of what was filed from `first` to `last` or listed in `quarter`'s index."""
        for condition, parameters in (
            ("filing_date >= ? AND filing_date <= ?", (first.isoformat(), last.isoformat())),
            ("quarter = ?", (quarter,)),
        ):
            after = ""
            while rows := self._database.rows(
                f"SELECT accession, stored_bytes FROM submission WHERE {condition} AND accession > ?"
                f" ORDER BY accession LIMIT {_MAX_SIZES}",
                (*parameters, after),
            ):
                yield from (self._database.parsed(_size, row) for row in rows)
                after = rows[-1][0]

    def added_since(self, moment: datetime) -> Iterator[CatalogueRecord]:
        """Submissions added to the archive at `moment` or later, in that order."""
        return self._pages("added >= ?", moment.isoformat(), order=("added", "accession"))

    def stored_since(self, moment: datetime) -> Iterator[CatalogueRecord]:
        """Submissions whose bytes were stored after `moment`, by accession number."""
        return self._pages("stored_at > ?", moment.isoformat())

    def named_in(self, quarter: str) -> Iterator[CatalogueRecord]:
        """Submissions whose latest listing is in the full index of `quarter`, by accession number."""
        return self._pages("quarter = ?", quarter)

    def _pages(
        self, where: str = "", *parameters: str, order: Sequence[str] = ("accession",)
    ) -> Iterator[CatalogueRecord]:
        return self._database.pages(SUBMISSION, "submission", order=order, where=where, parameters=parameters)

    def stored_bytes_of(self, accessions: Sequence[AccessionNumber]) -> dict[str, int]:
        """The file size of each of `accessions` that has a row."""
        rows = self._database.rows_of(
            "SELECT accession, stored_bytes FROM submission WHERE accession IN ({})", accessions
        )
        return dict(self._database.parsed(_size, row) for row in rows)

    def from_elsewhere(self, accessions: Sequence[AccessionNumber]) -> set[str]:
        """Those of `accessions` whose bytes came from the Feed or an import."""
        rows = self._database.rows_of(
            "SELECT accession FROM submission WHERE source <> 'index' AND accession IN ({})", accessions
        )
        return {row[0] for row in rows}

    def count(self) -> int:
        """How many submissions are stored."""
        return int(self._database.rows("SELECT count(*) FROM submission")[0][0])

    def count_unindexed(self) -> int:
        """How many stored submissions are not indexed."""
        return int(self._database.rows("SELECT count(*) FROM submission WHERE indexed_sha256 IS NOT sha256")[0][0])

    def totals(self) -> CatalogueTotals:
        """Counts and bytes, in all and by form and filing year."""
        sums = self._database.rows("SELECT coalesce(sum(size), 0), coalesce(sum(stored_bytes), 0) FROM submission")[0]
        groups = self._database.rows(
            "SELECT form, CAST(substr(filing_date, 1, 4) AS INTEGER), count(*) FROM submission"
            " GROUP BY 1, 2 ORDER BY 1, 2"
        )
        size, stored_bytes = self._database.parsed(lambda row: tuple(map(values.integer, row)), sums)
        return CatalogueTotals(
            submissions=self.count(),
            size=size,
            stored_bytes=stored_bytes,
            unindexed=self.count_unindexed(),
            by_form_and_year=tuple(self._database.parsed(_group, row) for row in groups),
        )

    def add(self, *records: CatalogueRecord) -> None:
        """Add the rows of submissions whose files are durable, in one transaction.

        Facts that only an earlier row of the submission has are kept: when and by which run it was added, the run that
        stored the bytes if they are the same, its listings in EDGAR's indexes, and which bytes are indexed.
        """
        self._write(records, _MERGED)

    def put(self, *records: CatalogueRecord) -> None:
        """Write rows as they are, replacing earlier ones, in one transaction. For corrections."""
        self._write(records, {})

    def _write(self, records: Iterable[CatalogueRecord], merged: Mapping[str, str]) -> None:
        """Add rows. A column that is in `merged` keeps of an earlier row what it says; others are replaced."""
        names = (name for name in SUBMISSION.names.split(", ") if name != "accession")
        changes = ", ".join(f"{name} = {merged.get(name, _NEW.format(name))}" for name in names)
        self._database.write(
            f"INSERT INTO submission ({SUBMISSION.names}) VALUES ({SUBMISSION.marks})"
            f" ON CONFLICT (accession) DO UPDATE SET {changes}",
            map(SUBMISSION.row, records),
        )

    def remove(self, accession: AccessionNumber) -> None:
        """Remove the row of a submission, and with it all checkpoints."""
        self._database.write("DELETE FROM submission WHERE accession = ?", [(str(accession),)])

    def make_durable(self) -> None:
        """Sync all written rows to disk, so that a power failure cannot undo them."""
        self._database.make_durable()

    def mark_indexed(self, pairs: Iterable[tuple[AccessionNumber, str]]) -> None:
        """Record, after the engine's commit, the sha256 that was indexed of each submission, in one transaction."""
        self._database.write(
            "UPDATE submission SET indexed_sha256 = ?2 WHERE accession = ?1",
            [(str(accession), sha256) for accession, sha256 in pairs],
        )

    def clear_index_marks(self) -> None:
        """Record, durably, that nothing is indexed."""
        self._database.write("UPDATE submission SET indexed_sha256 = NULL WHERE indexed_sha256 IS NOT NULL", [()])
        self.make_durable()

    def set_form(self, pairs: Iterable[tuple[AccessionNumber, FormType]]) -> None:
        """Set new form types from EDGAR's index; these submissions are then indexed again."""
        self._database.write(
            "UPDATE submission SET form = ?2, indexed_sha256 = NULL WHERE accession = ?1 AND form <> ?2",
            [(str(accession), str(form)) for accession, form in pairs],
        )

    def set_withdrawn(self, accessions: Iterable[AccessionNumber], moment: datetime | None) -> None:
        """Record that EDGAR withdrew submissions at `moment`, or lists them again (None). The bytes stay."""
        value = moment.isoformat() if moment else None
        self._database.write(
            "UPDATE submission SET withdrawn_at = ?2 WHERE accession = ?1",
            [(str(accession), value) for accession in accessions],
        )

    def set_listed(self, accessions: Iterable[AccessionNumber], *, quarter: str, moment: datetime) -> None:
        """Record that EDGAR's full index of `quarter`, read at `moment`, lists these submissions."""
        self._database.write(
            "UPDATE submission SET listed = 1, quarter = ?2, first_seen = coalesce(first_seen, ?3),"
            " missing_since = NULL, missing_in = NULL WHERE accession = ?1",
            [(str(accession), quarter, moment.isoformat()) for accession in accessions],
        )

    def set_missing(self, accessions: Iterable[AccessionNumber], *, version: str, moment: datetime) -> None:
        """Record that the full index, read at `moment` in this `version`, lacks these. Only the first time is kept."""
        self._database.write(
            "UPDATE submission SET missing_since = ?2, missing_in = ?3 WHERE accession = ?1 AND missing_since IS NULL",
            [(str(accession), moment.isoformat(), version) for accession in accessions],
        )

    def add_version(self, record: VersionRecord) -> None:
        """Add the row of durable bytes beside their submission."""
        self._database.write(
            f"INSERT OR REPLACE INTO beside ({VERSION.names}) VALUES ({VERSION.marks})", [VERSION.row(record)]
        )

    def remove_version(self, record: VersionRecord) -> None:
        """Remove the row of bytes that are no longer stored beside their submission."""
        self._database.write(
            "DELETE FROM beside WHERE accession = ? AND sha256 = ?", [(record.accession, record.sha256)]
        )

    def versions(self, accession: AccessionNumber | None = None) -> Iterator[VersionRecord]:
        """The bytes stored beside one submission, or beside any, by accession number and time."""
        where, parameters = ("WHERE accession = ?", (str(accession),)) if accession else ("", ())
        return self._database.records(VERSION, f"FROM beside {where} ORDER BY accession, stored_at, sha256", parameters)

    def acknowledged(self) -> dict[tuple[AccessionNumber, str], datetime]:
        """Acknowledged invalid signatures: accession number and sha256 -> time."""
        return dict(self._database.records(_ACKNOWLEDGED, "FROM acknowledged ORDER BY 1, 2"))

    def acknowledge(self, pairs: Iterable[tuple[AccessionNumber, str]], *, moment: datetime) -> None:
        """Record that a user accepts the invalid signature of exactly these bytes."""
        self._database.write(
            "INSERT OR IGNORE INTO acknowledged (accession, sha256, acknowledged_at) VALUES (?, ?, ?)",
            [(str(accession), sha256, moment.isoformat()) for accession, sha256 in pairs],
        )

    def salvage(self) -> Iterator[CatalogueRecord]:
        """Rows of submissions still readable in a damaged catalogue."""
        return self._database.salvage(SUBMISSION, "submission", "accession")

    def salvage_versions(self) -> Iterator[VersionRecord]:
        """Rows of bytes beside submissions still readable in a damaged catalogue."""
        return self._database.salvage(VERSION, "beside", "accession")

    def salvage_acknowledged(self) -> Iterator[tuple[tuple[AccessionNumber, str], datetime]]:
        """Acknowledged signatures still readable in a damaged catalogue."""
        return self._database.salvage(_ACKNOWLEDGED, "acknowledged", "accession")

    @property
    def incomplete(self) -> set[str]:
        """The tables of a damaged catalogue of which not everything could be salvaged."""
        return self._database.incomplete

    def note(self, key: str) -> str | None:
        """A single stored value, such as the time of the last sync; None if not set."""
        rows = self._database.rows("SELECT key, value FROM note WHERE key = ?", (key,))
        return self._database.parsed(_note, rows[0])[1] if rows else None

    def notes(self) -> dict[str, str]:
        """All stored values."""
        return dict(self._database.parsed(_note, row) for row in self._database.rows("SELECT key, value FROM note"))

    def set_note(self, key: str, value: str) -> None:
        """Store `value` under `key`."""
        self._database.write("INSERT OR REPLACE INTO note (key, value) VALUES (?, ?)", [(key, value)])

    def close(self) -> None:
        """Close the connection."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _size(row: tuple[Any, ...]) -> tuple[str, int]:
    accession, stored_bytes = row
    return values.text(accession), values.integer(stored_bytes)


def _group(row: tuple[Any, ...]) -> tuple[str, int, int]:
    form, year, count = row
    return values.text(form), values.integer(year), values.integer(count)


def _note(row: tuple[Any, ...]) -> tuple[str, str]:
    key, value = row
    return values.text(key), values.text(value)
