"""The Pythons of this machine."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

_PYENV = Path(os.environ.get("PYENV_ROOT", Path("~").expanduser() / ".pyenv"))
"""Looked up before a test gives itself another home."""


@functools.cache
def python_of(version: str) -> Path | None:
    """A Python of `version` ("3.12") that runs: on the path, or among those that pyenv keeps."""
    found: list[str | Path | None] = [
        shutil.which(f"python{version}"),
        *sorted(_PYENV.glob(f"versions/{version}.*/bin/python")),
    ]
    if sys.version_info[:2] == tuple(map(int, version.split("."))):
        found.insert(0, sys.executable)
    for candidate in found:
        if candidate is None:
            continue
        done = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout.startswith(f"Python {version}."):
            return Path(candidate)
    return None
