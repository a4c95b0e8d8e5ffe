"""A long sync in one process; status, search, serve and watch in others."""

from __future__ import annotations

import asyncio
import json
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from archiver.settings.settings import Settings
from tests.edgar_fixtures import SYNC_ALL, command_line
from tests.loopback import LoopbackEdgar, faults
from tests.loopback.answers import WireAnswer
from tests.watching.tools import filing
from tests.web.served import Served

DEADLINE_S = 90.0
LATE = "0009000900-02-000013"


def until(holds: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_what_a_long_sync_has_stored_is_seen_by_all(edgar: LoopbackEdgar, settings: Settings, tmp_path: Path) -> None:
    """It is counted, found and served while the sync runs; a watch that starts meanwhile waits, and misses nothing."""
    gate = threading.Event()

    async def held(request: web.Request, wire: WireAnswer) -> web.StreamResponse:
        while not gate.is_set():  # noqa: ASYNC110 — it is set by another thread
            await asyncio.sleep(0.05)
        return await faults.send_whole(request, wire)

    edgar.inject(faults.Fault("held", send=held), path=LATE, times=None)
    cli = command_line(settings, tmp_path)
    with cli.start(*SYNC_ALL, "--json", EDGARCHIVE_INDEX_EVERY_S="0.2") as sync:
        try:
            until(lambda: b'"stored"' in cli.run_here("status", "--json").stdout)
            until(lambda: cli.json("status")["sync"]["stored"] == 7)
            until(lambda: (status := cli.json("status"))["submissions"] == 7 and not status["unindexed"])
            state = cli.json("status")["sync"]
            assert (state["planned"], state["ended"], state["stopped"]) == (8, None, None)
            assert state["rate"] > 0
            assert state["eta_s"] > 0
            line = cli.run_here("status").stdout.decode()
            assert "(7 of 8 submissions, 88%" in line
            assert "to go" in line
            assert cli.json("search", "--limit", "0")["total"] == 7
            with Served(settings.root) as server:
                assert server.ask("/search.json?limit=0").json()["total"] == 7
                assert server.ask("/status.json").json()["sync"]["stored"] == 7
                once = cli.run_here("watch", "--form", "*", "--once")
                assert once.returncode == 6
                with cli.start("-v", "watch", "--form", "*") as watch:
                    _watch_waits(watch)
                    gate.set()
                    assert json.loads(sync.communicate(timeout=DEADLINE_S)[0])["stored"] == 8
                    assert sync.returncode == 0
                    _watch_begins(watch)
                    watch.terminate()
                    assert watch.wait(DEADLINE_S) == 0
                accession = edgar.add(filing(1))
                once = cli.run_here("watch", "--form", "*", "--once")  # the other polls each ten minutes at night
                assert json.loads(once.stdout)["accession"] == accession
                assert server.ask("/search.json?limit=0").json()["total"] == 9
        finally:
            gate.set()
            sync.kill()


def _watch_waits(watch: subprocess.Popen[bytes]) -> None:
    _read_until(watch, b"waiting: ")


def _watch_begins(watch: subprocess.Popen[bytes]) -> None:
    _read_until(watch, b"alerts begin with the next filing")


def _read_until(process: subprocess.Popen[bytes], words: bytes) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if words in line:
            return
    raise AssertionError(words)
