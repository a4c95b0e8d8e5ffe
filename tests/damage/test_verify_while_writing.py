"""`verify` while another process writes: nothing that is only unfinished is found."""

from __future__ import annotations

from pathlib import Path

from archiver.audit.findings import Finding
from archiver.audit.second_look import confirmed
from archiver.audit.verify import verify_files
from archiver.catalogue.records import older_version
from archiver.identifiers import AccessionNumber
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from edgarchive import sync_archive, verify_archive
from tests.damage.phases import ALL
from tests.edgar_fixtures import CommandLine
from tests.unit.archives import STORED

NUMBER = AccessionNumber("0009000900-04-000101")


def test_a_running_sync_leaves_no_finding(settings: Settings, cli: CommandLine) -> None:
    """Checked again and again from its beginning to its end."""
    checks = 0
    with cli.start("sync", "--form", "*", "--since", "2003-01-01", EDGARCHIVE_RATE="8") as process:
        while process.poll() is None:
            if (settings.root / "format.json").exists():
                findings = [finding for finding in verify_archive(settings).findings if finding.path != "index"]
                assert [finding for finding in findings if finding.kind != "index-missing"] == []
                checks += 1
        assert process.returncode == 0, process.communicate()[1].decode()
        process.communicate()
    assert checks > 1
    assert verify_archive(settings).findings == ()


def _open(settings: Settings) -> tuple[Archive, Archive, Path]:
    sync_archive(ALL, settings=settings)
    writer, reader = Archive.open(settings.root, writable=True), Archive.open(settings.root)
    return writer, reader, writer.layout.submission(NUMBER)


def _findings(reader: Archive) -> tuple[Finding, ...]:
    return confirmed(reader, verify_files(reader).findings, quick=False)


def test_a_file_without_its_row_is_found_unless_its_run_goes_on(settings: Settings) -> None:
    """New ones belong to the run that writes now; older ones than that were left by another."""
    writer, reader, path = _open(settings)
    with reader:
        with writer:
            writer.catalogue.remove(NUMBER)
            assert [finding.kind for finding in _findings(reader)] == ["uncatalogued"]
            writer.catalogue.runs.begin("sync", {}, began=STORED)
            assert _findings(reader) == ()
        assert [finding.kind for finding in _findings(reader)] == ["uncatalogued"]
    assert path.exists()


def test_new_bytes_before_their_row_are_found_unless_a_refresh_goes_on(settings: Settings) -> None:
    """Once what they replace stands beside them."""
    writer, reader, path = _open(settings)
    with reader:
        with writer:
            record = writer.record(NUMBER)
            writer.catalogue.runs.begin("sync", {}, began=STORED)
            path.rename(writer.layout.version_path(NUMBER, record.sha256))
            path.write_bytes(writer.layout.submission(AccessionNumber("0009000900-05-000088")).read_bytes())
            assert {finding.kind for finding in _findings(reader)} >= {"misplaced"}
            writer.catalogue.add_version(older_version(record))
            assert _findings(reader) == ()
        assert [finding.kind for finding in _findings(reader)] == ["misplaced"]


def test_what_was_put_right_meanwhile_is_no_finding(settings: Settings) -> None:
    """Found once, and whole at the second look."""
    writer, reader, path = _open(settings)
    with writer, reader:
        data = path.read_bytes()
        path.write_bytes(data[:-10])
        found = verify_files(reader).findings
        assert [finding.kind for finding in found] == ["truncated"]
        path.write_bytes(data)
        assert confirmed(reader, found, quick=False) == ()
