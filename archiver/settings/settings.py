"""Settings: arguments, then environment, then a TOML file, then defaults (docs/settings.md)."""

from __future__ import annotations

import json
import logging
import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import MISSING, Field, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import SplitResult, urlsplit

from platformdirs import user_config_path, user_data_path

from archiver.errors import SettingsError, UsageError
from archiver.events import event
from archiver.settings import values as kinds
from archiver.settings.values import Reader, SecretText
from archiver.startup.dataclass import dataclass
from archiver.startup.patterns import lazy_pattern

if TYPE_CHECKING:
    from archiver.selection.selection import Selection
    from archiver.settings.tables import SearchTable, SelectTable

_log = logging.getLogger(__name__)

MAX_SEC_RATE = 10.0
"""The SEC's limit of requests per second from one IP address, over all its hosts (sec.gov, "Accessing EDGAR Data")."""

CONFIG_NAME = "edgarchive.toml"
_ENV_PREFIX = "EDGARCHIVE_"
_OTHER_VARIABLES = ("PAGER", "TRACEBACK")
"""Variables with the prefix that are not settings."""
_TABLES = ("select", "search")
"""Settings that are tables of the file and JSON in the environment."""
_HOST = lazy_pattern(r"(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?|[0-9A-Fa-f:.]{2,45}")
_HELP = "see `edgarchive help settings`"
_IDENTITY = lazy_pattern(r"\S.*\s[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+")


def _identity(value: Any) -> str:
    text = kinds.text(value)
    if _IDENTITY.fullmatch(text) is None or not text.isascii() or not text.isprintable():
        raise ValueError('must be "Name mail@host", such as "Example Research research@example.com"')
    return text


def _base_url(value: Any) -> str:
    message = "must be an http or https address such as https://www.sec.gov"
    parts = _url(kinds.text(value), message)
    plain = not (parts.username or parts.password or parts.query or parts.fragment) and parts.port != 0
    if not _HOST.fullmatch(parts.hostname or "") or not plain:
        raise ValueError(message)
    return str(value).rstrip("/")


def _opensearch_url(value: Any) -> str:
    addresses = [address.strip().rstrip("/") for address in kinds.text(value).split(",")]
    for address in addresses:
        parts = _url(address, "must be http or https addresses such as http://127.0.0.1:9200")
        if parts.username is not None or parts.password is not None:
            raise ValueError("cannot hold a password: set opensearch_user and EDGARCHIVE_OPENSEARCH_PASSWORD")
    return ",".join(addresses)


def _url(address: str, message: str) -> SplitResult:
    """The parts of an HTTP address. Raises ValueError with `message`."""
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(message)
    return parts


def _tables(name: str) -> Reader:
    def read(value: Any) -> Any:
        from archiver.settings.tables import read_tables  # noqa: PLC0415 — pydantic, where there is a table

        return read_tables(name, value)

    return read


def _setting(read: Reader, default: Any = None, *, factory: Callable[[], Any] | None = None, shown: bool = True) -> Any:
    """A setting: how its value is read, its default, and whether `repr` shows it."""
    if factory is not None:
        return field(default_factory=factory, metadata={"read": read})
    return field(default=default, metadata={"read": read}, repr=shown)


