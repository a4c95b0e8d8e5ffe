"""The server as a process: the archive changes under it, it ends in order, and no request to its API breaks it."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archiver.settings.settings import Settings
from edgarchive import import_submissions
from edgarchive.web.api.openapi import document
from tests.edgar_fixtures import IDENTITY, command_line
from tests.paths import INVENTED
from tests.web.process import ServerProcess
from tests.web.served import Served

FILING = "0009000900-19-000212"
SEARCH = "/search.json?limit=100"


def ask(server: ServerProcess, path: str) -> tuple[int, bytes]:
    """Status and body of one request."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def answer_of(client: socket.socket) -> bytes:
    """The body of the response that `client` has asked for, which must be 200."""
    answer = http.client.HTTPResponse(client)
    answer.begin()
    assert answer.status == 200
    return answer.read()


@pytest.mark.slow
def test_answers_are_whole_while_the_archive_changes(tmp_path: Path) -> None:
    """During an import, a rebuild and a change of the engine each answer is of before or after; new filings appear."""
    files = sorted(INVENTED.glob("*.txt"))
    first = [one for one in files if FILING in one.name] + files[:5]
    settings_ = Settings(root=tmp_path / "archive", user_agent=IDENTITY)
    import_submissions(first, settings=settings_)
    cli = command_line(settings_, tmp_path)
    over = threading.Event()
    wrong: list[object] = []
    totals: list[int] = []

    def keep_asking(server: ServerProcess) -> None:
        while not over.is_set():
            status, body = ask(server, SEARCH)
            if status != 200:
                wrong.append((SEARCH, status, body))
                continue
            answer = json.loads(body)
            totals.append(answer["total"])
            if len(answer["hits"]) != answer["total"]:
                wrong.append((answer["total"], len(answer["hits"])))
            paths = ("/search?q=the", f"/filing/{FILING}", f"/filing/{FILING}/1?q=the", "/healthz")
            wrong.extend((path, status) for path in paths if (status := ask(server, path)[0]) != 200)

    with ServerProcess(settings_.root) as server, ThreadPoolExecutor(2) as pool:
        asking = [pool.submit(keep_asking, server) for _ in range(2)]
        while len(totals) < len(asking):  # answers of before
            assert not any(one.done() for one in asking)
            time.sleep(0.01)
        try:
            for verb in ("import " + str(INVENTED), "index --rebuild", "index --rebuild --engine tantivy"):
                done = cli.run(*verb.split())
                assert done.returncode == 0, done.stderr.decode()
        finally:
            after = ask(server, SEARCH)
            over.set()
        for one in asking:
            one.result()
        assert "Traceback" not in server.log
    assert wrong == []
    assert json.loads(after[1])["total"] == len(files)
    assert set(totals) == {len(set(first)), len(files)}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_under_way_is_answered_before_the_end(invented_archive: Path, number: signal.Signals) -> None:
    """A signal ends the server with 0, once every request that it has read is answered whole."""
    with ServerProcess(invented_archive) as server, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(socket.create_connection(("127.0.0.1", server.port))) for _ in range(12)]
        for client in clients:
            client.settimeout(30)
            client.sendall(b"GET /search.json?q=the HTTP/1.1\r\nHost: localhost\r\n\r\n")
        ask(server, "/healthz")  # it has come after the others
        server.process.send_signal(number)
        for client in clients:
            assert json.loads(answer_of(client))["hits"]
        assert server.process.wait(30) == 0


@pytest.fixture(scope="module")
def described(invented_archive: Path) -> Iterator[Served]:
    """The archive, served."""
    with Served(invented_archive) as server:
        yield server


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def _values(schema: dict[str, Any]) -> st.SearchStrategy[str]:
    """Values that a parameter's schema allows, and others."""
    schema = schema.get("items", schema)
    valid = st.sampled_from(schema["enum"]) if "enum" in schema else st.just("1")
    return st.one_of(valid, st.integers().map(str), _TEXT)


@st.composite
def requests(draw: st.DrawFn) -> str:
    """The path and query of a request by the API's description, or near it."""
    path, operations = draw(st.sampled_from(sorted(document()["paths"].items())))
    query: list[tuple[str, str]] = []
    for parameter in operations["get"]["parameters"]:
        if parameter["in"] == "path":
            value = draw(st.one_of(st.just(FILING if parameter["name"] == "accession" else "1"), _TEXT))
            path = path.replace(f"{{{parameter['name']}}}", quote(value, safe=""))
        elif draw(st.integers(0, 9)) == 0:
            query += [(parameter["name"], one) for one in draw(st.lists(_values(parameter["schema"]), max_size=3))]
    return f"{path}?{urlencode(query)}"


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=requests())
def test_every_request_of_the_api_has_an_answer(described: Served, path: str) -> None:
    """Whatever its parameters, it is answered, or refused as the client's mistake; never an internal error."""
    answer = described.ask(path)
    assert answer.status in {200, 400, 404}, (path, answer.text[:500])
    if answer.status == 400:
        assert answer.json()["error"]
