"""Settings: arguments, then environment, then a TOML file, then defaults (docs/settings.md)."""

from __future__ import annotations

import difflib
import json
import logging
import os
import re
import stat
import tomllib
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from platformdirs import user_config_path, user_data_path
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from archiver.cik_file import read_ciks
from archiver.errors import SettingsError, UsageError
from archiver.events import event
from archiver.selection import Selection

_log = logging.getLogger(__name__)

MAX_SEC_RATE = 10.0
"""The SEC's limit of requests per second from one IP address, over all its hosts (sec.gov, "Accessing EDGAR Data")."""

CONFIG_NAME = "edgarchive.toml"
_ENV_PREFIX = "EDGARCHIVE_"
_OTHER_VARIABLES = ("PAGER", "TRACEBACK")
"""Variables with the prefix that are not settings."""
_TABLES = ("select", "search")
"""Settings that are tables of the file and JSON in the environment."""
_HOST = re.compile(r"(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?|[0-9A-Fa-f:.]{2,45}")
_IDENTITY = re.compile(r"\S.*\s[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+")


class SelectTable(BaseModel):
    """One ``[[select]]`` table of a settings file: the fields of a `Selection`.

    A CIK may be ``@FILE``, which means the CIKs in a file, relative to the settings file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    forms: tuple[str, ...] = ()
    ciks: tuple[int | str, ...] = ()
    tickers: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    limit: int | None = None

    def selection(self, folder: Path) -> Selection:
        """The selection; `folder` is the folder of the settings file. Raises `UsageError`."""
        given: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set}
        if "ciks" in given:
            given["ciks"] = read_ciks(self.ciks, folder=folder)
        return Selection(**given)


class SearchTable(BaseModel):
    """One ``[[search]]`` table of a settings file: a saved search. All other keys are filters of the search."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str
    query: str = ""

    def filters(self) -> dict[str, Any]:
        """The filters, by the names of search options."""
        return dict(self.model_extra or {})


