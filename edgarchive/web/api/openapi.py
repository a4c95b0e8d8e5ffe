"""The OpenAPI 3.1 description of the JSON API; its search parameters come from the search options."""

from __future__ import annotations

import dataclasses
from importlib.metadata import version
from typing import Any, get_args

from aiohttp import web

from edgarchive.web.api.schemas import SCHEMAS, Schema, of
from edgarchive.web.params import BOM, COMPANY, MAX_LIMIT, SPANS, option_fields
from indexer.engine import Sort
from indexer.fields import FACETS
from indexer.query.scopes.filings import Unit
from indexer.search.options import SEVERAL

_JSON, _TEXT = "application/json", "text/plain"
_ACCESSION = {
    "name": "accession",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": "^[0-9]{10}-[0-9]{2}-[0-9]{6}$"},
}
_FLAG = {"type": "string", "enum": ["0", "1"]}
_NAME = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
_SEQUENCE = {"name": "sequence", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 0}}


async def openapi(_request: web.Request) -> web.Response:
    """``/openapi.json``."""
    return web.json_response(document())


def document() -> dict[str, Any]:
    """The complete description."""
    search = search_parameters()
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
                "The latest hits of a saved search as an Atom feed", [_NAME], "application/atom+xml"
            ),
            "/filing/{accession}.json": _get("A filing", [_ACCESSION], _JSON, of("Filing")),
            "/filing/{accession}/{sequence}.txt": _get(
                "The text of a document", [_ACCESSION, _SEQUENCE, _parameter("section", {"type": "string"})], _TEXT
            ),
            "/companies.json": _get(
                "Companies by name or ticker", [_parameter("q", {"type": "string"})], _JSON, of("Companies")
            ),
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


def _parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema}


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
                "503": {"description": "Busy, or the archive has no index", **error},
            },
        }
    }
