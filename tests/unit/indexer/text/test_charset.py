from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from indexer.text.charset import decode


def test_valid_utf8_is_read_as_utf8() -> None:
    """Text that is valid UTF-8 keeps its letters; a byte order mark is no text."""
    assert decode("\ufeffCafé “5 %”".encode()) == "Café “5 %”"


def test_what_is_not_utf8_is_read_as_windows_1252() -> None:
    """The curly quotes and dashes that word processors left in old filings come out as such."""
    assert decode(b"the \x93Company\x94 \x96 caf\xe9 \x81") == "the “Company” – café \x81"


@given(st.binary())
def test_no_bytes_fail(data: bytes) -> None:
    """Every input gives a text of no more characters than bytes."""
    assert len(decode(data)) <= len(data)