@dataclass(frozen=True, init=False, kw_only=True)
class Settings:
    """All settings of edgarchive. Immutable. Raises `SettingsError`, in one line, for whatever cannot be used.

    >>> Settings(user_agent="Example Research research@example.com", rate=5).rate
    5.0
    """

    root: Path = _setting(kinds.path, factory=lambda: user_data_path("edgarchive"))
    """The archive's folder."""
    user_agent: str | None = _setting(_identity, shown=False)
    """``Name mail@host``, which the SEC requires of every client. Without it, no request is made."""
    base_url: str = _setting(_base_url, "https://www.sec.gov")
    """EDGAR's URL; another host for a mirror or a test."""
    rate: float = _setting(kinds.number(0.01, 100_000), 8.0)
    """Requests started per second, by all processes on this machine together."""
    concurrency: int = _setting(kinds.whole_number(1, 256), 16)
    """Maximum number of concurrent requests."""
    block_pause_s: float = _setting(kinds.number(0, 86_400), 600.0)
    """Seconds to wait after a block page before the next request."""
    max_submission_bytes: int = _setting(kinds.whole_number(1), 2_000_000_000)
    """Maximum decoded bytes of a submission (the largest real ones have 400 MB)."""
    engine: Literal["whoosh", "tantivy", "opensearch"] = _setting(
        kinds.one_of("whoosh", "tantivy", "opensearch"), "whoosh"
    )
    """The full-text engine: whoosh, tantivy or opensearch; the last two need extra packages."""
    trusted_owner: str | None = _setting(kinds.text)
    """User (name or ID) whose Whoosh index may be opened besides yours and root's: this can run their code."""
    opensearch_url: str = _setting(_opensearch_url, "http://127.0.0.1:9200")
    """OpenSearch URL of a node, or of several, separated by commas."""
    opensearch_user: str | None = _setting(kinds.text)
    """OpenSearch user name; unset: no authentication."""
    opensearch_password: SecretText | None = _setting(kinds.secret, shown=False)
    """The password of that user. It is never shown."""
    opensearch_ca_file: Path | None = _setting(kinds.path)
    """CA certificates (PEM) for the cluster; unset: those that the system trusts."""
    opensearch_prefix: str = _setting(
        kinds.text_like("[a-z0-9][a-z0-9_]{0,40}", "lower-case letters, digits and _"), "edgarchive"
    )
    """Prefix of all index names: lower-case letters, digits and _."""
    opensearch_shards: int = _setting(kinds.whole_number(1, 100), 1)
    """Shards of each new index of a filing year: one per 50 GB of its final size."""
    max_text_chars: int = _setting(kinds.whole_number(1), 20_000_000)
    """Maximum number of characters indexed per document; only the beginning of a longer one can be searched."""
    index_every_s: float = _setting(kinds.number(0), 300.0)
    """Seconds between index updates during a sync; 0: index once, at the end."""
    keep_texts: bool = _setting(kinds.boolean, default=True)
    """Whether to store extracted texts, compressed, so that snippets, sections and rebuilds need no parsing."""
    jobs: int = _setting(kinds.whole_number(1, 1024), factory=lambda: os.cpu_count() or 1)
    """Number of indexing processes, and of files that `verify` reads at once; default: the number of cores."""

    webhook_secret: SecretText | None = _setting(kinds.secret, shown=False)
    """Secret for signing webhooks of `watch`, ``whsec_…`` (Standard Webhooks). It is never shown."""
    allow_private_webhooks: bool = _setting(kinds.boolean, default=False)
    """Whether webhooks may go to loopback and private addresses."""
    smtp_host: str | None = _setting(kinds.text)
    """SMTP server for mail from `watch`; unset: no mail is sent."""
    smtp_port: int = _setting(kinds.whole_number(1, 65_535), 587)
    """Its port: 587 for STARTTLS, 465 for implicit TLS."""
    smtp_user: str | None = _setting(kinds.text)
    """SMTP user name; unset: no login."""
    smtp_password: SecretText | None = _setting(kinds.secret, shown=False)
    """The password of that user. It is never shown."""
    smtp_plain: bool = _setting(kinds.boolean, default=False)
    """Whether to send mail without TLS, for a server on this machine."""
    mail_from: str | None = _setting(kinds.text)
    """Sender address of mail."""
    select: tuple[SelectTable, ...] = _setting(_tables("select"), ())
    """What a bare `edgarchive sync` mirrors: `[[select]]` tables of the file."""
    search: tuple[SearchTable, ...] = _setting(_tables("search"), ())
    """Saved searches for alerts by `watch`: `[[search]]` tables of the file."""
    config: Path | None = _setting(kinds.path)
    """The TOML file; if unset, the locations of `find_config` are tried."""

    def __init__(self, **values: Any) -> None:
        """`values` are settings by name; None means "not given"."""
        given = {key: value for key, value in values.items() if value is not None}
        path = find_config(given.get("config"))
        given = (_read_toml(path) if path else {}) | _read_environment() | given
        self._take({one.name: _default(one) for one in fields(self)}, given)
        object.__setattr__(self, "_given", frozenset(given))
        _warn_of_unknown_variables()

    def replace(self, **changes: Any) -> Settings:
        """These settings with `changes`; None means the default. Neither file nor environment is read again."""
        changed = object.__new__(Settings)
        changed._take({one.name: getattr(self, one.name) for one in fields(self)}, changes)
        object.__setattr__(changed, "_given", self.given | frozenset(changes))
        return changed

    @property
    def given(self) -> frozenset[str]:
        """The names of the settings that do not have their values by default."""
        names: frozenset[str] = self.__dict__["_given"]
        return names

    def to_dict(self) -> dict[str, Any]:
        """Every setting as a value of JSON, but not which file they are from; secrets are hidden."""
        given = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "config"}
        tables = {name: [table.model_dump(mode="json") for table in given[name]] for name in _TABLES}
        texts = {key: str(value) for key, value in given.items() if isinstance(value, (Path, SecretText))}
        return given | texts | tables

    def _take(self, known: dict[str, Any], given: dict[str, Any]) -> None:
        """Set every setting: what is `given`, once read, else what is `known`."""
        for name in given:
            if name not in known:
                raise SettingsError(_unknown(name, known), _HELP)
        for one in fields(self):
            value = _read(one, given[one.name]) if one.name in given else known[one.name]
            object.__setattr__(self, one.name, value)
        host = urlsplit(self.base_url).hostname or ""
        if self.rate > MAX_SEC_RATE and (host == "sec.gov" or host.endswith(".sec.gov")):
            message = f"rate {self.rate:g} is above the {MAX_SEC_RATE:g} requests/s that the SEC allows"
            raise SettingsError(message, _HELP)

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
                "no user_agent is set, and EDGAR requires one",
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
            path = kinds.expanded(Path(named))
        except ValueError as error:
            raise SettingsError(f"there is no settings file {named}: {error}", "name it without ~") from None
        if not os.path.isfile(path):  # noqa: PTH113 — a folder that may not be looked into has none
            raise SettingsError(f"there is no settings file {path}", "`edgarchive config init` writes one")
        return path
    found = (path for path in (Path(CONFIG_NAME), user_config_file()) if os.path.isfile(path))  # noqa: PTH113 — as above
    return next(found, None)


