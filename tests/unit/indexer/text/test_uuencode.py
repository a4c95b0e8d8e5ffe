from __future__ import annotations

import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.text.uuencode import uudecode, uuencoded_name


def uuencode(data: bytes, *, backtick: bool, line_end: bytes = b"\n", strip: bool = False) -> bytes:
    """`data` as EDGAR encodes it; `strip` loses the blanks at line ends."""
    lines = [binascii.b2a_uu(data[at : at + 45], backtick=backtick).rstrip(b"\n") for at in range(0, len(data), 45)]
    if strip:
        lines = [line.rstrip(b" ") for line in lines]
    return line_end.join([b"begin 644 chart.pdf", *lines, b"`" if backtick else b"", b"end", b""])


@given(st.binary(max_size=500), st.booleans(), st.sampled_from([b"\n", b"\r", b"\r\n"]), st.booleans())
def test_decoding_gives_the_exact_bytes(data: bytes, backtick: bool, line_end: bytes, strip: bool) -> None:  # noqa: FBT001
    """Zeros as backtick or space, blanks lost at line ends, any line end: the file comes out byte for byte."""
    assert uudecode(uuencode(data, backtick=backtick, line_end=line_end, strip=strip)) == data


def test_a_doubled_leading_dot_is_undone() -> None:
    """A line that starts with a dot is found with two of them in real files, as mail would send it."""
    data = b"\n116\r\n%%EOF\r\n"
    encoded = uuencode(data + b"!", backtick=True)
    assert b"\n." in encoded
    assert uudecode(encoded.replace(b"\n.", b"\n..")) == data + b"!"


def test_blanks_after_end_still_end_the_file() -> None:
    """The last line counts with blanks behind it too, and what follows is not read."""
    assert uudecode(b"begin 644 x\n#0V%T\n`\nend \t\nnot encoded\n") == b"Cat"


def test_the_name_stands_in_the_begin_line() -> None:
    """The begin line tells the file's name; other text has none."""
    assert uuencoded_name(b"begin 644 a b.jpg\nM") == "a b.jpg"
    assert uuencoded_name(b"begin the meeting\n") is None


def test_text_that_is_not_encoded_is_refused() -> None:
    """Neither plain text nor a line with foreign characters is taken for a file."""
    for data in (b"no begin line\n", b"begin 644 x\nM\xff\xff\xff\xff\nend\n"):
        with pytest.raises(ValueError, match=r"begin|char"):
            uudecode(data)
