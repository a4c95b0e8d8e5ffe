"""An archive with tickers, served over http and https, and what each peer reads of it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from archiver.settings.settings import Settings
from edgarchive import import_submissions
from tests.edgar_fixtures import FAST, IDENTITY, SYNC_ALL, command_line, pace_file
from tests.loopback import FIXTURES, LoopbackEdgar
from tests.loopback.__main__ import TICKERS
from tests.paths import ROOT
from tests.peers.environment import NoEnvironmentError, peers_python
from tests.web.process import ServerProcess
from tests.web.xbrl import with_xbrl

_CLIENTS = ROOT / "tests" / "peers" / "clients"
_SITE = ROOT / "tests" / "peers" / "redirect"
_CLIENT_S = 100

WITH_XBRL = "0009999999-09-000001"
"""A filing with XBRL, the only one of its quarter; the invented ones have none."""


@pytest.fixture(scope="session")
def python() -> Path:
    """The Python that has the peers."""
    try:
        return peers_python()
    except NoEnvironmentError as error:
        pytest.skip(f"the peers of tests/peers/requirements.lock cannot be installed: {error}")


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of every invented submission, whose last sync has kept EDGAR's list of tickers."""
    folder = tmp_path_factory.mktemp("peers")
    with LoopbackEdgar(FIXTURES, tickers=TICKERS) as edgar:
        settings = Settings(root=folder / "archive", base_url=edgar.base_url, user_agent=IDENTITY, rate=FAST)
        cli = command_line(settings, folder)
        cli.json(*SYNC_ALL)
        cli.json("sync", "--ticker", "BRCN")
        pace_file(edgar).unlink(missing_ok=True)
    (folder / f"{WITH_XBRL}.txt").write_bytes(with_xbrl(WITH_XBRL))
    import_submissions([folder / f"{WITH_XBRL}.txt"], settings=settings)
    return settings.root


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for EDGAR's names, as a team would sign one for its hosts entries, and its key."""
    folder = tmp_path_factory.mktemp("certificate")
    cert, key = folder / "cert.pem", folder / "key.pem"
    names = "subjectAltName=DNS:www.sec.gov,DNS:data.sec.gov,DNS:efts.sec.gov"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=www.sec.gov"]
    try:
        subprocess.run(
            [*request, "-addext", names, "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True
        )
    except FileNotFoundError:
        pytest.skip("no openssl here to make a certificate with")
    return cert, key


@dataclass(frozen=True, slots=True)
class TwoServers:
    """One archive, served by two processes: plain, and with a certificate."""

    plain: ServerProcess
    secure: ServerProcess


@pytest.fixture(scope="session")
def servers(archive: Path, certificate: tuple[Path, Path]) -> Iterator[TwoServers]:
    """Both servers, side by side."""
    cert, key = certificate
    plain = ServerProcess(archive)
    secure = ServerProcess(archive, "--tls-cert", str(cert), "--tls-key", str(key))
    plain.start()
    with secure:
        plain.wait()
        yield TwoServers(plain, secure)
        plain.stop()


@pytest.fixture(scope="session")
def run_client(
    python: Path, servers: TwoServers, certificate: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Any]:
    """Runs a script of tests/peers/clients, which reaches nothing but the two servers; gives what it printed."""

    def run(script: str, *arguments: str) -> Any:
        home = tmp_path_factory.mktemp("home")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "PYTHONPATH": str(_SITE),
            "PEER_HTTP_PORT": str(servers.plain.port),
            "PEER_HTTPS_PORT": str(servers.secure.port),
            # the two that edgartools needs; the others are led here as by a hosts entry
            "EDGAR_BASE_URL": servers.plain.base_url,
            "EDGAR_DATA_URL": servers.plain.base_url,
            "EDGAR_LOCAL_DATA_DIR": str(home / ".edgar"),
            "HF_HUB_OFFLINE": "1",
            "SSL_CERT_FILE": str(certificate[0]),
            "REQUESTS_CA_BUNDLE": str(certificate[0]),
        }
        done = subprocess.run(
            [python, _CLIENTS / script, *arguments],
            capture_output=True,
            text=True,
            env=environment,
            cwd=home,
            timeout=_CLIENT_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run