class Settings(BaseModel):
    """All settings of edgarchive. Immutable. Raises `SettingsError`, in one line, for whatever cannot be used.

    >>> Settings(user_agent="Example Research research@example.com", rate=5).rate
    5.0
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    root: Path = Field(default_factory=lambda: user_data_path("edgarchive"))
    """The archive's folder."""
    user_agent: str | None = Field(default=None, repr=False)
    """``Name mail@host``, which the SEC requires of every client. Without it, no request is made."""
    base_url: str = "https://www.sec.gov"
    """EDGAR's URL; another host for a mirror or a test."""
    rate: Annotated[float, Field(ge=0.01, le=100_000)] = 8.0
    """Requests started per second, by all processes on this machine together."""
    concurrency: Annotated[int, Field(ge=1, le=256)] = 16
    """Maximum number of concurrent requests."""
    block_pause_s: Annotated[float, Field(ge=0, le=86_400)] = 600.0
    """Seconds to wait after a block page before the next request."""
    max_submission_bytes: Annotated[int, Field(ge=1)] = 2_000_000_000
    """Maximum decoded bytes of a submission (the largest real ones have 400 MB)."""
    engine: Literal["whoosh", "tantivy", "opensearch"] = "whoosh"
    """The full-text engine: whoosh, tantivy or opensearch; the last two need extra packages."""
    trusted_owner: str | None = None
    """User whose Whoosh index may be opened besides your own and root's: opening one runs what its owner put there."""
    opensearch_url: str = "http://127.0.0.1:9200"
    """OpenSearch URL of a node, or of several, separated by commas."""
    opensearch_user: str | None = None
    """OpenSearch user name; unset: no authentication."""
    opensearch_password: Annotated[SecretStr | None, Field(repr=False)] = None
    """The password of that user. It is never shown."""
    opensearch_ca_file: Path | None = None
    """CA certificates (PEM) for the cluster; unset: those that the system trusts."""
    opensearch_prefix: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]{0,40}$")] = "edgarchive"
    """Prefix of all index names: lower-case letters, digits and _."""
    opensearch_shards: Annotated[int, Field(ge=1, le=100)] = 1
    """Shards of each new index of a filing year: one per 50 GB of its final size."""
    max_text_chars: Annotated[int, Field(ge=1)] = 20_000_000
    """Maximum number of characters indexed per document; only the beginning of a longer one can be searched."""
    index_every_s: Annotated[float, Field(ge=0)] = 300.0
    """Seconds between index updates during a sync; 0: index once, at the end."""
    keep_texts: bool = True
    """Whether to store extracted texts, compressed, so that snippets, sections and rebuilds need no parsing."""
    jobs: Annotated[int, Field(ge=1, le=1024)] = Field(default_factory=lambda: os.cpu_count() or 1)
    """Number of indexing processes, and of files that `verify` reads at once; default: the number of cores."""

    webhook_secret: Annotated[SecretStr | None, Field(repr=False)] = None
    """Secret for signing webhooks of `watch`, ``whsec_…`` (Standard Webhooks). It is never shown."""
    allow_private_webhooks: bool = False
    """Whether webhooks may go to loopback and private addresses."""
    smtp_host: str | None = None
    """SMTP server for mail from `watch`; unset: no mail is sent."""
    smtp_port: Annotated[int, Field(ge=1, le=65_535)] = 587
    """Its port: 587 for STARTTLS, 465 for implicit TLS."""
    smtp_user: str | None = None
    """SMTP user name; unset: no login."""
    smtp_password: Annotated[SecretStr | None, Field(repr=False)] = None
    """The password of that user. It is never shown."""
    smtp_plain: bool = False
    """Whether to send mail without TLS, for a server on this machine."""
    mail_from: str | None = None
    """Sender address of mail."""
    select: tuple[SelectTable, ...] = ()
    """What a bare `edgarchive sync` mirrors: `[[select]]` tables of the file."""
    search: tuple[SearchTable, ...] = ()
    """Saved searches for alerts by `watch`: `[[search]]` tables of the file."""
    config: Path | None = Field(default=None, exclude=True)
    """The TOML file; if unset, the locations of `find_config` are tried."""

    def __init__(self, **values: Any) -> None:
        """`values` are settings by name; None means "not given"."""
        given = {key: value for key, value in values.items() if value is not None}
        path = find_config(given.get("config"))
        try:
            super().__init__(**(_read_toml(path) if path else {}) | _read_environment() | given)
        except ValidationError as error:
            raise SettingsError(_one_line(error), "see `edgarchive help settings`") from None
        _warn_of_unknown_variables()

    @field_validator("root", mode="after")
    @classmethod
    def _expand_home(cls, value: Path) -> Path:
        if set("\0\n\r") & set(str(value)):
            raise ValueError("a path cannot hold a NUL or a line break")
        return _expanded(value)

    @field_validator("base_url", mode="after")
    @classmethod
    def _check_base_url(cls, value: str) -> str:
        parts = urlsplit(value)
        plain = not (parts.username or parts.password or parts.query or parts.fragment) and parts.port != 0
        if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(parts.hostname or "") or not plain:
            raise ValueError("must be an http or https address such as https://www.sec.gov")
        return value.rstrip("/")

    @field_validator("opensearch_url", mode="after")
    @classmethod
    def _check_opensearch_url(cls, value: str) -> str:
        addresses = [address.strip().rstrip("/") for address in value.split(",")]
        for parts in map(urlsplit, addresses):
            if parts.scheme not in {"http", "https"} or not parts.hostname:
                raise ValueError("must be http or https addresses such as http://127.0.0.1:9200")
            if parts.username is not None or parts.password is not None:
                raise ValueError("cannot hold a password: set opensearch_user and EDGARCHIVE_OPENSEARCH_PASSWORD")
        return ",".join(addresses)

    @field_validator("user_agent", mode="after")
    @classmethod
    def _check_user_agent(cls, value: str | None) -> str | None:
        if value is not None and (_IDENTITY.fullmatch(value) is None or not value.isascii() or not value.isprintable()):
            raise ValueError('must be "Name mail@host", such as "Example Research research@example.com"')
        return value

    @model_validator(mode="after")
    def _check_rate(self) -> Self:
        host = urlsplit(self.base_url).hostname or ""
        if self.rate > MAX_SEC_RATE and (host == "sec.gov" or host.endswith(".sec.gov")):
            raise ValueError(f"rate {self.rate:g} is above the {MAX_SEC_RATE:g} requests/s that the SEC allows")
        return self

    def selections(self) -> tuple[Selection, ...]:
        """The selections of the ``[[select]]`` tables. Raises `SettingsError`."""
        file = find_config(self.config)
        selections = []
        for number, table in enumerate(self.select, start=1):
            try:
                selection = table.selection(file.parent if file else Path())
                selection.require_narrow()
            except UsageError as error:
                raise SettingsError(f"[[select]] table {number}: {error.message}", error.hint) from error
            selections.append(selection)
        return tuple(selections)

    def identity(self) -> str:
        """The User-Agent to send. Raises `SettingsError` if none is set: without an identity there are no requests."""
        if self.user_agent is None:
            raise SettingsError(
                "EDGAR wants to know who asks, and no user_agent is set",
                'set EDGARCHIVE_USER_AGENT="Your Name you@example.com"',
            )
        return self.user_agent


