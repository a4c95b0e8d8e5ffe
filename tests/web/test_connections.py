"""Slow clients, and requests that are no HTTP: bounded, and no matter for the log."""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import resource
import shutil
import socket
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from archiver.settings.settings import Settings
from edgarchive import import_submissions
from edgarchive.web.running.connections import Site
from tests.unit.submissions import ACCESSION, submission_bytes
from tests.web.process import ServerProcess
from tests.web.served import Served

FILING = "0009000900-19-000212"


@pytest.fixture(scope="module")
def impatient(invented_archive: Path) -> Iterator[Served]:
    """A server that waits for half a second."""
    with Served(invented_archive, headers_s=0.5, stall_s=0.5) as server:
        yield server


def connected(port: int, *, receive_bytes: int | None = None) -> closing[socket.socket]:
    """A connection to the server."""
    client = socket.socket()
    if receive_bytes is not None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    client.settimeout(30)
    client.connect(("127.0.0.1", port))
    return closing(client)


def test_more_connections_than_files_may_be_open(invented_archive: Path, tmp_path: Path) -> None:
    """Those over the limit are closed and said in one line; there are files left for the answers to the others."""
    shutil.copytree(invented_archive, tmp_path / "archive")
    server = ServerProcess(tmp_path / "archive", limits={resource.RLIMIT_NOFILE: 512})
    server.start()
    server.wait()
    try:
        with contextlib.ExitStack() as stack:
            asked = stack.enter_context(connected(server.port))
            clients = [stack.enter_context(connected(server.port)) for _ in range(600)]
            for client in clients[-5:]:
                with contextlib.suppress(ConnectionError):
                    assert client.recv(100) == b""
            asked.sendall(f"GET /filing/{FILING} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert asked.recv(100).startswith(b"HTTP/1.1 200 ")
        while not (said := _status(server.port)):
            """The others are being closed."""
        assert said == 200
        assert server.log.count("too many connections") == 1
        assert "Too many open files" not in server.log
    finally:
        server.stop()


def _status(port: int) -> int | None:
    """The status of a request; None if its connection was closed."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
        connection.request("GET", "/healthz")
        return connection.getresponse().status
    return None


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: "])
def test_a_client_that_does_not_finish_its_headers_is_let_go(impatient: Served, sent: bytes) -> None:
    """A connection on which no request arrives is closed, and holds no place for ever."""
    with connected(impatient.port) as client:
        client.sendall(sent)
        assert client.recv(100) == b""


def test_headers_that_trickle_do_not_keep_a_connection_open(impatient: Served) -> None:
    """A byte now and then is no progress."""
    with connected(impatient.port) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        client.settimeout(0.1)
        for _ in range(100):
            try:
                client.sendall(b"X")
                if client.recv(100) == b"":
                    return
            except TimeoutError:
                continue
            except ConnectionError:
                return
    pytest.fail("the connection is still open")


@pytest.mark.parametrize("more", ["", "Connection: keep-alive\r\n", "Accept-Encoding: gzip\r\n"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "path",
    [
        "/search?q=the",
        "/search.json?q=the",
        "/search.jsonl?q=the",
        "/search.csv?q=the&limit=3",
        f"/Archives/edgar/data/9000002/{FILING}.txt",
        f"/Archives/edgar/data/9000002/{FILING.replace('-', '')}/",
        "/Archives/edgar/full-index/2019/QTR1/master.gz",
        "/static/style.css",
        "/filing/0000000001-99-000001",
    ],
)
def test_http_1_0_has_the_same_answers(served: Served, path: str, method: str, more: str) -> None:
    """As proxies ask, which are not told where a stream ends but by the end of the connection."""
    asked = dict([more.strip().split(": ")]) if more.startswith("Accept") else {}
    expected = served.ask(path, method=method, headers=asked)
    with connected(served.port) as client:
        client.settimeout(10)
        client.sendall(f"{method} {path} HTTP/1.0\r\nHost: localhost\r\n{more}\r\n".encode())
        answer = http.client.HTTPResponse(client, method=method)
        answer.begin()
        assert answer.status == expected.status
        assert answer.headers["Transfer-Encoding"] is None
        body = answer.read()
        answer.close()
    if path.startswith("/search.json?"):
        assert json.loads(body or b"{}").keys() == json.loads(expected.body or b"{}").keys()  # took_ms differs
    else:
        assert body == expected.body


@pytest.mark.parametrize("path", ["/search.csv?q=the", f"/Archives/edgar/data/9000002/{FILING}.txt", "/healthz"])
def test_a_version_without_such_requests_is_answered(served: Served, path: str) -> None:
    """And is no error of the server's."""
    with connected(served.port) as client:
        client.settimeout(10)
        client.sendall(f"GET {path} HTTP/2.0\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: client.recv(1 << 16), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/2.0 200 OK\r\n")
    assert body


def test_a_client_that_does_not_read_is_let_go(impatient: Served) -> None:
    """What waits for it is thrown away; a client that reads, however slowly, gets it all."""
    request = b"GET /static/style.css HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with connected(impatient.port, receive_bytes=4096) as client:
        client.settimeout(0.2)
        with contextlib.suppress(TimeoutError, ConnectionError):
            for _ in range(100_000):  # until the server's buffers are full
                client.sendall(request * 50)
        client.settimeout(30)
        assert _is_cut(client, request)
    assert impatient.ask("/healthz").status == 200


def _is_cut(client: socket.socket, request: bytes) -> bool:
    """Whether the server ends the connection, however much is asked and read from now on."""
    try:
        for _ in range(100_000):
            client.sendall(request)
            if not client.recv(1024):
                return True
    except ConnectionError:
        return True
    return False


@pytest.fixture(scope="module")
def process(invented_archive: Path) -> Iterator[ServerProcess]:
    """`edgarchive serve -v`."""
    with ServerProcess(invented_archive) as server:
        yield server


def exchange(port: int, sent: bytes) -> bytes:
    """What comes back until the server closes the connection."""
    with connected(port) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        answer = b""
        while part := client.recv(1 << 16):
            answer += part
        return answer


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"HELO example.org\r\n",
        b"GET /\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: 1\r\n" % number for number in range(1000)) + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1, 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nBad Header: 1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
    ],
    ids=lambda sent: repr(sent[:24] + sent[-12:]),
)
def test_what_is_no_request_is_400_and_nothing_in_the_log(process: ServerProcess, sent: bytes) -> None:
    """No traceback, no client's address, and nothing of what was sent comes back."""
    answer = exchange(process.port, sent)
    assert not answer or answer.split(b" ")[1] in {b"400", b"200", b"421"}, answer
    assert b"aaaa" not in answer
    assert "Traceback" not in process.log
    assert "ERROR" not in process.log
    assert "127.0.0.1" not in process.log


