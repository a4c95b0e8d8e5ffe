"""The routes of our own pages and JSON."""

from __future__ import annotations

from aiohttp import web

from edgarchive.web.api.filings import companies_json, document_text, filing_json, healthz, status_json
from edgarchive.web.api.openapi import openapi
from edgarchive.web.api.search import search_atom, search_csv, search_json, search_jsonl
from edgarchive.web.pages.assets import opensearch_description, static_file
from edgarchive.web.pages.company import company_page
from edgarchive.web.pages.filing import filing_page, reader_page
from edgarchive.web.pages.search import search_page

_ACCESSION = r"{accession:\d{10}-?\d{2}-?\d{6}}"
_SEQUENCE = r"{sequence:\d{1,9}}"


def own_routes() -> list[web.RouteDef]:
    """All routes but EDGAR's."""
    return [
        web.get("/", search_page),
        web.get("/search", search_page),
        web.get("/search.json", search_json),
        web.get("/search.jsonl", search_jsonl),
        web.get("/search.csv", search_csv),
        web.get("/search.atom", search_atom),
        web.get(f"/filing/{_ACCESSION}", filing_page),
        web.get(f"/filing/{_ACCESSION}.json", filing_json),
        web.get(f"/filing/{_ACCESSION}/{_SEQUENCE}", reader_page),
        web.get(f"/filing/{_ACCESSION}/{_SEQUENCE}.txt", document_text),
        web.get(r"/company/{cik:\d{1,10}}", company_page),
        web.get("/companies.json", companies_json),
        web.get("/status.json", status_json),
        web.get("/healthz", healthz),
        web.get("/openapi.json", openapi),
        web.get("/opensearch.xml", opensearch_description),
        web.get(r"/static/{name:[a-z]+\.(?:css|js|svg)}", static_file),
    ]
