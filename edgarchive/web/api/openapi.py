"""The OpenAPI 3.1 description of the JSON API; its search parameters come from the search options."""

from __future__ import annotations

import dataclasses
from importlib.metadata import version
from typing import Any, get_args

from aiohttp import web

from edgarchive.web.api.schemas import SCHEMAS, Schema, of
from edgarchive.web.params import BOM, COMPANY, DEFAULT_LIMIT, MAX_LIMIT, PLACE, SPANS, option_fields
from indexer.engine import Sort
from indexer.fields import FACETS
from indexer.query.scopes.filings import Unit
from indexer.search.options import SEVERAL

_JSON, _TEXT = "application/json", "text/plain"
_FLAG = {"type": "string", "enum": ["0", "1"]}
_MEANINGS = {
    "q": "Words, phrases, patterns and fields, in edgarchive's query language: resign* item:5.02",
    COMPANY: "A company's name, CIK or ticker",
    "cik": "CIK of any entity of the filing",
    "ticker": "Ticker, in the list of tickers saved by the last sync with tickers",
    "form": "Form type, in any case; * and ? are wildcards: 8-K*",
    "item": "Item code of an 8-K: 5.02, or 5 before 23 August 2004; * and ? are wildcards",
    "name": "Words of one entity's name, current or former, in any order",
    "type": "Document type; EX-10 includes EX-10.1; * and ? are wildcards",
    "section": "Section of a 10-K, 10-Q or 8-K in which all words must occur: 1A, II 1A, 5.02, risk-factors",
    "series": "Words of the name, the id or the ticker of a fund's series or class",
    "sic": "SIC code of any entity; * and ? are wildcards",
    "state": "State of incorporation of any entity, as EDGAR's code or by name",
    "main": "1: only main documents",
    "exhibits": "1: only exhibits, whose document types begin with EX-",
    "amendments": "1: only amendments; 0: none",
    "since": "First filing date: 2015, 2015-06 or 2015-06-30",
    "until": "Last filing date: 2015, 2015-06 or 2015-06-30",
    "added_since": "Added to the archive since this day, time (UTC) or run",
    "range": "Filed within the last 30 days, or one, five or ten years; since takes precedence",
    "sort": "Order of the hits; by default relevance with q, else newest; added: last added first",
    "documents": "1: a hit for each document, not for each filing",
    "stem": "1: also match words with the same English stem",
    "within": "Whether all words must occur in one document or may be in different documents of one filing",
    "passages": "How many of the best passages each hit lists",
    "context_words": "Words to show on each side of a match",
    "limit": f"Maximum number of hits; a page has {DEFAULT_LIMIT} by default",
    "offset": "Number of hits to skip",
    "facet": "Also count all hits by this field",
    BOM: "1: start with the byte order mark that Excel needs",
}


async def openapi(_request: web.Request) -> web.Response:
    """``/openapi.json``."""
    return web.json_response(document())


def document() -> dict[str, Any]:
    """The complete description."""
    search = search_parameters()
    number = {"type": "string", "pattern": "^[0-9]{10}-[0-9]{2}-[0-9]{6}$"}
    accession = _parameter("accession", number, "Accession number, with dashes", where="path")
    sequence = _parameter(
        "sequence", {"type": "integer", "minimum": 0}, "Number of the document in its filing", where="path"
    )
    name = _parameter("name", {"type": "string"}, "Name of the saved search", where="path")
    section = _parameter("section", {"type": "string"}, "Only the text of this section: 1A, II 1A, 5.02, risk-factors")
    place = _parameter(PLACE, {"type": "integer", "minimum": 1}, "Of several with this number, the one at this place")
    prefix = _parameter("q", {"type": "string"}, "How the name or the ticker begins")
    no_page = [one for one in search if one["name"] not in {"facet", "offset"}]
    return {
        "openapi": "3.1.0",
        "info": {"title": "edgarchive", "version": version("edgarchive")},
        "paths": {
            "/search.json": _get("One page of hits", search, _JSON, of("Results")),
            "/search.jsonl": _get("All hits, one JSON object per line", search, "application/x-ndjson"),
            "/search.csv": _get("All hits as CSV", [*search, _parameter(BOM, _FLAG)], "text/csv"),
            "/search.atom": _get("The newest hits as an Atom feed", no_page, "application/atom+xml"),
            "/saved/{name}.atom": _get(
                "The latest hits of a saved search as an Atom feed", [name], "application/atom+xml"
            ),
            "/filing/{accession}.json": _get("A filing", [accession], _JSON, of("Filing")),
            "/filing/{accession}/{sequence}.txt": _get(
                "The text of a document", [accession, sequence, place, section], _TEXT
            ),
            "/companies.json": _get("Companies by name or ticker", [prefix], _JSON, of("Companies")),
            "/status.json": _get("What the archive holds", [], _JSON, of("Status")),
            "/healthz": _get("Whether the archive can be read", [], _JSON, of("Health")),
        },
        "components": {"schemas": SCHEMAS},
    }


def search_parameters() -> list[dict[str, Any]]:
    """The parameters of a search."""
    found = [_parameter("q", {"type": "string"}), _parameter(COMPANY, {"type": "string"})]
    for name, field in option_fields().items():
        found.append(_parameter(name, _schema(name, field)))
    found.append(_parameter("range", {"type": "string", "enum": [*SPANS, "all"]}))
    found.append(_parameter("limit", {"type": "integer", "minimum": 0, "maximum": MAX_LIMIT}))
    found.append(_parameter("offset", {"type": "integer", "minimum": 0}))
    found.append(_parameter("facet", {"type": "array", "items": {"type": "string", "enum": list(FACETS)}}))
    return found


def _schema(name: str, field: dataclasses.Field[Any]) -> dict[str, Any]:
    if isinstance(field.default, bool) or "bool" in str(field.type):
        return _FLAG
    if name in {"passages", "context_words"}:
        return {"type": "integer", "minimum": 0}
    if name == "sort":
        return {"type": "string", "enum": list(get_args(Sort))}
    if name == "within":
        return {"type": "string", "enum": list(get_args(Unit))}
    return {"type": "array", "items": {"type": "string"}} if name in SEVERAL else {"type": "string"}


def _parameter(
    name: str, schema: dict[str, Any], meaning: str | None = None, *, where: str = "query"
) -> dict[str, Any]:
    description = meaning or _MEANINGS[name]
    return {"name": name, "in": where, "required": where == "path", "description": description, "schema": schema}


def _get(
    summary: str, parameters: list[dict[str, Any]], content_type: str, schema: Schema | None = None
) -> dict[str, Any]:
    error = {"content": {_JSON: {"schema": of("Error")}}}
    return {
        "get": {
            "summary": summary,
            "parameters": parameters,
            "responses": {
                "200": {"description": "OK", "content": {content_type: {"schema": schema or {"type": "string"}}}},
                "400": {"description": "The request cannot be read", **error},
                "404": {"description": "The archive does not have it", **error},
                "500": {"description": "Stored bytes are damaged", **error},
                "503": {"description": "Busy, or the archive has no index", **error},
            },
        }
    }
