"""``edgarchive verify`` on the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from edgarchive.cli import run
from tests.unit.submissions import submission_bytes

COUNT = 23


def test_of_a_kind_of_findings_twenty_are_printed_and_the_others_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lost rows are one mishap, and a line for each would hide the rest of the report; JSON has all."""
    filed = [f"0009000900-24-{number:06}" for number in range(COUNT)]
    for accession in filed:
        (tmp_path / f"{accession}.txt").write_bytes(submission_bytes(accession=accession))
    whole = tmp_path / "whole"
    assert run(["--root", str(whole), "import", "--no-index", *(str(tmp_path / f"{one}.txt") for one in filed)]) == 0
    restored = tmp_path / "restored"
    restored.mkdir()
    shutil.copytree(whole / "submissions", restored / "submissions")
    capsys.readouterr()
    assert run(["--root", str(restored), "verify", "--repair", "--json"]) == 0
    kinds = [finding["kind"] for finding in json.loads(capsys.readouterr().out)["repaired"]]
    assert kinds.count("uncatalogued") == COUNT
    shutil.rmtree(restored / "submissions")
    assert run(["--root", str(restored), "verify"]) == 5
    printed = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("missing: 0009000900-24-") for line in printed) == 20
    assert f"missing: and {COUNT - 20} more; --json lists all" in printed
    assert f"{COUNT} findings" in printed
