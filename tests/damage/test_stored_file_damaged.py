"""A stored file flipped in each of its regions, cut, emptied, swapped for another, replaced by a folder, or gone."""

from __future__ import annotations

import contextlib
import gzip
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from archiver.audit.recovery import read_stored_file, with_stored_facts
from archiver.audit.verify import verify_files
from archiver.errors import DamageError
from archiver.identifiers import AccessionNumber
from archiver.selection.selection import Selection
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from edgarchive import Library, repair_archive, sync_archive, verify_archive
from tests.damage.phases import outcome, publish_feed
from tests.edgar_fixtures import CommandLine
from tests.loopback import LoopbackEdgar, faults
from tests.unit.archives import tree

ONE = AccessionNumber("0009000900-04-000101")
OTHER = AccessionNumber("0009000900-16-000045")


def _flip(place: int) -> Callable[[Path, Path], None]:
    def flip(path: Path, _other: Path) -> None:
        data = bytearray(path.read_bytes())
        data[place] ^= 0x04
        path.write_bytes(data)

    return flip


def _flip_middle(path: Path, other: Path) -> None:
    _flip(path.stat().st_size // 2)(path, other)


def _cut(path: Path, _other: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def _empty(path: Path, _other: Path) -> None:
    path.write_bytes(b"")


def _swap(path: Path, other: Path) -> None:
    mine, theirs = path.read_bytes(), other.read_bytes()
    path.write_bytes(theirs)
    other.write_bytes(mine)


def _pack_other_words(path: Path, _other: Path) -> None:
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b"8-K", b"8-L")))


def _append(path: Path, _other: Path) -> None:
    path.write_bytes(path.read_bytes() + gzip.compress(b"more of it\n"))


def _append_zeros(path: Path, _other: Path) -> None:
    path.write_bytes(path.read_bytes() + bytes(512))


def _remove(path: Path, _other: Path) -> None:
    path.unlink()


