"""A loopback EDGAR, settings for it, and the command line in a process of its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from archiver.edgar.client import Client
from archiver.edgar.pacer import Pacer, shared_folder
from archiver.settings.settings import Settings
from edgarchive.cli import run
from tests.logs import no_log_yet
from tests.loopback import FIXTURES, LoopbackEdgar
from tests.loopback.__main__ import TICKERS
from tests.processes import EdgarchiveProcess

if TYPE_CHECKING:
    from tests.web.served import Served

IDENTITY = "Example Research research@example.com"
SYNC_ALL = ("sync", "--form", "*", "--since", "1993-01-01")
FAST = 10_000.0
"""A rate that keeps no test waiting; tests of the rate set their own."""


@dataclass(frozen=True, slots=True)
class CommandLine:
    """Runs ``edgarchive`` as a person would: in its own process, with an environment of its own."""

    environment: dict[str, str]
    folder: Path

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start a command and do not wait for it."""
        return EdgarchiveProcess(*arguments, environment=self.environment | environment, folder=self.folder)

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
        """Run a command to its end."""
        with self.start(*arguments, **environment) as process:
            out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def json(self, *arguments: str, code: int = 0) -> Any:
        """Run a command with ``--json`` and give its document; it must end with `code`.

        It runs in the process of the tests (`run_here`).
        """
        done = self.run_here(*arguments, "--json")
        assert done.returncode == code, done.stderr.decode()
        return json.loads(done.stdout)

    def run_here(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """Run a command to its end in the process of the tests, in a tenth of the time of a process of its own."""
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
        with (
            pytest.MonkeyPatch.context() as patch,
            no_log_yet(),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            for name in [name for name in os.environ if name.startswith("EDGARCHIVE_")]:
                patch.delenv(name)
            for name, value in self.environment.items():
                patch.setenv(name, value)
            patch.chdir(self.folder)
            code = run(arguments)
        written = [stream.buffer.getvalue() for stream in (out, err)]
        return subprocess.CompletedProcess(arguments, code, *written)


@pytest.fixture
def edgar() -> Iterator[LoopbackEdgar]:
    """A loopback EDGAR with the invented submissions."""
    with LoopbackEdgar(FIXTURES, tickers=TICKERS) as server:
        yield server
        pace_file(server).unlink(missing_ok=True)


@pytest.fixture
def pacer(tmp_path: Path) -> Iterator[Pacer]:
    """A pacer that keeps nobody waiting, but for a pause."""
    made = Pacer("http://127.0.0.1", rate=10_000, folder=tmp_path)
    yield made
    made.close()


@pytest_asyncio.fixture
async def client(pacer: Pacer) -> AsyncIterator[Client]:
    """A client that nobody keeps waiting."""
    async with Client(user_agent=IDENTITY, pacer=pacer, concurrency=4) as made:
        yield made


def pace_file(server: LoopbackEdgar | Served) -> Path:
    """Where the processes that ask `server` share their pace."""
    return shared_folder() / f"edgarchive-pace-{server.base_url.removeprefix('http://').replace(':', '-')}"


@pytest.fixture
def settings(edgar: LoopbackEdgar, tmp_path: Path) -> Settings:
    """Settings for the loopback EDGAR and an archive in `tmp_path`."""
    return Settings(
        root=tmp_path / "archive", base_url=edgar.base_url, user_agent=IDENTITY, rate=FAST, block_pause_s=0.3, jobs=2
    )


@pytest.fixture
def cli(settings: Settings, tmp_path: Path) -> CommandLine:
    """The command line with the same settings."""
    return command_line(settings, tmp_path)


@pytest.fixture(scope="session")
def synced_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of every invented submission, mirrored and indexed by the command line: once, for tests to copy."""
    folder = tmp_path_factory.mktemp("synced")
    with LoopbackEdgar(FIXTURES, tickers=TICKERS) as server:
        settings = Settings(root=folder / "archive", base_url=server.base_url, user_agent=IDENTITY, rate=FAST)
        report = command_line(settings, folder).json(*SYNC_ALL)
        pace_file(server).unlink(missing_ok=True)
    assert report["indexed"] == len(list(FIXTURES.glob("*.txt")))
    return settings.root


@pytest.fixture
def synced(cli: CommandLine, settings: Settings, synced_archive: Path) -> CommandLine:
    """The command line, with every invented submission mirrored and indexed."""
    shutil.copytree(synced_archive, settings.root)
    return cli


def command_line(settings: Settings, folder: Path) -> CommandLine:
    """The command line in `folder`, with `settings` by environment."""
    return CommandLine(
        {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "EDGARCHIVE_ROOT": str(settings.root),
            "EDGARCHIVE_BASE_URL": settings.base_url,
            "EDGARCHIVE_USER_AGENT": IDENTITY,
            "EDGARCHIVE_RATE": str(settings.rate),
            "EDGARCHIVE_BLOCK_PAUSE_S": str(settings.block_pause_s),
        },
        folder,
    )
