from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.submission.sgml import outline
from tests.loopback import pem

_HEADER = b"<SEC-HEADER>x\nACCESSION NUMBER:\t0000950103-25-008153\n</SEC-HEADER>\n"


def document(body: bytes, head: bytes = b"<TYPE>8-K\n<SEQUENCE>1\n<FILENAME>a.htm\n<DESCRIPTION>FORM 8-K\n") -> bytes:
    """A whole document."""
    return b"<DOCUMENT>\n" + head + b"<TEXT>\n" + body + b"</TEXT>\n</DOCUMENT>\n"


def bodies(data: bytes) -> list[bytes]:
    """The bodies of all documents."""
    return [data[span.start : span.end] for span in outline(data).documents]


def test_values_and_bodies_are_found() -> None:
    """Each document has its values and the exact span of its body; the header is what stands before."""
    data = _HEADER + document(b"<p>one</p>\n") + document(b"two\n", b"<TYPE>EX-99\n") + b"</SEC-DOCUMENT>\n"
    first, second = outline(data).documents
    assert (first.type, first.sequence, first.filename, first.description) == ("8-K", 1, "a.htm", "FORM 8-K")
    assert (second.type, second.sequence, second.filename, second.description) == ("EX-99", None, None, None)
    assert bodies(data) == [b"<p>one</p>\n", b"two\n"]
    assert outline(data).header == b"<SEC-HEADER>x\nACCESSION NUMBER:\t0000950103-25-008153\n"


@pytest.mark.parametrize("cut", [b"<", b"</", b"</SEC-HEAD", b"</SEC-HEADER", b"<DOCUMEN", b"\t\tDATE OF NAM"])
def test_a_name_cut_off_at_the_end_is_no_value(cut: bytes) -> None:
    """A file that ends inside a tag or label has the lines before it, and nothing more."""
    header = _HEADER.partition(b"</")[0]
    assert outline(header + cut).header == header


@pytest.mark.parametrize("line_end", [b"\n", b"\r", b"\r\n"])
def test_any_line_end_will_do(line_end: bytes) -> None:
    """Files with LF, with CRLF and with bare CR have the same documents."""
    data = (_HEADER + document(b"one\n") + document(b"two\n")).replace(b"\n", line_end)
    assert bodies(data) == [b"one" + line_end, b"two" + line_end]


def test_a_body_may_speak_of_tags() -> None:
    """Tags inside a line, a root element of that name and a closing tag in the text do not end or start a document."""
    body = b"a <DOCUMENT>\n<TYPE>10-K is cited\nsay </TEXT> and\n<DOCUMENT>\n<child>1</child>\n"
    assert bodies(_HEADER + document(body) + document(b"two\n")) == [body, b"two\n"]


def test_a_description_may_go_on_in_the_next_line() -> None:
    """A value broken over two lines is one value."""
    (span,) = outline(document(b"x\n", b"<TYPE>8-K\n<DESCRIPTION>AGREEMENT AND\nPLAN\n")).documents
    assert span.description == "AGREEMENT AND PLAN"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"<DOCUMENT>\n<TYPE>8-K\n<TEXT>\ncut of", [b"cut of"]),
        (b"<DOCUMENT>\n<TYPE>8-K\n<TEXT>\nno end\n</DOCUMENT>\n</SEC-DOCUMENT>\n", [b"no end\n"]),
        (b"<DOCUMENT>\n<TYPE>8-K\n<TEXT>\none\n<DOCUMENT>\n<TYPE>EX-99\n<TEXT>\ntwo\n</TEXT>\n", [b"one\n", b"two\n"]),
        (b"<DOCUMENT>\n<TYPE>40-17G\n</DOCUMENT>\n", [b""]),
        (b"<DOCUMENT>\n<TYPE>8-", [b""]),
        (b"no tags at all", []),
        (b"", []),
    ],
)
def test_what_is_cut_or_lost_gives_what_is_there(data: bytes, expected: list[bytes]) -> None:
    """A missing closing tag costs no other document its body."""
    assert bodies(data) == expected


def test_the_head_of_a_signed_message_is_no_header() -> None:
    """The header of a PEM-wrapped submission starts after the message's own head, with or without a blank line."""
    head = (
        b"-----BEGIN PRIVACY-ENHANCED MESSAGE-----\nProc-Type: 2001,MIC-CLEAR\nMIC-Info: RSA-MD5,RSA,\n Syg8r7Gqv0==\n"
    )
    for blank in (b"\n", b""):
        parts = outline(head + blank + b"<SEC-DOCUMENT>x\n" + _HEADER + document(b"one\n"))
        assert parts.is_pem
        assert parts.header.startswith(b"<SEC-DOCUMENT>x\n<SEC-HEADER>")
    assert not outline(_HEADER).is_pem


def test_messages_in_a_row_give_all_documents() -> None:
    """A file of two signed messages has the header of the first and the documents of both."""
    data = pem.wrap(_HEADER + document(b"one\n")) + pem.wrap(_HEADER + document(b"two\n"))
    assert bodies(data) == [b"one\n", b"two\n"]
    assert outline(data).header == outline(_HEADER).header


def test_an_indented_file_has_its_documents() -> None:
    """A file that whoever kept it indented throughout is still split."""
    data = b"".join(b"    " + line for line in (_HEADER + document(b"words\n")).splitlines(keepends=True))
    assert [body.strip() for body in bodies(data)] == [b"words"]


@pytest.mark.timeout(10)
@pytest.mark.slow
def test_a_hundred_thousand_documents_are_split() -> None:
    """Reading the file once for each document would pass the time limit many times over."""
    assert len(outline(_HEADER + document(b"word\n") * 100_000).documents) == 100_000


@pytest.mark.timeout(10)
@pytest.mark.parametrize("piece", [b"x", b" ", b"<DOCUMENT>", b"<TEXT>", b"</TEXT>", b"\n<DOCUMENT> "])
@pytest.mark.slow
def test_a_body_of_ten_megabytes_is_one_body(piece: bytes) -> None:
    """Without any line end, or of nothing but tags: it stays whole."""
    body = piece * (10_000_000 // len(piece)) + b"\n"
    assert bodies(_HEADER + document(body)) == [body]


@given(st.lists(st.sampled_from([b"<DOCUMENT>", b"<TYPE>", b"<TEXT>", b"</TEXT>", b"</DOCUMENT>", b"\n", b"\r", b"x"])))
def test_spans_are_ordered_and_inside_the_data(pieces: list[bytes]) -> None:
    """Whatever stands where, spans lie inside the bytes, in order, and do not overlap."""
    data = b"".join(pieces)
    position = 0
    for span in outline(data).documents:
        assert position <= span.start <= span.end <= len(data)
        position = span.end


@pytest.mark.timeout(30)  # what is quadratic here takes minutes
@pytest.mark.parametrize(
    "piece", [b"</TEXT>", b" <TEXT>", b"<DOCUMENT>\n", b"<DOCUMENT>\n<TYPE>x\n", b"\r", b"</DOCUMENT>\n"]
)
@pytest.mark.slow
def test_time_is_linear_in_size(piece: bytes) -> None:
    """A megabyte of nothing but one tag takes about as long as a megabyte of text."""
    data = b"<DOCUMENT>\n<TYPE>8-K\n<TEXT>\n" + piece * (1_000_000 // len(piece))
    assert all(span.end <= len(data) for span in outline(data).documents)
