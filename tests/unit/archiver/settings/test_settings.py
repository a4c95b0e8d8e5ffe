from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from archiver.errors import SettingsError
from archiver.selection.selection import Selection
from archiver.settings.settings import Settings, find_config, user_config_file

IDENTITY = "Example Research research@example.com"


def write(path: Path, text: str) -> Path:
    """Write a settings file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_the_defaults_are_those_of_the_design() -> None:
    """Eight requests a second, a block of ten minutes, and nobody's name."""
    settings = Settings()
    assert (settings.rate, settings.concurrency, settings.block_pause_s) == (8.0, 16, 600.0)
    assert (settings.base_url, settings.engine, settings.user_agent) == ("https://www.sec.gov", "whoosh", None)
    assert settings.root.name == "edgarchive"


def test_arguments_win_over_environment_over_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The nearer a value is given, the more it counts; an argument of None is none."""
    write(tmp_path / "edgarchive.toml", "rate = 1\nconcurrency = 2\njobs = 3\n")
    monkeypatch.setenv("EDGARCHIVE_RATE", "4")
    monkeypatch.setenv("EDGARCHIVE_CONCURRENCY", "5")
    settings = Settings(rate=6, concurrency=None)
    assert (settings.rate, settings.concurrency, settings.jobs) == (6.0, 5, 3)


def test_the_identity_is_looked_for_in_three_places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The environment wins over the file in either of its spellings, our own first."""
    write(tmp_path / "edgarchive.toml", 'user_agent = "File file@example.com"\n')
    assert Settings().user_agent == "File file@example.com"
    monkeypatch.setenv("EDGAR_IDENTITY", "Other other@example.com")
    assert Settings().user_agent == "Other other@example.com"
    monkeypatch.setenv("EDGARCHIVE_USER_AGENT", "Own own@example.com")
    assert Settings().user_agent == "Own own@example.com"
    assert Settings(user_agent=IDENTITY).user_agent == IDENTITY


def test_the_first_settings_file_that_is_named_or_there_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Named by argument, by environment, in the working folder, in the user's own."""
    assert find_config() is None
    own = write(user_config_file(), "rate = 1\n")
    assert find_config() == own
    here = write(tmp_path / "edgarchive.toml", "rate = 2\n")
    assert Settings().rate == 2
    by_environment = write(tmp_path / "by-environment.toml", "rate = 3\n")
    monkeypatch.setenv("EDGARCHIVE_CONFIG", str(by_environment))
    assert Settings().rate == 3
    assert Settings(config=here).rate == 2


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"rat": 5}, "unknown setting 'rat', did you mean 'rate'?"),
        ({"zzz": 5}, "unknown setting 'zzz', known are"),
        ({"rate": 0}, "rate: "),
        ({"rate": "fast"}, "rate: "),
        ({"rate": float("nan")}, "rate: "),
        ({"rate": 10.5}, "above the 10 requests/s"),
        ({"rate": 11, "base_url": "http://DATA.sec.gov:8080"}, "above the 10 requests/s"),
        ({"concurrency": 0}, "concurrency: "),
        ({"base_url": "ftp://www.sec.gov"}, "base_url: must be an http or https address"),
        ({"base_url": "www.sec.gov"}, "base_url: must be an http or https address"),
        ({"engine": "lucene"}, "engine: "),
        ({"config": "nowhere.toml"}, "there is no settings file nowhere.toml"),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_line(values: dict[str, Any], message: str) -> None:
    """The line names the setting and, for an unknown one, the near one."""
    with pytest.raises(SettingsError) as caught:
        Settings(**values)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "identity",
    ["", "research@example.com", "Example Research", "Example <research@example.com>", "A b@c", "A\nB b@example.com"],
)
def test_an_identity_that_the_sec_would_not_take_is_refused_unseen(identity: str) -> None:
    """Name and address are both there, in one header line; and the message does not print them."""
    with pytest.raises(SettingsError, match="must be") as caught:
        Settings(user_agent=identity)
    assert "research@example.com" not in str(caught.value).replace('"Example Research research@example.com"', "")


