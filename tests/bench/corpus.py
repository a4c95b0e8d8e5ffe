"""Submissions to measure with: EDGAR's own where a checkout has them, and invented ones with real word statistics.

Invented text has words by Zipf's law, of which each filing keeps to some as a real one does, numbers, names, and
documents of lognormal length; it is the same in every run.
"""

# ruff: noqa: E501 (the header of a submission has long lines)
from __future__ import annotations

import csv
import hashlib
import itertools
import random
from bisect import bisect
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path

from archiver.catalogue.records import CatalogueRecord
from archiver.identifiers import AccessionNumber, Cik, FormType
from archiver.store.archive import Archive
from archiver.store.packing import pack
from tests.paths import CORPUS

Filing = tuple[AccessionNumber, FormType, date, Cik, bytes]

_COMMON = (
    "the of and to in a for or by as on that with is be any at this from shall company such not agreement under are "
    "section date its other which may was an stock all will shares per we our have has no if upon time each board "
    "directors financial securities income net total year ended december march june form report common interest notes "
    "executive officer resigned effective plan registrant item exhibit statements consolidated cash operations"
).split()
_SYLLABLES = (
    "ba con der el fi gar hu in ju ka lo men na or pre qua ri sta ter ul ver wi xa yo zen al ex tra ment ing".split()
)
_RANKS = 60_000
_ZIPF = 1.07
_HEAPS = 0.53
_LENGTH_MU, _LENGTH_SIGMA = 7.6, 1.2
_FORMS = ("8-K", "8-K", "8-K", "10-Q", "10-K", "4", "SC 13D", "424B2", "DEF 14A")
_AT_ONCE = 500
"""Rows added to the catalogue in one transaction."""
_ITEMS = (
    ("5.02", "Departure of Directors or Principal Officers; Election of Directors; Appointment of Principal Officers"),
    ("2.02", "Results of Operations and Financial Condition"),
    ("9.01", "Financial Statements and Exhibits"),
    ("8.01", "Other Events"),
)


