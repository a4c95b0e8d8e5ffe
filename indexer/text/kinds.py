"""The kind of a document, from its name, its wrapper and its first bytes."""

from __future__ import annotations

import re
from typing import Literal

from archiver.startup.patterns import lazy_pattern
from indexer.text.uuencode import uuencoded_name

_EXHIBIT_WORD = lazy_pattern(r"^\s*(?:exhibits?|ex)[\s.-]*(?=[0-9])", re.IGNORECASE)

DocumentKind = Literal["html", "text", "xml", "pdf", "image", "archive", "spreadsheet", "xbrl", "paper"]

SNIFFED_BYTES = 1024
"""The number of bytes of a body that `document_kind` examines."""

_KIND_OF_EXTENSION: dict[str, DocumentKind] = {
    "htm": "html",
    "html": "html",
    "xhtml": "html",
    "txt": "text",
    "xml": "xml",
    "xsl": "xml",
    "xsd": "xbrl",
    "pdf": "pdf",
    "bmp": "image",
    "gif": "image",
    "jpeg": "image",
    "jpg": "image",
    "png": "image",
    "tif": "image",
    "tiff": "image",
    "zip": "archive",
    "gz": "archive",
    "xls": "spreadsheet",
    "xlsx": "spreadsheet",
    "paper": "paper",
}
_RENDERER_FILES = frozenset({"metalinks.json", "report.css", "show.js"})
"""Files added by EDGAR's XBRL viewer: not the filer's words; the first has megabytes of the taxonomy's labels."""

_RENDERING_NAME = lazy_pattern(r"R[0-9]+\.(?:htm|xml)|FilingSummary\.xml|Financial_Report\.xlsx?", re.IGNORECASE)
_RENDERING_TYPES = frozenset({"XML", "EXCEL"})
_RENDERING_DESCRIPTION = "IDEA: XBRL DOCUMENT"
_XBRL_TYPES = ("EX-100", "EX-101")

_WRAPPER = lazy_pattern(rb"\s*<(PDF|XML|XBRL)>[ \t]*(?:\r\n|\r|\n)?")
_XBRL_ROOT = lazy_pattern(rb"<(?:[A-Za-z][\w.-]*:)?(?:xbrl|schema|linkbase)[\s>]")
_HTML = lazy_pattern(rb"<(?:!doctype\s+html|html|head|title|body|font|div|p)\b", re.IGNORECASE)


def document_kind(*, type: str, filename: str | None, head: bytes) -> DocumentKind:  # noqa: A002 — EDGAR's word
    """The kind of a document from its `type`, its `filename` and `head`, the first `SNIFFED_BYTES` of its body.

    The extension of the file name decides, as on EDGAR's pages, except that the types and root elements of XBRL, which
    has many extensions, come first. Without a name or with an unknown extension, wrapper and first bytes decide.
    """
    if type.upper().startswith(_XBRL_TYPES) or (filename and filename.lower() in _RENDERER_FILES):
        return "xbrl"
    kind = _kind_of_name(filename) or _kind_of_head(head)
    return "xbrl" if kind == "xml" and (_wrapper(head) == b"XBRL" or _XBRL_ROOT.search(head)) else kind


def is_xbrl(*, type: str, filename: str | None, description: str | None) -> bool:  # noqa: A002 — EDGAR's word
    """Whether a document is XBRL: the filer's data (``EX-101.INS``), or EDGAR's rendering of it.

    The renderer's files have the type ``XML``, ``JSON``, ``EXCEL`` or ``ZIP``, fixed names (``R1.htm``,
    ``FilingSummary.xml``, ``MetaLinks.json``) and usually the description ``IDEA: XBRL DOCUMENT``. Their content is in
    the report itself, so indexing both would find everything twice.
    """
    name = filename or ""
    return (
        type.upper().startswith(_XBRL_TYPES)
        or (description or "").upper().startswith(_RENDERING_DESCRIPTION)
        or name.lower() in _RENDERER_FILES
        or (type.upper() in _RENDERING_TYPES and _RENDERING_NAME.fullmatch(name) is not None)
    )


def with_exhibit_prefix(typed: str) -> str:
    """A typed document type in EDGAR's spelling: ``Exhibit 99.1`` and ``EX99.1`` are ``EX-99.1``."""
    return _EXHIBIT_WORD.sub("EX-", typed)


def unwrap(body: bytes) -> bytes:
    """`body` without EDGAR's ``<PDF>``, ``<XML>`` or ``<XBRL>`` around the file's content, otherwise unchanged."""
    match = _WRAPPER.match(body)
    if match is None:
        return body
    close = body.rfind(b"</" + match[1] + b">", match.end())
    return body[match.end() : close if close >= 0 else len(body)]


def _wrapper(head: bytes) -> bytes:
    match = _WRAPPER.match(head)
    return match[1] if match else b""


def _kind_of_name(filename: str | None) -> DocumentKind | None:
    return _KIND_OF_EXTENSION.get((filename or "").lower().rpartition(".")[2])


def _kind_of_head(head: bytes) -> DocumentKind:
    wrapper, inner = _wrapper(head), unwrap(head).lstrip()
    encoded_name = uuencoded_name(inner)
    if encoded_name is not None:
        return _kind_of_name(encoded_name) or ("pdf" if wrapper == b"PDF" else "archive")
    if wrapper == b"PDF" or inner.startswith(b"%PDF"):
        return "pdf"
    if _HTML.search(inner):
        return "html"
    return "xml" if wrapper or inner.startswith(b"<?xml") else "text"
