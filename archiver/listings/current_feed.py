"""EDGAR's feed of current filings: the newest 5,100 entries, about 25 hours, as Atom pages of 100 (measured).

There is one entry per party of a submission, some entries occur twice, and pages shift while filings arrive, so entries
are merged by accession number. The filing date of a new entry may be months old: never select by it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from datetime import date, datetime
from http import HTTPStatus
from typing import Any
from xml.parsers import expat

from archiver.edgar.retry import ATTEMPTS
from archiver.edgar.session import Edgar
from archiver.errors import AbsentError, DamagedBodyError, FetchError, IdentifierError, TroubleError, UnreachableError
from archiver.events import event
from archiver.identifiers import AccessionNumber, Cik, FormType, parse_date
from archiver.redaction import quoted, without_addresses
from archiver.startup.dataclass import dataclass
from archiver.startup.patterns import lazy_pattern

_log = logging.getLogger(__name__)

PAGE_ENTRIES = 100
LAST_START = 5_000
"""Start of the last page; EDGAR responds to the next one with 503."""
_MAX_PAGE_BYTES = 4_000_000
"""A page of 100 entries has about 65 kB."""
_PARTY = lazy_pattern(r"(?P<name>.*) \((?P<cik>[0-9]{1,10})\) \((?P<role>[^()]*)\)", re.DOTALL)
"""What follows the form type and `` - `` in a title; searched for with the form it would take time by its square."""
_ACCESSION = lazy_pattern(r"accession-number=([0-9]{10}-[0-9]{2}-[0-9]{6})$")
_FILED = lazy_pattern(r"Filed:</b>\s*([0-9]{4}-[0-9]{2}-[0-9]{2})")
_ITEM = lazy_pattern(r"<br>\s*Item ([0-9A-Z][0-9A-Z.]{0,9}):")
_ATTEMPTS_PAST_FIRST = 2
"""The end of the feed looks like a temporary failure, so it is requested less often."""
_ATOM = "http://www.w3.org/2005/Atom"


@dataclass(frozen=True, slots=True)
class CurrentParty:
    """A party of a submission: its CIK, name and role, such as ``Filer``, ``Reporting`` or ``Subject``."""

    cik: Cik
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class CurrentFiling:
    """A submission in the feed, with its parties in the order of the feed. `accepted` is in EDGAR's time zone.

    `items` are the codes in the entry (``5.02``), for forms that have items.
    """

    accession: AccessionNumber
    form: FormType
    filing_date: date
    accepted: datetime
    items: tuple[str, ...]
    parties: tuple[CurrentParty, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, without mail addresses."""
        parties = [{**asdict(one), "name": _without_addresses(one.name)} for one in self.parties]
        days = {"filing_date": self.filing_date.isoformat(), "accepted": self.accepted.isoformat()}
        return {**asdict(self), "parties": parties, **days}


@dataclass(frozen=True, slots=True)
class FeedWalk:
    """The filings found by one pass over the feed, newest first, and the number of pages read.

    `has_gap`: the feed ended, and no filing of the last page that names any was known, so filings in between may have
    been missed; the daily index lists them. A feed that names none shows no gap.
    """

    filings: tuple[CurrentFiling, ...]
    pages: int
    has_gap: bool


def parse_current_feed(body: bytes) -> list[CurrentFiling]:
    """The entries of a page, each with its one party. Raises `DamagedBodyError` for an incomplete page.

    An entry that cannot be read is logged and skipped; the daily index lists its filing in the evening. XML entities
    are not expanded.
    """
    reader = _Reader()
    try:
        reader.parse(body)
    except (expat.ExpatError, ValueError) as error:
        raise DamagedBodyError("the page is not the feed of current filings") from error
    filings = []
    for entry in reader.entries:
        try:
            filings.append(_filing(entry))
        except (IdentifierError, ValueError, KeyError) as error:
            shown = quoted(str(entry.get("id", "")))
            facts = event("entry-unreadable", entry=shown, error=type(error).__name__)
            _log.warning("an entry of the feed cannot be read: %s", shown, extra=facts)
    return filings


def merge_filings(entries: Iterable[CurrentFiling]) -> list[CurrentFiling]:
    """One filing per accession number, with all its parties and items, in the order of their first entries."""
    first: dict[AccessionNumber, CurrentFiling] = {}
    parties: dict[AccessionNumber, dict[CurrentParty, None]] = {}
    items: dict[AccessionNumber, dict[str, None]] = {}
    for entry in entries:
        first.setdefault(entry.accession, entry)
        parties.setdefault(entry.accession, {}).update(dict.fromkeys(entry.parties))
        items.setdefault(entry.accession, {}).update(dict.fromkeys(entry.items))
    return [
        replace(one, parties=tuple(parties[accession]), items=tuple(items[accession]))
        for accession, one in first.items()
    ]


