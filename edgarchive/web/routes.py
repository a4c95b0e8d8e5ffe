"""The routes of our pages and JSON, and of EDGAR's URLs.

The paths of www.sec.gov, data.sec.gov and efts.sec.gov do not collide.
"""

from __future__ import annotations

from aiohttp import web

from edgarchive.web.api.filings import companies_json, document_text, filing_json, healthz, status_json
from edgarchive.web.api.openapi import openapi
from edgarchive.web.api.saved import saved_atom
from edgarchive.web.api.search import search_atom, search_csv, search_json, search_jsonl
from edgarchive.web.edgar.browse import browse
from edgarchive.web.edgar.companies import company_file
from edgarchive.web.edgar.filing.files import folder_file, index_page, submission_file
from edgarchive.web.edgar.full_text import full_text_search
from edgarchive.web.edgar.indexes import daily_index_file, full_index_file, index_folder
from edgarchive.web.edgar.tickers import ticker_file
from edgarchive.web.pages.assets import opensearch_description, static_file
from edgarchive.web.pages.company import company_page
from edgarchive.web.pages.filing import filing_page, reader_page
from edgarchive.web.pages.search import search_page
from edgarchive.web.safety import FULL_TEXT_PATH

_ACCESSION = r"{accession:\d{10}-?\d{2}-?\d{6}}"
_SEQUENCE = r"{sequence:\d{1,9}}"

_EDGAR = "/Archives/edgar"
_QUARTER = r"{year:\d{4}}/QTR{quarter:[1-4]}"
_CIK = r"{cik:\d{1,10}}"
_EDGAR_ACCESSION = r"{accession:\d{10}-\d{2}-\d{6}}"
_FOLDER = r"{folder:\d{18}}"


def own_routes() -> list[web.RouteDef]:
    """All routes except EDGAR's."""
    return [
        web.get("/", search_page),
        web.get("/search", search_page),
        web.get("/search.json", search_json),
        web.get("/search.jsonl", search_jsonl),
        web.get("/search.csv", search_csv),
        web.get("/search.atom", search_atom),
        web.get(r"/saved/{name:[A-Za-z0-9][A-Za-z0-9_.-]{0,63}}.atom", saved_atom),
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


def edgar_routes() -> list[web.RouteDef]:
    """All of EDGAR's URLs that the archive answers."""
    routes = []
    for tree, index_file in (("full-index", full_index_file), ("daily-index", daily_index_file)):
        listing = index_folder(tree)
        for folder in ("", "{year:\\d{4}}/", f"{_QUARTER}/"):
            routes.append(web.get(f"{_EDGAR}/{tree}/{folder}", listing))
            routes.append(web.get(f"{_EDGAR}/{tree}/{folder}index.json", listing))
        routes.append(web.get(f"{_EDGAR}/{tree}/{_QUARTER}/{{file}}", index_file))
    for place in (f"{_CIK}/", ""):
        routes.append(web.get(f"{_EDGAR}/data/{place}{_EDGAR_ACCESSION}-index.{{suffix:html?}}", index_page))
        routes.append(web.get(f"{_EDGAR}/data/{place}{_FOLDER}/{{file:.*}}", folder_file))
    return [
        *routes,
        web.get(f"{_EDGAR}/data/{_CIK}/{_EDGAR_ACCESSION}.txt", submission_file),
        web.get("/submissions/{file}", company_file),
        web.get(r"/files/{file:company_tickers(?:_exchange|_mf)?\.json}", ticker_file),
        web.get(r"/include/{file:ticker\.txt}", ticker_file),
        web.get("/cgi-bin/browse-edgar", browse),
        web.get(FULL_TEXT_PATH, full_text_search),
        web.post(FULL_TEXT_PATH, full_text_search),
    ]
