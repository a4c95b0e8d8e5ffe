"""The phases in which an archive is written, and what must hold of it after any damage in them."""

from __future__ import annotations

import contextlib
import dataclasses
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import urlsplit

from archiver.audit.findings import Finding
from archiver.audit.verify import verify_files
from archiver.catalogue.records import CatalogueRecord
from archiver.checks.body import sha256_of
from archiver.errors import ArchiveFormatError, IndexMissingError, NotInArchiveError
from archiver.selection.selection import Selection
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from archiver.store.packing import unpack
from edgarchive import Library, import_submissions, sync_archive
from indexer.index_folder import is_outdated, open_index
from indexer.texts.store import TEXTS_FOLDER, TextStore
from indexer.update.check import check_index
from indexer.update.update import index_archive
from tests.loopback import FIXTURES, LoopbackEdgar
from tests.old_archives import unpack_archive_of_0_1

ALL = Selection(["*"], since="2003-01-01")
_DAY = date(2004, 12, 22)
_FEED = Selection(["*"], since="2004-12-22", until="2004-12-22")
_NUMBER = "0009000900-04-000101"
_FEED_NUMBERS = (_NUMBER, *(f"0009000900-04-{number:06d}" for number in range(200, 205)))
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_QUERIES = ("resigned", "company", '"chief financial officer"', "director OR agreement", "form:8-K*")


@dataclass(frozen=True, slots=True)
class Phase:
    """One way of writing: what was there before (in-process), the command, and the same command in-process."""

    before: Callable[[Settings, Path], None]
    command: Callable[[Path], tuple[str, ...]]
    again: Callable[[Settings, Path], None]


def nc(accession: str) -> bytes:
    """A submission as the Feed has it."""
    return (
        f"<SUBMISSION>\n<ACCESSION-NUMBER>{accession}\n<TYPE>8-K\n<PUBLIC-DOCUMENT-COUNT>1\n<ITEMS>5.02\n"
        "<FILING-DATE>20041222\n<FILER>\n<COMPANY-DATA>\n<CONFORMED-NAME>MERIDIAN LANTERN CORP\n<CIK>0009000001\n"
        f"</COMPANY-DATA>\n</FILER>\n<DOCUMENT>\n<TYPE>8-K\n<SEQUENCE>1\n<TEXT>\nresigned {accession}\n</TEXT>\n"
        "</DOCUMENT>\n</SUBMISSION>\n"
    ).encode()


def publish_feed(edgar: LoopbackEdgar) -> None:
    """Let `edgar` have a day's archive of the Feed; all of its submissions are in the indexes, too."""
    served = (FIXTURES / f"{_NUMBER}.txt").read_bytes()
    for number in _FEED_NUMBERS[1:]:
        edgar.add(served.replace(_NUMBER.encode(), number.encode()))
    edgar.add_feed(_DAY, {f"{number}.nc": nc(number) for number in _FEED_NUMBERS})


def originals(folder: Path) -> Path:
    """A folder of submissions to import, made at the first call."""
    made = folder / "originals"
    if not made.exists():
        made.mkdir()
        for number in _FEED_NUMBERS:
            (made / f"{number}.nc").write_bytes(nc(number))
        for path in sorted(FIXTURES.glob("*-2*.txt")):
            (made / path.name).write_bytes(path.read_bytes())
    return made


def _nothing(_settings: Settings, _folder: Path) -> None:
    """There is no archive yet."""


def _sync(settings: Settings, _folder: Path) -> None:
    sync_archive(ALL, settings=settings)


def _sync_feed(settings: Settings, _folder: Path) -> None:
    sync_archive(_FEED, settings=settings, source="feed")


def _refresh(settings: Settings, _folder: Path) -> None:
    sync_archive(_FEED, settings=settings, refresh=True)


def unpack_old_archive(root: Path) -> None:
    """Unpack an archive of format 1 into the new folder `root`: 17 submissions, six of them refreshed, no index.

    The version before the journal made it from the loopback's submissions. One was withdrawn on 2026-01-02; one
    address has a contact address in it, as a redirect could leave it there.
    """
    with tempfile.TemporaryDirectory(dir=root.parent) as folder:
        with tarfile.open(FIXTURES.parents[1] / "fixtures" / "archive-format-1.tar.xz") as packed:
            packed.extractall(folder, filter="data")
        (Path(folder) / "archive").rename(root)


def _old_archive(settings: Settings, _folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=settings.root.parent) as folder:
        unpack_archive_of_0_1(Path(folder)).rename(settings.root)


def _import(settings: Settings, folder: Path) -> None:
    import_submissions([originals(folder)], settings=settings)


def _import_only(settings: Settings, folder: Path) -> None:
    import_submissions([originals(folder)], settings=settings, index=False)


def _index(settings: Settings, _folder: Path, *, rebuild: bool = False) -> None:
    with Archive.open(settings.root, writable=True) as archive:
        index_archive(archive, rebuild=rebuild)


def _rebuild(settings: Settings, folder: Path) -> None:
    _index(settings, folder, rebuild=True)


