"""The submissions that the loopback EDGAR has, and the few header values it needs to serve and list them.

It reads these values by its own regular expressions: a server that shared the parser under test would agree with it.
"""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

_ACCESSION = re.compile(r"^ACCESSION NUMBER:\s*(\d{10}-\d{2}-\d{6})\s*$", re.MULTILINE)
_FORM = re.compile(r"^CONFORMED SUBMISSION TYPE:[ \t]*(\S.*?)\s*$", re.MULTILINE)
_FILED = re.compile(r"^FILED AS OF DATE:\s*(\d{8})\s*$", re.MULTILINE)
_ENTITY = re.compile(
    r"^\s*COMPANY CONFORMED NAME:[ \t]*(.*?)\s*$"
    r"(?:\n\s*)*\n\s*CENTRAL INDEX KEY:\s*(\d+)",
    re.MULTILINE,
)
_HEADER_END = re.compile(rb"</(?:SEC|IMS)-HEADER>")


@dataclass(frozen=True, slots=True)
class Filing:
    """One submission as EDGAR lists it. `entities` maps each CIK of the filing to its conformed name.

    `published` is the day whose indexes list it, nearly always the filing date.
    """

    accession: str
    form: str
    filed: date
    published: date
    entities: Mapping[int, str]
    body: bytes
    md5: str


def read_filing(body: bytes, published: date | None = None) -> Filing:
    """The filing in a submission's decoded bytes, published on its filing date or another day.

    Raises ValueError where its header lacks what EDGAR lists.
    """
    end = _HEADER_END.search(body)
    # EDGAR writes names in latin-1, in headers as in indexes.
    header = body[: end.start() if end else len(body)].decode("latin-1").replace("\r\n", "\n")
    values = {}
    for label, pattern in (("accession number", _ACCESSION), ("form", _FORM), ("filing date", _FILED)):
        match = pattern.search(header)
        if match is None:
            raise ValueError(f"a submission without {label} cannot be served: {body[:60]!r}")
        values[label] = match[1]
    digits = values["filing date"]
    filed = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    entities: dict[int, str] = {}
    for name, cik in _ENTITY.findall(header):
        entities.setdefault(int(cik), name)
    return Filing(
        accession=values["accession number"],
        form=values["form"],
        filed=filed,
        published=published or filed,
        entities=entities,
        body=body,
        md5=hashlib.md5(body, usedforsecurity=False).hexdigest(),
    )


class FilingStore:
    """Submissions by accession number, Feed tarballs by day, and when each day last changed."""

    def __init__(self) -> None:
        self._served: dict[str, Filing] = {}
        self._deleted: dict[str, Filing] = {}
        self._changed: dict[date, datetime] = {}
        self._feed: dict[date, bytes] = {}

    def add(self, body: bytes, published: date | None = None) -> Filing:
        """Serve a submission from now on; one with the same accession number is replaced. Raises ValueError."""
        filing = read_filing(body, published)
        if (before := self._served.get(filing.accession)) is not None:
            self._touch(before.published)
        self._served[filing.accession] = filing
        self._deleted.pop(filing.accession, None)
        self._touch(filing.published)
        return filing

    def remove(self, accession: str) -> None:
        """Delete a submission as the SEC does: gone from the full index, not from its daily index. Raises KeyError."""
        filing = self._served.pop(accession)
        self._deleted[accession] = filing
        self._touch(filing.published)

    def get(self, accession: str) -> Filing | None:
        """The filing now served under `accession`."""
        return self._served.get(accession)

    def filings(self) -> Iterable[Filing]:
        """All filings now served."""
        return self._served.values()

    def listed_on(self, day: date) -> list[Filing]:
        """The filings of a day, deleted ones too: rows never vanish from daily indexes."""
        return [f for f in (*self._served.values(), *self._deleted.values()) if f.published == day]

    def listed_in(self, days: Iterable[date]) -> list[Filing]:
        """The filings now served that were published on one of `days`."""
        wanted = set(days)
        return [filing for filing in self._served.values() if filing.published in wanted]

    def days(self) -> list[date]:
        """Every day that has, or had, a filing, in order."""
        return sorted(self._changed)

    def changed(self, days: Iterable[date]) -> datetime:
        """When the filings of `days` last changed, in whole seconds UTC."""
        return max(self._changed[day] for day in days)

    def add_feed(self, day: date, members: Mapping[str, bytes] | bytes) -> None:
        """Serve a day's Feed tarball: made of `members` (name to content), or these very bytes."""
        self._feed[day] = members if isinstance(members, bytes) else _tarball(members)

    def feed(self) -> Mapping[date, bytes]:
        """The Feed tarballs by day."""
        return self._feed

    def _touch(self, day: date) -> None:
        # HTTP dates have whole seconds: a second change within one must still be seen by If-Modified-Since.
        now = datetime.now(UTC).replace(microsecond=0)
        before = self._changed.get(day)
        self._changed[day] = now if before is None else max(now, before + timedelta(seconds=1))


def _tarball(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()
