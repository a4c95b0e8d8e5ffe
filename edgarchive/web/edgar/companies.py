"""A company's filings in the format of data.sec.gov: ``/submissions/CIK##########.json`` and further pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Any

from aiohttp import web

from archiver.identifiers import Cik
from archiver.startup.patterns import lazy_pattern
from edgarchive.web.archive import ServedArchive
from edgarchive.web.edgar.answers import act_number, no_such_key, sic_code
from edgarchive.web.edgar.tickers import tickers_of
from edgarchive.web.facts import FilingFacts
from edgarchive.web.keys import ARCHIVE
from indexer.search.hits import Hit
from indexer.submission.header import Address, Entity

PAGE_FILINGS = 1000
"""Filings in the first response and in each further page (data.sec.gov: at least 1,000 in the first)."""

_FILE = lazy_pattern(r"CIK([0-9]{10})(?:-submissions-([0-9]{3}))?\.json")
_OWNER_ROLES = {"REPORTING-OWNER"}
_ISSUER_ROLES = {"ISSUER"}


async def company_file(request: web.Request) -> web.Response:
    """``/submissions/CIK##########.json`` and ``…-submissions-00N.json``. 404 if there is no filing of that CIK."""
    match = _FILE.fullmatch(request.match_info["file"])
    if match is None:
        raise no_such_key(request)
    archive: ServedArchive = request.app[ARCHIVE]
    cik = Cik(match[1])
    hits = await archive.held_by(cik)
    page = int(match[2]) if match[2] else 0
    part = hits[page * PAGE_FILINGS : (page + 1) * PAGE_FILINGS]
    if not part:
        raise no_such_key(request)
    facts = await archive.rows_of((hit.accession for hit in part), cik)
    if page:
        return web.json_response(columns(facts, cik))
    return web.json_response(
        {
            **company(facts, cik, tickers=await tickers_of(archive, cik)),
            "filings": {"recent": columns(facts, cik), "files": _further_files(hits, cik)},
        }
    )


def columns(filings: Sequence[FilingFacts], cik: Cik) -> dict[str, list[Any]]:
    """The filings of an entity as columns of equal length, with data.sec.gov's names."""
    rows = [_row(facts, cik) for facts in filings]
    return {name: [row[name] for row in rows] for name in _row_names()}


def _row_names() -> tuple[str, ...]:
    return (
        "accessionNumber",
        "filingDate",
        "reportDate",
        "acceptanceDateTime",
        "act",
        "form",
        "fileNumber",
        "filmNumber",
        "items",
        "core_type",
        "size",
        "isXBRL",
        "isInlineXBRL",
        "isXBRLNumeric",
        "primaryDocument",
        "primaryDocDescription",
    )


def _row(facts: FilingFacts, cik: Cik) -> dict[str, Any]:
    entity = facts.entity(cik)
    values = next(iter(entity.filing_values), None) if entity else None
    primary = facts.primary
    period = facts.header.period_of_report
    return {
        "accessionNumber": str(facts.accession),
        "filingDate": facts.filing_date.isoformat(),
        "reportDate": period.isoformat() if period else "",
        "acceptanceDateTime": facts.accepted.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "act": act_number(values.act if values else None),
        "form": str(facts.form),
        "fileNumber": (values.file_number if values else None) or "",
        "filmNumber": (values.film_number if values else None) or "",
        "items": ",".join(facts.header.items),
        "core_type": str(facts.form),
        "size": facts.size,
        "isXBRL": int(facts.is_xbrl),
        "isInlineXBRL": int(facts.is_inline_xbrl),
        "isXBRLNumeric": int(facts.is_xbrl),
        "primaryDocument": primary.filename if primary else "",
        "primaryDocDescription": (primary.description if primary else None) or "",
    }


def company(filings: Sequence[FilingFacts], cik: Cik, *, tickers: Sequence[str]) -> dict[str, Any]:
    """The facts about an entity from its latest filing, with data.sec.gov's keys."""
    entities = [entity for facts in filings for entity in facts.header.entities if entity.cik == cik]
    newest = entities[0] if entities else None
    roles = {entity.role for entity in entities}
    return {
        "cik": cik.padded,
        "entityType": "operating" if newest and newest.sic else "other",
        "sic": sic_code(newest.sic) if newest and newest.sic else "",
        "sicDescription": _title_case(newest.sic_description) if newest else "",
        "ownerOrg": (newest.organization_name if newest else None) or "",
        "insiderTransactionForOwnerExists": int(bool(roles & _OWNER_ROLES)),
        "insiderTransactionForIssuerExists": int(bool(roles & _ISSUER_ROLES)),
        "name": newest.name if newest else "",
        "tickers": list(tickers),
        "exchanges": [None] * len(tickers),
        "ein": newest.irs_number if newest else None,
        "lei": None,
        "description": "",
        "website": "",
        "investorWebsite": "",
        "category": "",
        "fiscalYearEnd": newest.fiscal_year_end if newest else None,
        "stateOfIncorporation": (newest.state_of_incorporation if newest else None) or "",
        "stateOfIncorporationDescription": (newest.state_of_incorporation if newest else None) or "",
        "addresses": {
            "mailing": _address(_latest(entities, "mail_address")),
            "business": _address(_latest(entities, "business_address")),
        },
        "phone": phone.phone if (phone := _latest(entities, "business_address")) else None,
        "flags": "",
        "formerNames": _former_names(entities),
    }


def _latest(entities: Sequence[Entity], attribute: str) -> Address | None:
    return next((address for entity in entities if (address := getattr(entity, attribute))), None)


def _address(address: Address | None) -> dict[str, Any]:
    if address is None:
        keys = ("street1", "street2", "city", "stateOrCountry", "zipCode", "stateOrCountryDescription")
        rest = ("isForeignLocation", "foreignStateTerritory", "country", "countryCode")
        return dict.fromkeys((*keys, *rest))
    # EDGAR's codes for foreign places contain a digit or do not have two letters.
    state = address.state or ""
    foreign = bool(state) and not state.isalpha()
    return {
        "street1": address.street1,
        "street2": address.street2,
        "city": address.city,
        "stateOrCountry": address.state,
        "zipCode": address.zip,
        "stateOrCountryDescription": address.state,
        "isForeignLocation": int(foreign),
        "foreignStateTerritory": None,
        "country": None,
        "countryCode": address.state if foreign else None,
    }


def _former_names(entities: Sequence[Entity]) -> list[dict[str, Any]]:
    names: dict[str, str | None] = {}
    for entity in entities:
        for former in entity.former_names:
            names.setdefault(former.name, f"{former.changed.isoformat()}T00:00:00.000Z" if former.changed else None)
    return [{"name": name, "from": None, "to": changed} for name, changed in names.items()]


def _title_case(description: str | None) -> str:
    return (description or "").title() if (description or "").isupper() else description or ""


def _further_files(hits: Sequence[Hit], cik: Cik) -> list[dict[str, Any]]:
    """The further pages, each with its number of filings and its days."""
    files = []
    for number, start in enumerate(range(PAGE_FILINGS, len(hits), PAGE_FILINGS), start=1):
        part = hits[start : start + PAGE_FILINGS]
        files.append(
            {
                "name": f"CIK{cik.padded}-submissions-{number:03d}.json",
                "filingCount": len(part),
                "filingFrom": part[-1].filing_date.isoformat(),
                "filingTo": part[0].filing_date.isoformat(),
            }
        )
    return files