def test_a_response_that_fails_on_the_way_is_cut_short(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """No second response follows in the middle of the first, where a client or proxy would take it for a part.

    The log has one line of it.
    """
    text = "\n".join(map(str, range(600_000)))
    document = f"<DOCUMENT>\n<TYPE>8-K\n<SEQUENCE>1\n<TEXT>\n{text}\n</TEXT>\n</DOCUMENT>\n"
    (tmp_path / "a.txt").write_bytes(submission_bytes(documents=document))
    root = tmp_path / "damaged"
    import_submissions([tmp_path / "a.txt"], settings=Settings(root=root, jobs=1), index=False)
    stored = next((root / "submissions").rglob("*.gz"))
    asked = f"GET /Archives/edgar/data/320/{ACCESSION}.txt HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with Served(root) as served, connected(served.port) as client:
        assert served.ask(f"/Archives/edgar/data/320/{ACCESSION}.txt").status == 200  # the first time, all is read
        stored.write_bytes(stored.read_bytes()[:-8] + bytes(8))
        client.sendall(asked.encode())
        answer = b"".join(iter(lambda: client.recv(1 << 16), b""))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.count(b"HTTP/1.1") == 1
    head, _, body = answer.partition(b"\r\n\r\n")
    length = next(int(line.split()[1]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length"))
    assert 0 < len(body) < length
    [logged] = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert logged.getMessage().endswith("have changed; run `edgarchive verify`")
    assert logged.exc_info is None


async def test_a_connection_of_the_servers_own_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Only a client that has gone is no matter for the log, not every broken connection."""

    async def fail(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"begun")
        raise ConnectionRefusedError("a cluster is away")

    app = web.Application()
    app.router.add_get("/", fail)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await Site(runner, "127.0.0.1", 0).start()
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientPayloadError):
                await (await session.get(f"http://127.0.0.1:{runner.addresses[0][1]}/")).read()
    finally:
        await runner.cleanup()
    [logged] = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert logged.getMessage() == "GET / failed"


def test_a_client_that_leaves_is_no_error(process: ServerProcess) -> None:
    """It breaks off its own body, for which the server waits."""
    head = b"POST /LATEST/search-index HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n"
    for _ in range(3):
        with connected(process.port) as client:
            client.sendall(head)
            assert client.recv(100).startswith(b"HTTP/1.1 100 ")
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with connected(process.port) as client:
        client.sendall(b"GET /search?q=the HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 200 ")
    assert "ERROR" not in process.log
    assert "Traceback" not in process.log
