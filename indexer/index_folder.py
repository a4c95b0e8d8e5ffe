"""Opening an index folder of any engine.

The folder contains ``meta.json`` (engine and schema) and the engine's own files. The umask of the writer decides who
may read it. Opening a Whoosh index unpickles data, so anybody who can write there could run code as the reader; it is
opened only if nobody but a trusted owner can write to the folder and its files, or made the link to it.
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import pwd
import stat
from collections.abc import Collection
from pathlib import Path
from typing import Any

from archiver.errors import (
    ArchiveFormatError,
    EdgarchiveError,
    IndexMissingError,
    SettingsError,
    StorageError,
    UsageError,
)
from archiver.events import event
from archiver.runtime.paths import exists
from archiver.runtime.retrying import with_retries
from archiver.settings.settings import Settings
from archiver.store.durable import (
    OWNER_WRITES,
    fsync_directory,
    make_directories,
    read_plain_file,
    remove_folder,
    storage_errors,
    write_file_durably,
)
from indexer.archive.share import Share
from indexer.engine import Engine, RemoteEngine

_log = logging.getLogger(__name__)

SCHEMA = 14
"""The version of the contents of entries and of the rules for splitting words. A change requires a rebuilt index."""

ENGINES = ("whoosh", "tantivy", "opensearch")
"""The available engines. Each is imported only when an index of it is created or opened."""

REMOTE = frozenset({"opensearch"})
"""Engines whose index is on a server. Several machines may write to it at once, each to its own share."""

PICKLED = frozenset({"whoosh"})
"""Engines whose index can run code that its writer put there."""

_META = "meta.json"
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, RecursionError)
"""What reading ``meta.json`` may raise."""

_MADE_BY_SHARE = "anew"
_SWAP_PATIENCE_S = 1.0
_REBUILD = "run `edgarchive index --rebuild`"
_UPDATE = "run `edgarchive index`, which rebuilds it"
_ASK_OWNER = "ask its owner to let your group read it"


def engine_class(name: str) -> type[Engine]:
    """The class of the engine `name`. Raises `UsageError` if it is unknown or its package is not installed."""
    try:
        match name:
            case "whoosh":
                from indexer.whoosh_engine.engine import WhooshEngine  # noqa: PLC0415 — only the engine in use

                return WhooshEngine
            case "tantivy":
                from indexer.tantivy_engine.engine import TantivyEngine  # noqa: PLC0415 — an extra

                return TantivyEngine
            case "opensearch":
                from indexer.opensearch_engine.engine import OpenSearchEngine  # noqa: PLC0415 — an extra

                return OpenSearchEngine
            case _:
                raise UsageError(f"there is no engine {name!r}", f"choose one of: {', '.join(ENGINES)}")
    except ModuleNotFoundError as error:
        if not error.name or error.name.startswith("indexer"):
            raise
        raise UsageError(
            f"the engine {name} needs the package {error.name}", f"`pip install 'edgarchive[{name}]'`"
        ) from None


def create_index(path: Path, *, engine: str, settings: Settings | None = None) -> Engine:
    """Create an empty index of `engine` in the new folder `path`, open for writing.

    Raises `UsageError` (unknown engine, or its package is not installed), `StorageError`.
    """
    chosen = engine_class(engine)
    with storage_errors(path):
        make_directories(path.parent)
        path.mkdir(mode=0o755)  # the umask applies, but only the owner may ever write there
    created = chosen.create(path, **_options(engine, settings))
    meta = json.dumps({"schema": SCHEMA, "engine": engine}).encode() + b"\n"
    write_file_durably(path / _META, meta, mode=OWNER_WRITES)
    with storage_errors(path):
        fsync_directory(path.parent)
    return created


def open_index(
    path: Path, *, settings: Settings | None = None, writable: bool = False, share: Share | None = None
) -> Engine:
    """Open the index in folder `path`; with `share`, to write that share beside the writers of others.

    Raises `IndexMissingError` (missing or damaged), `ArchiveFormatError` (another schema, an unknown engine, or a
    Whoosh index that somebody else can write to), `StorageError` (not readable), `UsageError` (the engine's package is
    not installed, or it supports no shares).
    """
    meta_path = path / _META
    try:
        schema, engine = _parsed_meta(_read_meta(path))
    except FileNotFoundError:
        raise IndexMissingError(f"there is no full-text index in {path}", "run `edgarchive index`") from None
    except PermissionError as error:
        raise StorageError(f"cannot read {path}: permission denied", _ASK_OWNER) from error
    except _UNREADABLE as error:
        raise IndexMissingError(f"cannot read {meta_path}: {error}", _REBUILD) from error
    if engine not in ENGINES:
        raise ArchiveFormatError(f"the index in {path} has an unknown engine, {engine!r}", _REBUILD)
    if schema != SCHEMA:
        raise _other_schema(path, schema)
    if engine not in REMOTE:
        _check_plain(path)  # first: a device, which anybody may write to, is damage
    try:
        _check_trust(path, engine, settings, writable=writable)
    except PermissionError as error:
        raise StorageError(f"cannot read {path}: permission denied", _ASK_OWNER) from error
    options = _options(engine, settings)
    if share is not None:
        if engine not in REMOTE:
            raise UsageError(
                f"an index of the engine {engine} supports no shares",
                "leave --years and --shard out: all cores of this machine are used; or use the engine opensearch",
            )
        options["share"] = share
    return engine_class(engine).open(path, writable=writable, **options)


def places_of_rebuild(path: Path) -> tuple[Path, Path]:
    """The folders of the index that a rebuild of the one in `path` makes, and of the one that it replaces."""
    return path.with_name(f"{path.name}.new"), path.with_name(f"{path.name}.old")


def is_being_replaced(path: Path) -> bool:
    """Whether a rebuild has moved the index in `path` away and is about to put the new one there."""
    return not exists(path) and all(exists(place) for place in places_of_rebuild(path))


def remove_index(path: Path, *, settings: Settings | None = None, keep: Path) -> None:
    """Delete the index folder `path` and its data on a server, except what the index in `keep` uses.

    If the server cannot be reached, its data stays, with a warning. Raises `StorageError`.
    """
    engine = engine_of(path)
    if engine is not None and engine in REMOTE:
        try:  # whatever its schema
            with contextlib.closing(
                engine_class(engine).open(path, writable=True, **_options(engine, settings))
            ) as index:
                if isinstance(index, RemoteEngine):
                    index.remove(keep=keep)
        except IndexMissingError:
            pass  # it is gone
        except EdgarchiveError as error:
            facts = event("index-left", path=str(path), error=type(error).__name__)
            _log.warning("the index of %s was not removed from its server: %s", path, error, extra=facts)
    with storage_errors(path):
        remove_folder(path)


def _options(engine: str, settings: Settings | None) -> dict[str, Any]:
    """The options of an engine besides its folder: for an index on a server, where that is."""
    return {"settings": settings} if engine in REMOTE else {}


def is_index(path: Path) -> bool:
    """Whether folder `path` is or was an index, readable or not."""
    try:
        return exists(path / _META)
    except PermissionError:
        return True


def index_identity(path: Path) -> tuple[int, ...] | None:
    """A value that distinguishes the index in folder `path` from one that replaces it; None if there is none now."""
    try:
        status = (path / _META).stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns


def index_version(path: Path) -> tuple[object, ...] | None:
    """A value that differs after every commit to the index in folder `path`; None if it is missing or on a server."""
    engine = engine_of(path)
    if engine is None or engine in REMOTE:
        return None
    return index_identity(path), file_version(path), file_version(path / engine)


def file_version(path: Path) -> tuple[int, ...] | None:
    """A value that differs after a file is replaced or appended to, or files in a folder are; None if it is missing."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def notes_folder(path: Path) -> Path:
    """The folder where shares of the index in folder `path` record their progress; it is deleted with the index."""
    return path / "shares"


