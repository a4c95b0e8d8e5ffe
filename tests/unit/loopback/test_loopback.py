"""The loopback EDGAR answers as EDGAR does; every other test of the network stands on that."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import hashlib
import http.client
import io
import json
import re
import signal
import subprocess
import sys
import tarfile
import time
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from archiver.checks.pem import SEC_KEYS, PemVerifier, PublicKey
from tests.loopback import FIXTURES, LoopbackEdgar, faults, pem
from tests.paths import CORPUS, ROOT
from tests.unit.loopback_client import ONE, ONE_BODY, ONE_PATH, QUARTER, USER_AGENT, get


def dated(day: date) -> bytes:
    """A submission filed on `day`, with an accession number of its own."""
    accession = f"0009000900-{day:%y}-{day:%m%d}99"
    body = ONE_BODY.replace(ONE.encode(), accession.encode())
    return body.replace(b"FILED AS OF DATE:\t\t20041222", f"FILED AS OF DATE:\t\t{day:%Y%m%d}".encode())


def test_a_submission_is_served_under_every_cik_of_it_and_both_addresses(edgar: LoopbackEdgar) -> None:
    """Every entity's CIK gives the same bytes, with and without the folder of 18 digits."""
    accession = "0009000900-22-000318"
    body = (FIXTURES / f"{accession}.txt").read_bytes()
    for cik in (9000005, 9000006):
        for folder in ("", accession.replace("-", "") + "/"):
            reply = get(edgar, f"/Archives/edgar/data/{cik}/{folder}{accession}.txt")
            assert (reply.status, reply.body) == (200, body)


def test_the_etag_is_the_md5_of_the_decoded_body(edgar: LoopbackEdgar) -> None:
    """With ``-gzip`` where the client asked for gzip and got it, without where not."""
    md5 = hashlib.md5(ONE_BODY, usedforsecurity=False).hexdigest()
    plain, packed = get(edgar, ONE_PATH), get(edgar, ONE_PATH, Accept_Encoding="gzip, deflate")
    assert (plain.headers["ETag"], plain.body) == (f'"{md5}"', ONE_BODY)
    assert (packed.headers["ETag"], packed.headers["Content-Encoding"]) == (f'"{md5}-gzip"', "gzip")
    assert packed.decoded == ONE_BODY
    assert packed.headers["Last-Modified"] == "Wed, 22 Dec 2004 22:00:00 GMT"


@pytest.mark.parametrize(
    "path",
    [
        f"/Archives/edgar/data/9000002/{ONE}.txt",
        "/Archives/edgar/data/9000001/0009000900-04-000102.txt",
        f"/Archives/edgar/data/9000001/000900090004000102/{ONE}.txt",
        "/elsewhere",
    ],
)
def test_a_wrong_path_is_no_such_key(edgar: LoopbackEdgar, path: str) -> None:
    """A CIK, a number or a folder that is not the submission's is S3's 404."""
    reply = get(edgar, path)
    assert (reply.status, reply.headers["Content-Type"]) == (404, "application/xml")
    assert b"<Code>NoSuchKey</Code>" in reply.body


def test_leading_zeros_in_a_cik_redirect(edgar: LoopbackEdgar) -> None:
    """EDGAR answers 301 to the address without them."""
    reply = get(edgar, ONE_PATH.replace("/9000001/", "/0009000001/"))
    assert (reply.status, reply.headers["Location"]) == (301, ONE_PATH)


@pytest.mark.parametrize("user_agent", ["", "Mozilla/5.0"])
def test_an_undeclared_tool_is_refused(edgar: LoopbackEdgar, user_agent: str) -> None:
    """No user agent, or one without an address, gets the HTML page with 403."""
    reply = get(edgar, ONE_PATH, User_Agent=user_agent)
    assert (reply.status, reply.headers["Content-Type"]) == (403, "text/html")
    assert b"Undeclared Automated Tool" in reply.body


