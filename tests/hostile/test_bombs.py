"""Little that becomes much, and little that takes long: bounded, refused or read in time that grows with the size."""

from __future__ import annotations

import copy
import gzip
import io
import json
import struct
import tarfile
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from functools import cache, reduce
from itertools import repeat
from pathlib import Path

import pytest

from archiver.audit.verify import verify_files
from archiver.checks.header_facts import read_header_facts
from archiver.errors import DamagedBodyError, IdentifierError, SettingsError
from archiver.intake import importer
from archiver.listings.folders import parse_list
from archiver.listings.master_index import unpack_master_index
from archiver.listings.tickers import parse_tickers
from archiver.reports import ImportReport
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from archiver.store.packing import unpack
from archiver.streams.chunks import ChunkReader
from archiver.streams.decoding import gunzip
from edgarchive.importing import import_submissions
from indexer.text.html_text import html_text
from indexer.text.xml_text import xml_text
from tests.unit.submissions import submission_bytes

MIB = 1 << 20


def peak_bytes(work: Callable[[], object]) -> int:
    """The most memory that Python held at once while `work` ran, beside what it held before."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@cache
def zeros(size: int) -> bytes:
    """A gzip bomb of `size` zeros: a thousandth of it, one packed megabyte over and over."""
    packer = zlib.compressobj(9, wbits=-15)
    megabyte = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = reduce(lambda before, zeros: zlib.crc32(zeros, before), repeat(bytes(MIB), size // MIB), 0)
    trailer = struct.pack("<II", checksum, size)
    return b"\x1f\x8b\x08" + bytes(6) + b"\xff" + megabyte * (size // MIB) + packer.flush() + trailer


def bomb() -> bytes:
    """The large one."""
    return zeros(600 * MIB)


def test_a_gzip_bomb_is_never_whole_in_memory() -> None:
    """Who reads it takes as much as they want of it."""
    sizes: list[int] = []
    packed = bomb()
    assert peak_bytes(lambda: sizes.extend(map(len, gunzip([packed])))) < 32 * MIB
    assert sum(sizes) == 600 * MIB


def test_a_master_index_that_is_a_bomb() -> None:
    """An index file comes with a bound on its packed bytes; the text has one of its own."""
    with pytest.raises(DamagedBodyError, match="more than"):
        unpack_master_index(bomb())


def test_gzip_of_very_many_members_takes_time_by_its_size() -> None:
    """Empty members one after the other: each is looked at once, wherever the pieces are cut."""
    members = gzip.compress(b"", mtime=0) * 50_000
    assert b"".join(gunzip(members[at : at + 100_001] for at in range(0, len(members), 100_001))) == b""


@pytest.mark.parametrize("make", [bomb, lambda: zeros(64 * MIB) * 3], ids=["one", "three"])
def test_bombs_inside_archives_are_skipped(tmp_path: Path, make: Callable[[], bytes]) -> None:
    """A tar, a zip, and gzip of either with a bomb inside: nothing is stored, nothing grows, the next file is read."""
    inner = make()
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.gz").write_bytes(inner)
    with tarfile.open(folder / "b.tar.gz", "w:gz") as packed:
        info = tarfile.TarInfo("bomb.txt.gz")
        info.size = len(inner)
        packed.addfile(info, io.BytesIO(inner))
    with zipfile.ZipFile(folder / "c.zip", "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("bomb.txt.gz", inner)
        zipped.writestr("zeros", bytes(64 * MIB))
        zipped.writestr("nested.zip", (folder / "b.tar.gz").read_bytes())
    (folder / "d.txt").write_bytes(submission_bytes())
    settings = Settings(root=tmp_path / "archive", jobs=1)
    stored: list[int] = []
    peak = peak_bytes(lambda: stored.append(import_submissions([folder], settings=settings, index=False).stored))
    assert stored == [1]
    assert peak < 64 * MIB


def test_a_submission_with_a_bomb_behind_it_is_too_large(tmp_path: Path) -> None:
    """`max_submission_bytes` bounds what is unpacked, not what is read."""
    begin, end = submission_bytes().split(b"<TEXT>", 1)
    packer = zlib.compressobj(9, wbits=31)
    pieces = [packer.compress(begin + b"<TEXT>"), *map(packer.compress, repeat(b" " * MIB, 64))]
    (tmp_path / "a.txt.gz").write_bytes(b"".join([*pieces, packer.compress(end), packer.flush()]))
    settings = Settings(root=tmp_path / "archive", jobs=1, max_submission_bytes=16 * MIB)
    report = import_submissions([tmp_path / "a.txt.gz"], settings=settings, index=False)
    assert [failure.error for failure in report.failures] == ["TooLargeError"]


def test_a_submission_that_packs_to_a_thousandth_is_taken_and_read(tmp_path: Path) -> None:
    """One rule for taking in and reading: `max_submission_bytes` alone, however far the file expands."""
    begin, end = submission_bytes().split(b"<TEXT>", 1)
    packer = zlib.compressobj(9, wbits=31)
    pieces = [packer.compress(begin + b"<TEXT>"), *map(packer.compress, repeat(b" " * MIB, 50))]
    (tmp_path / "a.txt.gz").write_bytes(b"".join([*pieces, packer.compress(end), packer.flush()]))
    assert (tmp_path / "a.txt.gz").stat().st_size * 200 < 50 * MIB
    settings = Settings(root=tmp_path / "archive", jobs=1)
    report = import_submissions([tmp_path / "a.txt.gz"], settings=settings, index=False)
    assert (report.stored, report.failures, report.skipped) == (1, (), ())
    with Archive.open(tmp_path / "archive") as archive:
        assert verify_files(archive).findings == ()


def test_what_gives_no_text_for_long_is_read_from_a_file_as_it_was_taken(tmp_path: Path) -> None:
    """An endless body is given up where it comes from; a stored file ends, wherever its pieces are cut."""
    silent = gzip.compress(b"", mtime=0) * 60_000
    with pytest.raises(DamagedBodyError, match="without any text"):
        list(gunzip([silent]))
    (tmp_path / "a.gz").write_bytes(silent + gzip.compress(b"a text"))
    assert b"".join(unpack(tmp_path / "a.gz")) == b"a text"


def test_names_of_members_do_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tar of a thousandth of its size with long names: cut, listed up to a number, then counted."""
    monkeypatch.setattr(importer, "_MOST_LISTED", 1000)
    member = tarfile.TarInfo("n" * 4000).tobuf(tarfile.GNU_FORMAT)
    packer = zlib.compressobj(wbits=31)
    pieces = [packer.compress(member) for _ in range(10_000)]
    (tmp_path / "a.tar.gz").write_bytes(b"".join([*pieces, packer.compress(bytes(1024)), packer.flush()]))
    settings = Settings(root=tmp_path / "archive", jobs=1)
    reports: list[ImportReport] = []
    peak = peak_bytes(
        lambda: reports.append(import_submissions([tmp_path / "a.tar.gz"], settings=settings, index=False))
    )
    assert peak < 32 * MIB
    assert len(reports[0].skipped) == 1001
    assert reports[0].skipped[-1].message == "there are 9,000 more, which are not listed"


