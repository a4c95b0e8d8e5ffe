from __future__ import annotations

import pytest

from indexer.text.kinds import document_kind, unwrap


@pytest.mark.parametrize(
    ("doctype", "filename", "head", "kind"),
    [
        ("8-K", "d8k.htm", b"<XBRL>\n<?xml version='1.0'?><html>", "html"),
        ("XML", "R1.htm", b"<html>", "html"),
        ("EX-99.1", "ex.txt", b"<PAGE>", "text"),
        ("GRAPHIC", "LOGO.JPG", b"begin 644 LOGO.JPG\n", "image"),
        ("EXCEL", "Financial_Report.xlsx", b"begin 644 Financial_Report.xlsx\n", "spreadsheet"),
        ("ZIP", "0001-xbrl.zip", b"begin 644 x\n", "archive"),
        ("EX-101.SCH", "a-2024.xsd", b"<XBRL>\n<?xml", "xbrl"),
        ("EX-100.INS", "a.xml", b"<XML>", "xbrl"),
        ("XML", "d8k_htm.xml", b"<XML>\n<?xml version='1.0'?>\n<xbrl xmlns='x'>", "xbrl"),
        ("JSON", "MetaLinks.json", b"{", "xbrl"),
        ("4", "doc4.xml", b"<XML>\n<?xml version='1.0'?>\n<ownershipDocument>", "xml"),
        ("INFORMATION TABLE", "table.xml", b"<XML>\n<informationTable>", "xml"),
        ("40-17G", "9999999997-04-000123.paper", b"", "paper"),
        ("10-K", None, b"\n<HTML><HEAD>", "html"),
        ("10-K", None, b"\n<PAGE>\nA table:\n<TABLE>\n<S> <C>\n", "text"),
        ("EX-99", None, b"<PDF>\nbegin 644 x\nM", "pdf"),
        ("EX-99", None, b"\nbegin 644 chart.gif\nM", "image"),
        ("4", None, b"<XML>\n<ownershipDocument>", "xml"),
        ("EX-99", None, b"", "text"),
    ],
)
def test_kind_is_told_by_name_then_by_content(doctype: str, filename: str | None, head: bytes, kind: str) -> None:
    """The file name decides; without one the wrapper and the first bytes do; XBRL is known by type and root."""
    assert document_kind(type=doctype, filename=filename, head=head) == kind


def test_the_wrapper_is_edgars_and_not_the_files() -> None:
    """What stands around a filed XML or PDF file is taken off, once, and a body without it stays as it is."""
    assert unwrap(b"<XML>\n<?xml version='1.0'?><a>1</a>\n</XML>\n") == b"<?xml version='1.0'?><a>1</a>\n"
    assert unwrap(b"<PDF>\r\nbegin 644 x") == b"begin 644 x"
    assert unwrap(b"the <XML> tag\n</XML>") == b"the <XML> tag\n</XML>"