def test_the_master_index_has_a_row_for_every_entity(edgar: LoopbackEdgar) -> None:
    """Co-filers repeat the accession number; rows are sorted by their bytes and latin-1."""
    edgar.add(ONE_BODY.replace(b"MERIDIAN LANTERN", b"M\xc9RIDIEN LANTERN"))
    rows = get(edgar, f"{QUARTER}/master.idx").body.partition(b"-" * 80 + b"\n")[2]
    assert rows.decode("latin-1") == f"9000001|MÉRIDIEN LANTERN CORP|8-K|2004-12-22|edgar/data/9000001/{ONE}.txt\n"
    assert edgar.master_index(2022, 4).decode() == (
        "9000005|BRIGHTWATER POWER CO|8-K|2022-11-03|edgar/data/9000005/0009000900-22-000318.txt\n"
        "9000006|Brightwater Power Funding LLC|8-K|2022-11-03|edgar/data/9000006/0009000900-22-000318.txt\n"
    )
    assert edgar.master_index(2001, 1) == b""


def test_indexes_are_gzipped_both_ways(edgar: LoopbackEdgar) -> None:
    """``master.gz`` is a gzip file, ``master.idx`` is sent compressed; both hold the same text."""
    text = get(edgar, f"{QUARTER}/master.idx").body
    packed = get(edgar, f"{QUARTER}/master.idx", Accept_Encoding="gzip")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.decoded == gzip.decompress(get(edgar, f"{QUARTER}/master.gz").body) == text


@pytest.mark.parametrize(
    ("name", "real"),
    [
        ("full-index/2004/QTR4/master.idx", "master-idx__AndresOlivaDenis__1994_QTR3_master.idx"),
        ("daily-index/2004/QTR4/master.20041222.idx", "daily-master-idx__keskinmbaha__file.txt"),
    ],
)
def test_a_master_index_starts_like_a_real_one(edgar: LoopbackEdgar, name: str, real: str) -> None:
    """As many preamble lines, the same labels, the same column line and the same line of dashes."""
    path = CORPUS / real
    if not path.exists():
        pytest.skip("no corpus of real files here")

    def frame(text: bytes) -> list[bytes]:
        lines = text.splitlines()
        dashes = next(number for number, line in enumerate(lines) if line.startswith(b"----"))
        return [line.partition(b": ")[0] for line in lines[: dashes + 1]]

    assert frame(get(edgar, f"/Archives/edgar/{name}").body) == frame(path.read_bytes())


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        (
            "company",
            (
                f"{'MERIDIAN LANTERN CORP':<62}8-K              9000001     2004-12-22  "
                f"edgar/data/9000001/{ONE}.txt         "
            ),
        ),
        ("form", f"8-K         {'MERIDIAN LANTERN CORP':<62}9000001     2004-12-22  edgar/data/9000001/{ONE}.txt"),
    ],
)
def test_the_other_indexes_stand_in_columns(edgar: LoopbackEdgar, kind: str, line: str) -> None:
    """``company.idx`` and ``form.idx`` have the column widths of real ones."""
    assert get(edgar, f"{QUARTER}/{kind}.idx").body.decode().splitlines()[-1] == line


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(1994, 7, 1), "master.070194.idx"),
        (date(1998, 3, 30), "master.980330.idx"),
        (date(1998, 3, 31), "master.19980331.idx"),
        (date(2024, 1, 2), "master.20240102.idx"),
    ],
)
def test_daily_indexes_have_the_date_spelling_of_their_time(edgar: LoopbackEdgar, day: date, name: str) -> None:
    """MMDDYY in 1994, YYMMDD to 1998-03-30, YYYYMMDD since; other spellings do not exist."""
    edgar.add(dated(day))
    folder = f"/Archives/edgar/daily-index/{day.year}/QTR{(day.month + 2) // 3}"
    reply = get(edgar, f"{folder}/{name}")
    assert f"|{day:%Y%m%d}|edgar/data/9000001/".encode() in reply.body
    others = {day.strftime(f"master.{spelling}.idx") for spelling in ("%m%d%y", "%y%m%d", "%Y%m%d")} - {name}
    assert {get(edgar, f"{folder}/{other}").status for other in others} == {403}


