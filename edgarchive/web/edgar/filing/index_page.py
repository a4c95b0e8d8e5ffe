"""EDGAR's index page of a filing: the header's facts and the table of documents, in EDGAR's own markup.

Programs parse this page by its classes, ids, table summaries and white space, so the template reproduces all of them
(recorded pages; docs/edgar.md).
"""

from __future__ import annotations

import html

from aiohttp import web

from archiver.startup.patterns import lazy_pattern
from archiver.visible import visible
from edgarchive.web.edgar.answers import act_number, file_link
from edgarchive.web.edgar.filing.header_tags import tagged_header
from edgarchive.web.facts import DocumentFacts, FilingFacts
from edgarchive.web.keys import TEMPLATES
from indexer.submission.header import Entity
from indexer.submission.items import item_description

_ROLES = {
    "FILER": "Filer",
    "SUBJECT COMPANY": "Subject",
    "FILED BY": "Filed by",
    "FILED FOR": "Filed for",
    "REPORTING-OWNER": "Reporting",
    "ISSUER": "Issuer",
    "SERIAL COMPANY": "Serial Company",
    "DEPOSITOR": "Depositor",
    "SECURITIZER": "Securitizer",
    "ISSUING_ENTITY": "Issuing Entity",
    "UNDERWRITER": "Underwriter",
}

FORM_NAMES = {
    "3": "Initial statement of beneficial ownership of securities",
    "4": "Statement of changes in beneficial ownership of securities",
    "5": "Annual statement of changes in beneficial ownership of securities",
    "6-K": "Report of foreign issuer",
    "8-K": "Current report",
    "10-K": "Annual report",
    "10-K405": "Annual report",
    "10-KSB": "Annual report of small business issuers",
    "10-Q": "Quarterly report",
    "10-QSB": "Quarterly report of small business issuers",
    "13F-HR": "Quarterly report filed by institutional managers, Holdings",
    "20-F": "Annual and transition report of foreign private issuers",
    "40-F": "Annual reports filed by certain Canadian issuers",
    "424B2": "Prospectus",
    "424B3": "Prospectus",
    "424B5": "Prospectus",
    "DEF 14A": "Other definitive proxy statements",
    "S-1": "General form for registration of securities under the Securities Act of 1933",
    "S-3": "Registration statement under Securities Act of 1933",
    "S-4": "Registration of securities, business combinations",
    "S-8": "Securities to be offered to employees in employee benefit plans",
    "SC 13D": "General statement of acquisition of beneficial ownership",
    "SC 13G": "Statement of acquisition of beneficial ownership by individuals",
}
"""EDGAR's short descriptions of the most frequent forms; the page leaves others blank."""


def role_name(role: str) -> str:
    """EDGAR's name of a role on its pages and in its feed, for the header's label (``REPORTING-OWNER``)."""
    return _ROLES.get(role.upper(), role.replace("-", " ").replace("_", " ").title())


def filing_index_page(request: web.Request, facts: FilingFacts) -> web.Response:
    """The page of a filing."""
    template = request.app[TEMPLATES].get_template("edgar/filing_index.html")
    text = template.render(
        facts=facts,
        form_name=FORM_NAMES.get(str(facts.form.base), ""),
        items=[(code, item_description(code, facts.form)) for code in facts.header.items],
        filed=[document for document in facts.documents if not document.is_data],
        data=[document for document in facts.documents if document.is_data],
        inline=facts.primary if facts.is_inline_xbrl else None,
        entities=facts.header.entities,
        role_name=role_name,
        values=_values,
    )
    return web.Response(text=text, content_type="text/html")


def _values(entity: Entity) -> tuple[str, str, str, str]:
    """Form, Act, file number and film number of an entity, each blank if the header has none."""
    for value in entity.filing_values:
        return str(value.form or ""), act_number(value.act), value.file_number or "", value.film_number or ""
    return "", "", "", ""


def header_page(facts: FilingFacts, header: str) -> web.Response:
    """``ACC-index-headers.html``: the header as tags in a comment, as it is stored, and a link to each document."""
    links = "\n".join(
        f'<a href="{file_link(document.filename)}">{_label(document)}</a><br>' for document in facts.documents
    )
    return web.Response(
        text='<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>SEC EDGAR Submission {facts.accession}</title>\n<!--\n{_in_comment(tagged_header(facts))}-->\n"
        f"</head><body><pre>{html.escape(visible(header))}</pre>\n{links}\n</body></html>\n",
        content_type="text/html",
    )


def _in_comment(text: str) -> str:
    """`text` inside of an HTML comment, which nothing in it ends."""
    return _COMMENT_END.sub(r"--\1&gt;", visible(text))


_COMMENT_END = lazy_pattern("--(!?)>")


def _label(document: DocumentFacts) -> str:
    return html.escape(visible(f"{document.sequence or ''} {document.type} {document.filename}".strip()))
