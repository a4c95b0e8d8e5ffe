from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.audit.findings import FileReport, Finding
from archiver.audit.verify import verify_files
from archiver.errors import RunCancelledError
from archiver.identifiers import AccessionNumber
from archiver.runtime.progress import CancelToken, ProgressUpdate
from archiver.store.archive import Archive
from tests.loopback.pem import wrap
from tests.paths import CORPUS
from tests.unit.archives import keep, tree
from tests.unit.corpus import needs_corpus
from tests.unit.submissions import submission_bytes

ONE = AccessionNumber("0001193125-04-000001")
TWO = AccessionNumber("0001193125-04-000002")
THREE = AccessionNumber("0001193125-04-000003")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """An archive with three sound submissions."""
    with Archive.open(tmp_path / "archive", writable=True, create=True) as made:
        for accession in (ONE, TWO, THREE):
            keep(made, accession, submission_bytes(accession))
        yield made


def place(archive: Archive, accession: AccessionNumber = ONE) -> Path:
    """Where the submission stands."""
    return archive.layout.submission(accession)


def verified(archive: Archive, *, quick: bool = False) -> FileReport:
    """The report of a check that has changed nothing on disk."""
    before = tree(archive.root)
    report = verify_files(archive, quick=quick, jobs=2)
    assert tree(archive.root) == before
    return report


def only_finding(archive: Archive, *, quick: bool = False) -> Finding:
    """The one finding there is."""
    (finding,) = verified(archive, quick=quick).findings
    return finding


@pytest.mark.parametrize("quick", [False, True])
def test_a_sound_archive_has_no_findings(archive: Archive, *, quick: bool) -> None:
    """Every row is checked and counted once, and progress is told of each."""
    assert verified(archive, quick=quick) == FileReport(checked=3, ok=3, signed=0, findings=())
    seen: list[ProgressUpdate] = []
    verify_files(archive, quick=quick, progress=seen.append)
    assert seen == [ProgressUpdate("checking", done=done, total=3) for done in (1, 2, 3)]


def test_a_check_can_be_cancelled(archive: Archive) -> None:
    """A cancelled token ends the check at the next submission."""
    token = CancelToken()
    token.cancel()
    with pytest.raises(RunCancelledError):
        verify_files(archive, cancel=token)


@pytest.mark.parametrize("quick", [False, True])
def test_a_missing_file(archive: Archive, *, quick: bool) -> None:
    """A row without its file is found at the place where the file should be."""
    place(archive).unlink()
    finding = only_finding(archive, quick=quick)
    assert (finding.kind, finding.accession) == ("missing", ONE)
    assert finding.path == f"submissions/0001193125/04/000/{ONE}.txt.gz"


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("left", [0, 1, 100, -1])
def test_a_truncated_file(archive: Archive, left: int, *, quick: bool) -> None:
    """Any missing end is found, an empty file too, even without reading."""
    path = place(archive)
    os.truncate(path, left if left >= 0 else path.stat().st_size + left)
    finding = only_finding(archive, quick=quick)
    assert (finding.kind, finding.accession) == ("truncated", ONE)


def test_a_longer_file(archive: Archive) -> None:
    """Bytes after the end are damage."""
    with place(archive).open("ab") as file:
        file.write(b"more")
    assert only_finding(archive, quick=True).kind == "damaged"


@pytest.mark.slow
def test_one_flipped_bit_anywhere(archive: Archive) -> None:
    """Each bit of the compressed bytes counts, but those of the gzip head that say nothing of the body."""
    path = place(archive)
    sound = path.read_bytes()
    for offset in range(10, len(sound), 7):
        path.write_bytes(sound[:offset] + bytes([sound[offset] ^ 0x10]) + sound[offset + 1 :])
        finding = only_finding(archive)
        assert (finding.kind, finding.accession) == ("damaged", ONE)


def test_the_file_of_another_submission(archive: Archive) -> None:
    """Two files swapped are two findings, though each is whole, and each is named for what it is."""
    first, second = place(archive, ONE), place(archive, TWO)
    one, two = first.read_bytes(), second.read_bytes()
    assert one != two
    first.write_bytes(two)
    second.write_bytes(one)
    report = verified(archive)
    assert [(finding.kind, finding.accession) for finding in report.findings] == [
        ("misplaced", ONE),
        ("misplaced", TWO),
    ]
    assert report.findings[0].message.endswith(TWO)
    assert {finding.kind for finding in verified(archive, quick=True).findings} <= {"damaged", "truncated"}
    assert (report.checked, report.ok) == (3, 1)


