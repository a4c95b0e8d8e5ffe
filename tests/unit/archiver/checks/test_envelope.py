from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.checks.envelope import EnvelopeReader, EnvelopeResult, Opening, opening_of
from tests.loopback.pem import wrap

PADDING = b"text\n" * 600
BODIES = {
    Opening.SEC: b"<SEC-DOCUMENT>0.txt\n" + PADDING + b"</SEC-DOCUMENT>\n",
    Opening.IMS: b"<IMS-DOCUMENT>0.txt\n" + PADDING + b"</IMS-DOCUMENT>",
    Opening.DISSEMINATION: b"\r<SUBMISSION>\r" + PADDING + b"</SUBMISSION>\r",
    Opening.PEM: wrap(b"<SEC-DOCUMENT>0.txt\n" + PADDING + b"</SEC-DOCUMENT>\n"),
}


def read(body: bytes, *cuts: int) -> EnvelopeResult:
    """The verdict on `body`, fed in pieces of the sizes `cuts`, then the rest."""
    reader = EnvelopeReader()
    for size in [*cuts, len(body)]:
        reader.feed(body[:size])
        body = body[size:]
    return reader.finish()


@pytest.mark.parametrize("opening", Opening)
def test_a_whole_body_is_known_by_its_opening_and_its_closing_tag(opening: Opening) -> None:
    """White space before the opening and after the closing tag means nothing."""
    result = read(BODIES[opening])
    assert (result.opening, result.closed) == (opening, True)
    assert result.signature == ("invalid" if opening is Opening.PEM else None)


@pytest.mark.parametrize("opening", Opening)
def test_a_body_cut_anywhere_near_its_end_is_not_closed(opening: Opening) -> None:
    """One missing byte of the closing tag is enough."""
    body = BODIES[opening].rstrip()
    for missing in range(1, 40):
        assert not read(body[:-missing]).closed


@pytest.mark.parametrize("body", [b"", b"   \n", b"<html></html>", b"x<SEC-DOCUMENT>", b"<SEC-DOC", PADDING])
def test_what_has_no_known_opening_is_no_submission(body: bytes) -> None:
    """Neither is it closed, whatever it ends with."""
    assert read(body + b"</SEC-DOCUMENT>") == EnvelopeResult(None, closed=False, signature=None)
    assert opening_of(body) is None


@pytest.mark.parametrize(
    ("opening", "closing"),
    [(Opening.SEC, b"</SUBMISSION>"), (Opening.IMS, b"</SEC-DOCUMENT>"), (Opening.PEM, b"</SEC-DOCUMENT>")],
)
def test_only_the_closing_tag_of_its_kind_closes_a_body(opening: Opening, closing: bytes) -> None:
    """A signed message that ends with the tag of its body is cut."""
    assert not read(opening.encode() + PADDING + closing).closed


@given(st.sampled_from(Opening), st.lists(st.integers(min_value=0, max_value=2500), max_size=12))
def test_chunks_make_no_difference(opening: Opening, cuts: list[int]) -> None:
    """The verdict is the same however the bytes arrived."""
    assert read(BODIES[opening], *cuts) == read(BODIES[opening])


def test_a_short_body_is_read_too() -> None:
    """A submission smaller than the first look is whole all the same."""
    assert read(b"<SUBMISSION></SUBMISSION>").closed
