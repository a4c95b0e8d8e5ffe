"""One user writes the archive, another one of its group reads it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.loopback import FIXTURES
from tests.paths import ROOT

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as two users")

AS_ANOTHER_USER = """
import os, sys
from pathlib import Path
from archiver.settings.settings import Settings
from edgarchive import import_submissions
from edgarchive.__main__ import main

root, engine, fixtures, trusted, umask = sys.argv[1:]
VERBS = (("status",), ("verify",), ("search", "resigned"), ("show", "0009000900-04-000101"))


def run(*arguments):
    sys.argv = ["edgarchive", "--root", root, *arguments]
    try:
        return main()
    except SystemExit as error:
        return error.code


os.umask(int(umask, 8))
import_submissions([fixtures], settings=Settings(root=Path(root), engine=engine, jobs=1))
for verb in VERBS:  # now everything is imported that another user could not read
    assert not run(*verb), verb
for folder, _, names in os.walk(root):
    for path in (folder, *(os.path.join(folder, name) for name in names)):
        os.chown(path, -1, 65534)
os.setgroups([])
os.setegid(65534)
os.seteuid(65533)
if trusted:
    os.environ["EDGARCHIVE_TRUSTED_OWNER"] = trusted
print(*[f"{verb[0]}={run(*verb) or 0}" for verb in VERBS], file=sys.stderr)
"""


def read_as_another_user(folder: Path, engine: str, *, trusted: str = "", umask: str = "027") -> list[str]:
    """What the other user's commands say on stderr; the last line has their exit codes."""
    folder.chmod(0o755)
    root = folder / "archive"
    done = subprocess.run(
        [sys.executable, "-c", AS_ANOTHER_USER, str(root), engine, str(FIXTURES), trusted, umask],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "defect" not in done.stderr
    assert "internal error" not in done.stderr
    return done.stderr.splitlines()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that other users can pass through, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.mark.parametrize(("engine", "trusted"), [("whoosh", "root"), ("tantivy", "")])
def test_a_member_of_the_group_reads_everything(folder: Path, engine: str, trusted: str) -> None:
    """Status, verify, search and show, without a word on stderr."""
    if engine == "tantivy":
        pytest.importorskip("tantivy")
    assert read_as_another_user(folder, engine, trusted=trusted) == ["status=0 verify=0 search=0 show=0"]


def test_what_may_not_be_read_is_said_in_one_line(folder: Path) -> None:
    """With a umask that lets nobody in: each verb ends with one line of its own."""
    *lines, codes = read_as_another_user(folder, "whoosh", umask="077")
    assert codes == "status=7 verify=7 search=7 show=7"
    assert len(lines) == 4
    assert all("permission denied" in line for line in lines)
