"""`serve --workers`: several processes answer on one address."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from archiver.settings.settings import Settings
from tests.edgar_fixtures import command_line
from tests.web.process import ServerProcess
from tests.web.test_operations import answer_of, ask

WORKERS = ("--workers", "2")
SEARCH = "/search.json?q=the&limit=1"


@pytest.fixture(scope="module")
def server(invented_archive: Path) -> Iterator[ServerProcess]:
    """Two processes that serve the archive."""
    with ServerProcess(invented_archive, *WORKERS) as one:
        yield one


def children(pid: int) -> set[int]:
    """The processes that `pid` has started and that have not ended."""
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, check=False, text=True)  # noqa: S607
    return set(map(int, found.stdout.split()))


def wait_for(is_so: Callable[[], bool]) -> None:
    """Wait until `is_so`, for at most half a minute."""
    until = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.05)


def wait_for_end(pids: set[int]) -> None:
    """Wait until none of these processes runs."""
    command = ["ps", "-o", "pid=", "-p", ",".join(map(str, pids))]
    wait_for(lambda: not subprocess.run(command, capture_output=True, check=False).stdout)


def test_all_answer_and_one_that_is_killed_is_replaced(server: ServerProcess) -> None:
    """Each process gets connections; what one is killed with, `kill -9`, no other request notices."""
    pids = children(server.process.pid)
    assert len(pids) == 2
    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(lambda _: ask(server, SEARCH), range(40)))
    assert {status for status, _ in answers} == {200}
    killed = min(pids)
    subprocess.run(["kill", "-9", str(killed)], check=True)  # noqa: S607
    wait_for_end({killed})
    assert {ask(server, SEARCH)[0] for _ in range(10)} == {200}
    wait_for(lambda: len(children(server.process.pid)) == 2)
    assert "a server process ended (status -9): another one starts in 1 s" in server.log
    assert {line.partition(":")[0] for line in server.log.splitlines()} == {"edgarchive"}  # one writes for all


def test_one_that_cannot_be_replaced_is_tried_again_while_the_others_answer(
    invented_archive: Path, tmp_path: Path
) -> None:
    """Here because the archive is away for a while: the server stays, and has all its processes afterwards."""
    root, away = tmp_path / "edgar", tmp_path / "away"
    shutil.copytree(invented_archive, root)
    with ServerProcess(root, *WORKERS) as server:
        pids = children(server.process.pid)
        root.rename(away)
        subprocess.run(["kill", "-9", str(min(pids))], check=True)  # noqa: S607
        wait_for(lambda: "another one starts in 2 s" in server.log)  # the second one could not start
        assert "no archive" in server.log
        assert server.process.poll() is None
        assert max(pids) in children(server.process.pid)
        assert ask(server, "/healthz")[0] == 503
        away.rename(root)
        wait_for(lambda: len(children(server.process.pid)) == 2 and ask(server, "/healthz")[0] == 200)
        assert ask(server, SEARCH)[0] == 200
        assert server.process.poll() is None


def test_a_signal_ends_all_once_their_requests_are_answered(invented_archive: Path) -> None:
    """With 0, and no process stays."""
    with ServerProcess(invented_archive, *WORKERS) as server, contextlib.ExitStack() as stack:
        pids = children(server.process.pid)
        clients = [stack.enter_context(socket.create_connection(("127.0.0.1", server.port))) for _ in range(12)]
        for client in clients:
            client.settimeout(30)
            client.sendall(f"GET {SEARCH} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        while server.log.count(SEARCH) < len(clients) // 2:  # the others are under way
            time.sleep(0.01)
        server.process.send_signal(signal.SIGTERM)
        for client in clients:
            assert json.loads(answer_of(client))["hits"]
        assert server.process.wait(30) == 0
        wait_for_end(pids)


def test_none_stays_when_the_first_is_killed(invented_archive: Path) -> None:
    """They notice and end."""
    with ServerProcess(invented_archive, *WORKERS) as server:
        pids = children(server.process.pid)
        server.process.kill()
        wait_for_end(pids)


def test_what_prevents_a_start_is_said_as_by_one_process(
    server: ServerProcess, invented_archive: Path, tmp_path: Path
) -> None:
    """In one line, with its exit code, whether the first process meets it or the others do."""
    for root, options, advice in (
        (tmp_path, ("--port", "0"), b"sync"),
        (invented_archive, ("--port", str(server.port)), b"choose another --port"),
        (invented_archive, ("--host", "192.0.2.1", "--allow-host", "x"), b"choose another --host"),
        (invented_archive, ("--port", "0", "--index", "x"), b"held"),
        (invented_archive, ("--port", "0", "--tls-cert", "none.pem", "--tls-key", "none.pem"), b"certificate"),
    ):
        cli = command_line(Settings(root=root), tmp_path)
        alone, several = (cli.run("serve", *options, *workers) for workers in ((), WORKERS))
        assert (several.returncode, several.stdout, several.stderr) == (alone.returncode, b"", alone.stderr)
        assert (several.returncode, several.stderr.count(b"\n"), advice in several.stderr) == (2, 1, True), (
            several.stderr
        )
