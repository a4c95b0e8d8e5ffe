"""kill -9 at a random moment of a phase, and what is found afterwards."""

from __future__ import annotations

import random
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from archiver.settings.settings import Settings
from tests.damage.phases import PHASES, Outcome, faults, outcome, reported_stored
from tests.edgar_fixtures import command_line


@dataclass(frozen=True, slots=True)
class Round:
    """One kill: whether it came before the command had ended, what was wrong afterwards, and how long the rest took."""

    phase: str
    was_killed: bool
    faults: tuple[str, ...]
    recovery_s: float


class Killer:
    """Kills a phase again and again, and holds what is left against a run that was never killed.

    `settings` name the server; their `root` is not used. `folder` is for archives.
    """

    def __init__(self, phase: str, settings: Settings, folder: Path, *, seed: str) -> None:
        self._phase = phase
        self._folder = Path(tempfile.mkdtemp(dir=folder))
        self._settings = settings
        self._dice = random.Random(seed)  # noqa: S311 (moments of kills are no secrets)
        self._template = self._folder / "before"
        PHASES[phase].before(self._at(self._template), self._folder)
        root = self._prepare("whole")
        with self._start(root) as process:
            began_s = time.monotonic()
            process.communicate()
        self._takes_s = time.monotonic() - began_s
        self._whole: Outcome = outcome(root)

    def _at(self, root: Path) -> Settings:
        return self._settings.replace(root=root)

    def _prepare(self, name: str) -> Path:
        root = self._folder / name
        shutil.rmtree(root, ignore_errors=True)
        if self._template.exists():
            shutil.copytree(self._template, root)
        return root

    def _start(self, root: Path) -> subprocess.Popen[bytes]:
        return command_line(self._at(root), self._folder).start(*PHASES[self._phase].command(self._folder))

    def round(self) -> Round:
        """Start the phase, kill it, look at what is there, and run it again, sometimes killed once more."""
        root = self._prepare("killed")
        found: list[str] = []
        was_killed = False
        for _ in range(self._dice.choice((1, 1, 2))):
            with self._start(root) as process:
                time.sleep(self._dice.uniform(0.2, 1.0) * self._takes_s)
                before = reported_stored(root)
                process.kill()
                process.communicate()
            was_killed |= process.returncode != 0
            found += faults(root)
            after = reported_stored(root)
            found += [f"{accession} was stored and is not" for accession in before.keys() - after.keys()]
        began_s = time.monotonic()
        PHASES[self._phase].again(self._at(root), self._folder)
        recovery_s = time.monotonic() - began_s
        if outcome(root) != self._whole:
            found.append("the next run does not make what a run never killed makes")
        found += [f"{path} is left over" for path in (root / "incoming").glob("*")]
        return Round(self._phase, was_killed, tuple(found), recovery_s)
