from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

from archiver.catalogue.listings import IndexFile
from archiver.listings.cache import IndexCache
from archiver.store.archive import Archive

BODY = b"an index"
FILE = IndexFile(
    "full-index/2004/QTR4/master.idx",
    hashlib.sha256(BODY).hexdigest(),
    "Sat, 18 Dec 2004 07:10:00 GMT",
    "12/18/2004 02:10:00 AM 1 KB",
    date(2004, 12, 17),
)


def test_a_copy_is_given_back_as_it_was_kept(tmp_path: Path) -> None:
    """By this process and the next; another index file has none."""
    with Archive.open(tmp_path, writable=True, create=True) as archive:
        IndexCache(archive).keep(FILE, BODY)
    with Archive.open(tmp_path) as archive:
        assert IndexCache(archive).get(FILE.path) == (FILE, BODY)
        assert IndexCache(archive).get("full-index/2004/QTR3/master.idx") is None
        assert (archive.layout.indexes / FILE.path).read_bytes() == BODY


def test_a_copy_that_is_gone_or_another_is_none(tmp_path: Path) -> None:
    """The folder may be deleted, and what stands in it is believed by its sha256 only."""
    with Archive.open(tmp_path, writable=True, create=True) as archive:
        IndexCache(archive).keep(FILE, BODY)
        (archive.layout.indexes / FILE.path).write_bytes(b"another")
        assert IndexCache(archive).get(FILE.path) is None
        (archive.layout.indexes / FILE.path).unlink()
        assert IndexCache(archive).get(FILE.path) is None


def test_a_reader_keeps_nothing(tmp_path: Path) -> None:
    """A dry run reads the indexes and writes none."""
    Archive.open(tmp_path, writable=True, create=True).close()
    with Archive.open(tmp_path) as archive:
        IndexCache(archive).keep(FILE, BODY)
        assert not archive.layout.indexes.exists()
    IndexCache(None).keep(FILE, BODY)
    assert IndexCache(None).get(FILE.path) is None
