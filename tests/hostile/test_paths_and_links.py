"""Names that lead elsewhere, links, pipes, and folders that are not the user's alone."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import gzip
import io
import os
import pwd
import sqlite3
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from archiver.edgar.pacer import Pacer
from archiver.errors import ArchiveFormatError, DamagedBodyError, DamageError, SettingsError, StorageError
from archiver.identifiers import AccessionNumber
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from archiver.streams.chunks import ChunkReader
from archiver.streams.tar import tar_members
from edgarchive.cli import run
from edgarchive.importing import import_submissions
from edgarchive.verifying import verify_archive
from indexer.index_folder import create_index, open_index
from tests.edgar_fixtures import CommandLine
from tests.loopback import LoopbackEdgar
from tests.loopback.answers import Answer
from tests.loopback.faults import Fault
from tests.unit.submissions import ACCESSION, submission_bytes

ELSEWHERE = [
    "../../../outside",
    "/var/edgarchive-outside",
    "a/../../../outside",
    "..",
    ".",
    "/",
    "\\..\\outside",
    "a\0b",
    "",
]


def everything_below(folder: Path) -> set[str]:
    """All files below a folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() or path.is_symlink()}


def imported(tmp_path: Path, *paths: Path) -> tuple[set[str], int]:
    """The submissions that an import of `paths` has stored, and how many files it could not take.

    Nothing else is written.
    """
    before = everything_below(tmp_path)
    report = import_submissions(paths, settings=Settings(root=tmp_path / "archive", jobs=1), index=False)
    new = everything_below(tmp_path) - before
    assert all(name.startswith("archive/") for name in new)
    stored = {name.rpartition("/")[2] for name in new if name.startswith("archive/submissions/")}
    return stored, len(report.skipped) + len(report.failures)


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_tar_member_is_a_name_for_messages_only(tmp_path: Path, name: str) -> None:
    """Absolute, climbing and empty names: the submission lies where its number says, and nothing lies elsewhere."""
    info = tarfile.TarInfo(name)
    info.size = len(submission_bytes())
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info, io.BytesIO(submission_bytes()))
    assert imported(tmp_path, tmp_path / "a.tar") == ({f"{ACCESSION}.txt.gz"}, 0)


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE],
)
def test_a_tar_member_that_is_no_file_is_nothing(tmp_path: Path, kind: bytes) -> None:
    """Folders are passed over, links, devices and pipes are named; what follows them is read."""
    (tmp_path / "secret").write_bytes(submission_bytes("0000000320-04-000009"))
    info = tarfile.TarInfo("innocent.txt")
    info.type, info.linkname = kind, str(tmp_path / "secret")
    after = tarfile.TarInfo("after.txt")
    after.size = len(submission_bytes())
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        archive.addfile(info)
        archive.addfile(after, io.BytesIO(submission_bytes()))
    named = kind != tarfile.DIRTYPE
    assert imported(tmp_path, tmp_path / "a.tar") == ({f"{ACCESSION}.txt.gz"}, int(named))


def test_a_sparse_tar_member_makes_no_file_out_of_nothing(tmp_path: Path) -> None:
    """A member that says it has a terabyte costs what it has; it is named, and the archive that ends in it is cut."""
    info = tarfile.TarInfo("huge.txt")
    info.size = 1 << 40
    info.type = tarfile.GNUTYPE_SPARSE
    (tmp_path / "a.tar").write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(10240))
    assert imported(tmp_path, tmp_path / "a.tar") == (set(), 2)
    info.type = tarfile.REGTYPE
    (tmp_path / "b.tar").write_bytes(info.tobuf(tarfile.GNU_FORMAT) + submission_bytes())
    assert imported(tmp_path, tmp_path / "b.tar") == ({f"{ACCESSION}.txt.gz"}, 1)


@pytest.mark.parametrize("kind", [*b"SXAMD"])
def test_a_tar_member_in_the_form_of_another_program_is_named(tmp_path: Path, kind: int) -> None:
    """A sparse file, an access list, a dumped folder: it has content, which is passed over; what follows is read."""
    odd, after = tarfile.TarInfo("odd.txt"), tarfile.TarInfo("after.txt")
    odd.type, odd.size, after.size = bytes([kind]), 700, len(submission_bytes())
    blocks = (odd.tobuf(), bytes(1024), after.tobuf(), submission_bytes(), bytes(-after.size % 512), bytes(1024))
    (tmp_path / "a.tar").write_bytes(b"".join(blocks))
    assert imported(tmp_path, tmp_path / "a.tar") == ({f"{ACCESSION}.txt.gz"}, int(kind != ord("D")))