def test_some_quarters_have_gzipped_daily_indexes_only() -> None:
    """There the plain name is absent and the folder does not list it."""
    with LoopbackEdgar([ONE_BODY], daily_gz_quarters={(2004, 4)}) as edgar:
        folder = "/Archives/edgar/daily-index/2004/QTR4"
        assert get(edgar, f"{folder}/master.20041222.idx").status == 403
        assert ONE.encode() in gzip.decompress(get(edgar, f"{folder}/master.20041222.idx.gz").body)
        assert b'20041222.idx"' not in get(edgar, f"{folder}/index.json").body


@pytest.mark.parametrize(
    "path",
    [
        "/Archives/edgar/full-index/2099/QTR1/master.gz",
        "/Archives/edgar/full-index/2099/QTR1/index.json",
        f"{QUARTER}/master.Z",
        "/Archives/edgar/daily-index/2004/QTR4/master.20041223.idx",
        "/Archives/edgar/Feed/2004/QTR4/20041222.nc.tar.gz",
    ],
)
def test_what_is_not_published_is_access_denied(edgar: LoopbackEdgar, path: str) -> None:
    """An index, folder or day that does not exist is S3's 403 in XML, not HTML."""
    reply = get(edgar, path)
    assert (reply.status, reply.headers["Content-Type"]) == (403, "application/xml")
    assert b"<Code>AccessDenied</Code>" in reply.body


def test_every_listed_name_is_served(edgar: LoopbackEdgar) -> None:
    """From the top folders down, what an index.json lists can be asked for, with the size it says."""
    edgar.add_feed(date(2004, 12, 22), {f"{ONE}.nc": b"<SUBMISSION>\n"})
    folders = [f"/Archives/edgar/{tree}/" for tree in ("full-index", "daily-index", "Feed")]
    folders.append("/Archives/edgar/data/9000001/")
    files = 0
    while folders:
        folder = folders.pop()
        listing = json.loads(get(edgar, f"{folder}index.json").body)["directory"]
        assert listing["name"] == folder.removeprefix("/Archives/edgar/")
        assert listing["item"]
        for item in listing["item"]:
            assert set(item) == {"name", "type", "href", "size", "last-modified"}
            if item["type"] == "dir":
                folders.append(folder + item["href"])
            else:
                reply = get(edgar, folder + item["href"])
                assert (reply.status, item["size"]) == (200, f"{-(-len(reply.body) // 1024)} KB")
                files += 1
    assert files > 100


def test_unchanged_indexes_are_304_until_the_next_change(edgar: LoopbackEdgar) -> None:
    """If-Modified-Since is honoured, also for a change within the same second."""
    path = f"{QUARTER}/master.gz"
    first = get(edgar, path)
    since = first.headers["Last-Modified"]
    unchanged = get(edgar, path, If_Modified_Since=since)
    assert (unchanged.status, unchanged.body) == (304, b"")
    edgar.add(dated(date(2004, 12, 22)))
    changed = get(edgar, path, If_Modified_Since=since)
    assert changed.status == 200
    assert changed.body != first.body


def test_range_is_for_feed_tarballs_only(edgar: LoopbackEdgar) -> None:
    """206 with Content-Range there, 416 beyond the end, the whole file for ``master.idx``."""
    edgar.add_feed(date(2004, 12, 22), {f"{ONE}.nc": b"<SUBMISSION>\n</SUBMISSION>\n"})
    path = "/Archives/edgar/Feed/2004/QTR4/20041222.nc.tar.gz"
    whole = get(edgar, path, Accept_Encoding="gzip").body
    with tarfile.open(fileobj=io.BytesIO(whole)) as tar:
        assert tar.getnames() == [f"{ONE}.nc"]
    part = get(edgar, path, Range="bytes=10-")
    assert (part.status, part.headers["Content-Range"]) == (206, f"bytes 10-{len(whole) - 1}/{len(whole)}")
    assert part.body == whole[10:]
    assert get(edgar, path, Range="bytes=2-5").body == whole[2:6]
    assert get(edgar, path, Range=f"bytes={len(whole)}-").status == 416
    ignored = get(edgar, f"{QUARTER}/master.idx", Range="bytes=10-")
    assert (ignored.status, ignored.body) == (200, get(edgar, f"{QUARTER}/master.idx").body)


