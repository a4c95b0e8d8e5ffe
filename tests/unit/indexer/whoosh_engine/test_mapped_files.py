"""A mapped part of a file reads as a file of its own would."""

from __future__ import annotations

import io
import pickle
import random

from indexer.whoosh_engine.mapped_files import MappedFile


def test_a_mapped_file_reads_as_its_bytes_do() -> None:
    """Reads, lines, seeks and places are those of the same bytes in memory, to the end and beyond it."""
    chance = random.Random(1)  # noqa: S311 — the same reads each time
    data = bytes(chance.choices(b"ab\n\x00\xff", k=30_000))
    mapped, plain = MappedFile(memoryview(b"before" + data)[6:]), io.BytesIO(data)
    for _ in range(500):
        match chance.randrange(4):
            case 0:
                place = chance.randrange(31_000)
                assert mapped.seek(place) == plain.seek(place)
            case 1:
                size = chance.randrange(9_000)
                assert mapped.read(size) == plain.read(size)
            case 2:
                assert mapped.readline() == plain.readline()
            case _:
                back = -chance.randrange(100)
                assert mapped.seek(back, io.SEEK_END) == plain.seek(back, io.SEEK_END)
        assert mapped.tell() == plain.tell()
    assert mapped.get(5, 100) == data[5:105]
    assert MappedFile(memoryview(pickle.dumps({"a": [1, 2]}))).read_pickle() == {"a": [1, 2]}
