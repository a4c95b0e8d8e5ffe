"""The faults of the loopback EDGAR are those of EDGAR, and befall the requests that they name."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import time
from urllib.parse import urlsplit

import pytest

from tests.loopback import LoopbackEdgar, faults
from tests.loopback.faults import FAULTS
from tests.unit.loopback_client import ONE, ONE_BODY, ONE_PATH, QUARTER, USER_AGENT, get


@pytest.mark.parametrize("path", ["*", ONE, "/Archives/edgar/data/*"])
def test_a_fault_befalls_the_requests_it_names_so_many_times(edgar: LoopbackEdgar, path: str) -> None:
    """By glob or accession number, `times` times, then no more; other paths are spared."""
    edgar.inject(faults.server_error_500(), path=path, times=2)
    assert get(edgar, f"{QUARTER}/index.json").status == (500 if path == "*" else 200)
    expected = [500, 200, 200] if path == "*" else [500, 500, 200]
    assert [get(edgar, ONE_PATH).status for _ in expected] == expected


def test_faults_are_cleared(edgar: LoopbackEdgar) -> None:
    """One that would last for ever ends when the test says so."""
    edgar.inject(faults.maintenance_503(), times=None)
    assert {get(edgar, ONE_PATH).status for _ in range(3)} == {503}
    edgar.clear_faults()
    assert get(edgar, ONE_PATH).status == 200


def test_faults_are_known_by_their_names() -> None:
    """The mapping, the function and the fault agree."""
    assert [make().name for make in FAULTS.values()] == list(FAULTS)


@pytest.mark.parametrize(
    ("name", "status", "content_type", "words"),
    [
        ("block_page_403", 403, "text/html", b"SEC.gov | Request Rate Threshold Exceeded"),
        ("block_page_200", 200, "text/html", b"SEC.gov | Request Rate Threshold Exceeded"),
        ("undeclared_200", 200, "text/html", b"Undeclared Automated Tool"),
        ("too_many_requests_429", 429, "text/html", b"SEC.gov | Request Rate Threshold Exceeded"),
        ("maintenance_503", 503, "text/html", b"SEC.gov | File Unavailable"),
        ("maintenance_200", 200, "text/html", b"SEC.gov | File Unavailable"),
        ("absent_403", 403, "application/xml", b"<Code>AccessDenied</Code>"),
        ("no_such_key_404", 404, "application/xml", b"<Code>NoSuchKey</Code>"),
        ("server_error_500", 500, "text/html", b"500"),
        ("html_for_sgml", 200, "text/html", b"<html"),
        ("empty_body", 200, "text/plain", b""),
    ],
)
def test_a_page_comes_in_place_of_the_submission(
    edgar: LoopbackEdgar, name: str, status: int, content_type: str, words: bytes
) -> None:
    """Each refusal has its status, type and words, and nothing of the submission; gzipped as EDGAR does."""
    edgar.inject(FAULTS[name]())
    reply = get(edgar, ONE_PATH, Accept_Encoding="gzip")
    assert (reply.status, reply.headers["Content-Type"]) == (status, content_type)
    assert words in reply.decoded
    assert b"Thistlewood" not in reply.decoded
    assert ("ETag" in reply.headers) == (name in {"maintenance_503", "maintenance_200", "empty_body"})


def test_a_retry_after_is_sent_where_given(edgar: LoopbackEdgar) -> None:
    """EDGAR was not seen to send one, so it is off unless asked for."""
    edgar.inject(faults.too_many_requests_429())
    edgar.inject(faults.too_many_requests_429(retry_after="7"))
    assert [get(edgar, ONE_PATH).headers.get("Retry-After") for _ in range(2)] == [None, "7"]


@pytest.mark.parametrize(
    ("name", "body", "etag_is_of_the_whole"),
    [
        ("wrong_etag", ONE_BODY, False),
        ("no_closing_tag", ONE_BODY[: len(ONE_BODY) * 2 // 3], True),
        ("no_closing_tag_no_etag", ONE_BODY[: len(ONE_BODY) * 2 // 3], None),
    ],
)
def test_a_whole_answer_may_lie(
    edgar: LoopbackEdgar, name: str, body: bytes, *, etag_is_of_the_whole: bool | None
) -> None:
    """The framing is sound, the body or its ETag is not."""
    edgar.inject(FAULTS[name]())
    reply = get(edgar, ONE_PATH, Accept_Encoding="gzip")
    assert reply.decoded == body
    etag = reply.headers.get("ETag")
    md5 = hashlib.md5(ONE_BODY, usedforsecurity=False).hexdigest()
    assert etag is None if etag_is_of_the_whole is None else (etag == f'"{md5}-gzip"') == etag_is_of_the_whole


def test_one_bit_is_flipped_inside_a_sound_gzip_stream(edgar: LoopbackEdgar) -> None:
    """Only the ETag tells."""
    edgar.inject(faults.flipped_byte())
    reply = get(edgar, ONE_PATH, Accept_Encoding="gzip")
    differing = [(a, b) for a, b in zip(reply.decoded, ONE_BODY, strict=True) if a != b]
    assert [a ^ b for a, b in differing] == [1]
    assert reply.headers["ETag"] == f'"{hashlib.md5(ONE_BODY, usedforsecurity=False).hexdigest()}-gzip"'


@pytest.mark.parametrize(("name", "host"), [("redirect_same_host", ""), ("redirect_other_host", "elsewhere.invalid")])
def test_redirects_stay_or_leave(edgar: LoopbackEdgar, name: str, host: str) -> None:
    """302 to this host, where the file is, or to one that does not exist."""
    edgar.inject(FAULTS[name]())
    reply = get(edgar, ONE_PATH)
    location = urlsplit(reply.headers["Location"])
    assert (reply.status, location.netloc) == (302, host)
    if not host:
        assert get(edgar, f"{ONE_PATH}?{location.query}").body == ONE_BODY


def test_a_short_body_breaks_its_content_length(edgar: LoopbackEdgar) -> None:
    """Half of the bytes, then the end of the connection."""
    edgar.inject(faults.short_body())
    with pytest.raises(http.client.IncompleteRead) as caught:
        get(edgar, ONE_PATH)
    assert caught.value.partial == ONE_BODY[: len(ONE_BODY) // 2]


def test_a_cut_gzip_stream_is_framed_as_if_whole(edgar: LoopbackEdgar) -> None:
    """HTTP is content; only the gzip trailer is missing."""
    edgar.inject(faults.cut_gzip())
    reply = get(edgar, ONE_PATH, Accept_Encoding="gzip")
    assert int(reply.headers["Content-Length"]) == len(reply.body)
    with pytest.raises(EOFError):
        gzip.decompress(reply.body)


def test_a_reset_mid_body_is_a_reset(edgar: LoopbackEdgar) -> None:
    """The status line and half of the body come, then RST."""
    edgar.inject(faults.reset_mid_body())
    connection = http.client.HTTPConnection(urlsplit(edgar.base_url).netloc, timeout=10)
    connection.request("GET", ONE_PATH, headers={"User-Agent": USER_AGENT})
    response = connection.getresponse()
    half = len(ONE_BODY) // 2
    assert (response.status, response.read(half)) == (200, ONE_BODY[:half])
    with pytest.raises(ConnectionResetError):
        response.read()
    connection.close()


@pytest.mark.parametrize(
    ("fault", "least_s"),
    [(faults.slow_first_byte(delay_s=0.3), 0.3), (faults.trickle(pieces=10, pause_s=0.03), 0.3)],
    ids=["slow_first_byte", "trickle"],
)
def test_slow_answers_are_slow_and_whole(edgar: LoopbackEdgar, fault: faults.Fault, least_s: float) -> None:
    """Nothing is missing, it only takes its time."""
    edgar.inject(fault)
    began_s = time.monotonic()
    assert get(edgar, ONE_PATH).body == ONE_BODY
    assert time.monotonic() - began_s >= least_s