def _make_folder(path: Path, _other: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES = {
    "magic flipped": _flip(0),
    "method flipped": _flip(2),
    "flags flipped": _flip(3),
    "first block flipped": _flip(12),
    "data flipped": _flip_middle,
    "CRC flipped": _flip(-8),
    "length flipped": _flip(-1),
    "cut": _cut,
    "empty": _empty,
    "swapped for another": _swap,
    "other words, well packed": _pack_other_words,
    "another member": _append,
    "zeros behind": _append_zeros,
    "gone": _remove,
    "a folder in its place": _make_folder,
}


@pytest.fixture
def path(synced: Settings) -> Path:
    """The file of `ONE` in an archive that is whole."""
    with Archive.open(synced.root) as archive:
        return archive.layout.submission(ONE)


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_it_is_named_and_never_given_out(settings: Settings, path: Path, damage: Callable[[Path, Path], None]) -> None:
    """Verify names the file, reading refuses it, and a search goes on."""
    with Archive.open(settings.root) as archive, Library(settings.root) as library:
        data = archive.read(ONE)
        total = library.search("resigned OR company").total
        damage(path, archive.layout.submission(OTHER))
        found = {finding.accession for finding in verify_files(archive).findings}
        assert ONE in found
        assert found <= {ONE, OTHER}
        with contextlib.suppress(DamageError):
            assert archive.read(ONE) == data  # zeros behind a gzip are none of its bytes
        results = library.search("resigned OR company", limit=100)
        assert (results.total, len(list(results))) == (total, total)


@pytest.mark.parametrize("name", ["data flipped", "swapped for another", "gone", "a folder in its place"])
def test_verbs_say_so_and_repair_brings_it_back(settings: Settings, cli: CommandLine, path: Path, name: str) -> None:
    """`show` and `verify` end with 5 in one line each, and `verify --repair` fetches the very same bytes again."""
    whole = outcome(settings.root)
    with Archive.open(settings.root) as archive:
        DAMAGES[name](path, archive.layout.submission(OTHER))
    shown = cli.run("show", "--raw", ONE)
    assert (shown.returncode, shown.stdout) == (5, b"")
    assert len(shown.stderr.decode().splitlines()) == 1
    checked = cli.json("verify", code=5)
    assert ONE in {finding["accession"] for finding in checked["findings"]}
    repaired = cli.run("verify", "--repair")
    assert b"Traceback" not in repaired.stderr
    assert cli.run("verify").returncode == 0
    assert outcome(settings.root).files == whole.files


def _of(path: Path) -> AccessionNumber:
    return AccessionNumber(path.name.partition(".")[0])


@pytest.mark.parametrize("has_rows", [True, False])
@pytest.mark.parametrize("ring", [(0, 1), (1, 3), (0, 1, 2), (0, 3, 1), (0, 1, 2, 3)])
def test_no_version_is_lost_where_files_changed_places(
    edgar: LoopbackEdgar, settings: Settings, ring: tuple[int, ...], *, has_rows: bool
) -> None:
    """EDGAR serves no earlier version, so a repair and a later sync keep its bytes, also where its row is lost."""
    publish_feed(edgar)
    day = Selection(["*"], since="2004-12-22", until="2004-12-22")
    sync_archive(day, settings=settings, source="feed")
    sync_archive(day, settings=settings, refresh=True)
    before = tree(settings.root / "submissions")
    versions = sorted(path for path in (settings.root / "submissions").rglob("*.txt.gz") if path.name.count(".") == 3)
    files = [place for path in versions[:2] for place in (path.with_name(f"{_of(path)}.txt.gz"), path)]
    data = [files[place].read_bytes() for place in ring]
    for place, other in zip(ring, [*data[1:], data[0]], strict=True):
        files[place].write_bytes(other)
    if not has_rows:
        with contextlib.closing(sqlite3.connect(settings.root / "catalogue.sqlite3")) as catalogue, catalogue:
            catalogue.execute("DELETE FROM beside")
    repair_archive(settings.replace(user_agent=None))
    repair_archive(settings)
    sync_archive(day, settings=settings)
    after = tree(settings.root)
    assert set(before.values()) <= set(after.values())
    if has_rows:
        assert tree(settings.root / "submissions") == before
        assert verify_archive(settings).findings == ()


def test_a_version_that_was_packed_again_is_whole(edgar: LoopbackEdgar, settings: Settings) -> None:
    """Its bytes are those of its row, in a file of another size."""
    publish_feed(edgar)
    day = Selection(["*"], since="2004-12-22", until="2004-12-22")
    sync_archive(day, settings=settings, source="feed")
    sync_archive(day, settings=settings, refresh=True)
    version = next(path for path in (settings.root / "submissions").rglob("*.txt.gz") if path.name.count(".") == 3)
    packed = gzip.compress(gzip.decompress(version.read_bytes()), 1)
    version.write_bytes(packed)
    report = repair_archive(settings)
    assert [finding.kind for finding in report.repaired or ()] == ["damaged"]
    assert version.read_bytes() == packed
    assert verify_archive(settings).findings == ()


ANSWERS = {
    "is not asked": None,
    "refuses": faults.block_page_403(),
    "sends half of it": faults.no_closing_tag_no_etag(),
    "sends all of it": faults.Fault("whole"),
}


@pytest.mark.parametrize("has_row", [True, False])
@pytest.mark.parametrize("answer", ANSWERS.keys())
def test_a_stored_filing_that_quotes_another_loses_no_byte(
    edgar: LoopbackEdgar, settings: Settings, path: Path, answer: str, *, has_row: bool
) -> None:
    """As an earlier version imported it: EDGAR's checksum alone proves it whole, and until then it stays."""
    with Archive.open(settings.root, writable=True) as archive:
        record, data = archive.record(ONE), archive.read(ONE)
        quoting = data.replace(b"<TEXT>\n", b"<TEXT>\n<SEC-DOCUMENT>%s.txt : 20160101\n" % OTHER.encode(), 1)
        path.write_bytes(gzip.compress(quoting))
        imported = replace(record, etag_md5=None, source="import")
        archive.catalogue.remove(ONE)
        if has_row:
            archive.catalogue.put(with_stored_facts(imported, read_stored_file(path, ONE)))
    fault = ANSWERS[answer]
    if fault is not None:
        edgar.inject(fault, path="*.txt", times=100)
    report = repair_archive(settings if fault else settings.replace(user_agent=None))
    is_whole = answer == "sends all of it"
    assert gzip.decompress(path.read_bytes()) == (data if is_whole else quoting)
    kind = "incomplete" if has_row else "uncatalogued"
    assert [one.kind for one in report.findings if one.accession == ONE] == ([] if is_whole else [kind])
    assert quoting in [gzip.decompress(one.read_bytes()) for one in settings.root.rglob(f"{ONE}*.gz")]