async def walk_current_feed(
    edgar: Edgar,
    known: Callable[[list[AccessionNumber]], Iterable[AccessionNumber]],
    *,
    since: datetime | None = None,
) -> FeedWalk:
    """Read the feed from its newest page until a page of known filings only, or to its end.

    Without new filings this is one request. `known` returns the known ones among accession numbers; those accepted
    before `since` are left out, as if they were known. Raises `BlockedError`, and `UnreachableError` if the first page
    cannot be fetched; a 503 on a later page is the end of the feed.
    """
    entries: list[CurrentFiling] = []
    pages, has_gap = 0, False
    for start in range(0, LAST_START + 1, PAGE_ENTRIES):
        page = await _page(edgar, start)
        if page is None:
            break
        pages += 1
        recent = [entry for entry in page if since is None or entry.accepted >= since]
        entries += recent
        if not page:
            break
        named = {entry.accession for entry in recent}
        seen = set(known(list(named)))
        has_gap = not seen and len(recent) == len(page)
        if seen.issuperset(named):
            break
    return FeedWalk(tuple(merge_filings(entries)), pages, has_gap=has_gap)


async def _page(edgar: Edgar, start: int) -> list[CurrentFiling] | None:
    """A page of the feed; None beyond its end."""
    url = edgar.endpoints.current_filings(start=start, count=PAGE_ENTRIES)
    why = "what is new" if start == 0 else "the filings before those"
    attempts = _ATTEMPTS_PAST_FIRST if start else ATTEMPTS
    try:
        read = await edgar.read(
            url, parse_current_feed, max_bytes=_MAX_PAGE_BYTES, why=why, xml=True, attempts=attempts
        )
    except FetchError as error:
        is_end = isinstance(error, AbsentError) or (
            isinstance(error, TroubleError) and error.status == HTTPStatus.SERVICE_UNAVAILABLE
        )
        if start and is_end:
            return None
        raise UnreachableError(f"the feed of current filings cannot be read: {error.message}", "try again") from error
    return read.result if read else None


class _Reader:
    """Collects the fields of each entry from expat's events."""

    def __init__(self) -> None:
        self.entries: list[dict[str, str]] = []
        self._entry: dict[str, str] | None = None
        self._text: list[str] = []
        self._closed = False

    def parse(self, body: bytes) -> None:
        """Parse a whole page. Raises `expat.ExpatError`, and ValueError for text that is not a feed."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        parser.EntityDeclHandler = _refuse_entity
        parser.Parse(body, True)
        if not self._closed:
            raise ValueError("not an Atom feed")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._text.clear()
        if name == f"{_ATOM} entry":
            self._entry = {}
        elif self._entry is not None and name == f"{_ATOM} category":
            self._entry["form"] = attributes.get("term", "")

    def _end(self, name: str) -> None:
        namespace, _, tag = name.rpartition(" ")
        if namespace != _ATOM:
            return
        if tag == "entry" and self._entry is not None:
            self.entries.append(self._entry)
            self._entry = None
        elif self._entry is not None and tag in {"title", "summary", "updated", "id"}:
            self._entry[tag] = "".join(self._text)
        self._closed = tag == "feed"


def _refuse_entity(*_: object) -> None:
    raise ValueError("an entity declaration")


def _filing(entry: Mapping[str, str]) -> CurrentFiling:
    """An entry as a filing; accession number, form and time are required."""
    accession, accepted = _ACCESSION.search(entry["id"].strip()), datetime.fromisoformat(entry["updated"].strip())
    if accession is None or accepted.tzinfo is None:
        raise ValueError("an entry without accession number or time zone")
    _, _, named = entry.get("title", "").strip().partition(" - ")
    title, summary = _PARTY.fullmatch(named), entry.get("summary", "")
    filed = _FILED.search(summary)
    return CurrentFiling(
        accession=AccessionNumber(accession[1]),
        form=FormType(_without_addresses(entry["form"])),
        filing_date=parse_date(filed[1]) if filed else accepted.date(),
        accepted=accepted,
        items=tuple(dict.fromkeys(_ITEM.findall(summary))),
        parties=(CurrentParty(Cik(title["cik"]), title["name"], title["role"]),) if title else (),
    )


def _without_addresses(text: str) -> str:
    """What goes into the catalogue and the alerts: a server may send our own address back there."""
    return without_addresses(text.encode(errors="surrogatepass")).decode(errors="surrogatepass")
