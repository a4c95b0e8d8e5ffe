"""``/cgi-bin/browse-edgar``: the latest filings, and the filings of a company, as Atom, XML or a page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from aiohttp import web

from archiver.identifiers import Cik
from archiver.listings.current_feed import LAST_START
from archiver.startup.dataclass import dataclass
from edgarchive.watching.schedule import EASTERN
from edgarchive.web.archive import ServedArchive
from edgarchive.web.edgar.filing.index_page import FORM_NAMES, role_name
from edgarchive.web.edgar.names import entities_named
from edgarchive.web.edgar.tickers import cik_of
from edgarchive.web.facts import FilingFacts, with_parties
from edgarchive.web.keys import ARCHIVE, TEMPLATES
from indexer.search.hits import Hit
from indexer.submission.header import Entity
from indexer.submission.items import item_description

_COUNTS = (10, 20, 40, 80, 100)
_OWNERSHIP_FORMS = ("3", "3/A", "4", "4/A", "5", "5/A")
_COMPANIES = 100
_LAST_ENTRY = LAST_START + _COUNTS[-1]
"""Where the feed of the latest filings ends."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A filing as listed for one of its entities."""

    facts: FilingFacts
    entity: Entity | None

    @property
    def cik(self) -> Cik:
        """The entity's CIK; 0 if the header has none."""
        return self.entity.cik if self.entity and self.entity.cik is not None else Cik(0)

    @property
    def page(self) -> str:
        """EDGAR's page of the filing."""
        accession = self.facts.accession
        return f"/Archives/edgar/data/{int(self.cik)}/{accession.digits}/{accession}-index.htm"

    @property
    def size(self) -> str:
        """The size in EDGAR's format."""
        kilobytes = self.facts.size / 1024
        return f"{kilobytes / 1024:.0f} MB" if kilobytes >= 1000 else f"{max(1, round(kilobytes))} KB"  # noqa: PLR2004 — EDGAR's limit

    @property
    def items(self) -> list[tuple[str, str]]:
        """Codes and descriptions of its items."""
        return [(code, item_description(code, self.facts.form) or "") for code in self.facts.header.items]


async def browse(request: web.Request) -> web.Response:
    """The latest filings (``action=getcurrent``) or those of a company (``getcompany``)."""
    action = request.query.get("action", "getcompany").lower()
    if action == "getcurrent":
        return await _current(request)
    if action == "getcompany":
        return await _company(request)
    raise web.HTTPBadRequest(text="action must be getcurrent or getcompany.\n")


def _number(request: web.Request, name: str, *, default: int) -> int:
    text = request.query.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else default  # noqa: PLR2004 — digits


def _place(request: web.Request) -> tuple[int, int]:
    """The first of the requested filings or entries, and how many."""
    count = _number(request, "count", default=40)
    return _number(request, "start", default=0), count if count in _COUNTS else 40


def _day(text: str) -> date | None:
    """A date in EDGAR's parameters: YYYYMMDD or with dashes; None if blank or invalid."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _owner(request: web.Request) -> str:
    """Whether insiders' forms are requested: ``include``, ``exclude`` or ``only``."""
    return (request.query.get("owner") or request.query.get("ownership") or "include").lower()


def _matches(request: web.Request, form: str) -> bool:
    """Whether a form has the requested type, a prefix as in EDGAR's own search, and ownership."""
    wanted = request.query.get("type", "").strip().upper().rstrip("%")
    owner = _owner(request)
    is_ownership = form.upper() in _OWNERSHIP_FORMS
    if (owner == "exclude" and is_ownership) or (owner == "only" and not is_ownership):
        return False
    return form.upper().startswith(wanted)


async def _page_of(request: web.Request, archive: ServedArchive, hits: list[Hit], cik: Cik) -> list[FilingFacts]:
    start, count = _place(request)
    chosen = [hit for hit in hits if _matches(request, str(hit.form))]
    return await archive.rows_of((hit.accession for hit in chosen[start : start + count]), cik)