def test_no_identity_no_request_and_an_identity_is_never_printed() -> None:
    """Without a name `identity` raises; with one, neither `repr` nor `str` shows it."""
    with pytest.raises(SettingsError, match="EDGARCHIVE_USER_AGENT"):
        Settings().identity()
    settings = Settings(user_agent=IDENTITY)
    assert settings.identity() == IDENTITY
    assert "@" not in repr(settings) + str(settings)


def test_any_rate_is_free_for_another_host() -> None:
    """The SEC's limit is the SEC's; a host that merely ends like it is not it."""
    assert Settings(base_url="http://127.0.0.1:8000/", rate=500).base_url == "http://127.0.0.1:8000"
    assert Settings(base_url="http://notsec.gov", rate=500).rate == 500


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rate = ", "is not TOML"),
        ("raet = 5\n", "unknown setting 'raet', did you mean 'rate'?"),
        ('config = "other.toml"\n', "contains the key 'config'"),
    ],
)
def test_a_faulty_settings_file_is_said(text: str, message: str, tmp_path: Path) -> None:
    """A file is held to the same rules as arguments."""
    with pytest.raises(SettingsError, match=re.escape(message)):
        Settings(config=write(tmp_path / "faulty.toml", text))


def test_a_file_may_begin_with_a_mark_of_its_encoding(tmp_path: Path) -> None:
    """Editors on Windows write one, and CR LF."""
    path = tmp_path / "marked.toml"
    path.write_bytes(b"\xef\xbb\xbfrate = 5\r\n")
    assert Settings(config=path).rate == 5


def test_a_settings_file_that_is_no_text_is_said(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 are an error of settings, not of Python."""
    path = tmp_path / "latin.toml"
    path.write_bytes(b'root = "\xe9"\n')
    with pytest.raises(SettingsError, match="cannot read"):
        Settings(config=path)


def test_settings_do_not_change() -> None:
    """What a run began with is what it ends with."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().rate = 5.0  # type: ignore[misc]  # mypy says so too


def test_the_home_folder_is_understood(tmp_path: Path) -> None:
    """`~` means the same in a file as in a shell."""
    assert Settings(root="~/edgar").root == tmp_path / "edgar"


@pytest.mark.parametrize("root", ["a\nb", "a\rb", "a\0b"])
def test_a_root_is_one_line(root: str) -> None:
    """A path with a line break would be two in a list of paths."""
    with pytest.raises(SettingsError, match="line break"):
        Settings(root=root)


def test_selections_come_from_the_environment_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a container: in JSON; what is no JSON, or no selection, is said in one line."""
    monkeypatch.setenv("EDGARCHIVE_SELECT", '[{"forms": ["8-K"], "since": "2024-01-01"}]')
    assert Settings().selections() == (Selection(["8-K"], since="2024-01-01"),)
    monkeypatch.setenv("EDGARCHIVE_SELECT", "8-K")
    with pytest.raises(SettingsError, match="EDGARCHIVE_SELECT is not JSON"):
        Settings()
    monkeypatch.setenv("EDGARCHIVE_SELECT", '[{"froms": ["8-K"]}]')
    with pytest.raises(SettingsError, match=r"select: table 1: froms.*did you mean 'form'"):
        Settings()


def test_a_slip_in_a_variable_is_logged(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A variable that looks like a setting and is none is named, with the near one, and never its value."""
    monkeypatch.setenv("EDGARCHIVE_USER_AGNET", "Example Research research@example.com")
    monkeypatch.setenv("EDGARCHIVE_TRACEBACK", "1")
    monkeypatch.setenv("EDGARCHIVE_PAGER", "cat")
    Settings()
    assert [record.getMessage() for record in caplog.records] == [
        "the environment has EDGARCHIVE_USER_AGNET, which is not a setting; did you mean EDGARCHIVE_USER_AGENT?"
    ]