def test_a_tar_member_of_less_than_nothing_is_damage() -> None:
    """A negative size would move the reading back."""
    header = bytearray(tarfile.TarInfo("a").tobuf(tarfile.USTAR_FORMAT))
    header[124:136] = b"-0000001000\0"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    with pytest.raises(DamagedBodyError):
        list(tar_members(ChunkReader([bytes(header)]), most=10))


@pytest.mark.parametrize("name", [name for name in ELSEWHERE if name not in {"", "/"}])
def test_a_zip_member_is_a_name_for_messages_only(tmp_path: Path, name: str) -> None:
    """The same for zip, where a member may also say that it is a link."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), submission_bytes())
        link = zipfile.ZipInfo("link.txt")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert imported(tmp_path, tmp_path / "a.zip") == ({f"{ACCESSION}.txt.gz"}, 1)


def test_pipes_devices_and_rings_of_links_end_no_import(tmp_path: Path) -> None:
    """A pipe that nobody writes to, a link to a device that never ends, a link to itself: skipped, and named."""
    folder = tmp_path / "in"
    folder.mkdir()
    os.mkfifo(folder / "a-pipe")
    (folder / "b-zero").symlink_to("/dev/zero")
    (folder / "c-ring").symlink_to("c-ring")
    (folder / "d-up").symlink_to("..")
    (folder / "e.txt").write_bytes(submission_bytes())
    assert imported(tmp_path, folder) == ({f"{ACCESSION}.txt.gz"}, 4)


def test_a_link_to_a_folder_is_named(tmp_path: Path) -> None:
    """It is not followed, so that what is in it is missing, and the report says so."""
    (tmp_path / "in").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.txt").write_bytes(submission_bytes())
    (tmp_path / "in" / "years").symlink_to(tmp_path / "elsewhere")
    assert imported(tmp_path, tmp_path / "in") == (set(), 1)
    assert imported(tmp_path, tmp_path / "in" / "years") == ({f"{ACCESSION}.txt.gz"}, 0)


def test_a_folder_may_be_nested_as_deep_as_the_system_allows(tmp_path: Path) -> None:
    """Deeper than Python's stack; `verify` goes as deep."""
    deep = tmp_path / "in"
    deep.mkdir()
    (tmp_path / "a.txt").write_bytes(submission_bytes())
    settings = Settings(root=tmp_path / "archive", jobs=1)
    import_submissions([tmp_path / "a.txt"], settings=settings, index=False)
    for top in (deep, tmp_path / "archive" / "submissions" / "x"):
        top.mkdir(exist_ok=True)
        before = os.open(".", os.O_RDONLY)
        try:
            os.chdir(top)
            for _ in range(1100):
                Path("d").mkdir()
                os.chdir("d")
            Path("a.txt").write_bytes(submission_bytes("0001193125-04-218427"))
        finally:
            os.chdir(before)
            os.close(before)
    assert import_submissions([deep], settings=settings, index=False).stored == 1
    report = verify_archive(settings)
    assert [finding.kind for finding in report.findings] == ["misplaced"]
    for top in (deep, tmp_path / "archive" / "submissions" / "x"):  # what pytest removes may not be as deep
        subprocess.run(["rm", "-r", str(top)], check=True)  # noqa: S607


@pytest.mark.parametrize("filename", ["edgar/data/../../../../etc/0001193125-04-218426.txt", "/etc/passwd", "..", ""])
def test_an_index_row_names_no_path(edgar: LoopbackEdgar, cli: CommandLine, filename: str) -> None:
    """The number at the end of a row's file name is used, or none: address and place are made of it and of the CIK."""
    row = f"320|EVIL|8-K|2019-05-14|{filename}\n".encode()

    def add_row(answer: Answer) -> Answer:
        return dataclasses.replace(answer, body=gzip.compress(gzip.decompress(answer.body) + row))

    edgar.inject(Fault("hostile row", alter=add_row), path="*/full-index/*/master.gz", times=None)
    report = cli.json("sync", "--form", "8-K", "--since", "2019-04-01", "--until", "2019-06-30", "--no-index")
    assert report["planned"] in {1, 2}
    assert {record.path for record in edgar.requests if "etc" in record.path or ".." in record.path} == set()