def note_made_by_share(path: Path) -> None:
    """Record that a share created the index in folder `path`, so the catalogue's marks do not apply to it.

    Raises `StorageError`.
    """
    folder = notes_folder(path)
    with storage_errors(folder):
        make_directories(folder)
    write_file_durably(folder / _MADE_BY_SHARE, b"")


def is_made_by_share(path: Path) -> bool:
    """Whether a share created the index in folder `path` and the catalogue has not been updated since."""
    try:
        return exists(notes_folder(path) / _MADE_BY_SHARE)
    except PermissionError:
        return False


def clear_made_by_share(path: Path) -> None:
    """Record that the catalogue's marks apply to the index in folder `path` again. Raises `StorageError`."""
    folder = notes_folder(path)
    with storage_errors(folder):
        (folder / _MADE_BY_SHARE).unlink()
        fsync_directory(folder)


def marks_hold(path: Path) -> bool:
    """Whether the catalogue's marks apply to the index in folder `path`: it exists, and no share created it."""
    return is_index(path) and not is_made_by_share(path)


def engine_of(path: Path) -> str | None:
    """The engine of the index in folder `path`; None if there is none or it is unknown."""
    return _known_meta(path)[1]


def is_outdated(path: Path) -> bool:
    """Whether the index in folder `path` was created by an earlier version and must be rebuilt."""
    schema, engine = _known_meta(path)
    return engine is not None and isinstance(schema, int) and schema < SCHEMA


