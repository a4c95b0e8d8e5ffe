"""A company's page: its names, and its filings by form and year."""

from __future__ import annotations

from collections import Counter

from aiohttp import web
from yarl import URL

from archiver.errors import NotInArchiveError
from archiver.identifiers import Cik
from edgarchive.web.archive import ServedArchive
from edgarchive.web.edgar.tickers import tickers_of
from edgarchive.web.keys import ARCHIVE
from edgarchive.web.pages.render import page

_NEWEST = 20


async def company_page(request: web.Request) -> web.Response:
    """``/company/CIK``. Raises `NotInArchiveError` for a CIK without filings here."""
    archive: ServedArchive = request.app[ARCHIVE]
    cik = Cik(request.match_info["cik"])
    hits = await archive.held_by(cik)
    if not hits:
        raise NotInArchiveError(f"no filing of CIK {int(cik)} is in the archive", "sync or import it first")
    counts = Counter((str(hit.form), hit.filing_date.year) for hit in hits)
    years = sorted({year for _, year in counts})
    forms = Counter(form for form, _ in counts.elements())
    facts = await archive.facts(hits[0].accession)
    entity = next((one for one in facts.header.entities if one.cik == cik), None)

    company = {"company": str(int(cik))}

    def search(form: str, year: int | None = None) -> str:
        days = {} if year is None else {"since": f"{year}-01-01", "until": f"{year}-12-31"}
        return str(URL("/search").with_query({**company, "form": form, **days}))

    return page(
        request,
        "company.html",
        cik=cik,
        name=entity.name if entity else await archive.name_of(int(cik)),
        entity=entity,
        former=entity.former_names if entity else (),
        tickers=await tickers_of(archive, cik),
        years=years,
        rows=[
            {
                "form": form,
                "url": search(form),
                "total": total,
                "cells": [{"count": counts[form, year], "url": search(form, year)} for year in years],
            }
            for form, total in forms.most_common()
        ],
        newest=hits[:_NEWEST],
        total=len(hits),
        first_date=hits[-1].filing_date,
        all_url=str(URL("/search").with_query({**company, "sort": "newest"})),
        feed=str(URL("/search.atom").with_query(company)),
    )
