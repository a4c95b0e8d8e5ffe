"""The routes of EDGAR's URLs: www.sec.gov, data.sec.gov and efts.sec.gov, whose paths do not collide."""

from __future__ import annotations

from aiohttp import web

from edgarchive.web.edgar.browse import browse
from edgarchive.web.edgar.companies import company_file
from edgarchive.web.edgar.files import folder_file, index_page, submission_file
from edgarchive.web.edgar.full_text import full_text_search
from edgarchive.web.edgar.indexes import daily_index_file, full_index_file, index_folder
from edgarchive.web.edgar.tickers import ticker_file
from edgarchive.web.safety import FULL_TEXT_PATH

_EDGAR = "/Archives/edgar"
_QUARTER = r"{year:\d{4}}/QTR{quarter:[1-4]}"
_CIK = r"{cik:\d{1,10}}"
_ACCESSION = r"{accession:\d{10}-\d{2}-\d{6}}"
_FOLDER = r"{folder:\d{18}}"


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
        routes.append(web.get(f"{_EDGAR}/data/{place}{_ACCESSION}-index.{{suffix:html?}}", index_page))
        routes.append(web.get(f"{_EDGAR}/data/{place}{_FOLDER}/{{file:.*}}", folder_file))
    return [
        *routes,
        web.get(f"{_EDGAR}/data/{_CIK}/{_ACCESSION}.txt", submission_file),
        web.get("/submissions/{file}", company_file),
        web.get(r"/files/{file:company_tickers(?:_exchange|_mf)?\.json}", ticker_file),
        web.get(r"/include/{file:ticker\.txt}", ticker_file),
        web.get("/cgi-bin/browse-edgar", browse),
        web.get(FULL_TEXT_PATH, full_text_search),
        web.post(FULL_TEXT_PATH, full_text_search),
    ]
