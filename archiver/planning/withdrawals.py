"""Withdrawals: submissions that EDGAR's full index listed earlier and no longer lists.

Rows disappear from the full index when the SEC deletes a filing, but never from daily files (measured). An index may
also be incomplete, empty or damaged, and a row may be in another quarter than its date. So a submission counts as
withdrawn only if two consecutive runs have read the index that listed it without finding it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta

from archiver.catalogue.records import CatalogueRecord
from archiver.edgar.endpoints import Quarter
from archiver.events import event
from archiver.identifiers import AccessionNumber, FormType
from archiver.listings.reader import QuarterIndex
from archiver.model import MasterIndexEntry
from archiver.store.archive import Archive

_log = logging.getLogger(__name__)

_GRACE = timedelta(days=14)
"""How long a submission that only a daily index lists may take to reach the full index (rebuilt weekly)."""


def noting(entries: Iterable[MasterIndexEntry], forms: dict[AccessionNumber, FormType]) -> Iterator[MasterIndexEntry]:
    """The same rows; the form of each submission is added to `forms` as they pass."""
    for entry in entries:
        forms[entry.accession] = entry.form
        yield entry


class Withdrawals:
    """Compares the submissions of `archive`, open for writing, with full indexes. `now` is when the run began.

    `count` is the number of withdrawals found.
    """

    def __init__(self, archive: Archive, *, now: datetime) -> None:
        self._catalogue = archive.catalogue
        self._now = now
        self.count = 0

    def check(self, read: QuarterIndex, forms: Mapping[AccessionNumber, FormType]) -> bool:
        """Record what the full index of a quarter says about the submissions in the archive; `forms` is its content.

        Returns whether anything is missing from it that the next run must look for again.
        """
        quarter = read.quarter
        listed: list[AccessionNumber] = []
        back: list[AccessionNumber] = []
        missing: list[AccessionNumber] = []
        gone: list[AccessionNumber] = []
        renamed: list[tuple[AccessionNumber, FormType]] = []
        for record in self._of(quarter, forms):
            accession = record.accession
            if (form := forms.get(accession)) is not None:
                if not record.listed or record.quarter != str(quarter) or record.missing_since is not None:
                    listed.append(accession)
                if record.withdrawn_at is not None:
                    back.append(accession)
                if record.form != form:
                    renamed.append((accession, form))
            elif record.withdrawn_at is None and self._is_judged_by(read, record):
                seen_before = record.missing_since not in {None, self._now}
                (gone if seen_before and read.fresh else missing).append(accession)
        self._catalogue.set_listed(listed, quarter=str(quarter), moment=self._now)
        self._catalogue.set_withdrawn(back, None)
        self._catalogue.set_missing(missing, version=read.version, moment=self._now)
        self._catalogue.set_withdrawn(gone, self._now)
        self._catalogue.set_form(renamed)
        self.count += len(gone)
        for accession in gone:
            facts = event("withdrawn", accession=accession, quarter=str(quarter))
            _log.warning(
                "%s is withdrawn: two readings of the index of %s did not list it", accession, quarter, extra=facts
            )
        return bool(missing)

    def _of(self, quarter: Quarter, forms: Iterable[AccessionNumber]) -> Iterator[CatalogueRecord]:
        """The submissions that the index of a quarter may list: filed in it, or listed by it, now or before.

        What it lists may have any filing date here: EDGAR lists some submissions under another, and changes some dates.
        """
        first, last = quarter.first_day, quarter.last_day
        elsewhere = dict.fromkeys(forms)
        for record in self._catalogue.filed_between(first, last):
            elsewhere.pop(record.accession, None)
            yield record
        for record in self._catalogue.named_in(str(quarter)):
            elsewhere.pop(record.accession, None)
            if not first <= record.filing_date <= last:
                yield record
        for accession in self._catalogue.stored_bytes_of(list(elsewhere)):
            stored = self._catalogue.get(AccessionNumber(accession))
            if stored is not None:
                yield stored

    def _is_judged_by(self, read: QuarterIndex, record: CatalogueRecord) -> bool:
        """Whether the absence of a submission from the index of a quarter is significant."""
        if record.quarter is not None or record.listed:
            return record.quarter == str(read.quarter)
        seen = record.first_seen or (record.added if record.source == "feed" else None)
        if seen is None or seen + _GRACE > self._now:
            return False
        public = _public_on(record)
        written = read.full[0].written_on if read.full else None
        # by EDGAR's clock, as ours may be wrong, and an index not written again says nothing of what came later
        return Quarter.of(public) == read.quarter and (written is None or public + _GRACE <= written)


def _public_on(record: CatalogueRecord) -> date:
    """The day on which a submission that no full index has listed yet became public, as far as can be told.

    Some submissions are dated weeks before they become public; the index of that day's quarter lists them.
    """
    seen = (record.first_seen or record.added).date()
    late = timedelta(0) <= seen - record.filing_date <= timedelta(days=100)
    return seen if late else record.filing_date
