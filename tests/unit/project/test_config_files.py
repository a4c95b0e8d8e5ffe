"""The files in config/ that an operator edits."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from archiver.settings.settings import Settings
from edgarchive.cli import run
from edgarchive.cli.commands.archive.config import example_toml
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


VERBS = ("sync", "watch", "serve")


@pytest.mark.parametrize("verb", VERBS)
def test_a_service_runs_a_command_that_there_is(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What systemd starts is that verb, and its options are read as they stand."""
    program, *arguments = shlex.split(unit(f"edgarchive-{verb}.service")["Service"]["ExecStart"][0])
    assert (program, arguments[2]) == ("/opt/edgarchive/bin/edgarchive", verb)
    assert run([*arguments, "--help"]) == 0
    assert f"edgarchive {verb}" in capsys.readouterr().out


@pytest.mark.parametrize("verb", ["sync", "watch"])
def test_what_asks_edgar_shares_the_pace(verb: str) -> None:
    """The pace file is the machine's own, and can be written to although the rest of the system cannot."""
    service = unit(f"edgarchive-{verb}.service")["Service"]
    assert service["ProtectSystem"] == ["strict"]
    assert service["PrivateTmp"] == ["no"]
    assert set(service["ReadWritePaths"]) == {"/tmp", "/srv/edgar"}  # noqa: S108 — where the shared pace is kept


def test_the_services_know_our_exit_codes() -> None:
    """A sync with failures is a finished one, and only one that found the archive locked (6) is started again.

    A watch with a mistake in its settings is not started for ever.
    """
    sync = unit("edgarchive-sync.service")["Service"]
    assert sync["SuccessExitStatus"] == ["3 130"]
    assert (sync["Restart"], sync["RestartPreventExitStatus"]) == (["on-failure"], ["1 2 4 5 7"])
    assert unit("edgarchive-watch.service")["Service"]["RestartPreventExitStatus"] == ["2"]


def test_the_server_can_write_nowhere() -> None:
    """It only reads, and has no authentication: it listens on loopback, for the proxy's host name."""
    service = unit("edgarchive-serve.service")["Service"]
    assert service["ProtectSystem"] == ["strict"]
    assert "ReadWritePaths" not in service
    command = service["ExecStart"][0]
    assert "--allow-host" in command
    assert "--host" not in command.split()


def test_the_server_gives_back_the_memory_of_large_filings() -> None:
    """The C library keeps what each of many threads took, unless it is told otherwise."""
    assert unit("edgarchive-serve.service")["Service"]["Environment"] == ["MALLOC_ARENA_MAX=2"]
    assert "MALLOC_ARENA_MAX=2\n" in (CONFIG.parent / "Dockerfile").read_text(encoding="utf-8")


@pytest.mark.parametrize("verb", VERBS)
def test_systemd_reads_each_unit(verb: str, tmp_path: Path) -> None:
    """No unknown key, no value that systemd ignores."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd here")
    text = (CONFIG / f"edgarchive-{verb}.service").read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if not line.startswith(("User=", "Group="))]
    (tmp_path / f"edgarchive-{verb}.service").write_text(
        "\n".join(kept).replace("/opt/edgarchive/bin/edgarchive", "/bin/true")
    )
    done = subprocess.run(
        [analyze, "verify", "--man=no", str(tmp_path / f"edgarchive-{verb}.service")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, [line for line in done.stderr.splitlines() if verb in line]) == (0, [])


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
    assert set(tomllib.loads("\n".join(lines))) == {field.name for field in fields(Settings)} - {"config"}
    settings = Settings(config=tmp_path / "full.toml")
    assert [table.form for table in settings.select] == [("8-K*",), ("10-K", "10-Q")]