def test_gzip_with_a_member_for_each_byte_is_read_in_one_pass() -> None:
    """Of a header that does not end, for example: what reads it looks at pieces of a usual size."""
    count, size = 50_000, MIB // 4
    members = gzip.compress(b"x", mtime=0) * count
    sizes = [len(piece) for piece in gunzip(members[at : at + size] for at in range(0, len(members), size))]
    assert (sum(sizes), len(sizes)) == (count, -(-len(members) // size))
    assert ChunkReader([b"x"] * 100_000).peek(100_000) == b"x" * 100_000


def test_members_of_a_zip_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    """Each would be unpacked again: some megabytes could take days."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", submission_bytes())
        archive.filelist += [copy.copy(archive.filelist[0]) for _ in range(3)]
        archive.writestr("b.txt", submission_bytes("0001193125-04-218427"))
    report = import_submissions([tmp_path / "a.zip"], settings=Settings(root=tmp_path / "archive"), index=False)
    assert report.stored == 1
    assert {failure.message for failure in report.failures} == {
        "its bytes are those of another member, too: a zip bomb"
    }


LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><l>&j;</l>"
)


def test_a_billion_laughs_are_not_laughed() -> None:
    """A document that defines entities is no form of EDGAR's: its text is that between the tags, as it stands."""
    assert peak_bytes(lambda: xml_text(LAUGHS)) < MIB
    assert len(xml_text(LAUGHS)) < 2 * len(LAUGHS)


def test_a_name_of_many_values_is_not_written_whole_for_each() -> None:
    """A name of a megabyte with a thousand wrapped values in it would be a gigabyte of text."""
    name = b"n" * MIB
    text = xml_text(b"<%s>%s</%s>" % (name, b"<value>x</value>" * 1000, name))
    assert text.count("\n") == 999
    assert len(text) < MIB


def test_no_entity_reads_a_file() -> None:
    """External entities, of the document and of its type, are never followed."""
    for kind in ('SYSTEM "file:///etc/passwd"', 'PUBLIC "x" "file:///etc/passwd"'):
        document = f"<!DOCTYPE l [<!ENTITY e {kind}><!ENTITY % p {kind}> %p;]><l>&e;</l>".encode()
        assert "root:" not in xml_text(document)
    assert "root:" not in xml_text(b'<!DOCTYPE l SYSTEM "file:///etc/passwd"><l>&e;</l>')
    assert "root:" not in xml_text(
        b'<l xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="/etc/passwd"/></l>'
    )


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: b"<p " + b" ".join(b"a%d='x'" % n for n in range(200_000)) + b">x", id="attributes"),
        pytest.param(lambda: b"<a b='" + b"x" * 5_000_000 + b"'>x", id="a long value"),
        pytest.param(lambda: b"<div>" * 500_000 + b"x", id="nested blocks"),
        pytest.param(lambda: b"<table><tr><td>" * 100_000 + b"x", id="nested tables"),
        pytest.param(lambda: b"<b><i>" * 200_000 + b"x", id="nested styles"),
        pytest.param(lambda: b"</p>" * 500_000 + b"x", id="end tags"),
        pytest.param(lambda: b"<b>" * 1_000_000 + b"x", id="tags alone"),
        pytest.param(lambda: b"<p>x</p>" * 500_000, id="short paragraphs"),
        pytest.param(lambda: b"&amp;" * 500_000, id="references"),
        pytest.param(lambda: b"<!--" * 500_000 + b"x", id="comments"),
        pytest.param(lambda: b"<" * 2_000_000 + b"x", id="brackets"),
        pytest.param(lambda: b"&" * 2_000_000 + b"x", id="ampersands"),
        pytest.param(lambda: b"&#" + b"9" * 2_000_000 + b";x", id="a long number"),
        pytest.param(lambda: b"<svg><math><select><template>" * 50_000 + b"x", id="foreign elements"),
        pytest.param(lambda: b"<!DOCTYPE " + b"[" * 1_000_000 + b"><p>x", id="a document type"),
    ],
)
def test_floods_of_markup_take_memory_by_their_size(make: Callable[[], bytes]) -> None:
    """Attributes, nesting, open comments, lost brackets and references without end: the text is there, and no tree."""
    document = make()
    texts: list[str] = []
    assert peak_bytes(lambda: texts.append(html_text(document))) < 24 * len(document) + 4 * MIB
    assert len(texts[0]) <= 8 * len(document)
    assert len(xml_text(document)) <= 8 * len(document)


