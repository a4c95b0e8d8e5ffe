"""A document's bytes as the text that is searched and read."""

from __future__ import annotations

import re

from indexer.text.charset import decode
from indexer.text.html_text import html_text
from indexer.text.kinds import DocumentKind, unwrap
from indexer.text.xml_text import xml_text

EXTRACTOR_VERSION = 3
"""Raise it with every change that gives another text, or other sections, for any document.

Texts that are kept with another version are extracted again (docs/format.md).
"""

_LAYOUT_TAG = re.compile(r"</?(?:PAGE|TABLE|CAPTION|S|C|FN|F[0-9]{1,3})>", re.IGNORECASE)


def document_text(body: bytes, *, kind: DocumentKind) -> str:
    """The text of a document's `body`; empty for what holds none (pdf, image, archive, spreadsheet, xbrl, paper)."""
    if kind == "html":
        return html_text(unwrap(body))
    if kind == "xml":
        return xml_text(unwrap(body))
    return plain_text(body) if kind == "text" else ""


def plain_text(data: bytes) -> str:
    """Plain text as it stands, line ends as LF. EDGAR's layout tags become blanks, so that columns stay in place."""
    text = decode(data).replace("\r\n", "\n").replace("\r", "\n")
    return _LAYOUT_TAG.sub(lambda tag: " " * len(tag.group()), text)
