"""Starting worker processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from archiver.runtime.worker_process import start_worker


def test_a_worker_has_the_descriptors_and_imports_as_its_parent_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Its module may be anywhere on the parent's path; what it prints is no part of the parent's output."""
    text = "import os\ndef work(*numbers):\n    print('lost')\n    [os.write(one, b'here') for one in numbers]\n"
    (tmp_path / "module_beside.py").write_text(text)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    first, its_first = os.pipe()
    second, its_second = os.pipe()
    with os.fdopen(first, "rb") as one, os.fdopen(second, "rb") as two:
        with os.fdopen(its_first, "wb"), os.fdopen(its_second, "wb"):
            process = start_worker("module_beside", its_first, its_second)
        assert (one.read(), two.read()) == (b"here", b"here")
    assert process.wait() == 0
    assert process.stdin is None
    assert capfd.readouterr().out == ""


def test_what_a_worker_prints_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where its output is asked for, it is given."""
    (tmp_path / "module_that_prints.py").write_text("def work():\n    print('shown')\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    process = start_worker("module_that_prints", stdout=subprocess.PIPE)
    assert process.communicate()[0] == b"shown\n"