@pytest.mark.parametrize(
    "opening", [b"<SEC-DOCUMENT>", b"<SEC-DOCUMENT>:", b"<IMS-DOCUMENT>\n:", b"<SEC-DOCUMENT> :\t"]
)
def test_a_header_of_openings_is_read_in_one_pass(opening: bytes) -> None:
    """Four megabytes of what a date could follow, and none does: each place is tried once."""
    facts = b"<SEC-DOCUMENT>x\nACCESSION NUMBER: 0000000001-20-000001\nCONFORMED SUBMISSION TYPE: 8-K\n"
    with pytest.raises(IdentifierError, match="no filing date"):
        read_header_facts(facts + opening * (4 * MIB // len(opening)))


@pytest.mark.parametrize(
    "make",
    [
        lambda: b'{"directory":{"item":[' + b"[]," * 1_250_000 + b"[]]}}",
        lambda: b'{"directory":{"item":[' + b"{}," * 1_000_000 + b"{}]}}",
        lambda: b'{"directory":{"item":[' + b'{"name":"a"},' * 250_000 + b"{}]}}",
        lambda: b'{"directory":{"item":[{' + b",".join(b'"%d":0' % n for n in range(250_000)) + b"}]}}",
        lambda: b'{"directory":{"item":[{"name":"' + b"a" * 4_000_000 + b'"}]}}',
        lambda: b'{"directory":{"item":[' + b'{"' * 2_000_000 + b"]}}",
        lambda: b'{"directory":' + b" " * 4_000_000 + b"}",
    ],
    ids=["lists", "objects", "entries", "keys", "name", "open", "blanks"],
)
@pytest.mark.parametrize("read", [parse_list, parse_tickers])
def test_a_list_that_floods_takes_little_memory(read: Callable[[bytes], object], make: Callable[[], bytes]) -> None:
    """What packs into some hundred kilobytes has cost gigabytes of small objects."""
    flood = make()

    def refused() -> None:
        with pytest.raises(DamagedBodyError):
            read(flood)

    assert peak_bytes(refused) < 3 * len(flood) + 16 * MIB


@pytest.mark.parametrize("deep", [b"[" * 100_000, b'{"a":' * 100_000, b'{"directory":{"item":' + b"[" * 100_000])
@pytest.mark.parametrize("read", [parse_list, parse_tickers])
def test_json_that_is_nested_without_end_is_damage(read: Callable[[bytes], object], deep: bytes) -> None:
    """Not a recursion without end."""
    with pytest.raises(DamagedBodyError):
        read(deep)


def test_settings_that_are_nested_without_end_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a file and in the environment."""
    (tmp_path / "edgarchive.toml").write_text("a = " + "[" * 50_000)
    with pytest.raises(SettingsError, match="nested"):
        Settings()
    (tmp_path / "edgarchive.toml").unlink()
    monkeypatch.setenv("EDGARCHIVE_SELECT", "[" * 50_000)
    with pytest.raises(SettingsError, match="EDGARCHIVE_SELECT"):
        Settings()
    monkeypatch.setenv("EDGARCHIVE_SELECT", json.dumps([{"forms": ["8-K"] * 10_000}]))
    assert len(Settings().selections()) == 1