def find_config(given: Path | str | None = None) -> Path | None:
    """The TOML file to read, or None.

    The first of: `given`, ``EDGARCHIVE_CONFIG``, ``./edgarchive.toml``, the file in the user's configuration folder.
    Raises `SettingsError` for a file that was named but does not exist.
    """
    named = given or os.environ.get(f"{_ENV_PREFIX}CONFIG")
    if named:
        try:
            path = _expanded(Path(named))
        except ValueError as error:
            raise SettingsError(f"there is no settings file {named}: {error}", "name it without ~") from None
        if not os.path.isfile(path):  # noqa: PTH113 (a folder that may not be looked into has none)
            raise SettingsError(f"there is no settings file {path}", "`edgarchive config init` writes one")
        return path
    found = (path for path in (Path(CONFIG_NAME), user_config_file()) if os.path.isfile(path))  # noqa: PTH113
    return next(found, None)


def user_config_file() -> Path:
    """The settings file in the user's configuration folder."""
    return user_config_path("edgarchive") / CONFIG_NAME


def _expanded(path: Path) -> Path:
    """`path` with ``~`` expanded. Raises ValueError if there is no home folder."""
    try:
        return path.expanduser()
    except RuntimeError:
        raise ValueError("nobody has this home folder") from None


def _read_environment() -> dict[str, Any]:
    """The settings among the environment variables, in any case."""
    # importing pydantic-settings would take a quarter of the time of a short command
    variables = {name.upper(): value for name, value in os.environ.items()}
    found: dict[str, Any] = {}
    for name in Settings.model_fields:
        variable = f"{_ENV_PREFIX}{name.upper()}"
        if variable in variables:
            found[name] = _from_json(variable, variables[variable]) if name in _TABLES else variables[variable]
    if "EDGAR_IDENTITY" in variables:  # the variable of edgartools
        found.setdefault("user_agent", variables["EDGAR_IDENTITY"])
    return found


def _from_json(variable: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise SettingsError(f"{variable} is not JSON: {error}", "see `edgarchive help settings`") from None
    except RecursionError:
        raise SettingsError(f"{variable} is nested too deeply", "see `edgarchive help settings`") from None


def _read_toml(path: Path) -> dict[str, Any]:
    _warn_of_other_writers(path)
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot read {path}: {error}", "check the file and its permissions") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not TOML: {error}", "see `edgarchive help settings`") from error
    except RecursionError:
        raise SettingsError(f"{path} is nested too deeply", "see `edgarchive help settings`") from None
    if "config" in values:
        raise SettingsError(f"{path} holds the key 'config'", "a settings file cannot name another")
    return values


def _warn_of_other_writers(path: Path) -> None:
    """Warn about a settings file that another user can change.

    It decides who gets our contact address and where we write. A user's own private group does not count as another
    user.
    """
    try:
        status = path.stat()
    except OSError:
        return  # reading it reports more
    by_group = status.st_mode & stat.S_IWGRP and status.st_gid != os.getegid()
    if status.st_mode & stat.S_IWOTH or by_group or status.st_uid not in {0, os.geteuid()}:
        facts = event("settings-unsafe", path=str(path))
        _log.warning("others can change the settings file %s; own it, and `chmod go-w` it", path, extra=facts)


def _warn_of_unknown_variables() -> None:
    """Warn about variables that look like settings but are not; another program may have set them."""
    known = [f"{_ENV_PREFIX}{name.upper()}" for name in (*Settings.model_fields, *_OTHER_VARIABLES)]
    for variable in sorted(os.environ):
        if variable.startswith(_ENV_PREFIX) and variable not in known:
            near = difflib.get_close_matches(variable, known, n=1)
            hint = f"did you mean {near[0]}?" if near else "see `edgarchive help settings`"
            facts = event("variable-unknown", variable=variable)
            _log.warning("the environment has %s, which is no setting; %s", variable, hint, extra=facts)


def _one_line(error: ValidationError) -> str:
    """The first error that pydantic found, in plain words and without the contact address."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        in_table = first["loc"][0] == "select" and len(first["loc"]) > 1
        fields: Iterable[str] = SelectTable.model_fields if in_table else Settings.model_fields
        known = [name for name in fields if name != "config"]
        last = str(first["loc"][-1])
        near = difflib.get_close_matches(last, known, n=1)
        return f"unknown setting {key!r}" + (
            f", did you mean {near[0]!r}?" if near else f", known are {', '.join(known)}"
        )
    message = first["msg"].removeprefix("Value error, ").replace("Input should be ", "it must be ")
    return f"{key}: {message}" if key else message
