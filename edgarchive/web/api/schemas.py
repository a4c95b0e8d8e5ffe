"""JSON schemas of the API's answers, for its OpenAPI description."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

_STRING: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_FLAG: Schema = {"type": "boolean"}
_DAY: Schema = {"type": "string", "format": "date"}
_MOMENT: Schema = {"type": "string", "format": "date-time"}
_VALUE: Schema = {"type": ["string", "integer"]}


def _or_null(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]} if "type" in schema else {"anyOf": [schema, {"type": "null"}]}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _object(properties: dict[str, Schema], *, optional: dict[str, Schema] | None = None) -> Schema:
    """An object that has all of `properties`, and may have those of `optional`."""
    return {
        "type": "object",
        "properties": {**properties, **(optional or {})},
        "required": list(properties),
        "additionalProperties": False,
    }


def of(name: str) -> Schema:
    """A reference to one of `SCHEMAS`."""
    return {"$ref": f"#/components/schemas/{name}"}


_FILING: dict[str, Schema] = {
    "accession": _STRING,
    "form": _STRING,
    "filing_date": _or_null(_DAY),
    "acceptance_datetime": {**_or_null(_STRING), "description": "US Eastern time, as in the header."},
    "period_of_report": _or_null(_DAY),
    "items": _list(_STRING),
    "entities": _list(of("Entity")),
    "url": {**_or_null(_STRING), "description": "The filing on sec.gov."},
}
_DERIVED: Schema = {**_FLAG, "description": "The items are from headings, as the header left them blank."}
_DOCUMENT: dict[str, Schema] = {
    "sequence": _or_null(_COUNT),
    "type": _or_null(_STRING),
    "filename": _or_null(_STRING),
    "description": _or_null(_STRING),
}
_BYTES: dict[str, Schema] = {
    "source": {"type": "string", "enum": ["index", "feed", "import"]},
    "source_url": _or_null(_STRING),
    "bytes": _COUNT,
    "sha256": _STRING,
    "stored_at": _MOMENT,
    "path": _STRING,
}

SCHEMAS: dict[str, Schema] = {
    "Error": _object({"error": _STRING, "position": _or_null(_COUNT), "hint": _or_null(_STRING)}),
    "Entity": _object({"cik": _or_null(_COUNT), "name": _STRING, "role": _STRING}),
    "Section": _object({"part": _or_null(_STRING), "item": _STRING, "heading": _STRING}),
    "Hit": _object(
        {
            **_FILING,
            "document": _or_null(_object(_DOCUMENT, optional={"truncated": _FLAG})),
            "score": _or_null({"type": "number"}),
            "snippet": {**_or_null(_STRING), "description": "Matches are between <em> and </em>."},
            "matches": _or_null(_COUNT),
            "section": _or_null(of("Section")),
            "added": _or_null(_MOMENT),
        },
        optional={"items_derived": _DERIVED, "entities_left_out": _COUNT, "passages": _list(_STRING)},
    ),
    "Results": _object(
        {
            "query": _or_null(_STRING),
            "total": _COUNT,
            "took_ms": {"type": "number"},
            "hits": _list(of("Hit")),
            "next": {**_or_null(_STRING), "description": "Path of the next page; null at the end."},
            "facets": {
                "type": "object",
                "additionalProperties": _list(_object({"value": _VALUE, "count": _COUNT})),
            },
        },
        optional={"diagnosis": {"type": "object", "description": "Why nothing was found; `text` is for people."}},
    ),
    "Filing": _object(
        {
            **_FILING,
            "documents": _list(
                _object({**_DOCUMENT, "bytes": _COUNT, "kind": _STRING}, optional={"xbrl": _FLAG}),
            ),
            "header": {"type": "object", "description": "The header as filed, by its labels or tags."},
            "record": of("Record"),
        },
        optional={"items_derived": _DERIVED},
    ),
    "Record": _object(
        {
            "accession": _STRING,
            "form": _STRING,
            "filing_date": _DAY,
            "cik": _or_null(_COUNT),
            **_BYTES,
            "stored_bytes": _COUNT,
            "signature": {"enum": ["valid", "invalid", None], "description": "The SEC's signature in the file."},
            "added": _MOMENT,
            "added_run": _or_null(_COUNT),
            "withdrawn_at": _or_null(_MOMENT),
            "indexed": _FLAG,
            "beside": _list(_object({**_BYTES, "kind": _STRING})),
        }
    ),
    "Companies": _object(
        {"companies": _list(_object({"cik": _COUNT, "name": _STRING, "tickers": _list(_STRING)}))},
    ),
    "Status": _object(
        {
            "submissions": _COUNT,
            "bytes": _COUNT,
            "stored_bytes": _COUNT,
            "last_sync": _or_null(_MOMENT),
            "sync": {"type": ["object", "null"], "description": "The last or running sync."},
            "unindexed": _COUNT,
            "index_error": _or_null(_STRING),
            "texts": _or_null(_object({"submissions": _COUNT, "text_bytes": _COUNT, "stored_bytes": _COUNT})),
            "forms": _list(_object({"form": _STRING, "year": _COUNT, "count": _COUNT})),
        }
    ),
    "Health": _object({"status": {"const": "ok"}}),
}
"""By name."""
