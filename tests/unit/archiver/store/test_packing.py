from __future__ import annotations

import gzip
import os
import resource
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import DamageError, StorageError
from archiver.store.packing import Packer, pack, unpack

MIB = 1 << 20


@given(st.lists(st.binary(max_size=2000), max_size=8))
def test_what_is_packed_comes_back(tmp_path_factory: pytest.TempPathFactory, chunks: list[bytes]) -> None:
    """In one go or chunk by chunk, and any gzip can read it."""
    path, packer = tmp_path_factory.getbasetemp() / "packed", Packer()
    for packed in (b"".join([*map(packer.pack, chunks), packer.finish()]), pack(b"".join(chunks))):
        path.write_bytes(packed)
        assert b"".join(unpack(path)) == gzip.decompress(packed) == b"".join(chunks)


@pytest.mark.slow
def test_what_was_stored_stays_readable_however_far_it_expands(tmp_path: Path) -> None:
    """A submission of 300 MB that packs to a thousandth is read, chunk by chunk."""
    path, packer = tmp_path / "packed", Packer()
    path.write_bytes(b"".join([*(packer.pack(bytes(MIB)) for _ in range(300)), packer.finish()]))
    assert path.stat().st_size * 200 < 300 * MIB
    sizes = [len(chunk) for chunk in unpack(path)]
    assert sum(sizes) == 300 * MIB
    assert max(sizes) <= MIB


def test_what_cannot_be_read_is_damage(tmp_path: Path) -> None:
    """Missing, cut, no gzip, a folder, a pipe that nobody writes to: said at once."""
    cut, text, pipe = tmp_path / "cut", tmp_path / "text", tmp_path / "pipe"
    cut.write_bytes(pack(b"a submission" * 100)[:-9])
    text.write_bytes(b"a submission")
    os.mkfifo(pipe)
    for path in (tmp_path / "missing", cut, text, tmp_path, pipe):
        with pytest.raises(DamageError):
            list(unpack(path))


def test_a_process_that_may_open_no_more_files_says_nothing_of_the_file(tmp_path: Path) -> None:
    """Else a repair would take every file for broken."""
    path = tmp_path / "packed"
    path.write_bytes(pack(b"a submission"))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held = os.open(path, os.O_RDONLY)
    resource.setrlimit(resource.RLIMIT_NOFILE, (held, hard))
    try:
        with pytest.raises(StorageError, match="too many open files"):
            list(unpack(path))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        os.close(held)
    assert b"".join(unpack(path)) == b"a submission"
