"""From index rows to what has to be fetched: one reference for each accession number."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import date

from archiver.identifiers import AccessionNumber, Cik, FormType
from archiver.master_index import MasterIndexEntry
from archiver.selection import Selection

AVERAGE_SUBMISSION_BYTES = {"8-K": 217_000}
DEFAULT_SUBMISSION_BYTES = 800_000
"""Decoded bytes of an average submission (PDS Technical Specification); an 8-K is smaller (measured)."""


@dataclass(frozen=True, slots=True)
class SubmissionRef:
    """One submission to have. `cik` is one of its entities, whichever row named it first: all serve the same bytes."""

    accession: AccessionNumber
    form: FormType
    filing_date: date
    cik: Cik


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """What a sync will do: fetch `missing`, the newest first; `present` are on disk already."""

    missing: tuple[SubmissionRef, ...]
    present: int

    @property
    def planned(self) -> int:
        """How many submissions the selection holds."""
        return len(self.missing) + self.present

    @property
    def estimated_bytes(self) -> int:
        """Decoded bytes to come, by the average size of the forms."""
        return sum(AVERAGE_SUBMISSION_BYTES.get(ref.form.base, DEFAULT_SUBMISSION_BYTES) for ref in self.missing)


class Planner:
    """Takes the index quarter by quarter, the newest first, and plans what `selection` takes of it.

    A submission that several entities filed stands in the index once for each of them, and in the plan once.
    """

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._refs: dict[AccessionNumber, SubmissionRef] = {}

    def add(self, entry: MasterIndexEntry) -> None:
        """Take one index row."""
        if entry.accession not in self._refs and self._selection.matches(entry):
            self._refs[entry.accession] = SubmissionRef(entry.accession, entry.form, entry.filing_date, entry.cik)

    @property
    def is_full(self) -> bool:
        """Whether the selection's limit is reached, so that older quarters can add nothing."""
        return self._selection.limit is not None and len(self._refs) >= self._selection.limit

    def plan(self, *, stored: Container[AccessionNumber]) -> SyncPlan:
        """The plan, the newest submission first; `stored` says which accession numbers are on disk.

        With a limit it holds the newest submissions, by filing date and accession number.
        """
        newest = sorted(self._refs.values(), key=lambda ref: (ref.filing_date, ref.accession), reverse=True)
        wanted = newest[: self._selection.limit]
        missing = tuple(ref for ref in wanted if ref.accession not in stored)
        return SyncPlan(missing=missing, present=len(wanted) - len(missing))
