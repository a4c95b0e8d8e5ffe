"""EDGAR's master index: one row for each entity of each submission.

Rows are ``CIK|Company Name|Form Type|Date Filed|Filename`` after a preamble of free length that ends with a line of
dashes; names are latin-1; the date is ``YYYY-MM-DD`` in quarterly files and ``YYYYMMDD`` in daily ones (measured).
"""

from __future__ import annotations

import gzip
import logging
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from archiver.errors import DamagedBodyError, IdentifierError
from archiver.identifiers import AccessionNumber, Cik, FormType

_log = logging.getLogger(__name__)
_DASHES = re.compile(rb"-{20,}\s*")


@dataclass(frozen=True, slots=True)
class MasterIndexEntry:
    """One row: an entity (`cik`, `company_name`) of the submission `accession`."""

    cik: Cik
    company_name: str
    form: FormType
    filing_date: date
    accession: AccessionNumber


def unpack_master_index(body: bytes) -> bytes:
    """The text of a master index, `body` being ``master.idx`` or ``master.gz``. Raises `DamagedBodyError`."""
    try:
        text = gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body
    except (OSError, EOFError, zlib.error) as error:
        raise DamagedBodyError(f"a master index that is not whole gzip: {error}") from error
    if b"|" not in text[:65536] or not any(_DASHES.fullmatch(line) for line in text[:65536].splitlines()):
        raise DamagedBodyError("a body that is not a master index")
    return text


def parse_master_index(lines: Iterable[bytes]) -> Iterator[MasterIndexEntry]:
    """The rows among `lines` of one master index. A row that cannot be read is logged and left out."""
    numbered = enumerate(lines, start=1)
    for _, line in numbered:
        if _DASHES.fullmatch(line):
            break
    for number, line in numbered:
        text = line.decode("latin-1").rstrip("\r\n")
        if not text.strip():
            continue
        try:
            yield _entry(text)
        except (IdentifierError, ValueError):
            _log.warning("master index line %d cannot be read: %s", number, ascii(text[:120]))


def _entry(text: str) -> MasterIndexEntry:
    cik, rest = text.split("|", 1)
    name, form, filed, filename = rest.rsplit("|", 3)
    stem = filename.rpartition("/")[2].partition(".")[0]
    return MasterIndexEntry(
        cik=Cik(cik),
        company_name=name,
        form=FormType(form),
        filing_date=date.fromisoformat(filed),  # takes both spellings
        accession=AccessionNumber(stem),
    )
