from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_whoosh_shows_no_warnings_of_the_compiler(tmp_path: Path) -> None:
    """Neither where no installer has compiled it, nor on a read-only disk, where every process compiles it anew."""
    script = "import indexer.whoosh_engine, whoosh.codec.whoosh3, whoosh.searching, whoosh.writing"
    command = [sys.executable, "-X", f"pycache_prefix={tmp_path}", "-c", script]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
