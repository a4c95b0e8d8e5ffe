"""A reader that lives longer than what it reads."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.errors import IndexMissingError, UsageError
from archiver.store.archive import Archive
from indexer import index_reader
from indexer.engine import Engine
from indexer.index_folder import places_of_rebuild
from indexer.index_reader import IndexReader
from indexer.search.library import Library
from indexer.update.run import IndexOptions
from indexer.update.update import index_archive
from tests.unit.archives import keep
from tests.unit.submissions import ACCESSION, submission_bytes

OTHER = "0001193125-04-218427"


def write(root: Path, accession: str = ACCESSION, *, rebuild: bool = False, engine: str = "whoosh") -> None:
    """Store and index a submission, as another process does."""
    with Archive.open(root, writable=True, create=True) as archive:
        keep(archive, accession, submission_bytes().replace(ACCESSION.encode(), accession.encode()))
        index_archive(archive, IndexOptions(engine=engine), rebuild=rebuild)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An archive with one indexed submission."""
    write(tmp_path / "edgar")
    return tmp_path / "edgar"


def test_a_library_follows_whatever_becomes_of_the_index(root: Path) -> None:
    """A sync, a rebuild, another engine and back, the removal of the index, and a new one."""
    with Library(root) as library:
        assert library.search("rossi").total == 1
        write(root, OTHER)
        assert library.search("rossi").total == 2
        for engine in ("whoosh", "tantivy", "whoosh"):
            write(root, rebuild=True, engine=engine)
            assert library.search("rossi").total == 2, engine
            assert library.search("rossi").facets("form")["form"][0].count == 2
        shutil.rmtree(root / "index")
        for _ in range(2):
            with pytest.raises(IndexMissingError, match=r"there is no full-text index in .*; run `edgarchive index`"):
                library.search("rossi")
        write(root)
        assert library.search("rossi").total == 2


def test_a_question_between_the_two_renames_of_a_rebuild_is_answered(root: Path) -> None:
    """For a moment a rebuild has moved the old index away and not yet put the new one there: a reader waits for it."""
    index = root / "index"
    new, old = places_of_rebuild(index)
    shutil.copytree(index, new)
    with Library(root) as library:
        index.rename(old)
        renaming = threading.Timer(0.1, new.rename, [index])
        renaming.start()
        assert library.search("rossi").total == 1
        renaming.join()


def test_a_rebuild_that_died_between_its_renames_is_not_waited_for_long(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then there is no index, and the error says so."""
    monkeypatch.setattr(index_reader, "_REPLACING_S", 0.05)
    index = root / "index"
    new, old = places_of_rebuild(index)
    shutil.copytree(index, new)
    index.rename(old)
    with Library(root) as library, pytest.raises(IndexMissingError, match="there is no full-text index"):
        library.search("rossi")


def test_a_question_under_way_keeps_its_engine(root: Path) -> None:
    """An engine that is replaced is closed when its last question is answered, and not before."""
    reader = IndexReader(root / "index")
    asked, go_on = threading.Event(), threading.Event()
    totals: list[int] = []

    def slow(engine: Engine) -> None:
        asked.set()
        assert go_on.wait(60)
        totals.append(engine.search(None, limit=0).total)

    thread = threading.Thread(target=reader.ask, args=(slow,))
    thread.start()
    assert asked.wait(60)
    write(root, rebuild=True, engine="tantivy")
    assert reader.ask(lambda engine: engine.name) == "tantivy"
    go_on.set()
    thread.join()
    reader.close()
    with pytest.raises(UsageError, match="the library is closed"):
        reader.ask(lambda engine: engine.name)


def test_a_question_is_asked_again_where_the_index_is_replaced_under_it(root: Path) -> None:
    """What fails because files went away with the old index is answered by the new one; other failures are told."""
    reader = IndexReader(root / "index")
    names: list[str] = []

    def question(engine: Engine) -> int:
        names.append(engine.name)
        if len(names) == 1:
            write(root, rebuild=True, engine="tantivy")
            raise IndexMissingError("gone")
        return engine.search(None, limit=0).total

    assert (reader.ask(question), names) == (1, ["whoosh", "tantivy"])

    def failing(_: Engine) -> None:
        raise IndexMissingError("broken")

    with pytest.raises(IndexMissingError, match="broken"):
        reader.ask(failing)
    reader.close()


@pytest.fixture
def read_only(root: Path, tmp_path: Path) -> Iterator[Path]:
    """The archive once more, mounted where nothing can be written; skips where it cannot be mounted."""
    place = tmp_path / "read-only"
    place.mkdir()
    done = subprocess.run(["mount", "--bind", str(root), str(place)], capture_output=True, check=False)  # noqa: S607
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.decode().strip()}")
    subprocess.run(["mount", "-o", "remount,bind,ro", str(place)], check=True)  # noqa: S607
    yield place
    subprocess.run(["umount", str(place)], check=True)  # noqa: S607


def test_a_library_on_a_read_only_mount_follows_too(root: Path, read_only: Path) -> None:
    """Rows, snippets and submissions that another process adds are there at once."""
    with Library(read_only) as library:
        assert library.search("rossi").total == 1
        write(root, OTHER)
        results = library.search("rossi", sort="newest")
        assert sorted(hit.accession for hit in results) == [ACCESSION, OTHER]
        assert all(hit.snippet for hit in results)
        assert library.submission(OTHER).header.accession == OTHER
        assert library.status().submissions == 2


def test_a_catalogue_that_is_replaced_is_read(root: Path) -> None:
    """A repair puts another file in its place; a reader that was open before reads that one."""
    with Library(root) as library:
        assert library.status().submissions == 1
        (root / "catalogue.sqlite3").rename(root / "old.sqlite3")
        for end in ("-wal", "-shm"):
            (root / f"catalogue.sqlite3{end}").unlink(missing_ok=True)
        with Archive.open(root, writable=True, create=True) as archive:
            keep(archive, ACCESSION, submission_bytes())
            keep(archive, OTHER, submission_bytes())
        assert library.status().submissions == 2
