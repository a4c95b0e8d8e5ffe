"""The environment of the peers: made once from their lock, below ``.cache`` of the checkout."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from tests.paths import ROOT

UV = (sys.executable, "-m", "uv")
LOCK = ROOT / "tests" / "peers" / "requirements.lock"
_INSTALL_S = 600


class NoEnvironmentError(Exception):
    """The peers cannot be installed here; says why."""


def peers_python() -> Path:
    """The Python that has the peers; installed when the lock or this Python is another. Raises `NoEnvironmentError`."""
    made_from = f"{sys.executable} {sys.version}\n".encode() + LOCK.read_bytes()
    folder = ROOT / ".cache" / "peers" / hashlib.sha256(made_from).hexdigest()[:16]
    python, complete = folder / "bin" / "python", folder / "complete"
    if not complete.exists():
        install = [*UV, "pip", "install", "--quiet", "--python", str(python), "--no-deps", "--only-binary", ":all:"]
        _run([*UV, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)])
        _run([*install, "--require-hashes", "--requirement", str(LOCK)])
        complete.touch()
    return python


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoEnvironmentError(str(error)) from None
    if done.returncode:
        raise NoEnvironmentError((done.stderr or done.stdout).strip().splitlines()[-1])
