"""edgartools, secedgar and sec-edgar-downloader list and read filings of a served archive, without a network."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archiver.settings.settings import Settings
from edgarchive import Library, export
from tests.paths import INVENTED
from tests.peers.conftest import WITH_XBRL, TwoServers

REPORT = "0009000900-21-000150"
"""A 10-K with an exhibit, a picture and a PDF; the only filing of its quarter."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # the first run installs the peers


def test_edgartools_reads_the_archive(run_client: Callable[..., Any], archive: Path) -> None:
    """Indexes by quarter and day, a filing with its page, folder and attachments, companies, and both searches."""
    found = run_client("use_edgartools.py", REPORT)
    with Library(archive) as library:
        submission = library.submission(REPORT)
        raw = library.raw(REPORT)
        everything = sorted(hit.accession for hit in library.search(limit=None))
        picture = next(one for one in submission.documents if (one.filename or "").endswith(".jpg")).content()
    names = [document.filename for document in submission.documents]
    entity = submission.header.entities[0]
    for listed in ("quarter", "quarter by company", "day", "company's filings", "full text"):
        assert found[listed] == [REPORT], listed
    assert found["empty quarter"] == []
    assert found["quarter of XBRL"] == [WITH_XBRL]
    assert found["newest"] == everything
    assert found["period"] == str(submission.header.period_of_report)
    assert found["filers on the home page"] == [entity.name]
    assert found["company"] == [entity.name, int(entity.cik or 0), ["BRCN"]]
    assert found["company by ticker"] == int(entity.cik or 0)
    assert found["attachments"] == names
    assert set(names) < set(found["folder"])
    assert found["picture"] == hashlib.sha256(picture).hexdigest()
    assert found["html"] > 1000
    assert found["submission"] == hashlib.sha256(raw).hexdigest()
    assert found["header"] == REPORT
    assert found["by accession number"] == "10-K"


def test_edgartools_reads_an_exported_folder(run_client: Callable[..., Any], archive: Path, tmp_path: Path) -> None:
    """Every filing of an export in its layout, in both of EDGAR's formats and signed, without asking any server."""
    settings = Settings(root=archive)
    export("filings", tmp_path / "edgar", layout="edgartools", settings=settings)
    export("filings", tmp_path / "rows.jsonl", settings=settings, jobs=1)
    found = run_client("use_edgartools_offline.py", str(tmp_path / "edgar"), str(tmp_path / "rows.jsonl"))
    with Library(archive) as library:
        assert len(found) == library.status().submissions
        for accession, facts in found.items():
            submission = library.submission(accession)
            assert (facts["header"], facts["form"]) == (accession, submission.header.form)
            named = [document.filename for document in submission.documents if document.filename]
            assert facts["documents"][: len(named)] == named or not named, accession
            raw = library.raw(accession).replace(b"\r\n", b"\n")
            if raw.isascii():
                assert facts["submission"] == hashlib.sha256(raw).hexdigest(), accession


def test_the_datasets_library_reads_an_export(run_client: Callable[..., Any], archive: Path, tmp_path: Path) -> None:
    """The card of a folder of Parquet files names its parts: every row comes, with typed columns."""
    pytest.importorskip("pyarrow")
    settings = Settings(root=archive)
    export("filings", tmp_path / "filings", format="parquet", settings=settings, jobs=1)
    found = run_client("use_datasets.py", str(tmp_path / "filings"))
    with Library(archive) as library:
        assert found["accessions"] == sorted(hit.accession for hit in library.search(limit=None))
    assert found["types"]["filing_date"] == "date32"
    assert found["types"]["bytes"] == "int64"


def test_secedgar_reads_the_archive(run_client: Callable[..., Any]) -> None:
    """Tickers, then the filings of a company, a day and a quarter, listed and downloaded."""
    found = run_client("use_secedgar.py", "BRCN")
    file = f"{REPORT}.txt"
    size = (INVENTED / file).stat().st_size
    assert found["tickers"]["BRCN"] == "9000007"
    for listed in ("company", "company by name", "day", "quarter"):
        assert found[listed] == [file], listed
    assert found["company, saved"] == found["quarter, saved"] == {file: size}


def test_sec_edgar_downloader_reads_the_archive(run_client: Callable[..., Any], archive: Path) -> None:
    """A company's filings of a form by its ticker: submission and main document."""
    found = run_client("use_sec_edgar_downloader.py", "BRCN", "10-K")
    with Library(archive) as library:
        document = library.submission(REPORT).documents[0].content()
    sizes = {"full-submission.txt": (INVENTED / f"{REPORT}.txt").stat().st_size, "primary-document.html": len(document)}
    assert found == {"filings": 1, "files": sizes}


def test_the_peers_reach_nothing_else(python: Path, servers: TwoServers) -> None:
    """Their processes cannot open a connection to another machine, nor look up its name."""
    script = (
        "import socket\n"
        "for address in (('192.0.2.1', 80), ('example.org', 443)):\n"
        "    try:\n        socket.create_connection(address, timeout=1)\n"
        "    except OSError as error:\n        print(error)\n"
    )
    environment = {
        "PYTHONPATH": str(Path(__file__).parent / "redirect"),
        "PEER_HTTP_PORT": str(servers.plain.port),
        "PEER_HTTPS_PORT": str(servers.secure.port),
    }
    done = subprocess.run([python, "-c", script], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.count("not on this machine") == 2


def test_what_the_peers_asked_is_in_the_log_without_errors(run_client: Callable[..., Any], servers: TwoServers) -> None:
    """No answer was the server's mistake."""
    run_client("use_sec_edgar_downloader.py", "BRCN", "10-K")
    for server in (servers.plain, servers.secure):
        assert "Traceback" not in server.log
        assert '" 500 ' not in server.log
        assert '" 503 ' not in server.log
    assert '"GET /submissions/CIK0009000007.json" 200' in servers.secure.log
