"""The files in config/ that an operator edits."""

from __future__ import annotations

import shlex
import tomllib
from pathlib import Path

import pytest

from archiver.settings import Settings
from edgarchive.cli import run
from edgarchive.cli.commands.config import example_toml
from tests.paths import ROOT

CONFIG = ROOT / "config"


def unit(name: str) -> dict[str, dict[str, list[str]]]:
    """A systemd unit: section -> key -> its values, in order."""
    sections: dict[str, dict[str, list[str]]] = {}
    for line in (CONFIG / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            values = sections.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            values.setdefault(key, []).append(value)
    return sections


def test_the_service_runs_a_command_that_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    """What systemd starts is a bare sync, and its options are read as they stand."""
    _program, *arguments = shlex.split(unit("edgarchive-sync.service")["Service"]["ExecStart"][0])
    assert arguments[-1] == "sync"
    assert run([*arguments, "--help"]) == 0
    assert "edgarchive sync" in capsys.readouterr().out


def test_the_service_knows_our_exit_codes_and_the_shared_pace() -> None:
    """A run with failures is a finished run, and the pace file is the machine's own."""
    service = unit("edgarchive-sync.service")["Service"]
    assert service["SuccessExitStatus"] == ["3"]
    assert service["PrivateTmp"] == ["no"]
    assert "/tmp" in service["ReadWritePaths"]  # noqa: S108 — where the shared pace is kept


def test_the_timer_is_of_the_service() -> None:
    """Without a Unit of its own, a timer starts the service of its name."""
    assert "Unit" not in unit("edgarchive-sync.timer")["Timer"]
    assert (CONFIG / "edgarchive-sync.timer").with_suffix(".service").exists()


def test_the_example_is_read_as_it_stands_and_with_every_line_in_force(tmp_path: Path) -> None:
    """Uncommenting anything in it gives settings that are taken."""
    (tmp_path / "plain.toml").write_text(example_toml())
    assert Settings(config=tmp_path / "plain.toml").select == ()
    lines = [line.removeprefix("#") if not line.startswith("# ") else line for line in example_toml().splitlines()]
    (tmp_path / "full.toml").write_text("\n".join(lines))
    assert set(tomllib.loads("\n".join(lines))) == {name for name in Settings.model_fields if name != "config"}
    settings = Settings(config=tmp_path / "full.toml")
    assert [table.forms for table in settings.select] == [("8-K*",), ("10-K", "10-Q")]