@pytest.mark.parametrize(
    "given",
    [
        "../../../etc/passwd",
        "0001193125-04-218426/../..",
        "0001193125-04-218426\n",
        "٠٠٠١١٩٣١٢٥-04-218426",
        "%2e%2e",
        "-1",
        "@/etc/passwd",
    ],
)
def test_an_accession_number_is_its_digits(edgar: LoopbackEdgar, cli: CommandLine, given: str) -> None:
    """What is given as an argument is a number or an error; no path is made of anything else."""
    assert cli.run("sync", "--form", "10-K", "--since", "2021-01-01", "--until", "2021-03-31").returncode == 0
    done = cli.run("show", "--raw", "--", given)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.count(b"\n") == 1
    assert edgar.requests


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An archive with one submission."""
    (tmp_path / "a.txt").write_bytes(submission_bytes())
    import_submissions([tmp_path / "a.txt"], settings=Settings(root=tmp_path / "archive", jobs=1))
    return tmp_path / "archive"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("accession", "../../../../etc/passwd"),
        ("accession", b"\xff\xfe"),
        ("sha256", "../../../../etc/passwd"),
        ("sha256", None),
        ("filing_date", "tomorrow"),
        ("filing_date", 7),
        ("stored_at", "\x1b[31m"),
        ("cik", "a"),
        ("form", b"\xff"),
    ],
)
def test_a_hostile_row_of_the_catalogue_is_damage(archive: Path, column: str, value: object) -> None:
    """No value of a row becomes a path or an exception of another kind: the row is damaged, and the message says so."""
    with contextlib.closing(sqlite3.connect(archive / "catalogue.sqlite3")) as database, database:
        database.execute("PRAGMA ignore_check_constraints = 1")
        try:
            database.execute(f"UPDATE submission SET {column} = ?", (value,))
        except sqlite3.IntegrityError:
            pytest.skip("the table itself refuses it")
    with Archive.open(archive) as opened, pytest.raises(DamageError, match="row"):
        list(opened.catalogue.records())


_ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"


@pytest.mark.parametrize(
    "sql",
    [
        f"ALTER TABLE submission RENAME TO x; CREATE VIEW submission AS {_ENDLESS} SELECT x.* FROM x, n WHERE n.i < 0;",
        "ALTER TABLE note ADD COLUMN x AS (hex(zeroblob(400000000)));",
        "CREATE TRIGGER x AFTER INSERT ON run BEGIN DELETE FROM submission; END;",
        "DROP TABLE acknowledged; CREATE VIRTUAL TABLE acknowledged USING fts5(accession);",
    ],
    ids=["view", "computed column", "trigger", "virtual table"],
)
def test_a_catalogue_that_runs_something_is_damage(archive: Path, sql: str) -> None:
    """Reading it could take for ever; a repair makes a plain one."""
    with contextlib.closing(sqlite3.connect(archive / "catalogue.sqlite3")) as database, database:
        database.executescript(sql)
    for writable in (False, True):
        with pytest.raises(DamageError, match="not edgarchive's"), Archive.open(archive, writable=writable):
            pass
    assert run(["--root", str(archive), "verify", "--repair"]) == 0
    with Archive.open(archive) as opened:
        assert [record.accession for record in opened.catalogue.records()] == [ACCESSION]


def test_a_hostile_row_of_what_stands_beside(archive: Path) -> None:
    """The name of a file beside a submission is made of its row, so the row must be a hash."""
    with contextlib.closing(sqlite3.connect(archive / "catalogue.sqlite3")) as database, database:
        values = (ACCESSION, "/../../../../etc/x", "older", "index", None, 1, 1, "2020-01-01T00:00:00+00:00", None)
        database.execute("INSERT INTO beside VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
    database.close()
    with Archive.open(archive) as opened, pytest.raises(DamageError, match="row"):
        list(opened.catalogue.versions(AccessionNumber(ACCESSION)))


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o1777, 0o720])
def test_an_index_that_others_can_write_is_not_opened(archive: Path, mode: int) -> None:
    """Reading an index of Whoosh runs what its writer put there, so nobody else may be that."""
    (archive / "index").chmod(mode)
    with pytest.raises(ArchiveFormatError, match="other users can write"):
        open_index(archive / "index")


@pytest.mark.parametrize("mode", [0o660, 0o606])
def test_an_index_with_a_file_that_others_can_write_is_not_opened(archive: Path, mode: int) -> None:
    """They need not be able to write to the folder: each file runs what is in it."""
    for path in (archive / "index").iterdir():
        before = path.stat().st_mode
        path.chmod(mode)
        with pytest.raises(ArchiveFormatError, match=f"other users can write to .*{path.name}"):
            open_index(archive / "index")
        path.chmod(before)
    open_index(archive / "index").close()


@pytest.mark.parametrize("umask", [0, 0o002, 0o027])
def test_nobody_but_its_owner_can_write_to_a_file_of_an_index(tmp_path: Path, umask: int) -> None:
    """Whatever the umask says, and through commits and merges: so it can be opened again."""
    before = os.umask(umask)
    try:
        for number in range(1, 11):
            (tmp_path / "a.txt").write_bytes(submission_bytes(f"0009999999-20-{number:06d}"))
            import_submissions([tmp_path / "a.txt"], settings=Settings(root=tmp_path / "archive"))
    finally:
        os.umask(before)
    index = tmp_path / "archive" / "index"
    assert {path.suffix for path in index.iterdir()} >= {".json", ".seg", ".sha256", ".toc"}
    assert [path.name for path in index.iterdir() if path.stat().st_mode & 0o022] == []
    open_index(index).close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_link_of_another_user_is_not_followed_to_an_index_of_ours(archive: Path) -> None:
    """It could lead to files that we have extracted from a filing, whose names and bytes the filer chose."""
    (archive / "index").rename(archive / "ours")
    (archive / "index").symlink_to("ours")
    os.chown(archive / "index", 12345, -1, follow_symlinks=False)
    with pytest.raises(ArchiveFormatError, match="belongs to 12345"):
        open_index(archive / "index")
    open_index(archive / "index", settings=Settings(trusted_owner="12345")).close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_an_index_with_a_file_of_another_user_is_not_opened(archive: Path) -> None:
    """Whoever owns a file can change it."""
    os.chown(next((archive / "index").glob("*.toc")), 12345, -1)
    with pytest.raises(ArchiveFormatError, match="belongs to 12345"):
        open_index(archive / "index")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_an_index_of_another_user_is_not_opened(archive: Path) -> None:
    """Neither the folder itself, nor one that a link leads to."""
    (archive / "index").rename(archive / "theirs")
    (archive / "index").symlink_to("theirs")
    open_index(archive / "index").close()
    os.chown(archive / "theirs", 12345, -1)
    with pytest.raises(ArchiveFormatError, match="belongs to 12345"):
        open_index(archive / "index")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_an_index_of_a_trusted_user_is_opened(archive: Path) -> None:
    """The one that the settings name, and no other; a name that is none is an error."""
    os.chown(archive / "index", pwd.getpwnam("daemon").pw_uid, -1)
    open_index(archive / "index", settings=Settings(trusted_owner="daemon")).close()
    with pytest.raises(ArchiveFormatError, match="belongs to daemon"):
        open_index(archive / "index", settings=Settings(trusted_owner="bin"))
    with pytest.raises(SettingsError, match="there is no such user"):
        open_index(archive / "index", settings=Settings(trusted_owner="nobody of that name"))
    os.chown(archive / "index", 12345, -1)
    open_index(archive / "index", settings=Settings(trusted_owner="12345")).close()
    with pytest.raises(ArchiveFormatError, match='trusted_owner = "12345"'):
        open_index(archive / "index", settings=Settings(trusted_owner="12346"))


@pytest.mark.parametrize(("umask", "mode"), [(0, 0o755), (0o002, 0o755), (0o027, 0o750), (0o077, 0o700)])
def test_who_may_read_a_new_index_says_the_umask(tmp_path: Path, umask: int, mode: int) -> None:
    """Nobody but its owner may write there, whatever it says."""
    before = os.umask(umask)
    try:
        create_index(tmp_path / "index", engine="whoosh").close()
    finally:
        os.umask(before)
    assert (tmp_path / "index").stat().st_mode & 0o777 == mode
    open_index(tmp_path / "index").close()


def test_sweeping_leaves_what_a_link_leads_to(archive: Path, tmp_path: Path) -> None:
    """A writer removes what is left in incoming/, and nothing of a folder that somebody has linked there."""
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "thesis.part").write_bytes(b"years of work")
    (archive / "incoming").rmdir()
    (archive / "incoming").symlink_to(tmp_path / "documents")
    with pytest.raises(StorageError, match="link"):
        Archive.open(archive, writable=True)
    assert (tmp_path / "documents" / "thesis.part").read_bytes() == b"years of work"


def test_rebuilding_leaves_what_a_link_leads_to(archive: Path, cli: CommandLine, tmp_path: Path) -> None:
    """The same for index/ and the folders of a rebuild: the link goes, what it leads to stays."""
    for name in ("index.new", "index.old", "index/building"):
        (tmp_path / "documents").mkdir(exist_ok=True)
        (tmp_path / "documents" / "thesis").write_bytes(b"years of work")
        (archive / name).symlink_to(tmp_path / "documents")
        assert cli.run("--root", str(archive), "index", "--rebuild").returncode == 0
        assert (tmp_path / "documents" / "thesis").read_bytes() == b"years of work"
        assert not (archive / name).is_symlink()


def test_an_index_may_be_a_link_and_is_rebuilt(archive: Path, cli: CommandLine, tmp_path: Path) -> None:
    """A rebuild, such as after an upgrade, puts a folder in its place, and so does the next one."""
    (archive / "index").rename(tmp_path / "large")
    (archive / "index").symlink_to(tmp_path / "large")
    for _ in range(2):
        assert cli.run("--root", str(archive), "index", "--rebuild").returncode == 0
    assert (archive / "index").is_dir()
    assert not (archive / "index").is_symlink()
    assert (tmp_path / "large" / "meta.json").exists()
    assert verify_archive(Settings(root=archive)).findings == ()


def test_a_submissions_folder_may_be_a_link(archive: Path, cli: CommandLine, tmp_path: Path) -> None:
    """A link to a larger disk is a place like any other."""
    (archive / "submissions").rename(tmp_path / "large")
    (archive / "submissions").symlink_to(tmp_path / "large")
    assert cli.run("--root", str(archive), "verify").returncode == 0
    assert cli.run("--root", str(archive), "show", "--raw", ACCESSION).stdout == submission_bytes()


def test_the_pace_file_is_not_somebody_elses(tmp_path: Path) -> None:
    """A second name of a user's file, put where all users write, is not written to."""
    (tmp_path / "mine").write_bytes(b"x" * 64)
    os.link(tmp_path / "mine", tmp_path / "edgarchive-pace-sec.gov")
    with pytest.raises(StorageError, match="is linked, or not a regular file"):
        Pacer("https://www.sec.gov", rate=8, folder=tmp_path)
    assert (tmp_path / "mine").read_bytes() == b"x" * 64


async def test_a_pace_file_that_is_kept_locked_ends_the_run(tmp_path: Path) -> None:
    """Another user can hold the lock for ever; nobody waits for ever."""
    pacer = Pacer("https://www.sec.gov", rate=8, folder=tmp_path, patience_s=0.05)
    with (tmp_path / "edgarchive-pace-sec.gov").open("rb") as theirs:
        fcntl.flock(theirs, fcntl.LOCK_EX)
        with pytest.raises(StorageError, match="locked"):
            await pacer.start()
    await pacer.start()
    pacer.close()


def test_a_settings_file_that_others_can_write_is_named(cli: CommandLine, tmp_path: Path) -> None:
    """It may say whom to ask, and where to write."""
    (tmp_path / "edgarchive.toml").write_text("rate = 5\n")
    (tmp_path / "edgarchive.toml").chmod(0o666)
    assert b"other users can change the settings file" in cli.run("config", "show").stderr
    (tmp_path / "edgarchive.toml").chmod(0o600)
    assert cli.run("config", "show").stderr == b""
