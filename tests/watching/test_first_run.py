"""The how-to about alerts, followed from its first line on, where there is no archive yet."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pytest

from archiver.settings.settings import Settings
from tests.edgar_fixtures import CommandLine, command_line
from tests.loopback import LoopbackEdgar
from tests.watching.tools import filing


@pytest.fixture
def cli(settings: Settings, tmp_path: Path) -> CommandLine:
    """The command line."""
    return command_line(settings, tmp_path)


def test_a_search_is_saved_before_there_is_an_archive(cli: CommandLine, edgar: LoopbackEdgar, tmp_path: Path) -> None:
    """Save a search, watch, and hear of the next filing that it finds."""
    (tmp_path / "watch-list.txt").write_text("9000004\n")
    assert cli.run_here("saved", "list").returncode == 0
    assert cli.run_here("saved", "add", "departures", "resign* OR retire*").returncode == 0
    watch = ("watch", "--form", "8-K*", "--cik", "@watch-list.txt", "--search", "departures", "--once")
    assert cli.run_here(*watch).stdout == b""
    found = edgar.add(filing(1))
    edgar.add(filing(2, text="stayed"))
    done = cli.run_here(*watch)
    assert [json.loads(line)["accession"] for line in done.stdout.splitlines()] == [found]
    assert b"INFO: 2 new filings, 1 alert\n" in done.stderr
    assert b" UTC  watch  done  2 submissions" in cli.run_here("log").stdout
    assert b"\nasked for: forms 8-K*; ciks 9000004\n2 submissions" in cli.run_here("log", "1").stdout


def test_one_poll_says_when_mail_is_sent(cli: CommandLine, edgar: LoopbackEdgar, tmp_path: Path) -> None:
    """Who tries alerts by mail learns that a digest waits, before the server is asked for anything."""
    (tmp_path / "edgarchive.toml").write_text('smtp_host = "127.0.0.1"\nmail_from = "a@b.example"\n')
    watch = ("watch", "--form", "8-K*", "--mail", "desk@b.example", "--once")
    assert b"mail" not in cli.run_here(*watch).stderr
    edgar.add(filing(1))
    said = cli.run_here(*watch).stderr
    assert b"1 new filing, 1 alert\n" in said
    assert re.search(rb"mail will be sent by the first run after \d{4}-\d\d-\d\d \d\d:00:00 UTC\n", said)


def test_receivers_can_be_tried_before_anything_is_filed(
    cli: CommandLine, edgar: LoopbackEdgar, tmp_path: Path
) -> None:
    """Each gets one alert now, without EDGAR, an archive or a selection; a mail server that is away is an error now."""
    got = tmp_path / "got"
    (tmp_path / "receive").write_text(f"#!/bin/sh\ncat >{got}\n")
    (tmp_path / "receive").chmod(0o755)
    done = cli.run_here("watch", "--exec", str(tmp_path / "receive"), "--test")
    assert (done.returncode, b"accepted a test alert" in done.stderr) == (0, True)
    assert json.loads(got.read_text())["form"] == "TEST"
    (tmp_path / "edgarchive.toml").write_text('smtp_host = "127.0.0.1"\nsmtp_port = 1\nmail_from = "a@b.example"\n')
    done = cli.run_here("watch", "--mail", "desk@b.example", "--exec", str(tmp_path / "receive"), "--test")
    assert done.returncode == 2
    assert b"the mail server 127.0.0.1 did not accept a test alert: ConnectionRefusedError" in done.stderr
    assert b"accepted a test alert" in done.stderr
    assert not edgar.requests
    assert not (tmp_path / "edgar").exists()


def test_a_backfill_may_begin_with_a_year(cli: CommandLine, edgar: LoopbackEdgar) -> None:
    """As every other date on the command line."""
    edgar.add(filing(1))
    done = cli.run_here("watch", "--form", "8-K", "--once", "--backfill", "2026")
    assert done.returncode == 0
    assert json.loads(done.stdout.splitlines()[-1])["filing_date"].startswith("2026-")


def test_a_watch_says_that_it_has_begun(cli: CommandLine, edgar: LoopbackEdgar) -> None:
    """The first one and each later one: a terminal without a word looks like a watch that hangs."""
    for said in (b"watching: alerts begin with the next filing\n", b"watching: alerts continue\n"):
        with cli.start("watch", "--form", "8-K") as process:
            assert process.stderr is not None
            assert process.stderr.readline().endswith(said)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)
        edgar.add(filing(1))


def test_without_saved_searches_an_unknown_one_can_be_added(cli: CommandLine) -> None:
    """The hint is of use."""
    assert b"`edgarchive saved add` saves one" in cli.run_here("saved", "run", "departures").stderr
    cli.run_here("saved", "add", "departures", "resign*")
    assert b"`edgarchive saved list` names them" in cli.run_here("saved", "run", "x").stderr


def test_a_search_that_is_replaced_is_shown(cli: CommandLine) -> None:
    """Alerts depend on it: a name that is taken by mistake can be put right."""
    assert b"replaced" not in cli.run_here("saved", "add", "departures", "resign*", "--item", "5.02").stderr
    assert b"replaced" not in cli.run_here("saved", "add", "departures", "resign*", "--item", "5.02").stderr
    done = cli.run_here("saved", "add", "departures", "retire*")
    assert b"replaced departures: resign* --item 5.02" in done.stderr
    assert done.stdout == b"departures: retire*\n"


def test_a_search_of_the_settings_file_needs_no_archive(cli: CommandLine, tmp_path: Path) -> None:
    """And one that is nowhere is named."""
    (tmp_path / "edgarchive.toml").write_text('[[search]]\nname = "departures"\nquery = "resign*"\n')
    assert b"departures" in cli.run_here("saved", "list").stdout
    assert cli.run_here("watch", "--form", "*", "--search", "departures", "--once").returncode == 0
    done = cli.run_here("watch", "--form", "*", "--search", "departres", "--once")
    assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)
    assert b"did you mean departures?" in done.stderr


def test_a_search_that_is_not_unicode_is_refused(cli: CommandLine) -> None:
    """Arguments in another encoding than UTF-8 can be in no query and no name."""
    for verb in (("add", "q", "resign\udcff"), ("add", "resign\udcff", "q")):
        done = cli.run_here("saved", *verb)
        assert (done.returncode, done.stderr.count(b"\n")) == (2, 1), done.stderr
    assert cli.run_here("saved", "add", "q", "resign*").returncode == 0
    done = cli.run_here("saved", "remove", "resign\udcff")
    assert (done.returncode, done.stderr.count(b"\n")) == (2, 1), done.stderr
