"""Pacing: when a request may start, for all processes of this machine together.

The SEC counts requests by IP address over all its hosts. So the time of the next start is kept in a small file that
every process locks briefly. Two starts are ``(1 s + SLACK_S + GUARD_S) / rate`` apart. A start delayed by a timer may
catch up by at most `SLACK_S`, so no window of one second holds more than `rate` starts, and there is no initial burst
(docs/adr/0003-pacing.md). Times are those of the monotonic clock, which all processes share and which is never set
back.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import math
import os
import stat
import struct
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import astuple, replace
from pathlib import Path
from urllib.parse import urlsplit

from archiver.errors import StorageError
from archiver.runtime.paths import is_dir
from archiver.runtime.retrying import with_retries
from archiver.startup.dataclass import dataclass

SLACK_S = 0.020
GUARD_S = 0.020
"""`SLACK_S` is what a late timer may catch up; the guard covers jitter between this clock and the server's."""

_RECORD = struct.Struct("<8sdddd")
_MAGIC = b"edgrpac1"
_BUSY_S = 0.002
_PATIENCE_S = 5.0
"""The file is needed only briefly; a process that holds the lock for longer is malicious or broken."""
_LONGEST_WAIT_S = 86_400.0
"""Maximum wait: a damaged or hostile file cannot delay requests for longer."""


@dataclass(frozen=True, slots=True)
class PaceState:
    """The shared state: time of writing, next start, end of a pause, end of the half rate, in monotonic seconds.

    A time of writing in the future is from before a reboot; the state is then ignored.
    """

    written_s: float = 0.0
    next_start_s: float = 0.0
    paused_until_s: float = 0.0
    gentle_until_s: float = 0.0


def interval_s(rate: float) -> float:
    """Seconds between two starts, so that no window of one second holds more than `rate` of them."""
    per_window = math.floor(rate) if rate >= 1 else rate
    return (1 + SLACK_S + GUARD_S) / per_window


def admit(state: PaceState, *, now_s: float, rate: float) -> tuple[float, PaceState]:
    """Whether a request may start at `now_s`: (0, the new state), or (seconds to wait, the unchanged state)."""
    if state.written_s > now_s:
        state = PaceState()
    wait_s = max(state.next_start_s, state.paused_until_s) - now_s
    if 0 < wait_s <= _LONGEST_WAIT_S:
        return wait_s, state
    step_s = interval_s(rate) * (2 if now_s < state.gentle_until_s <= now_s + 2 * _LONGEST_WAIT_S else 1)
    due_s = state.next_start_s if now_s - SLACK_S <= state.next_start_s <= now_s else now_s
    return 0.0, replace(state, written_s=now_s, next_start_s=due_s + step_s)


def pause(state: PaceState, *, now_s: float, pause_s: float) -> PaceState:
    """The state after a block: no start for `pause_s` (at most a day), then half the rate for the same duration."""
    if state.written_s > now_s:
        state = PaceState()
    pause_s = min(pause_s, _LONGEST_WAIT_S)
    return replace(
        state,
        written_s=now_s,
        paused_until_s=max(state.paused_until_s, now_s + pause_s),
        gentle_until_s=max(state.gentle_until_s, now_s + 2 * pause_s),
    )


class Pacer:
    """Grants request starts in turn. `clock` and `patience_s` can be replaced for tests.

    Raises `StorageError` if the shared file cannot be used, or if another process keeps it locked.
    """

    def __init__(
        self,
        base_url: str,
        *,
        rate: float,
        folder: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._patience_s = patience_s
        self._path = (folder or shared_folder()) / _pace_name(base_url)
        self._rate = rate
        self._clock = clock
        self._turn = asyncio.Lock()
        self._file = _open_shared(self._path)
        self.starts = 0

    async def start(self) -> None:
        """Wait until a request may start. Call it once for every attempt, redirect and index file."""
        async with self._turn:
            while wait_s := self._try():  # noqa: ASYNC110 — no event tells of other processes
                await asyncio.sleep(wait_s)
            self.starts += 1

    def _try(self) -> float:
        with self._locked() as state:
            wait_s, new = admit(state, now_s=self._clock(), rate=self._rate)
            if not wait_s:
                self._store(new)
        return wait_s

    def pause(self, pause_s: float) -> None:
        """Pause all processes for `pause_s` seconds."""
        with self._locked() as state:
            self._store(pause(state, now_s=self._clock(), pause_s=pause_s))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[PaceState]:
        self._lock()
        try:
            yield self._load()
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _lock(self) -> None:
        """Take the lock with a time limit, since any user of the machine may hold it indefinitely."""
        try:
            with_retries(
                lambda: fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB),
                retry_if=BlockingIOError,
                patience_s=self._patience_s,
                wait_s=_BUSY_S,
            )
        except BlockingIOError:
            raise StorageError(
                f"another process keeps {self._path}, which holds the request rate, locked", "`fuser` names the process"
            ) from None

    def _load(self) -> PaceState:
        data = os.pread(self._file, _RECORD.size, 0)
        if len(data) != _RECORD.size:
            return PaceState()
        magic, *times = _RECORD.unpack(data)
        return PaceState(*times) if magic == _MAGIC and all(map(math.isfinite, times)) else PaceState()

    def _store(self, state: PaceState) -> None:
        try:
            os.pwrite(self._file, _RECORD.pack(_MAGIC, *astuple(state)), 0)
        except OSError as error:
            raise StorageError(
                f"cannot write {self._path}, which holds the request rate: {error.strerror}", "free space there"
            ) from error

    def close(self) -> None:
        """Close the shared file."""
        os.close(self._file)


def shared_folder() -> Path:
    """The folder that all processes and users of this machine share."""
    return Path("/tmp") if is_dir(Path("/tmp")) else Path(tempfile.gettempdir())  # noqa: S108 — shared on purpose


def _pace_name(base_url: str) -> str:
    """The file name for a host; all hosts of sec.gov share one, as the SEC counts over all of them."""
    parts = urlsplit(base_url)
    host = parts.hostname or "unknown"
    if host == "sec.gov" or host.endswith(".sec.gov"):
        return "edgarchive-pace-sec.gov"
    return f"edgarchive-pace-{host}-{parts.port or parts.scheme}".replace(":", "_")


def _open_shared(path: Path) -> int:
    """Open the shared file for all users. It contains only times, none of which is trusted beyond a day."""
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        for _ in range(3):
            try:
                descriptor = os.open(path, flags)
            except FileNotFoundError:
                try:
                    descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o666)
                    os.fchmod(descriptor, 0o666)
                except FileExistsError:
                    continue
            status = os.fstat(descriptor)
            if stat.S_ISREG(status.st_mode) and status.st_nlink <= 1:  # a second link may be somebody else's file
                return descriptor
            os.close(descriptor)
            break
    except OSError as error:
        raise StorageError(
            f"cannot open {path}, which holds the request rate: {error.strerror}", "remove it"
        ) from error
    raise StorageError(f"{path}, which holds the request rate, is linked, or not a regular file", "remove it")
