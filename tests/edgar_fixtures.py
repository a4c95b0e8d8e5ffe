"""A loopback EDGAR, settings for it, and the command line in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from archiver.edgar.pacer import shared_folder
from archiver.settings import Settings
from tests.loopback import FIXTURES, LoopbackEdgar
from tests.loopback.__main__ import TICKERS

IDENTITY = "Example Research research@example.com"
FAST = 10_000.0
"""A rate that keeps no test waiting; tests of the rate set their own."""


@dataclass(frozen=True, slots=True)
class CommandLine:
    """Runs ``edgarchive`` as a person would: in its own process, with an environment of its own."""

    environment: dict[str, str]
    folder: Path

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start a command and do not wait for it."""
        return subprocess.Popen(
            [sys.executable, "-m", "edgarchive", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment | environment,
            cwd=self.folder,
        )

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
        """Run a command to its end."""
        with self.start(*arguments, **environment) as process:
            out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def json(self, *arguments: str, code: int = 0) -> Any:
        """Run a command with ``--json`` and give its document; it must end with `code`."""
        done = self.run(*arguments, "--json")
        assert done.returncode == code, done.stderr.decode()
        return json.loads(done.stdout)


@pytest.fixture
def edgar() -> Iterator[LoopbackEdgar]:
    """A loopback EDGAR with the invented submissions."""
    with LoopbackEdgar(FIXTURES, tickers=TICKERS) as server:
        yield server
        (shared_folder() / f"edgarchive-pace-{server.base_url.removeprefix('http://').replace(':', '-')}").unlink(
            missing_ok=True
        )


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
