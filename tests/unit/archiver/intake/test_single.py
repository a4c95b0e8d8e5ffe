from __future__ import annotations

import gzip
import hashlib
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from archiver.catalogue.records import CatalogueRecord
from archiver.edgar.client import Client
from archiver.errors import DamagedBodyError
from archiver.identifiers import AccessionNumber
from archiver.intake.single import take_answer, take_orphan
from archiver.store.archive import Archive
from tests.unit.archives import submission_ref, tree
from tests.unit.servers import serve
from tests.unit.submissions import ACCESSION, submission_bytes

BODY = submission_bytes()
REF = submission_ref(ACCESSION)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """An empty archive."""
    with Archive.open(tmp_path / "archive", writable=True, create=True) as made:
        yield made


async def take(
    archive: Archive, client: Client, sent: bytes, *, etag_of: bytes | None = None, encoding: str = ""
) -> CatalogueRecord:
    """Take the answer of a server that sends `sent`, under the ETag of `etag_of`."""
    headers = {"Content-Encoding": encoding} if encoding else {}
    if etag_of is not None:
        headers["ETag"] = f'"{hashlib.md5(etag_of, usedforsecurity=False).hexdigest()}"'

    async def handler(_: web.Request) -> web.Response:
        return web.Response(body=sent, headers=headers)

    async with serve(handler) as base, client.get(f"{base}/one.txt", max_bytes=2_000_000) as answer:
        return await take_answer(archive, REF, answer, url=f"{base}/one.txt")


async def test_received_gzip_is_stored_as_it_came(archive: Archive, client: Client) -> None:
    """The bytes on disk are those from the wire, and the row says all about them."""
    packed = gzip.compress(BODY, compresslevel=1)
    record = await take(archive, client, packed, etag_of=BODY, encoding="gzip")
    assert archive.layout.submission(REF.accession).read_bytes() == packed
    assert (record.accession, record.form, record.filing_date, record.cik) == (
        REF.accession,
        REF.form,
        REF.filing_date,
        REF.cik,
    )
    assert (record.size, record.stored_bytes) == (len(BODY), len(packed))
    assert record.sha256 == hashlib.sha256(BODY).hexdigest()
    assert record.etag_md5 == hashlib.md5(BODY, usedforsecurity=False).hexdigest()
    assert (record.signature, record.withdrawn_at, record.indexed_sha256) == (None, None, None)
    assert (record.url or "").endswith("/one.txt")


async def test_what_came_without_gzip_is_packed(archive: Archive, client: Client) -> None:
    """One kind of file in the archive, whatever the server did."""
    record = await take(archive, client, BODY)
    path = archive.layout.submission(REF.accession)
    assert gzip.decompress(path.read_bytes()) == BODY
    assert record.stored_bytes == path.stat().st_size
    archive.catalogue.add(record)
    assert archive.read(REF.accession) == BODY


@pytest.mark.parametrize(
    ("sent", "etag_of"),
    [
        (BODY[:-30], None),
        (BODY[:-30], BODY),
        (BODY.replace(b"zebra", b"horse"), BODY),
        (submission_bytes("0001193125-04-218427"), None),
        (b"a text that is no submission, of some length, and so on and on " * 3, None),
    ],
    ids=["cut-no-etag", "cut", "changed", "another", "no-submission"],
)
async def test_a_body_that_fails_a_check_is_kept_for_a_person_only(
    archive: Archive, client: Client, sent: bytes, etag_of: bytes | None
) -> None:
    """It never reaches submissions/; the quarantine has its bytes."""
    with pytest.raises(DamagedBodyError):
        await take(archive, client, sent, etag_of=etag_of)
    assert list(tree(archive.layout.submissions)) == []
    kept = archive.layout.quarantine / f"{ACCESSION}.txt.gz"
    assert gzip.decompress(kept.read_bytes()) == sent
    assert list(tree(archive.layout.incoming)) == []


async def test_a_cut_connection_leaves_nothing(archive: Archive, client: Client) -> None:
    """Half of a gzip stream is nothing that a person could read, and is not kept."""
    with pytest.raises(DamagedBodyError):
        await take(archive, client, gzip.compress(BODY)[:-10], etag_of=BODY, encoding="gzip")
    assert [name for name in tree(archive.root) if not name.startswith(("catalogue", "format"))] == []