class InventedFilings:
    """Filings as bytes in EDGAR's format. `number` of them, filed over ten years."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._chance = random.Random(1934)  # noqa: S311 — the same corpus each time
        self._words = [self._word(rank) for rank in range(_RANKS)]
        self._cumulated = list(itertools.accumulate(1 / (rank + 2.7) ** _ZIPF for rank in range(_RANKS)))
        self._names = [self._name() for _ in range(2_000)]

    def __iter__(self) -> Iterator[Filing]:
        for number in range(self._number):
            year = 2003 + number * 10 // self._number
            filed = date(year, 1 + self._chance.randrange(12), 1 + self._chance.randrange(28))
            accession = AccessionNumber(f"0009000900-{year % 100:02d}-{number:06d}")
            cik = Cik(9_000_000 + number % 700)
            form = FormType(self._chance.choice(_FORMS))
            yield accession, form, filed, cik, self._submission(accession, form, filed, cik)

    def _submission(self, accession: str, form: str, filed: date, cik: int) -> bytes:
        item, title = self._chance.choice(_ITEMS)
        name = self._names[cik % len(self._names)]
        header = (
            f"<SEC-DOCUMENT>{accession}.txt : {filed:%Y%m%d}\n<SEC-HEADER>{accession}.hdr.sgml : {filed:%Y%m%d}\n"
            f"<ACCEPTANCE-DATETIME>{filed:%Y%m%d}120000\nACCESSION NUMBER:\t\t{accession}\n"
            f"CONFORMED SUBMISSION TYPE:\t{form}\nPUBLIC DOCUMENT COUNT:\t\t1\nCONFORMED PERIOD OF REPORT:\t{filed:%Y%m%d}\n"
            f"ITEM INFORMATION:\t\t{title}\nFILED AS OF DATE:\t\t{filed:%Y%m%d}\n\nFILER:\n\n\tCOMPANY DATA:\t\n"
            f"\t\tCOMPANY CONFORMED NAME:\t\t\t{name.upper()} CORP\n\t\tCENTRAL INDEX KEY:\t\t\t{cik:010d}\n"
            f"</SEC-HEADER>\n<DOCUMENT>\n<TYPE>{form}\n<SEQUENCE>1\n<FILENAME>d{accession[-6:]}.txt\n<DESCRIPTION>FORM {form}\n"
            f"<TEXT>\nItem {item}. {title}\n\n"
        )
        length = min(200_000, int(self._chance.lognormvariate(_LENGTH_MU, _LENGTH_SIGMA)) + 20)
        return (header + self._text(length) + "\n</TEXT>\n</DOCUMENT>\n</SEC-DOCUMENT>\n").encode()

    def _text(self, length: int) -> str:
        """So many words, of as many different ones as a filing of that length has: each filing keeps to its subject."""
        different = int(6 * length**_HEAPS)
        total = self._cumulated[-1]
        drawn = {bisect(self._cumulated, self._chance.random() * total) for _ in range(different * 2)}
        known = [self._words[rank] for rank in sorted(drawn)[:different]]
        known[len(_COMMON) :: 8] = [f"{int(10 ** (self._chance.random() * 7)):,}" for _ in known[len(_COMMON) :: 8]]
        known[len(_COMMON) + 4 :: 40] = self._chance.choices(self._names, k=len(known[len(_COMMON) + 4 :: 40]))
        weights = list(itertools.accumulate(1 / (rank + 2.7) for rank in range(len(known))))
        words = self._chance.choices(known, cum_weights=weights, k=length)
        return "\n".join(" ".join(words[start : start + 12]) for start in range(0, length, 12))

    def _word(self, rank: int) -> str:
        if rank < len(_COMMON):
            return _COMMON[rank]
        return "".join(self._chance.choices(_SYLLABLES, k=2 + min(3, rank.bit_length() // 5))) + (
            "s" if rank % 5 == 0 else ""
        )

    def _name(self) -> str:
        return "".join(self._chance.choices(_SYLLABLES, k=3)).capitalize()


def real_filings() -> Iterator[Filing]:
    """EDGAR's own, each accession number once; none where there is no corpus."""
    if not (CORPUS / "manifest.tsv").exists():
        return
    with (CORPUS / "manifest.tsv").open(encoding="utf-8") as manifest:
        rows = {
            row["accession"]: row
            for row in csv.DictReader(manifest, delimiter="\t")
            if row["kind"] in {"submission", "dissemination"} and row["filing_date"]
        }
    for accession, row in rows.items():
        filed = datetime.strptime(row["filing_date"], "%Y%m%d").replace(tzinfo=UTC).date()
        yield AccessionNumber(accession), FormType(row["form"]), filed, Cik(1), (CORPUS / row["file"]).read_bytes()


def copies(filings: Callable[[], Iterator[Filing]], count: int) -> Iterator[Filing]:
    """`filings` so many times over, each copy under accession numbers of its own."""
    for copy in range(count):
        for accession, form, filed, cik, data in filings():
            other = AccessionNumber(f"{(int(accession[:10]) + copy) % 10**10:010d}{accession[10:]}")
            yield other, form, filed, cik, data.replace(accession.encode(), other.encode())


def store(root: Path, filings: Iterator[Filing]) -> int:
    """Make an archive of `filings` in `root`, or add those that it lacks; how many bytes they have."""
    size = 0
    with Archive.open(root, writable=True, create=True) as archive:
        while some := list(islice(filings, _AT_ONCE)):
            size += sum(len(data) for *_, data in some)
            missing = [filing for filing in some if filing[0] not in archive.catalogue]
            archive.catalogue.add(*[_stored(archive, filing) for filing in missing])
    return size


def _stored(archive: Archive, filing: Filing) -> CatalogueRecord:
    accession, form, filed, cik, data = filing
    packed = pack(data)
    path = archive.layout.submission(accession)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(packed)
    return CatalogueRecord(
        accession=accession,
        form=form,
        filing_date=filed,
        cik=cik,
        url=None,
        source="import",
        size=len(data),
        stored_bytes=len(packed),
        sha256=hashlib.sha256(data).hexdigest(),
        etag_md5=None,
        signature=None,
        stored_at=datetime(2024, 1, 2, tzinfo=UTC),
        added=datetime(2024, 1, 2, tzinfo=UTC),
    )
