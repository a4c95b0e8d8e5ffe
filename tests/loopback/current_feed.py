"""EDGAR's feed of current filings (``/cgi-bin/browse-edgar?action=getcurrent``), line for line as EDGAR writes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from zoneinfo import ZoneInfo

from tests.loopback import pages
from tests.loopback.answers import Answer
from tests.loopback.filings import Filing

LAST_START = 5000
"""The last page begins here; EDGAR answers 503 beyond (measured)."""
MAX_COUNT = 100
_EASTERN = ZoneInfo("America/New_York")
_ACCEPTED = re.compile(rb"<ACCEPTANCE-DATETIME>(\d{14})")
_ITEM = re.compile(rb"^ITEM INFORMATION:\s*(.*?)\s*$", re.MULTILINE)
_PARTY = re.compile(
    rb"^(FILER|ISSUER|REPORTING-OWNER|SUBJECT COMPANY|FILED BY|FILED FOR|DEPOSITOR|SERIAL COMPANY):|"
    rb"CENTRAL INDEX KEY:\s*(\d+)",
    re.MULTILINE,
)
_ROLES = {
    b"FILER": "Filer",
    b"ISSUER": "Issuer",
    b"REPORTING-OWNER": "Reporting",
    b"SUBJECT COMPANY": "Subject",
    b"FILED BY": "Filed by",
    b"FILED FOR": "Filed for",
    b"DEPOSITOR": "Depositor",
    b"SERIAL COMPANY": "Filer",
}
_ITEMS = {
    "Entry into a Material Definitive Agreement": "1.01",
    "Results of Operations and Financial Condition": "2.02",
    "Changes in Registrant's Certifying Accountant": "4.01",
    "Departure of Directors or Certain Officers; Election of Directors; Appointment of Certain Officers: Compensatory"
    " Arrangements of Certain Officers": "5.02",
    "Regulation FD Disclosure": "7.01",
    "Other Events": "8.01",
    "Financial Statements and Exhibits": "9.01",
}


@dataclass(frozen=True, slots=True)
class _Entry:
    accepted: datetime
    accession: str
    text: str


def current_feed(filings: Iterable[Filing], query: Mapping[str, str], *, last_start: int = LAST_START) -> Answer:
    """The page of the feed that `query` asks for; without `start` the first one, the newest filings."""
    if query.get("action") != "getcurrent" or query.get("output") != "atom":
        return pages.unknown_page()
    start, count = int(query.get("start") or 0), min(int(query.get("count") or 40), MAX_COUNT)
    if start > last_start:
        return pages.file_unavailable()
    entries = [
        entry for filing in filings if filing.form.startswith(query.get("type", "")) for entry in _entries(filing)
    ]
    entries.sort(key=lambda entry: (entry.accepted, entry.accession), reverse=True)
    now = (entries[0].accepted if entries else datetime(2026, 1, 2, tzinfo=UTC)).astimezone(_EASTERN)
    text = "".join(
        [
            '<?xml version="1.0" encoding="ISO-8859-1" ?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n',
            f"<title>Latest Filings - {now:%a, %d %b %Y %H:%M:%S %Z}</title>\n",
            '<link rel="alternate" href="/cgi-bin/browse-edgar?action=getcurrent"/>\n',
            '<link rel="self" href="/cgi-bin/browse-edgar?action=getcurrent"/>\n',
            "<id>https://www.sec.gov/cgi-bin/browse-edgar?action=getcurrent</id>\n",
            "<author><name>Webmaster</name><email>webmaster@sec.gov</email></author>\n",
            f"<updated>{now.isoformat()}</updated>\n",
            *(entry.text for entry in entries[start : start + count]),
            "</feed>\n",
        ]
    )
    return Answer(
        text.encode("latin-1", "xmlcharrefreplace"),
        content_type="application/atom+xml",
        headers={"Cache-Control": "no-cache"},
    )


def _entries(filing: Filing) -> list[_Entry]:
    """One entry for each party of a filing, as EDGAR has them."""
    accepted = _ACCEPTED.search(filing.body)
    stamp = accepted[1].decode() if accepted else f"{filing.filed:%Y%m%d}170000"
    moment = datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=_EASTERN)
    digits = filing.accession.replace("-", "")
    described = [item.decode("latin-1") for item in _ITEM.findall(filing.body)]
    items = "".join(f"\n&lt;br&gt;Item {_ITEMS[item]}: {escape(item)}" for item in described if item in _ITEMS)
    size = f"{max(1, len(filing.body) // 1024)} KB"
    return [
        _Entry(
            moment,
            filing.accession,
            f"<entry>\n<title>{escape(filing.form)} - {escape(name, quote=False)} ({cik:010d}) ({role})</title>\n"
            f'<link rel="alternate" type="text/html" href="https://www.sec.gov/Archives/edgar/data/{cik}/{digits}/'
            f'{filing.accession}-index.htm"/>\n'
            f'<summary type="html">\n &lt;b&gt;Filed:&lt;/b&gt; {filing.filed} &lt;b&gt;AccNo:&lt;/b&gt;'
            f" {filing.accession} &lt;b&gt;Size:&lt;/b&gt; {size}{items}\n</summary>\n"
            f"<updated>{moment.isoformat()}</updated>\n"
            f'<category scheme="https://www.sec.gov/" label="form type" term="{escape(filing.form)}"/>\n'
            f"<id>urn:tag:sec.gov,2008:accession-number={filing.accession}</id>\n</entry>\n",
        )
        for cik, name, role in _parties(filing)
    ]


def _parties(filing: Filing) -> list[tuple[int, str, str]]:
    """CIK, name and role of each party, in the order of the header."""
    parties: list[tuple[int, str, str]] = []
    role = "Filer"
    for section, cik in _PARTY.findall(filing.body):
        if section:
            role = _ROLES[section]
        elif int(cik) in filing.entities and (int(cik), role) not in [(one, as_) for one, _, as_ in parties]:
            parties.append((int(cik), filing.entities[int(cik)], role))
    return parties or [(cik, name, "Filer") for cik, name in filing.entities.items()]