def _indexed_then_index_deleted(settings: Settings, folder: Path) -> None:
    _import(settings, folder)
    settings.root.joinpath("index").rename(folder / "deleted")


def _texts_deleted(settings: Settings, folder: Path) -> None:
    _import(settings, folder)
    settings.root.joinpath(TEXTS_FOLDER).rename(folder / "texts deleted")


_SYNC = ("sync", "--form", "*", "--since", "2003-01-01")
_ONE_DAY = ("sync", "--form", "*", "--since", "2004-12-22", "--until", "2004-12-22")

PHASES = {
    "sync": Phase(_nothing, lambda _: _SYNC, _sync),
    "feed": Phase(_nothing, lambda _: (*_ONE_DAY, "--source", "feed"), _sync_feed),
    "refresh": Phase(_sync_feed, lambda _: (*_ONE_DAY, "--refresh"), _refresh),
    "import": Phase(_nothing, lambda folder: ("import", str(originals(folder))), _import),
    "index": Phase(_import_only, lambda _: ("index",), _index),
    "index after loss": Phase(_indexed_then_index_deleted, lambda _: ("index",), _index),
    "texts after loss": Phase(_texts_deleted, lambda _: ("index",), _index),
    "migration": Phase(_old_archive, lambda _: ("index",), _index),
    "rebuild": Phase(_import, lambda _: ("index", "--rebuild"), _rebuild),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an archive says and holds: files below ``submissions``, rows, answers to queries with passages, and texts.

    Of rows without what a killed run loses: when and by which run it stored a submission, and its ETag.
    """

    files: dict[str, bytes]
    rows: tuple[object, ...]
    answers: tuple[object, ...]
    entries: tuple[object, ...]
    texts: tuple[object, ...]
    searches: tuple[object, ...]


def outcome(root: Path) -> Outcome:
    """All of it, of the archive in `root`. Two that were written in different ways have equal ones."""
    with Archive.open(root) as archive, Library(root) as library:
        rows = tuple(
            dataclasses.replace(
                record,
                url=urlsplit(record.url or "").path,  # an archive copied from another test has that one's server
                stored_at=_EPOCH,
                added=_EPOCH,
                first_seen=None,
                etag_md5=None,
                run=None,
                added_run=None,
                missing_since=None,  # what one reading of an index did not name; it takes two to withdraw
                missing_in=None,
            )
            for record in archive.catalogue.records()
        )
        beside = tuple(
            dataclasses.replace(record, stored_at=_EPOCH, run=None) for record in archive.catalogue.versions()
        )
        folder = root / "submissions"
        files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        answers = tuple(
            (query, results.total, tuple(sorted((str(hit.accession), hit.snippet or "") for hit in results)))
            for query in _QUERIES
            for results in [library.search(query, limit=100)]
        )
        with contextlib.closing(open_index(archive.index_path)) as index:
            entries = tuple(sorted(index.stored(), key=str))
        searches = tuple(dataclasses.replace(one, saved_at=_EPOCH) for one in archive.catalogue.saved_searches.all())
        with TextStore.open(root) as store:
            texts = tuple((record.accession, _texts(store, record)) for record in archive.catalogue.records())
    return Outcome(files, (rows, beside), answers, entries, texts, searches)


def _texts(store: TextStore, record: CatalogueRecord) -> tuple[str, ...] | None:
    """What the text store holds of a submission; None for nothing. Raises `DamageError`."""
    kept = store.read(record.accession, sha256=record.sha256)
    return None if kept is None else tuple(document.text() for document in kept.documents)


def faults(root: Path) -> list[str]:
    """What is wrong with an archive that a killed run left. Readers must get answers from it.

    No fault: that there is no archive yet, a file without a row, which the next run takes in, an index that is just
    being renamed, was not there before or is that of an earlier version, and, of a submission that was being refreshed,
    new bytes whose row still says what stands beside them now.
    """
    try:
        archive = Archive.open(root)
    except NotInArchiveError:
        return []
    with archive, Library(root) as library:
        found = [*verify_files(archive).findings, *check_index(archive)]
        for query in _QUERIES:
            try:
                library.search(query, limit=100)
            except IndexMissingError:
                pass
            except ArchiveFormatError:
                if not is_outdated(archive.index_path):
                    raise
        return [str(finding) for finding in found if not _is_unfinished(archive, finding)]


def _is_unfinished(archive: Archive, finding: Finding) -> bool:
    match finding.kind:
        case "uncatalogued" | "signature":  # EDGAR serves some with a signature that does not verify
            return True
        case "index-missing":
            return finding.accession is None and not archive.index_path.exists()
        case "damaged" | "truncated" if finding.accession is not None:
            sha256 = archive.record(finding.accession).sha256
            beside = archive.layout.version_path(finding.accession, sha256)
            return beside.exists() and sha256_of(unpack(beside)) == sha256
    return False


def reported_stored(root: Path) -> dict[str, str]:
    """The accession numbers that the catalogue has, and the sha256 of their bytes."""
    try:
        with Archive.open(root) as archive:
            return {str(record.accession): record.sha256 for record in archive.catalogue.records()}
    except NotInArchiveError:
        return {}
