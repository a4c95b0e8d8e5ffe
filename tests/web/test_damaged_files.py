"""A stored file that is damaged is never an answer that looks whole."""

from __future__ import annotations

import gzip
import http.client
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from archiver.identifiers import AccessionNumber
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from edgarchive import import_submissions
from tests.unit.submissions import ACCESSION, submission_bytes
from tests.web.served import Served

_OTHER = gzip.compress(submission_bytes("0001193125-04-000002"))
_URL = f"/Archives/edgar/data/320/{ACCESSION}.txt"

DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "another submission": lambda _: _OTHER,
    "another submission of the same size": lambda data: _OTHER[: len(data)].ljust(len(data), b"\0"),
    "a longer submission": lambda _: gzip.compress(submission_bytes(documents="x" * 3_000_000)),
    "cut": lambda data: data[: len(data) // 2],
    "empty": lambda _: b"",
    "twice": lambda data: data * 2,
    "garbage at the end": lambda data: data + b"garbage",
    "zeros at the end": lambda data: data[:-100] + bytes(100),
    "a flipped byte": lambda data: data[:200] + bytes([data[200] ^ 255]) + data[201:],
    "plain text": lambda data: b"x" * len(data),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_damaged_file_is_no_whole_answer(tmp_path: Path, damage: Callable[[bytes], bytes], encoding: str) -> None:
    """An error, an answer that ends too early, or one that cannot be unpacked; and then the file as it was again."""
    whole = submission_bytes(
        documents="<DOCUMENT>\n<TYPE>8-K\n<TEXT>\n" + "".join(map(str, range(9999))) + "\n</TEXT>\n</DOCUMENT>\n"
    )
    (tmp_path / "a.txt").write_bytes(whole)
    import_submissions([tmp_path / "a.txt"], settings=Settings(root=tmp_path / "edgar", jobs=1), index=False)
    with Archive.open(tmp_path / "edgar") as archive:
        path = archive.layout.submission(AccessionNumber(ACCESSION))
    data = path.read_bytes()

    def ask() -> bytes | None:
        try:
            answer = served.ask(_URL, headers={"Accept-Encoding": encoding})
            assert answer.status in {200, 500}
            if answer.status == 200:
                return gzip.decompress(answer.body) if encoding == "gzip" else answer.body
        except (http.client.IncompleteRead, OSError, EOFError, zlib.error):
            pass
        return None

    with Served(tmp_path / "edgar") as served:
        assert ask() == whole
        path.write_bytes(damage(data))
        assert ask() is None
        path.write_bytes(data)
        assert ask() == whole
