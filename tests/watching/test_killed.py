"""A watch that is killed: no alert is lost, and none comes under two ids."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time

from archiver.settings.settings import Settings
from tests.loopback import LoopbackEdgar
from tests.paths import ROOT
from tests.processes import EdgarchiveProcess
from tests.thorough import rounds
from tests.watching.tools import filing

_KILLED = """
import asyncio, sys
from archiver.selection.selection import Selection
from archiver.settings.settings import Settings
from tests.processes import EdgarchiveProcess
from edgarchive.watching.delivering import Deliverer
from edgarchive.watching.sinks.stdout import StdoutSink
from edgarchive.watching.watcher import Watcher

async def main():
    settings = Settings(root=sys.argv[1], base_url=sys.argv[2], user_agent="A a@example.com", rate=10000, jobs=1)
    sink = StdoutSink()
    async with Watcher(settings, Selection(["*"]), sinks=[sink]) as watcher:
        await watcher.poll()
    await Deliverer(settings, [sink]).deliver()

asyncio.run(main())
"""


KILL_ROUNDS = rounds(6, thorough=200)
"""How often the watch is killed."""


def test_killed_anywhere_nothing_is_lost(edgar: LoopbackEdgar, settings: Settings) -> None:
    """Kill -9 at moments all over its run: each alert comes at least once, under one id."""

    def start() -> EdgarchiveProcess:
        arguments = (str(settings.root), edgar.base_url)
        return EdgarchiveProcess(
            *arguments, code=_KILLED, environment=dict(os.environ), folder=ROOT, stderr=subprocess.DEVNULL
        )

    def run() -> bytes:
        with start() as process:
            out = process.communicate()[0]
        assert process.returncode == 0
        return bytes(out)

    run()
    began = time.monotonic()
    expected: set[str] = set()
    seen: dict[str, set[str]] = {}

    def note(out: bytes) -> None:
        for line in out.decode().splitlines():
            if line.startswith("{") and line.endswith("}"):
                payload = json.loads(line)
                seen.setdefault(payload["accession"], set()).add(payload["id"])

    expected.add(edgar.add(filing(1)))
    note(run())
    lasts_s = time.monotonic() - began
    for round_ in range(KILL_ROUNDS):
        expected.add(edgar.add(filing(round_ + 2)))
        process = start()
        time.sleep(lasts_s * (0.2 + (round_ * 0.618 % 1)))  # spread evenly, from the start on to past the end
        process.send_signal(signal.SIGKILL)
        note(process.communicate()[0])
    note(run())
    assert set(seen) == expected
    assert all(len(ids) == 1 for ids in seen.values())