def test_another_submission_that_the_catalogue_knows_by_its_sha256(archive: Archive) -> None:
    """A row and a file that agree, and are not the submission they are named after."""
    keep(archive, ONE, submission_bytes(TWO))
    assert only_finding(archive).kind == "incomplete"


def test_a_stored_body_without_its_end(archive: Archive) -> None:
    """Whole as gzip, not whole as a submission; unless EDGAR's checksum says it is served so."""
    cut = submission_bytes(ONE)[:-30]
    keep(archive, ONE, cut)
    assert only_finding(archive).kind == "incomplete"
    keep(archive, ONE, cut, etag_md5=hashlib.md5(cut, usedforsecurity=False).hexdigest())
    assert verified(archive).ok == 3


def test_a_file_without_a_row(archive: Archive) -> None:
    """It is in the right place, and the next sync takes it in."""
    orphan = AccessionNumber("0001193125-04-000004")
    place(archive, orphan).write_bytes(gzip.compress(submission_bytes(orphan)))
    finding = only_finding(archive)
    assert (finding.kind, finding.accession) == ("uncatalogued", orphan)


@pytest.mark.parametrize(
    ("name", "accession"),
    [
        (f"0001193125/04/001/{ONE}.txt.gz", ONE),
        (f"0001193125/04/000/{ONE.digits}.txt.gz", ONE),
        (f"0001193125/04/000/{ONE}", ONE),
        (f"0001193125/04/000/{ONE}.txt", None),
        ("0001193125/04/000/.DS_Store", None),
        ("notes.txt", None),
    ],
)
def test_a_file_in_the_wrong_place(archive: Archive, name: str, accession: AccessionNumber | None) -> None:
    """Whatever is not at the place of its accession number is named."""
    path = archive.layout.submissions / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(place(archive).read_bytes())
    finding = only_finding(archive)
    assert (finding.kind, finding.accession, finding.path) == ("misplaced", accession, f"submissions/{name}")


def test_a_signature_that_does_not_verify(archive: Archive) -> None:
    """A message signed with a key that is not the SEC's is found, and not counted as signed."""
    keep(archive, ONE, wrap(submission_bytes(ONE)))
    report = verified(archive)
    assert [(finding.kind, finding.accession) for finding in report.findings] == [("signature", ONE)]
    assert "as EDGAR served them" in report.findings[0].message
    assert (report.checked, report.ok, report.signed) == (3, 2, 0)


def test_several_faults_are_all_found(archive: Archive) -> None:
    """One broken file hides no other."""
    place(archive, ONE).unlink()
    os.truncate(place(archive, TWO), 50)
    (archive.layout.submissions / "stray").write_bytes(b"")
    report = verified(archive)
    assert sorted(finding.kind for finding in report.findings) == ["misplaced", "missing", "truncated"]
    assert (report.checked, report.ok) == (3, 1)


@needs_corpus
def test_a_real_signed_submission_counts_as_signed(tmp_path: Path) -> None:
    """The SEC's own signature is counted; one changed byte, catalogued as it is, is found by the signature alone."""
    accession = AccessionNumber("0001193125-04-218426")
    body = (CORPUS / f"{accession}.txt").read_bytes()
    with Archive.open(tmp_path / "archive", writable=True, create=True) as archive:
        keep(archive, accession, body)
        assert verified(archive) == FileReport(checked=1, ok=1, signed=1, findings=())
        keep(archive, accession, body.replace(b"Higgins", b"Huggins", 1))
        assert only_finding(archive).kind == "signature"


def test_an_acknowledged_signature_is_counted_and_not_found(archive: Archive) -> None:
    """For these very bytes: other ones are found again."""
    record = keep(archive, THREE, wrap(submission_bytes(THREE)))
    assert only_finding(archive).kind == "signature"
    archive.catalogue.acknowledge([(THREE, record.sha256)], moment=record.stored_at)
    report = verify_files(archive)
    assert (report.checked, report.ok, report.acknowledged, report.findings) == (3, 3, 1, ())
    keep(archive, THREE, wrap(submission_bytes(THREE).replace(b"zebra", b"horse")))
    assert only_finding(archive).kind == "signature"
