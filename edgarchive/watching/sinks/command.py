"""Alerts to a command, each as JSON on its stdin, without a shell."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import shlex
import shutil
import signal
from collections.abc import Sequence

from archiver.catalogue.watching import Delivery
from archiver.errors import UsageError
from edgarchive.watching.sinks.sink import Outcome, Sent, Sink

TIMEOUT_S = 60.0

_SECRETS = frozenset({"EDGARCHIVE_WEBHOOK_SECRET", "EDGARCHIVE_SMTP_PASSWORD"})
"""What the other sinks need is not in the environment of a command."""


class CommandSink(Sink):
    """Runs `command` for each alert; exit code 0 means accepted.

    Raises `UsageError` if there is no such command.
    """

    def __init__(self, command: str, *, timeout_s: float = TIMEOUT_S) -> None:
        try:
            self._arguments = shlex.split(command)
        except ValueError as error:
            raise UsageError(f"cannot read --exec: {error}", "quote its arguments as in a shell") from None
        if not self._arguments or shutil.which(self._arguments[0]) is None:
            raise UsageError(f"there is no command {command[:60]!r}", "name a program, with its path if necessary")
        self._timeout_s = timeout_s
        self.key = f"exec:{hashlib.sha256(command.encode()).hexdigest()[:16]}"
        self.name = f"the command {self._arguments[0]}"

    async def send(self, deliveries: Sequence[Delivery]) -> Sent:
        """Run the command for the one alert of a portion."""
        [delivery] = deliveries
        try:
            process = await asyncio.create_subprocess_exec(
                *self._arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                env={name: value for name, value in os.environ.items() if name.upper() not in _SECRETS},
                start_new_session=True,  # to end also what it has started
            )
        except OSError as error:
            return Sent(Outcome.AGAIN, f"it cannot be run: {error.strerror}")
        try:
            async with asyncio.timeout(self._timeout_s):
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it need not read its stdin
                    await process.communicate(json.dumps(delivery.payload).encode() + b"\n")
                code = await process.wait()
        except TimeoutError:
            return Sent(Outcome.AGAIN, f"it ran for more than {self._timeout_s:g} s")
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        return Sent(Outcome.DELIVERED) if code == 0 else Sent(Outcome.AGAIN, f"it ended with code {code}")