def test_a_feed_day_may_be_any_bytes(edgar: LoopbackEdgar) -> None:
    """Damaged and hostile tarballs are served as a test gives them."""
    edgar.add_feed(date(2004, 12, 22), b"no tarball")
    assert get(edgar, "/Archives/edgar/Feed/2004/QTR4/20041222.nc.tar.gz").body == b"no tarball"


def test_tickers_are_listed_with_names() -> None:
    """``company_tickers.json`` has EDGAR's shape, the title from the submissions."""
    with LoopbackEdgar(FIXTURES, tickers={"MLAN": 9000001}) as edgar:
        listed = json.loads(get(edgar, "/files/company_tickers.json").body)
    assert listed == {"0": {"cik_str": 9000001, "ticker": "MLAN", "title": "MERIDIAN LANTERN CORP"}}


def test_a_deleted_submission_stays_in_its_daily_index(edgar: LoopbackEdgar) -> None:
    """The SEC deletes from the full index and the archive, never from a daily file."""
    edgar.remove(ONE)
    assert get(edgar, ONE_PATH).status == 404
    assert ONE.encode() not in get(edgar, f"{QUARTER}/master.idx").body
    assert ONE.encode() in get(edgar, "/Archives/edgar/daily-index/2004/QTR4/master.20041222.idx").body


def test_a_new_version_takes_the_place_of_the_old(edgar: LoopbackEdgar) -> None:
    """A correction comes under the same address with another ETag."""
    before = get(edgar, ONE_PATH)
    assert edgar.add(ONE_BODY.replace(b"Thistlewood", b"Thistlewode")) == ONE
    after = get(edgar, ONE_PATH)
    assert b"Thistlewode" in after.body
    assert after.headers["ETag"] != before.headers["ETag"]


def test_gzip_can_be_off() -> None:
    """A server without compression answers plain, whatever the client asks for."""
    with LoopbackEdgar([FIXTURES / f"{ONE}.txt"], gzip=False) as edgar:
        reply = get(edgar, ONE_PATH, Accept_Encoding="gzip")
    assert reply.body == ONE_BODY
    assert "-gzip" not in reply.headers["ETag"]


def test_a_body_that_cannot_be_listed_is_refused() -> None:
    """A test that serves something without an accession number is told so at once."""
    with pytest.raises(ValueError, match="accession number"):
        LoopbackEdgar([b"<SEC-DOCUMENT>\n</SEC-DOCUMENT>\n"])


def test_a_taken_port_is_an_error(edgar: LoopbackEdgar) -> None:
    """Opening fails; nothing hangs."""
    port = urlsplit(edgar.base_url).port
    assert port is not None
    with pytest.raises(OSError, match="address already in use"), LoopbackEdgar(port=port):
        pass


def test_requests_are_recorded_in_order(edgar: LoopbackEdgar) -> None:
    """Time, path with query, status and user agent of each, also of one that got no answer."""
    began_s = time.monotonic()
    get(edgar, ONE_PATH)
    get(edgar, "/nowhere?x=1")
    edgar.inject(faults.reset_before_answer())
    with pytest.raises(ConnectionError):
        get(edgar, ONE_PATH)
    assert [(r.path, r.status) for r in edgar.requests] == [(ONE_PATH, 200), ("/nowhere?x=1", 404), (ONE_PATH, 0)]
    assert began_s < edgar.requests[0].monotonic_s < edgar.requests[2].monotonic_s < time.monotonic()
    assert {(r.method, r.user_agent, r.headers["User-Agent"]) for r in edgar.requests} == {("GET",) + (USER_AGENT,) * 2}
    assert len(edgar.requests_for("/Archives/edgar/data")) == 2


