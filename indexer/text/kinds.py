"""What kind of document a body is, told from its name, its wrapper and its first bytes."""

from __future__ import annotations

import re
from typing import Literal

from indexer.text.uuencode import uuencoded_name

DocumentKind = Literal["html", "text", "xml", "pdf", "image", "archive", "spreadsheet", "xbrl", "paper"]

SNIFFED_BYTES = 1024
"""How much of a body `document_kind` looks at."""

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
"""What EDGAR's XBRL viewer adds: no words of the filer's, and in the first the taxonomy's labels by the megabyte."""

_RENDERING_NAME = re.compile(r"R[0-9]+\.(?:htm|xml)|FilingSummary\.xml|Financial_Report\.xlsx?", re.IGNORECASE)
_RENDERING_TYPES = frozenset({"XML", "EXCEL"})
_RENDERING_DESCRIPTION = "IDEA: XBRL DOCUMENT"
_XBRL_TYPES = ("EX-100", "EX-101")

_WRAPPER = re.compile(rb"\s*<(PDF|XML|XBRL)>[ \t]*(?:\r\n|\r|\n)?")
_XBRL_ROOT = re.compile(rb"<(?:[A-Za-z][\w.-]*:)?(?:xbrl|schema|linkbase)[\s>]")
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|title|body|font|div|p)\b", re.IGNORECASE)


def document_kind(*, type: str, filename: str | None, head: bytes) -> DocumentKind:  # noqa: A002 - EDGAR's word
    """The kind of a document from its `type`, its `filename` and `head`, the first `SNIFFED_BYTES` of its body.

    The file name's extension decides, as it does on EDGAR's pages; XBRL has many, so that its types and root elements
    stand before it. A document without a name, or with an unknown extension, is told by its wrapper and first bytes.
    """
    if type.upper().startswith(_XBRL_TYPES) or (filename and filename.lower() in _RENDERER_FILES):
        return "xbrl"
    kind = _kind_of_name(filename) or _kind_of_head(head)
    return "xbrl" if kind == "xml" and (_wrapper(head) == b"XBRL" or _XBRL_ROOT.search(head)) else kind


def is_xbrl(*, type: str, filename: str | None, description: str | None) -> bool:  # noqa: A002 - EDGAR's word
    """Whether a document is XBRL: the filer's data (``EX-101.INS``), or what EDGAR's renderer made of them.

    The renderer's files are of type ``XML``, ``JSON``, ``EXCEL`` or ``ZIP``, have fixed names (``R1.htm``,
    ``FilingSummary.xml``, ``MetaLinks.json``) and mostly the description ``IDEA: XBRL DOCUMENT``. All that they say is
    said in the report itself, so that searching both finds everything twice.
    """
    name = filename or ""
    return (
        type.upper().startswith(_XBRL_TYPES)
        or (description or "").upper().startswith(_RENDERING_DESCRIPTION)
        or name.lower() in _RENDERER_FILES
        or (type.upper() in _RENDERING_TYPES and _RENDERING_NAME.fullmatch(name) is not None)
    )


def unwrap(body: bytes) -> bytes:
    """`body` without EDGAR's own ``<PDF>``, ``<XML>`` or ``<XBRL>`` around the file's content; else as it is."""
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