async def _current(request: web.Request) -> web.Response:
    """The latest filings, with an entry for each entity, as in EDGAR's feed: at most 5,100 entries.

    EDGAR answers 503 past the end; here the feed is valid and empty, which also ends a client's walk.
    """
    archive: ServedArchive = request.app[ARCHIVE]
    start, count = _place(request)
    page: list[Listed] = []
    query, forms = _wanted_forms(request)
    if start <= LAST_START and forms != []:  # each filing up to there is read
        until, passed = start + count, 0
        results = await archive.search(query, form=forms, sort="newest", limit=until, snippets=False)
        for hit in results.hits:
            for facts in await archive.all_cut(
                [hit.accession], "parties", lambda facts: with_parties(facts, _LAST_ENTRY)
            ):
                parties: Sequence[Entity | None] = facts.header.entities or [None]
                page += [Listed(facts, entity) for entity in parties[max(0, start - passed) : max(0, until - passed)]]
                passed += len(parties)
            if passed >= until:
                break
    newest = page[0].facts.accepted if page else None
    if request.query.get("output", "").lower() != "atom":
        return _page(request, "edgar/current.html", listed=page)
    return _xml(request, "edgar/current.atom", "application/atom+xml", listed=page, newest=newest)


def _wanted_forms(request: web.Request) -> tuple[str | None, list[str] | None]:
    """The requested forms (`_matches`) as a query and a filter, which is empty if no form can be requested so."""
    wanted = request.query.get("type", "").strip().upper().rstrip("%")
    if _owner(request) == "only":
        return None, [form for form in _OWNERSHIP_FORMS if form.startswith(wanted)]
    query = " ".join(f"-form:{form}" for form in _OWNERSHIP_FORMS) if _owner(request) == "exclude" else None
    return query, [f"{wanted}*"] if wanted else None


async def _company(request: web.Request) -> web.Response:
    archive: ServedArchive = request.app[ARCHIVE]
    wanted = request.query.get("CIK", "").strip()
    name = request.query.get("company", "").strip()
    cik = await cik_of(archive, wanted) if wanted else None
    if cik is None:
        companies = await entities_named(archive, name or wanted, limit=_COMPANIES)
        if len(companies) != 1:
            return _page(request, "edgar/companies.html", companies=companies, wanted=name or wanted)
        cik = next(iter(companies))
    hits = await archive.held_by(cik)
    first, last = _day(request.query.get("datea", "")), _day(request.query.get("dateb", ""))
    hits = [hit for hit in hits if (not first or hit.filing_date >= first) and (not last or hit.filing_date <= last)]
    if not hits:
        return _page(request, "edgar/companies.html", companies={}, wanted=wanted or name)
    filings = await _page_of(request, archive, hits, cik)
    newest = filings or await archive.rows_of([hits[0].accession], cik)
    entity = next((one for facts in newest if (one := facts.entity(cik)) and one.cik == cik), None)
    listed = [Listed(facts, facts.entity(cik)) for facts in filings]
    values = {"cik": cik, "entity": entity, "listed": listed}
    match request.query.get("output", "").lower():
        case "atom":
            return _xml(request, "edgar/company.atom", "application/atom+xml", **values)
        case "xml":
            return _xml(request, "edgar/company.xml", "application/xml", **values)
        case _:
            return _page(request, "edgar/company.html", **values)


def _render(request: web.Request, template: str, values: dict[str, Any]) -> str:
    base = "https://www.sec.gov"
    return (
        request.app[TEMPLATES]
        .get_template(template)
        .render(base=base, role_name=role_name, form_names=FORM_NAMES, eastern=EASTERN, **values)
    )


def _page(request: web.Request, template: str, **values: Any) -> web.Response:
    return web.Response(text=_render(request, template, values), content_type="text/html")


def _xml(request: web.Request, template: str, content_type: str, **values: Any) -> web.Response:
    # EDGAR declares and sends latin-1; other characters become character references.
    body = _render(request, template, values).encode("latin-1", "xmlcharrefreplace")
    return web.Response(body=body, content_type=content_type, charset="iso-8859-1")
