"""The rate: when a request may start, for all processes of this machine together.

The SEC counts requests by IP address over all its hosts, so the next start is kept in one small file that every
process locks for a moment. Between two starts lies ``(1 s + SLACK_S + GUARD_S) / rate``; a start that comes late
(timers do) may be caught up by at most `SLACK_S`, so no window of one second holds more than `rate` starts, and no
burst is possible at the beginning (docs/adr/0003-pacing.md). Times are of the monotonic clock, which all processes of a
machine share and nobody sets back.
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
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from archiver.errors import StorageError
from archiver.retrying import with_retries

SLACK_S = 0.020
GUARD_S = 0.020
"""Slack is what a late timer may catch up; the guard covers the jitter between our clock and the server's."""

_RECORD = struct.Struct("<8sdddd")
_MAGIC = b"edgrpac1"
_BUSY_S = 0.002
_PATIENCE_S = 5.0
"""Nobody needs the file for longer than a moment; one who keeps it locked for so long means harm, or is broken."""
_LONGEST_WAIT_S = 86_400.0
"""A damaged or hostile file holds nobody back for longer."""


@dataclass(frozen=True, slots=True)
class PaceState:
    """What the processes share, in monotonic seconds: when it was written, the next start, a pause, its gentle end.

    One that was written later than now is from before a reboot, when the clock began anew, and says nothing.
    """

    written_s: float = 0.0
    next_start_s: float = 0.0
    paused_until_s: float = 0.0
    gentle_until_s: float = 0.0


def interval_s(rate: float) -> float:
    """Seconds between two starts, so that no one-second window holds more than `rate` of them."""
    per_window = math.floor(rate) if rate >= 1 else rate
    return (1 + SLACK_S + GUARD_S) / per_window


def admit(state: PaceState, *, now_s: float, rate: float) -> tuple[float, PaceState]:
    """Whether a request may start at `now_s`: (0, the new state), or (seconds to wait, the state as it was)."""
    if state.written_s > now_s:
        state = PaceState()
    wait_s = max(state.next_start_s, state.paused_until_s) - now_s
    if 0 < wait_s <= _LONGEST_WAIT_S:
        return wait_s, state
    step_s = interval_s(rate) * (2 if now_s < state.gentle_until_s <= now_s + 2 * _LONGEST_WAIT_S else 1)
    due_s = state.next_start_s if now_s - SLACK_S <= state.next_start_s <= now_s else now_s
    return 0.0, replace(state, written_s=now_s, next_start_s=due_s + step_s)


def pause(state: PaceState, *, now_s: float, pause_s: float) -> PaceState:
    """The state after a block: no start for `pause_s` (a day at most), then half the rate for as long again."""
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
    """Hands out request starts, in turn. `clock`, `sleep` and `patience_s` can be given for tests.

    Raises `StorageError` where the shared file cannot be used, or another process keeps it locked.
    """

    def __init__(
        self,
        base_url: str,
        *,
        rate: float,
        folder: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._patience_s = patience_s
        self._path = (folder or shared_folder()) / _pace_name(base_url)
        self._rate = rate
        self._clock = clock
        self._sleep = sleep
        self._turn = asyncio.Lock()
        self._file = _open_shared(self._path)
        self.starts = 0

    async def start(self) -> None:
        """Return when a request may start. Every attempt, redirect and index file calls this once."""
        async with self._turn:
            while wait_s := self._try():
                await self._sleep(wait_s)
            self.starts += 1

    def _try(self) -> float:
        with self._locked() as state:
            wait_s, new = admit(state, now_s=self._clock(), rate=self._rate)
            if not wait_s:
                self._store(new)
        return wait_s

    def pause(self, pause_s: float) -> None:
        """Let no process start a request for `pause_s` seconds."""
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
        """Take the lock, which any user of the machine may hold, and without end: so never wait for it without end."""
        try:
            with_retries(
                lambda: fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB),
                retry_if=BlockingIOError,
                patience_s=self._patience_s,
                wait_s=_BUSY_S,
            )
        except BlockingIOError:
            raise StorageError(
                f"another process keeps {self._path} locked, which keeps the request rate", "`fuser` names the process"
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
                f"cannot write {self._path}, which keeps the request rate: {error.strerror}", "free space there"
            ) from error

    def close(self) -> None:
        """Close the shared file."""
        os.close(self._file)


def shared_folder() -> Path:
    """The folder that all processes of this machine share, whoever runs them."""
    return Path("/tmp") if Path("/tmp").is_dir() else Path(tempfile.gettempdir())  # noqa: S108 — shared on purpose


def _pace_name(base_url: str) -> str:
    """One file a host; the SEC counts over all hosts of sec.gov, so they share one."""
    parts = urlsplit(base_url)
    host = parts.hostname or "unknown"
    if host == "sec.gov" or host.endswith(".sec.gov"):
        return "edgarchive-pace-sec.gov"
    return f"edgarchive-pace-{host}-{parts.port or parts.scheme}".replace(":", "_")


def _open_shared(path: Path) -> int:
    """Open the shared file for every user. Nothing but times is in it, and no time in it is believed beyond a day."""
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
            if stat.S_ISREG(status.st_mode) and status.st_nlink <= 1:  # a second name may be that of somebody's file
                return descriptor
            os.close(descriptor)
            break
    except OSError as error:
        raise StorageError(
            f"cannot open {path}, which keeps the request rate: {error.strerror}", "remove it"
        ) from error
    raise StorageError(f"{path}, which keeps the request rate, is not a plain file of one name", "remove it")
