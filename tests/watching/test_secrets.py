"""Secrets of sinks stand in no log, error or output, and on no command line."""

from __future__ import annotations

import base64
import socket
from pathlib import Path

import pytest

from archiver.settings.settings import Settings
from tests.edgar_fixtures import CommandLine, command_line
from tests.loopback import LoopbackEdgar
from tests.watching.tools import filing

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
SMTP_PASSWORD = "hush-hush-of-the-mail"  # noqa: S105
TOKEN = "token-in-the-address"  # noqa: S105
HIDDEN = (SECRET, SECRET.removeprefix("whsec_"), SMTP_PASSWORD, TOKEN)


@pytest.fixture
def cli(settings: Settings, tmp_path: Path) -> CommandLine:
    """The command line, with secrets in its settings file."""
    (tmp_path / "edgarchive.toml").write_text(
        f'webhook_secret = "{SECRET}"\nallow_private_webhooks = true\n'
        f'smtp_host = "127.0.0.1"\nsmtp_port = 1\nmail_from = "desk@example.com"\n'
        f'smtp_user = "desk"\nsmtp_password = "{SMTP_PASSWORD}"\n[[select]]\nforms = ["*"]\n'
    )
    return command_line(settings, tmp_path)


def _said(cli: CommandLine, *arguments: str) -> str:
    done = cli.run_here(*arguments)
    return (done.stdout + done.stderr).decode()


@pytest.mark.parametrize("log", [(), ("--log-json",)])
def test_no_output_has_a_secret(cli: CommandLine, edgar: LoopbackEdgar, log: tuple[str, ...]) -> None:
    """Neither what `config show` prints, nor what a watch logs whose sinks fail."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        receiver = f"http://user:{TOKEN}@127.0.0.1:{closed.getsockname()[1]}/{TOKEN}?key={TOKEN}"
        watch = ("-v", *log, "watch", "--once", "--webhook", receiver, "--mail", "desk@example.com")
        said = _said(cli, *watch)
        edgar.add(filing(1))
        failed = _said(cli, *watch)
    assert "the webhook at 127.0.0.1 did not accept 1" in failed
    said += failed + _said(cli, "config", "show") + _said(cli, "config", "show", "--json")
    said += _said(cli, "log", "--json") + _said(cli, "-v", "status", "--json")
    assert "smtp_password" in said
    assert [one for one in HIDDEN if one in said] == []


@pytest.mark.parametrize(
    "table",
    [
        f'webhook_secret = ["{SECRET}"]',
        f'smtp_password = {{value = "{SMTP_PASSWORD}"}}',
        f'webhook_secrett = "{SECRET}"',
        f'smtp_password = "{SMTP_PASSWORD}\nsmtp_port = 1',
    ],
    ids=["a list", "a table", "a misspelt name", "a quote that is not closed"],
)
def test_a_setting_that_cannot_be_read_is_not_repeated(cli: CommandLine, tmp_path: Path, table: str) -> None:
    """The message names the setting, not its value."""
    (tmp_path / "edgarchive.toml").write_text(table)
    said = _said(cli, "config", "show")
    assert said.startswith("edgarchive: ")
    assert [one for one in HIDDEN if one in said] == []


def test_a_secret_that_is_too_short_is_not_repeated(cli: CommandLine) -> None:
    """The message says how to write one."""
    short = "whsec_c2hvcnQtc2VjcmV0"
    cli.environment["EDGARCHIVE_WEBHOOK_SECRET"] = short
    done = cli.run_here("watch", "--once", "--webhook", "https://example.com/hook")
    assert done.returncode == 2
    assert b"webhook_secret is not" in done.stderr
    assert short.encode() not in done.stderr
