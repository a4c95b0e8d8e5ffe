from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest

from archiver.audit.verify import verify_files
from archiver.errors import UsageError
from archiver.identifiers import AccessionNumber
from archiver.intake import bulk
from archiver.intake.importer import import_into
from archiver.intake.single import store_version
from archiver.reports import ImportReport, SkippedFile, SyncFailure
from archiver.store.archive import Archive
from archiver.streams.containers import candidates
from tests.damage.phases import nc
from tests.loopback import FIXTURES
from tests.unit.archives import tree

ONE = AccessionNumber("0009000900-04-000101")
BODY = (FIXTURES / f"{ONE}.txt").read_bytes()
ALL = {AccessionNumber(path.stem): path.read_bytes() for path in FIXTURES.glob("*.txt")}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Where the archive will be."""
    return tmp_path / "archive"


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """A folder of files that somebody has."""
    folder = tmp_path / "there"
    folder.mkdir()
    return folder


def take(root: Path, *paths: Path, max_bytes: int = 1_000_000) -> ImportReport:
    """One import."""
    with Archive.open(root, writable=True, create=True) as archive:
        return import_into(archive, paths, jobs=2, max_bytes=max_bytes)


def stored(root: Path) -> dict[AccessionNumber, bytes]:
    """What the archive has, by accession number; all of it is sound."""
    with Archive.open(root) as archive:
        assert not list(verify_files(archive, jobs=2).findings)
        return {record.accession: archive.read(record.accession) for record in archive.catalogue.records()}


def tar_of(files: dict[str, bytes], mode: str) -> bytes:
    """A tar archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as tar:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def test_folders_of_other_tools_are_taken_as_they_are(root: Path, there: Path) -> None:
    """Placed by the accession number in the header, whatever a file is called; the originals are as they were."""
    for accession, body in ALL.items():
        folder = there / "sec-edgar-filings" / "MLAN" / "8-K" / accession
        folder.mkdir(parents=True)
        (folder / "full-submission.txt").write_bytes(body)
        (folder / "primary-document.html").write_bytes(b"<html>not a submission</html>")
    before = tree(there)
    report = take(root, there)
    assert stored(root) == ALL
    assert (report.planned, report.stored, report.failed) == (len(ALL), len(ALL), 0)
    assert report.bytes == sum(map(len, ALL.values()))
    assert len(report.skipped) == len(ALL)
    assert report.skipped[0].path.endswith("primary-document.html")
    assert tree(there) == before


@pytest.mark.parametrize("packing", ["gz", "tar", "tar.gz", "zip", "gz in tar"])
def test_packed_files_are_opened_whatever_their_name(root: Path, there: Path, packing: str) -> None:
    """By what they are, not by what they are called."""
    files = {f"edgar/data/1/{accession}.txt": body for accession, body in ALL.items()}
    if packing == "gz":
        for accession, body in ALL.items():
            (there / accession).write_bytes(gzip.compress(body))
    elif packing == "zip":
        with zipfile.ZipFile(there / "some", "w", zipfile.ZIP_DEFLATED) as archive:
            for name, body in files.items():
                archive.writestr(name, body)
    elif packing == "gz in tar":
        (there / "some").write_bytes(tar_of({name: gzip.compress(body) for name, body in files.items()}, "w"))
    else:
        (there / "some").write_bytes(tar_of(files, "w:gz" if packing == "tar.gz" else "w"))
    assert take(root, there).stored == len(ALL)
    assert stored(root) == ALL


def test_a_second_import_stores_nothing_and_says_so(root: Path, there: Path) -> None:
    """Which is how one that was stopped goes on; a copy beside another is no second submission."""
    for name in ("a.txt", "b.txt"):
        (there / name).write_bytes(BODY)
    first, again = take(root, there), take(root, there)
    assert (first.planned, first.stored, first.present) == (1, 1, 0)
    assert (again.planned, again.stored, again.present, again.failures) == (1, 0, 1, ())