def user_config_file() -> Path:
    """The settings file in the user's configuration folder."""
    return user_config_path("edgarchive") / CONFIG_NAME


def _names() -> list[str]:
    return [one.name for one in fields(Settings)]


def _read_environment() -> dict[str, Any]:
    """The settings among the environment variables, in any case."""
    variables = {name.upper(): value for name, value in os.environ.items()}
    found: dict[str, Any] = {}
    for name in _names():
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
        raise SettingsError(f"{variable} is not JSON: {error}", _HELP) from None
    except RecursionError:
        raise SettingsError(f"{variable} is nested too deeply", _HELP) from None


def _read_toml(path: Path) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 — most have no such file

    _warn_of_other_writers(path)
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))  # some editors begin a file with a mark
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot read {path}: {error}", "check the file and its permissions") from error
    except tomllib.TOMLDecodeError as error:
        hint = 'a text stands in quotes, such as root = "/srv/edgar"' if "Invalid value" in str(error) else _HELP
        raise SettingsError(f"{path} is not TOML: {error}", hint) from error
    except RecursionError:
        raise SettingsError(f"{path} is nested too deeply", _HELP) from None
    if "config" in values:
        raise SettingsError(f"{path} contains the key 'config'", "a settings file cannot name another")
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
        _log.warning(
            "other users can change the settings file %s; become its owner, and run `chmod go-w` on it",
            path,
            extra=facts,
        )


def _warn_of_unknown_variables() -> None:
    """Warn about variables that look like settings but are not; another program may have set them."""
    known = [f"{_ENV_PREFIX}{name.upper()}" for name in (*_names(), *_OTHER_VARIABLES)]
    for variable in sorted(os.environ):
        if variable.startswith(_ENV_PREFIX) and variable not in known:
            import difflib  # noqa: PLC0415 — for a slip alone

            near = difflib.get_close_matches(variable, known, n=1)
            hint = f"did you mean {near[0]}?" if near else _HELP
            facts = event("variable-unknown", variable=variable)
            _log.warning("the environment has %s, which is not a setting; %s", variable, hint, extra=facts)


def _default(one: Field[Any]) -> Any:
    return one.default if one.default_factory is MISSING else one.default_factory()


def _read(one: Field[Any], value: Any) -> Any:
    """The value of a setting. Raises `SettingsError`; the contact address never appears."""
    if value is None:
        return _default(one)
    try:
        return one.metadata["read"](value)
    except ValueError as error:
        raise SettingsError(f"{one.name}: {error}", _HELP) from None


def _unknown(name: str, known: Iterable[str]) -> str:
    names = [one for one in known if one != "config"]
    import difflib  # noqa: PLC0415 — for a slip alone

    near = difflib.get_close_matches(name, names, n=1)
    return f"unknown setting {name!r}" + (f", did you mean {near[0]!r}?" if near else f", known are {', '.join(names)}")