def _known_meta(path: Path) -> tuple[object, str | None]:
    """Schema and engine of the index in folder `path`, each None if that cannot be told."""
    try:
        schema, engine = _parsed_meta(read_plain_file(path / _META))
    except _UNREADABLE:
        return None, None
    return schema, engine if engine in ENGINES else None


def _other_schema(path: Path, schema: object) -> ArchiveFormatError:
    if is_outdated(path):
        return ArchiveFormatError(f"the index in {path} was made by an earlier edgarchive", _UPDATE)
    return ArchiveFormatError(
        f"the index in {path} is of schema {schema!r}, this edgarchive reads {SCHEMA}",
        f"restart this program if edgarchive was upgraded; else install a newer edgarchive, or {_REBUILD}",
    )


def _parsed_meta(meta: bytes) -> tuple[object, str]:
    """Schema and engine from ``meta.json``."""
    values = json.loads(meta)
    if not isinstance(values["engine"], str):
        raise TypeError("its engine is not text")
    return values["schema"], values["engine"]


def _read_meta(path: Path) -> bytes:
    """The bytes of ``meta.json``; waits briefly while a rebuilt index is replacing the old one."""

    def read() -> bytes:
        return read_plain_file(path / _META)

    def is_swapped(error: Exception) -> bool:
        return isinstance(error, FileNotFoundError) and (exists(path / _META) or exists(places_of_rebuild(path)[1]))

    return with_retries(read, retry_if=is_swapped, patience_s=_SWAP_PATIENCE_S)


def unreadable_reason(path: Path, settings: Settings | None = None) -> str | None:
    """Why this user cannot read the index in folder `path`, in a few words; None if it can or there is no index."""
    try:
        _check_trust(path, _parsed_meta(_read_meta(path))[1], settings, writable=False)
    except PermissionError:
        return f"this user may not read it; {_ASK_OWNER}"
    except ArchiveFormatError as error:
        return str(error)
    except (*_UNREADABLE, IndexMissingError):
        return None
    return None


def _check_plain(path: Path) -> None:
    """Raise `IndexMissingError` where a pipe or device is among the files of an index, which would never be read."""
    for folder in (path, path / "tantivy"):
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                if not (entry.is_file() or entry.is_dir()):
                    raise IndexMissingError(f"cannot read {entry.path}: not a regular file", _REBUILD)


def _check_trust(path: Path, engine: str, settings: Settings | None, *, writable: bool) -> None:
    """Raise `ArchiveFormatError` if somebody else may have put code there that opening would run."""
    if engine not in PICKLED and not writable:
        return
    trusted = {0, os.geteuid(), _trusted_user(settings)}
    with_retries(lambda: _check_owners(path, engine, trusted), retry_if=FileNotFoundError, patience_s=_SWAP_PATIENCE_S)


def _check_owners(path: Path, engine: str, trusted: Collection[int | None]) -> None:
    # Who made a link chose what it leads to: it could be files of ours, such as an extracted filing's.
    _check_owner(path, path.lstat(), trusted)
    places = [path]
    if engine in PICKLED:
        places += path.iterdir()
    for place in places:
        try:
            status = place.stat()
        except FileNotFoundError:  # a commit has just replaced it
            continue
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
            raise IndexMissingError(f"cannot read {place}: a link to itself", _REBUILD) from error
        _check_owner(place, status, trusted)
        _check_closed(place, status)


def _check_closed(path: Path, status: os.stat_result) -> None:
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise ArchiveFormatError(
            f"other users can write to {path}, and opening an index runs its writer's code",
            "if you trust what they wrote, run `chmod -R go-w` on the index; else remove it and run `edgarchive index`",
        )


def _check_owner(path: Path, status: os.stat_result, trusted: Collection[int | None]) -> None:
    if status.st_uid not in trusted:
        raise ArchiveFormatError(
            f"{path} belongs to {_user_name(status.st_uid)}, and opening an index runs code that its owner put there",
            f'set trusted_owner = "{_user_name(status.st_uid)}" if you trust them, or use the engine tantivy',
        )


def _trusted_user(settings: Settings | None) -> int | None:
    """The user ID that the settings trust, or None."""
    if settings is None or settings.trusted_owner is None:
        return None
    owner = settings.trusted_owner
    try:
        return pwd.getpwnam(owner).pw_uid
    except KeyError:
        if owner.isascii() and owner.isdigit():  # in a container, and on a network drive, users may have no names
            return int(owner)
        raise SettingsError(
            f"trusted_owner is {owner!r}, but there is no such user", "give a user of this machine, or a user ID"
        ) from None


def _user_name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