def test_a_copy_that_differs_is_reported_and_changes_nothing(root: Path, there: Path) -> None:
    """What is stored stays; somebody has to look."""
    (there / "a.txt").write_bytes(BODY)
    take(root, there)
    (there / "a.txt").write_bytes(BODY.replace(b"the ", b"The ", 1))
    report = take(root, there)
    assert [(failure.accession, failure.error) for failure in report.failures] == [(ONE, "ConflictError")]
    assert (report.planned, report.present, report.failed) == (1, 1, 0)
    assert stored(root) == {ONE: BODY}


def test_the_other_spelling_of_a_stored_submission_is_the_same_submission(root: Path, there: Path) -> None:
    """A dissemination file differs in its bytes from the file that EDGAR serves."""
    (there / "a.txt").write_bytes(BODY)
    take(root, there)
    (there / "a.txt").write_bytes(
        f"<SUBMISSION>\n<ACCESSION-NUMBER>{ONE}\n<TYPE>8-K\n<FILING-DATE>20041222\n</SUBMISSION>\n".encode()
    )
    report = take(root, there)
    assert (report.present, report.failures) == (1, ())


def test_a_cut_copy_is_refused_and_a_whole_one_is_taken(root: Path, there: Path) -> None:
    """In whichever order they come; the cut one is kept for a person to read until there is a whole one."""
    (there / "a.txt").write_bytes(BODY[:-100])
    report = take(root, there)
    assert (report.failed, report.stored, report.planned) == (1, 0, 1)
    assert "truncated" in report.failures[0].message
    assert list((root / "quarantine").iterdir())
    (there / "b.txt").write_bytes(BODY)
    report = take(root, there)
    assert (report.failed, report.stored, report.planned) == (0, 1, 1)
    assert stored(root) == {ONE: BODY}
    assert not list((root / "quarantine").iterdir())
    assert not list((root / "incoming").iterdir())