async def test_a_body_without_closing_tag_is_taken_when_the_etag_proves_it(archive: Archive, client: Client) -> None:
    """EDGAR itself serves a few like that."""
    record = await take(archive, client, BODY[:-30], etag_of=BODY[:-30])
    assert record.size == len(BODY) - 30


async def test_a_file_whose_row_was_lost_is_found_again(archive: Archive, client: Client) -> None:
    """A run killed between file and row costs no second fetch."""
    first = await take(archive, client, BODY)
    before = tree(archive.root)
    again = await take_orphan(archive, REF, url="https://example.invalid/one.txt")
    assert again is not None
    assert (again.sha256, again.size, again.stored_bytes) == (first.sha256, first.size, first.stored_bytes)
    assert tree(archive.root) == before


async def test_no_file_no_orphan(archive: Archive) -> None:
    """Nothing stands in its place, so nothing is made."""
    assert await take_orphan(archive, REF, url="") is None
    assert not archive.layout.quarantine.exists()


@pytest.mark.parametrize(
    ("content", "number"),
    [(BODY[:-30], ACCESSION), (submission_bytes("0001193125-04-218427"), "0001193125-04-218427")],
    ids=["no-closing-tag", "another"],
)
async def test_an_orphan_that_its_bytes_do_not_prove_stays_until_a_whole_one_has_come(
    archive: Archive, client: Client, content: bytes, number: str
) -> None:
    """Nobody may have these bytes any more: they leave their place for good bytes only, under their own number."""
    path = archive.layout.submission(AccessionNumber(ACCESSION))
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress(content))
    assert await take_orphan(archive, REF, url="") is None
    with pytest.raises(DamagedBodyError):
        await take(archive, client, BODY[:-40])
    assert gzip.decompress(path.read_bytes()) == content
    await take(archive, client, BODY)
    assert gzip.decompress(path.read_bytes()) == BODY
    assert gzip.decompress((archive.layout.quarantine / f"{number}.1.txt.gz").read_bytes()) == content


@pytest.mark.parametrize("content", [gzip.compress(BODY)[:-9], b""], ids=["cut-gzip", "empty"])
async def test_an_orphan_that_cannot_be_read_goes_to_the_quarantine(archive: Archive, content: bytes) -> None:
    """Its place is free again for a whole one."""
    path = archive.layout.submission(AccessionNumber(ACCESSION))
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert await take_orphan(archive, REF, url="") is None
    assert not path.exists()
    assert (archive.layout.quarantine / path.name).read_bytes() == content


@pytest.mark.parametrize(
    "spelt",
    [b"research@example.com", b"research%40example.com", b"research&#64;example.com", b"research @ example.com"],
)
async def test_a_body_that_sends_back_our_address_is_kept_without_it(
    archive: Archive, client: Client, spelt: bytes
) -> None:
    """However it is spelt; and only the owner can look into the quarantine."""
    sent = BODY[:-30].replace(b"zebra", b"Example Research " + spelt)
    assert spelt in sent
    with pytest.raises(DamagedBodyError):
        await take(archive, client, sent)
    kept = gzip.decompress((archive.layout.quarantine / f"{ACCESSION}.txt.gz").read_bytes())
    assert b"example.com" not in kept
    assert b"Example Research" in kept
    assert stat.S_IMODE(archive.layout.quarantine.stat().st_mode) == 0o700


@pytest.mark.parametrize("address", [b"research\n@example.com", b"research@\nexample.com", b"research at\nexample.com"])
@pytest.mark.parametrize("before", [5, 9, 10, 12, 20])
async def test_an_address_over_two_lines_is_not_kept_wherever_a_body_is_parted(
    archive: Archive, client: Client, address: bytes, before: int
) -> None:
    """Bodies are read by megabytes."""
    start = BODY + b" " * 100
    filler = b"x" * ((1 << 20) - len(start) - before - 1) + b" "
    sent = start + filler + address + b" and more\n" + b"y\n" * 5000
    with pytest.raises(DamagedBodyError):
        await take(archive, client, sent)
    kept = gzip.decompress((archive.layout.quarantine / f"{ACCESSION}.txt.gz").read_bytes())
    assert b"example.com" not in kept
    assert kept == start + filler + b"(address) and more\n" + b"y\n" * 5000
