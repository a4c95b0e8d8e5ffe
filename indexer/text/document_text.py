"""From a document's bytes to the text that is searched and read."""

from __future__ import annotations

import re

from archiver.startup.patterns import lazy_pattern
from indexer.text.charset import decode
from indexer.text.html_text import html_text
from indexer.text.kinds import DocumentKind, unwrap
from indexer.text.xml_text import xml_text

_LAYOUT_TAG = lazy_pattern(r"</?(?:PAGE|TABLE|CAPTION|S|C|FN|F[0-9]{1,3})>", re.IGNORECASE)


def document_text(body: bytes, *, kind: DocumentKind) -> str:
    """The text of a document's `body`; empty for kinds without text (pdf, image, archive, spreadsheet, xbrl, paper)."""
    if kind == "html":
        return html_text(unwrap(body))
    if kind == "xml":
        return xml_text(unwrap(body))
    return plain_text(body) if kind == "text" else ""


def plain_text(data: bytes) -> str:
    """Plain text unchanged, with LF line ends. EDGAR's layout tags become spaces, so that columns stay aligned."""
    text = decode(data).replace("\r\n", "\n").replace("\r", "\n")
    return _LAYOUT_TAG.sub(lambda tag: " " * len(tag.group()), text)