def verdict(data: bytes, trusted_keys: frozenset[PublicKey]) -> str:
    """Whether a signed body verifies."""
    verifier = PemVerifier(trusted_keys=trusted_keys)
    verifier.feed(data)
    return verifier.finish()


def test_a_signed_body_verifies_until_it_is_edited() -> None:
    """Dash stuffing included; one changed byte is seen; our key is not the SEC's."""
    ours = frozenset({PublicKey(*pem.PUBLIC_KEY)})
    signed = pem.wrap(b"<SEC-DOCUMENT>\n- a dash\n-----END PRIVACY-ENHANCED MESSAGE-----\n</SEC-DOCUMENT>\n")
    assert b"\n- - a dash\n- -----END " in signed
    assert verdict(signed, ours) == "valid"
    assert verdict(signed.replace(b"a dash", b"a cash"), ours) == "invalid"
    assert verdict(signed, SEC_KEYS) == "invalid"
    with pytest.raises(ValueError, match="line ends"):
        pem.wrap(b"<SEC-DOCUMENT>\r\n")


def test_signed_messages_are_laid_out_like_real_ones() -> None:
    """Line for line the same fields, and the SEC's own key comes out as the SEC encoded it."""
    path = CORPUS / "0000320193-94-000016.txt"
    if not path.exists():
        pytest.skip("no corpus of real files here")
    real = path.read_bytes().partition(b"\n\n")[0].decode("ascii")
    ours = pem.wrap(ONE_BODY).partition(b"\n\n")[0].decode("ascii")
    shape = re.compile(r"^ \S+$|(?<=Name: ).*", re.MULTILINE)
    assert shape.sub("", ours) == shape.sub("", real)
    encoded = re.findall(r"^ (\S+)$", real, re.MULTILINE)
    key = next(key for key in SEC_KEYS if key.n.bit_length() == 512)
    signing = dataclasses.replace(pem.TEST_KEY, n=key.n, e=key.e)
    assert pem.public_key_der(signing) == base64.b64decode(encoded[0] + encoded[1])


def test_it_runs_as_a_program(tmp_path: Path) -> None:
    """The ready file has the base URL once it serves; SIGTERM ends it with 0."""
    ready = tmp_path / "ready"
    command = [sys.executable, "-m", "tests.loopback", "--submissions", str(FIXTURES / f"{ONE}.txt")]
    with subprocess.Popen(
        [*command, "--ready-file", str(ready)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        printed = process.stdout.readline()
        deadline_s = time.monotonic() + 10
        while not ready.exists() and time.monotonic() < deadline_s:
            time.sleep(0.01)
        assert ready.read_text() == printed
        connection = http.client.HTTPConnection(urlsplit(printed.strip()).netloc, timeout=10)
        connection.request("GET", ONE_PATH, headers={"User-Agent": USER_AGENT})
        assert connection.getresponse().read() == ONE_BODY
        connection.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


def test_the_invented_submissions_are_invented_and_alike_real_ones() -> None:
    """Numbers of an agent and of entities that do not exist; LF line ends; a file is named after its number."""
    for path in FIXTURES.glob("*.txt"):
        body = path.read_bytes()
        assert path.stem.startswith("0009000900-")
        assert f"ACCESSION NUMBER:\t\t{path.stem}\n".encode() in body
        assert re.findall(rb"CENTRAL INDEX KEY:\t\t\t00090000\d\d\n", body)
        assert len(re.findall(rb"CENTRAL INDEX KEY", body)) == len(re.findall(rb"KEY:\t\t\t00090000\d\d\n", body))
        assert b"\r" not in body
        assert body.endswith((b"</SEC-DOCUMENT>\n", b"</IMS-DOCUMENT>\n"))