def test_damaged_archives_give_what_they_have_and_are_named(root: Path, there: Path) -> None:
    """A cut tar, damaged gzip, a broken zip: one line each, and the import goes on."""
    packed = tar_of({f"{accession}.txt": body for accession, body in ALL.items()}, "w")
    (there / "a.tar").write_bytes(packed[: len(packed) // 2])
    (there / "b.gz").write_bytes(gzip.compress(BODY)[:-500] + b"x" * 500)
    (there / "c.zip").write_bytes(b"PK\x03\x04 and nothing more")
    (there / "d.txt").write_bytes(BODY)
    report = take(root, there)
    assert len(ALL) > report.stored > 0
    assert {Path(failure.url).name for failure in report.failures} >= {"a.tar", "b.gz", "c.zip"}
    assert ONE in stored(root)


def test_nothing_is_taken_from_a_tar_archive_whose_checksum_is_wrong(root: Path, there: Path) -> None:
    """Any of its members may be damaged, and decodes nevertheless; only the checksum at the very end tells."""
    packed = gzip.compress(tar_of({f"{accession}.txt": body for accession, body in ALL.items()}, "w"), compresslevel=0)
    (there / "some.tar.gz").write_bytes(packed.replace(b"FISCAL YEAR END", b"FISCAL_YEAR_END", 1))
    report = take(root, there)
    assert [(Path(failure.url).name, failure.error) for failure in report.failures] == [
        ("some.tar.gz", "DamagedBodyError")
    ]
    assert stored(root) == {}
    (there / "some.tar.gz").write_bytes(packed[:-4])  # what is whole in one that is only cut is taken
    assert [failure.message for failure in take(root, there).failures] == ["the compressed body is cut off"]
    assert stored(root) == ALL


def test_a_whole_tar_archive_is_taken_whatever_follows_it(root: Path, there: Path) -> None:
    """Its checksum is right, and tar reads it; what follows is named, since it may be another archive, damaged."""
    packed = tar_of({f"{accession}.txt": body for accession, body in ALL.items()}, "w:gz")
    (there / "some.tar.gz").write_bytes(packed + b"and a signature")
    assert [failure.message for failure in take(root, there).failures] == [
        "something that is not gzip follows the end of the compressed body"
    ]
    assert stored(root) == ALL


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_archives_joined_by_cat_are_all_read(root: Path, there: Path, mode: str) -> None:
    """Each has its own end, after which the next one begins."""
    joined = b"".join(tar_of({f"{accession}.txt": body}, mode) for accession, body in ALL.items())
    (there / "some").write_bytes(joined)
    assert take(root, there).stored == len(ALL)
    assert stored(root) == ALL


def test_a_file_that_is_removed_meanwhile_is_a_failure(root: Path, there: Path) -> None:
    """It may have been a submission, unlike a link to nothing, which is named as what it is."""
    (there / "a.txt").write_bytes(BODY)
    (there / "b.txt").write_bytes(b"more")
    (there / "c.txt").symlink_to("nothing")
    found = candidates([there], outside=root)
    names = [next(found)]
    (there / "b.txt").unlink()
    names += found
    assert [(Path(one.url).name, one.message) for one in names if isinstance(one, SyncFailure)] == [
        ("b.txt", "it was removed before it could be read")
    ]
    assert [Path(one.path).name for one in names if isinstance(one, SkippedFile)] == ["c.txt"]


def test_zip_archives_joined_by_cat_are_a_failure(root: Path, there: Path) -> None:
    """A zip archive is read from its end, and lists only its own members."""
    first, second = sorted(ALL)[:2]
    for accession in (first, second):
        with zipfile.ZipFile(there / "one", "w") as archive:
            archive.writestr(f"{accession}.txt", ALL[accession])
        with (there / "all.zip").open("ab") as joined:
            joined.write((there / "one").read_bytes())
    report = take(root, there / "all.zip")
    assert stored(root) == {second: ALL[second]}
    assert [failure.message for failure in report.failures] == [
        "several archives are joined in it, and only the last is read"
    ]


def test_what_another_program_must_unpack_is_named(root: Path, there: Path) -> None:
    """It may hold submissions, so the report does not say that it is none."""
    packed = tar_of({"a.txt": BODY}, "w")
    (there / "a.tar.bz2").write_bytes(bz2.compress(packed))
    (there / "b.tar.xz").write_bytes(lzma.compress(packed))
    (there / "c.txt.gz").write_bytes(gzip.compress(gzip.compress(BODY)))
    with zipfile.ZipFile(file := io.BytesIO(), "w") as archive:
        archive.writestr("a.txt", BODY)
    (there / "d.zip.gz").write_bytes(gzip.compress(file.getvalue()))
    report = take(root, there)
    assert [(Path(one.path).name, one.message) for one in report.skipped] == [
        ("a.tar.bz2", "it is packed by bzip2, which is not opened; unpack it"),
        ("b.tar.xz", "it is packed by xz, which is not opened; unpack it"),
        ("c.txt.gz", "it is packed by gzip twice, which is not opened; unpack it"),
        ("d.zip.gz", "an archive inside an archive is not opened; unpack the outer one"),
    ]


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_member_of_a_zip_is_one_failure(root: Path, there: Path, packing: int) -> None:
    """Also one so large that it is found only while the submission is being stored; the others are imported."""
    noise = random.Random(1).randbytes(1 << 19).hex().encode()  # noqa: S311 (no secret)
    large = BODY.replace(b"</SEC-DOCUMENT>", noise + b"</SEC-DOCUMENT>")
    other = next(accession for accession in ALL if accession != ONE)
    with zipfile.ZipFile(there / "some.zip", "w", packing) as archive:
        archive.writestr("damaged.txt", large)
        archive.writestr("whole.txt", ALL[other])
    packed = bytearray((there / "some.zip").read_bytes())
    packed[300_000:300_020] = b"\xff" * 20
    (there / "some.zip").write_bytes(packed)
    report = take(root, there)
    assert "damaged.txt" in report.failures[0].url
    assert stored(root) == {other: ALL[other]}


@pytest.mark.parametrize("packing", ["gzip", "zip"])
def test_damage_that_makes_a_submission_look_like_something_else_is_a_failure(
    root: Path, there: Path, packing: str
) -> None:
    """What is no submission is skipped only if it could be read to its end."""
    file, other = io.BytesIO(), b"a page, and no submission"
    large = BODY.replace(b"</SEC-DOCUMENT>", b"more" * 1_000_000 + b"</SEC-DOCUMENT>")
    if packing == "gzip":
        file.write(gzip.compress(large, compresslevel=0))
        (there / "other").write_bytes(gzip.compress(other))
    else:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("damaged.txt", large)
            archive.writestr("other", other)
    packed = file.getvalue()
    (there / "some").write_bytes(packed.replace(BODY[:40], b"x" * 40, 1))
    report = take(root, there, max_bytes=10_000_000)
    assert len(report.failures) == 1
    assert report.failures[0].url.startswith(str(there / "some"))
    assert [Path(skipped.path).name for skipped in report.skipped] == ["other" if packing == "gzip" else "some!other"]


def test_an_encrypted_member_is_a_failure(root: Path, there: Path) -> None:
    """What is in it cannot be read, so that a submission may be missing; the others are taken."""
    first, second = sorted(ALL)[:2]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for accession in (first, second):
            archive.writestr(f"{accession}.txt", ALL[accession])
    packed = bytearray(buffer.getvalue())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # of the first member alone
        packed[packed.index(signature) + flags] |= 1
    (there / "some.zip").write_bytes(packed)
    report = take(root, there)
    assert stored(root) == {second: ALL[second]}
    assert [(Path(failure.url).name, failure.error) for failure in report.failures] == [
        (f"some.zip!{first}.txt", "DamagedBodyError")
    ]
    assert "encrypted" in report.failures[0].message


@pytest.mark.parametrize("inner", ["w:", "w:gz", "zip"])
def test_an_archive_inside_an_archive_is_named(root: Path, there: Path, inner: str) -> None:
    """It is not opened, of either kind, and the report says what to do; what is beside it is taken."""
    buffer = io.BytesIO()
    if inner == "zip":
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("a.txt", BODY)
    else:
        buffer.write(tar_of({"a.txt": BODY}, inner))
    (there / "some.tar").write_bytes(tar_of({"inner": buffer.getvalue(), "beside.txt": BODY}, "w:"))
    report = take(root, there)
    assert stored(root) == {ONE: BODY}
    assert [(Path(one.path).name, one.message) for one in report.skipped] == [
        ("some.tar!inner", "an archive inside an archive is not opened; unpack the outer one")
    ]


def test_a_bomb_is_cut_off(root: Path, there: Path) -> None:
    """At the bound that the settings give for one submission, without taking the rest into memory."""
    bomb = BODY.replace(b"</SEC-DOCUMENT>", b" " * 20_000_000 + b"</SEC-DOCUMENT>")
    (there / "a.gz").write_bytes(gzip.compress(bomb))
    report = take(root, there)
    assert [failure.error for failure in report.failures] == ["TooLargeError"]


def test_a_large_submission_is_packed_as_it_is_read(root: Path, there: Path) -> None:
    """One that does not fit into what is kept in memory is the same afterwards."""
    large = BODY.replace(b"</SEC-DOCUMENT>", b"word " * (bulk.SMALL_BYTES // 4) + b"\n</SEC-DOCUMENT>")
    (there / "a.txt").write_bytes(large)
    assert take(root, there, max_bytes=100_000_000).stored == 1
    assert stored(root) == {ONE: large}


def test_of_another_archive_only_the_filings_are_taken(root: Path, there: Path, tmp_path: Path) -> None:
    """Neither what it keeps beside a filing, whose name comes first, nor what failed a check; also packed in a tar."""
    (there / "a.txt").write_bytes(BODY)
    take(root, there)
    with Archive.open(root, writable=True) as archive:
        older = BODY.replace(b"the ", b"The ", 1)
        store_version(archive, ONE, older, kind="older", source="index", url="https://www.sec.gov/")
    other = next(accession for accession in ALL if accession != ONE)
    (root / "quarantine").mkdir(exist_ok=True)
    (root / "quarantine" / f"{other}.txt.gz").write_bytes(gzip.compress(ALL[other]))
    with tarfile.open(tmp_path / "packed.tar", "w") as tar:
        tar.add(root, "edgar")
    for name, source in (("b", root), ("c", root / "submissions"), ("d", tmp_path / "packed.tar")):
        report = take(tmp_path / name, source)
        assert (report.stored, report.failures) == (1, ())
        assert stored(tmp_path / name) == {ONE: BODY}
        aside = {
            Path(one.path).name for one in report.skipped if one.message.startswith(("an older", "it is in the q"))
        }
        assert len(aside) == (1 if name == "c" else 2)
    (beside,) = root.glob(f"submissions/**/{ONE}.*.txt.gz")
    take(tmp_path / "e", beside)
    assert stored(tmp_path / "e") == {ONE: older}


@pytest.mark.parametrize("first", [BODY, BODY[: len(BODY) // 2] + b"\n", nc(ONE)], ids=["whole", "cut", "tags"])
@pytest.mark.parametrize("tags", [False, True])
def test_a_file_of_several_submissions_is_a_failure(root: Path, there: Path, first: bytes, *, tags: bool) -> None:
    """Files joined, or one appended to another that was cut: neither the first nor the others would be right."""
    other = next(accession for accession in ALL if accession != ONE)
    (there / "a.txt").write_bytes(first + (nc(other) if tags else ALL[other]))
    report = take(root, there)
    assert (report.stored, report.failed) == (0, 1)
    assert tags == first.startswith(b"<SEC") or f"several submissions: {other} begins" in report.failures[0].message


def test_the_same_submission_several_times_is_one(root: Path, there: Path) -> None:
    """EDGAR itself serves some like that; the number decides."""
    (there / "a.txt").write_bytes(BODY * 3)
    take(root, there)
    assert stored(root) == {ONE: BODY * 3}


def test_a_submission_whose_header_lacks_facts_is_a_failure(root: Path, there: Path) -> None:
    """It begins like one, so a filing is missing."""
    (there / "a.txt").write_bytes(BODY.replace(b"CONFORMED SUBMISSION TYPE", b"TYPE OF IT"))
    report = take(root, there)
    assert report.skipped == ()
    assert [(one.accession, one.message) for one in report.failures] == [(None, "its header has no form type")]


def test_an_archive_does_not_import_itself(root: Path, there: Path) -> None:
    """Neither its own files nor, from above, those of its folder."""
    (there / "a.txt").write_bytes(BODY)
    take(root, there)
    shutil.rmtree(there)
    report = take(root, root.parent)
    assert (report.planned, report.skipped) == (0, ())
    [said] = take(root, root).skipped
    assert (said.path, said.message) == (str(root), "it is the archive itself")


def test_an_import_after_a_kill_takes_in_what_lies_there(root: Path, there: Path) -> None:
    """A whole file in its place without a row costs no second one."""
    (there / "a.txt").write_bytes(BODY)
    take(root, there)
    for file in root.glob("catalogue.sqlite3*"):
        file.unlink()
    report = take(root, there)
    assert (report.present, report.stored) == (1, 0)
    assert stored(root) == {ONE: BODY}


def test_a_path_that_is_not_there_is_said(root: Path, there: Path) -> None:
    """Before anything is done."""
    with pytest.raises(UsageError, match="does not exist"):
        take(root, there, there / "nothing")
