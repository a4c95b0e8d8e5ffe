"""Files of the index missing, flipped, cut or full of garbage; copies of EDGAR's indexes likewise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from archiver.errors import EdgarchiveError
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from edgarchive import Library, repair_archive, sync_archive, verify_archive
from indexer.index_folder import SCHEMA
from indexer.update.check import check_index
from indexer.update.update import index_archive
from tests.damage.phases import ALL, outcome
from tests.loopback import LoopbackEdgar


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(data)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _noise(path: Path) -> None:
    path.write_bytes(b"\x80\x04garbage\xff" * 100)


def _remove(path: Path) -> None:
    path.unlink()


HOW = (_flip, _cut, _empty, _noise, _remove)
FILES = ("*.seg", "_MAIN_*.toc", "_MAIN_*.sha256", "meta.json")


@pytest.fixture
def index(synced: Settings) -> Path:
    """The index of an archive that is whole."""
    return synced.root / "index"


@pytest.mark.parametrize("how", HOW, ids=lambda how: how.__name__[1:])
@pytest.mark.parametrize("name", FILES)
def test_it_is_named_and_can_be_made_anew(
    settings: Settings, index: Path, name: str, how: Callable[[Path], None]
) -> None:
    """Verify reports the index, searching answers or says so, and a rebuilt index gives the same answers."""
    whole = outcome(settings.root)
    how(next(index.glob(name)))
    with Archive.open(settings.root) as archive:
        found = list(check_index(archive))
    assert found
    assert all(finding.kind in {"index-damaged", "index-missing"} for finding in found)
    try:
        with Library(settings.root) as library:
            library.search("resigned")
    except EdgarchiveError as error:
        assert error.exit_code == 2  # noqa: PT017 (it need not be raised)
    with Archive.open(settings.root, writable=True) as archive:
        assert index_archive(archive, rebuild=True).failed == ()
    assert outcome(settings.root) == whole


@pytest.mark.parametrize(
    "meta",
    [
        '{"schema": %d, "engine": "|hoosh"}',
        '{"schema": %d, "engine": ["whoosh"]}',
        '{"schema": %d, "engine": null}',
        '{"schema": "%d", "engine": "whoosh"}',
        '{"schema": 1%d, "engine": "whoosh"}',
        '["schema", %d, "engine"]',
        "[" * 100_000 + "%d",
    ],
    ids=["another engine", "a list", "none", "a text", "a later schema", "no object", "nested"],
)
def test_a_repair_makes_an_index_anew_whose_engine_cannot_be_told(settings: Settings, index: Path, meta: str) -> None:
    """One flipped bit in its name is enough."""
    whole = outcome(settings.root)
    (index / "meta.json").write_text(meta % SCHEMA)
    assert [finding.kind for finding in verify_archive(settings).findings] in (["index-damaged"], ["index-missing"])
    assert repair_archive(settings).findings == ()
    assert verify_archive(settings).findings == ()
    assert outcome(settings.root) == whole


@pytest.mark.parametrize("how", HOW, ids=lambda how: how.__name__[1:])
def test_a_damaged_copy_of_an_index_of_edgar_is_not_used(
    edgar: LoopbackEdgar, settings: Settings, index: Path, how: Callable[[Path], None]
) -> None:
    """A copy that is not what was kept is asked for again, and the run selects what it selected before."""
    copies = [path for path in (index.parent / "indexes").rglob("master*") if path.is_file()]
    assert copies
    for path in copies:
        how(path)
    edgar.requests.clear()
    report = sync_archive(ALL, settings=settings)
    assert (report.planned, report.present, report.failures) == (report.planned, report.planned, ())
    whole = [path for path in copies if path.exists() and path.stat().st_size]
    report = sync_archive(ALL, settings=settings)
    assert (report.present, report.failures) == (report.planned, ())
    assert whole or how in {_remove, _empty}
