"""EDGAR's master index: one row per entity of each submission.

Rows are ``CIK|Company Name|Form Type|Date Filed|Filename``, after a preamble of any length that ends with a line of
dashes. Names are latin-1. The date is ``YYYY-MM-DD`` in quarterly files and ``YYYYMMDD`` in daily ones (measured).
"""

from __future__ import annotations

import io
import logging
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from functools import lru_cache

from archiver.errors import DamagedBodyError, IdentifierError
from archiver.events import event
from archiver.identifiers import AccessionNumber, Cik, FormType
from archiver.model import MasterIndexEntry
from archiver.redaction import quoted, without_addresses
from archiver.startup.patterns import lazy_pattern
from archiver.streams.decoding import gunzip

_log = logging.getLogger(__name__)

GZIP_MAGIC = b"\x1f\x8b"
"""The beginning of a gzip file, which ends with a checksum of its content."""
MAX_BODY_BYTES = 150_000_000
"""Far above the largest quarterly index (33 MB); its text has the same limit."""
_PIECE_BYTES = 1 << 18
_DASHES = lazy_pattern(rb"-{20,}\s*")
_ROW = lazy_pattern(
    rb"([0-9]{1,10})\|([^|\r\n]*)\|([^|\r\n]*)\|([0-9]{4}-?[0-9]{2}-?[0-9]{2})\|"
    rb"edgar/data/[0-9]+/([0-9]{10}-[0-9]{2}-[0-9]{6})\.txt\r?\n?"
)
"""A row in the usual form; others are parsed with more care."""
_DAY = lazy_pattern(rb"\|([0-9]{4}-?[0-9]{2}-?[0-9]{2})\|[^|\n]*$", re.MULTILINE)
_BEGIN = lazy_pattern(rb"^CIK\|Company Name\|Form Type\|Date Filed\|File ?[Nn]ame[ \t]*\n-{20,}[ \t]*\n", re.MULTILINE)
_MOST_UNREADABLE = 0.1
"""Maximum share of unreadable rows; a good index has less than one in thousands (measured)."""
_MOST_QUOTED_BYTES = 1000
"""Of an unreadable row; a message has less of it, but an address is left out before it is cut."""


def unpack_master_index(body: bytes) -> bytes:
    """The text of a master index with LF line ends; `body` is ``master.idx`` or ``master.gz``.

    Raises `DamagedBodyError` unless it is complete: column names with a line of dashes below, a line end at its end,
    and readable rows in between. An index without rows is complete.
    """
    text = _unpacked(body) if body.startswith(GZIP_MAGIC) else body
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    begin = _BEGIN.search(text, 0, 65536)
    if begin is None:
        raise DamagedBodyError("the body is not a master index")
    if not text.endswith(b"\n"):
        raise DamagedBodyError("the master index is cut off in the middle of a row")
    rows = text.count(b"\n", begin.end())
    if rows - len(_DAY.findall(text, begin.end())) > max(_MOST_UNREADABLE * rows, 1):
        raise DamagedBodyError("most rows of the master index cannot be read")
    return text


def _unpacked(body: bytes) -> bytes:
    pieces, size = [], 0
    for piece in gunzip(body[at : at + _PIECE_BYTES] for at in range(0, len(body), _PIECE_BYTES)):
        size += len(piece)
        if size > MAX_BODY_BYTES:
            raise DamagedBodyError(f"the master index has more than {MAX_BODY_BYTES} bytes")
        pieces.append(piece)
    return b"".join(pieces)


def parse_master_index(text: bytes) -> Iterator[MasterIndexEntry]:
    """The rows of one master index. Unreadable rows are logged and skipped."""
    numbered = enumerate(io.BytesIO(text), start=1)
    for _, line in numbered:
        if _DASHES.fullmatch(line):
            break
    for number, line in numbered:
        if row := _ROW.fullmatch(line):
            cik, name, form, filed, accession = row.groups()
            try:
                # The pattern guarantees what the constructors would check.
                yield MasterIndexEntry(
                    int.__new__(Cik, cik),
                    name.decode("latin-1"),
                    _form(form),
                    _date(filed),
                    str.__new__(AccessionNumber, accession, "ascii"),
                )
                continue
            except ValueError:
                pass  # no such day: logged below
        elif not line.strip():
            continue
        try:
            yield _entry(line.decode("latin-1").rstrip("\r\n"))
        except (IdentifierError, ValueError):
            shown = quoted(line[:_MOST_QUOTED_BYTES].decode("latin-1").rstrip())
            facts = event("row-unreadable", line=number)
            _log.warning("master index line %d cannot be read: %s", number, shown, extra=facts)


def last_day(text: bytes, *, since: date, until: date) -> date | None:
    """The latest filing date from `since` to `until` in a master index, up to which it should be complete.

    Dates outside the quarter or in the future occur in real indexes and are ignored. None without rows in this range.
    """
    days = {date.fromisoformat(day.decode()) for day in set(_DAY.findall(text)) if _is_date(day)}
    return max((day for day in days if since <= day <= until), default=None)


def is_of(text: bytes, *, since: date, until: date) -> bool:
    """Whether a master index lists submissions and most of them are dated from `since` to `until`.

    In real indexes of a quarter 99 % of the rows are; another quarter's would make all submissions count as missing.
    """
    first, last = (day.isoformat().encode() for day in (since, until))
    days = Counter(_DAY.findall(text))
    inside = sum(count for day, count in days.items() if first <= _dashed(day) <= last)
    return 2 * inside > days.total()


def _dashed(day: bytes) -> bytes:
    """A date as in quarterly files."""
    return day if b"-" in day else b"-".join((day[:4], day[4:6], day[6:]))


def has_rows(text: bytes) -> bool:
    """Whether a master index lists any submission."""
    return _DAY.search(text) is not None


def _is_date(text: bytes) -> bool:
    try:
        date.fromisoformat(text.decode())
    except ValueError:
        return False
    return True


@lru_cache(maxsize=4096)
def _form(text: bytes) -> FormType:
    return FormType(without_addresses(text).decode("latin-1"))  # it goes into the catalogue


@lru_cache(maxsize=4096)
def _date(text: bytes) -> date:
    return date.fromisoformat(text.decode())  # takes both spellings


def _entry(text: str) -> MasterIndexEntry:
    cik, rest = text.split("|", 1)
    name, form, filed, filename = rest.rsplit("|", 3)
    stem = filename.rpartition("/")[2].partition(".")[0]
    return MasterIndexEntry(
        cik=Cik(cik),
        company_name=name,
        form=_form(form.encode("latin-1")),
        filing_date=date.fromisoformat(filed),  # takes both spellings
        accession=AccessionNumber(stem),
    )
