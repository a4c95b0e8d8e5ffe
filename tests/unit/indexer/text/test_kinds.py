from __future__ import annotations

import pytest

from indexer.text.kinds import document_kind, is_xbrl, unwrap


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


@pytest.mark.parametrize(
    ("doctype", "filename", "description", "expected"),
    [
        ("XML", "R12.htm", "IDEA: XBRL DOCUMENT", True),
        ("XML", "R2.xml", None, True),
        ("XML", "FilingSummary.xml", None, True),
        ("JSON", "MetaLinks.json", "IDEA: XBRL DOCUMENT", True),
        ("EXCEL", "Financial_Report.xlsx", None, True),
        ("ZIP", "0001193125-24-000001-xbrl.zip", "IDEA: XBRL DOCUMENT", True),
        ("XML", "d8k_htm.xml", "IDEA: XBRL DOCUMENT", True),
        ("EX-101.INS", "acme-20240331.xml", "XBRL INSTANCE DOCUMENT", True),
        ("EX-100.SCH", "acme.xsd", None, True),
        ("8-K", "R1.htm", None, False),
        ("EX-10.1", "ex101.htm", "EMPLOYMENT AGREEMENT", False),
        ("4", "doc4.xml", None, False),
        ("INFORMATION TABLE", "table.xml", None, False),
        ("EX-99.1", None, None, False),
        ("GRAPHIC", "logo.jpg", None, False),
    ],
)
def test_xbrl_and_its_renderings_are_told_from_reports(
    doctype: str, filename: str | None, description: str | None, *, expected: bool
) -> None:
    """Type, the renderer's own names and its description tell; a filer's exhibit is never taken for one."""
    assert is_xbrl(type=doctype, filename=filename, description=description) is expected
