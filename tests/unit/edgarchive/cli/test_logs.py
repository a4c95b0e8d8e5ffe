from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

import pytest

from archiver.events import event
from edgarchive.cli.logs import JsonFormatter, PersonFormatter
from tests.edgar_fixtures import CommandLine, cli, edgar, settings
from tests.loopback import LoopbackEdgar

__all__ = ["cli", "edgar", "settings"]


def record(message: str, *arguments: object, extra: dict[str, object] | None = None) -> logging.LogRecord:
    """A record as `logging` makes it."""
    return logging.getLogger("archiver.x").makeRecord("archiver.x", 30, "x", 1, message, arguments, None, extra=extra)


def test_a_line_for_a_person_is_one_line_without_tricks() -> None:
    """Whatever values are in it."""
    line = PersonFormatter().format(record("a %s", "b\nedgarchive: ERROR: forged \x1b[31m\u202e"))
    assert line == "edgarchive: WARNING: a b edgarchive: ERROR: forged [31m"


def test_a_line_for_a_program_has_time_level_event_words_and_fields() -> None:
    """Values stay what they are; what has no form in JSON is text."""
    made = record("a %s", "b\nc", extra=event("stored", bytes=3, path=datetime(2020, 1, 1, tzinfo=UTC), form="\x9b\n"))
    line = JsonFormatter().format(made)
    assert "\n" not in line
    assert "\x9b" not in line
    found = json.loads(line)
    assert datetime.fromisoformat(found.pop("time")).tzinfo is not None
    assert found == {
        "level": "warning",
        "event": "stored",
        "message": "a b c",
        "bytes": 3,
        "path": "2020-01-01 00:00:00+00:00",
        "form": "\x9b\n",
    }


def test_what_others_log_is_an_event_too() -> None:
    """With the name of its logger, and with the error that it carries."""
    try:
        raise ValueError("x\ny")
    except ValueError:
        made = logging.getLogger("aiohttp").makeRecord("aiohttp", 40, "x", 1, "bad", (), sys.exc_info())
    found = json.loads(JsonFormatter().format(made))
    assert (found["event"], found["logger"], found["level"]) == ("other", "aiohttp", "error")
    assert found["message"] == "bad: ValueError('x\\ny')"


def events(stderr: bytes) -> list[dict[str, object]]:
    """The lines of a log for programs."""
    return [json.loads(line) for line in stderr.decode().splitlines()]


@pytest.mark.slow
def test_a_sync_says_what_was_asked_answered_and_kept(edgar: LoopbackEdgar, cli: CommandLine) -> None:
    """Each request with its answer, each submission that is stored, and how it ended; and never who asks."""
    done = cli.run("--log-json", "-vv", "sync", "--form", "8-K", "--since", "2019-04-01", "--until", "2019-06-30")
    assert done.returncode == 0
    found = events(done.stderr)
    names = [line["event"] for line in found]
    assert names[0] == "began"
    assert names[-1] == "ended"
    assert names.count("asked") == names.count("answered") == len(edgar.requests)
    assert {"index-read", "indexed"} <= set(names)
    [stored] = [line for line in found if line["event"] == "stored"]
    assert (stored["accession"], stored["form"], stored["source"]) == ("0009000900-19-000212", "8-K", "index")
    assert b"research@example.com" not in done.stderr


@pytest.mark.slow
def test_an_error_is_a_line_of_the_same_log(cli: CommandLine) -> None:
    """Whatever ends the command, options that cannot be read among them."""
    for command in (["status"], ["search", "["], ["no-such-verb"], ["status", "--no-such-option"]):
        done = cli.run("--log-json", *command)
        [line] = events(done.stderr)
        assert (line["event"], line["level"], line["exit_code"]) == ("failed", "error", done.returncode)


@pytest.mark.slow
def test_the_levels(cli: CommandLine) -> None:
    """Nothing without an option, what is done with -v, requests with -vv, nothing at all with -q."""

    def said(*options: str, year: int) -> str:
        """What a sync of a year that was not read before says on stderr."""
        period = ("--since", f"{year}-01-01", "--until", f"{year}-12-31")
        return cli.run(*options, "sync", "--form", "*", *period, "--no-index").stderr.decode()

    assert said("-q", year=2019) == ""
    assert said(year=2020) == ""
    assert "GET http" not in said("-v", year=2021)
    lines = said("-vv", year=2022).splitlines()
    assert all(line.startswith("edgarchive: ") for line in lines)
    assert any("GET http" in line for line in lines)
