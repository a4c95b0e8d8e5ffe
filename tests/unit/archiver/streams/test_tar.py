from __future__ import annotations

import io
import tarfile
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import DamagedBodyError
from archiver.streams.chunks import ChunkReader
from archiver.streams.tar import BLOCK, is_tar, tar_members

FILES = {"0009000900-04-000101.nc": b"one" * 1000, "empty.nc": b"", "folder/two.nc": b"2" * BLOCK}


def archive(files: dict[str, bytes], *, form: int = tarfile.PAX_FORMAT, extra: tarfile.TarInfo | None = None) -> bytes:
    """A tar archive of `files`, and `extra` before them."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as tar:
        if extra is not None:
            tar.addfile(extra)
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def read(data: bytes, *, piece: int = 100, most: int = 100) -> dict[str, bytes]:
    """The plain files of an archive, read in pieces."""
    reader = ChunkReader(data[start : start + piece] for start in range(0, len(data), piece))
    return {m.name: b"".join(m.content) for m in tar_members(reader, most=most) if m.is_file}


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_members_come_as_they_were_put_in(form: int) -> None:
    """In all three formats that there are, and whatever the pieces."""
    files = FILES if form == tarfile.USTAR_FORMAT else FILES | {"n" * 300 + ".nc": b"a long name"}
    data = archive(files, form=form)
    assert is_tar(data)
    assert read(data) == read(data, piece=7) == files


def test_archives_without_a_magic_are_read() -> None:
    """Those of the oldest programs, and the label of a volume before the members."""
    old = bytearray(archive({"one.nc": b"one"}, form=tarfile.USTAR_FORMAT))
    old[257:265] = bytes(8)
    old[148:156] = b" " * 8
    old[148:156] = b"%06o\0 " % sum(old[:BLOCK])
    assert is_tar(bytes(old))
    assert read(bytes(old)) == {"one.nc": b"one"}
    assert not is_tar(bytes(BLOCK))


@pytest.mark.parametrize("filling", [0, 1, 20])
def test_archives_may_follow_each_other(filling: int) -> None:
    """As in files joined by ``cat``; what follows the last one, and is no archive, ends it."""
    first, second = archive({"one.nc": b"one"}), archive({"two.nc": b"two"})
    assert read(first + bytes(BLOCK * filling) + second + b"and more") == {"one.nc": b"one", "two.nc": b"two"}
    with pytest.raises(DamagedBodyError, match="cut"):
        read(first + second[:700])


def test_a_member_of_8_gib_has_the_size_in_its_pax_header() -> None:
    """The header's own field has no room for it."""
    info = tarfile.TarInfo("large.nc")
    info.size = 9 << 30
    head = info.tobuf(format=tarfile.PAX_FORMAT)
    assert b"size=9663676416" in head
    member = next(tar_members(ChunkReader([head, b"<SUBMISSION>"]), most=9))
    assert (member.name, member.size, member.is_file) == ("large.nc", 9 << 30, True)
    assert next(member.content) == b"<SUBMISSION>"


def test_a_pax_size_replaces_that_of_the_next_header_alone() -> None:
    """And is read by the lengths of the records: a comment may have any text."""
    info = tarfile.TarInfo("one.nc")
    info.size = 3
    cast("dict[str, str]", info.pax_headers).update({"comment": "7 size=9\n9 size=1\n", "size": "3"})
    head = info.tobuf(format=tarfile.PAX_FORMAT)
    data = head + b"one".ljust(BLOCK, b"\0") + archive({"two.nc": b"second"}, form=tarfile.USTAR_FORMAT)
    assert read(data) == {"one.nc": b"one", "two.nc": b"second"}


@pytest.mark.parametrize("size", ["", "x", "-1", "9" * 30])
def test_a_pax_size_that_is_no_number_is_damage(size: str) -> None:
    """As that of a header."""
    info = tarfile.TarInfo("one.nc")
    cast("dict[str, str]", info.pax_headers).update({"size": size})
    with pytest.raises(DamagedBodyError, match="a number cannot be parsed"):
        read(info.tobuf(format=tarfile.PAX_FORMAT))


def test_what_is_left_of_a_member_is_skipped() -> None:
    """A header is looked at, and the rest of what is not wanted is passed over."""
    reader = ChunkReader([archive(FILES)])
    assert [(m.name, next(m.content, b"")[:3]) for m in tar_members(reader, most=9)] == [
        (name, content[:3]) for name, content in FILES.items()
    ]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE])
def test_links_devices_and_folders_are_no_files(kind: bytes) -> None:
    """They are named, never followed, and what comes after them is read."""
    info = tarfile.TarInfo("../../etc/passwd")
    info.type, info.linkname = kind, "/etc/passwd"
    data = archive(FILES, extra=info)
    assert read(data) == FILES
    assert not next(tar_members(ChunkReader([data]), most=9)).is_file


def test_an_archive_that_is_cut_is_said() -> None:
    """Wherever it is cut: a day's filings are never fewer without a word."""
    data = archive({"a.nc": b"x" * 1000})
    for size in (0, 1, BLOCK, BLOCK + 999, 3 * BLOCK - 1, 3 * BLOCK):
        with pytest.raises(DamagedBodyError, match="cut"):
            read(data[:size])


def test_too_many_members_end_it() -> None:
    """Millions of empty members keep nobody busy for ever."""
    with pytest.raises(DamagedBodyError, match="more than 2 members"):
        read(archive(FILES), most=2)


@given(st.binary(max_size=2000))
def test_any_bytes_give_members_or_our_error(data: bytes) -> None:
    """And no other error, and an end."""
    for beginning in (b"", archive(FILES)[:700]):
        try:
            read(beginning + data)
        except DamagedBodyError:
            continue


def test_a_header_that_claims_an_endless_name_takes_no_memory() -> None:
    """What an extended header holds beyond a name is passed over, however much it says it is."""
    header = bytearray(archive({"x": b""})[:BLOCK])
    header[124:136] = b"%011o\0" % (1 << 30)
    header[156:157] = b"x"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    reader = ChunkReader([bytes(header), b"k" * 5000])
    with pytest.raises(DamagedBodyError, match="cut"):
        list(tar_members(reader, most=9))
