"""How much memory large filings and their readers take."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from archiver.settings.settings import Settings
from edgarchive.importing import import_submissions
from edgarchive.web.errors import answer_errors
from edgarchive.web.keys import ARCHIVE
from edgarchive.web.limits.gate import BusyError, Gate
from edgarchive.web.limits.memory import Memory, hold, holding, limit_memory, reading
from indexer.search.hits import LazyHits
from indexer.search.options import SearchOptions
from tests.unit.submissions import ACCESSION, crowded_submission, submission_bytes
from tests.web.process import ServerProcess
from tests.web.served import Served

LARGE = 40_000_000
READERS = 24


def document(number: int, text: str) -> str:
    """A document of a submission."""
    return f"<DOCUMENT>\n<TYPE>8-K\n<SEQUENCE>{number}\n<FILENAME>a{number}.txt\n<TEXT>\n{text}\n</TEXT>\n</DOCUMENT>\n"


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with one large document."""
    folder = tmp_path_factory.mktemp("large")
    (folder / "a.txt").write_bytes(
        submission_bytes(documents=document(1, "merger\n" + ("x" * 999 + "\n") * (LARGE // 1000)))
    )
    import_submissions([folder / "a.txt"], settings=Settings(root=folder / "edgar", jobs=1), index=False)
    return folder / "edgar"


def peak_megabytes(process: int) -> int:
    """The most memory that the process has had."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) // 1024


def wait_until_idle(process: int) -> None:
    """Wait until the process does nothing, half a minute at most."""
    worked = -1
    for _ in range(60):
        time.sleep(0.5)
        before, worked = (
            worked,
            sum(map(int, Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13])),
        )
        if worked - before <= 1:
            return


@pytest.mark.parametrize(
    "path",
    ["/Archives/edgar/data/320/000119312504218426/a1.txt", "/filing/0001193125-04-218426/1?view=text&q=merger"],
)
def test_slow_readers_of_a_large_document_share_the_memory(large: Path, path: str) -> None:
    """Each of their responses would stay in memory until it is read. Others have their answers meanwhile."""
    with ServerProcess(large) as server:
        readers = []
        for _ in range(READERS):
            one = socket.socket()
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.connect(("127.0.0.1", server.port))
            one.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            readers.append(one)
        readers[0].settimeout(60)
        assert readers[0].recv(100)
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as other:
            other.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert other.recv(12) == b"HTTP/1.1 200"
        wait_until_idle(server.process.pid)
        assert (
            peak_megabytes(server.process.pid) < 2000
        )  # 490 with Python 3.11, 1,320 with 3.13.0; else several times that
        for one in readers:
            one.close()


def test_memory_that_is_given_back_goes_to_who_waits() -> None:
    """And who waits too long, or with too many, is turned away."""

    async def play() -> None:
        memory = Memory(most_bytes=10, waiting=2, wait_s=0.2)
        await memory.take(8)
        waiting = [asyncio.create_task(memory.take(5)) for _ in range(2)]
        await asyncio.sleep(0.01)
        with pytest.raises(BusyError):
            await memory.take(1)
        memory.give(8)
        await asyncio.gather(*waiting)
        with pytest.raises(BusyError, match="busy"):
            await memory.take(1)

    asyncio.run(play())


def test_work_that_goes_on_after_its_response_keeps_what_it_holds() -> None:
    """A thread cannot be stopped, and has its memory until it ends."""

    async def play() -> None:
        gate, end = Gate(work_s=0.05), asyncio.Event()

        async def slow(_: web.Request) -> web.Response:
            async with reading(1_000_000):
                await gate.do(holding(end.wait))
            return web.Response()

        async def large(_: web.Request) -> web.Response:
            await hold(1_000_000)
            return web.Response(body=bytes(1_000_000))

        app = web.Application(middlewares=[answer_errors, limit_memory(most_bytes=4_000_000)])
        app.router.add_get("/slow", slow)
        app.router.add_get("/large", large)
        async with TestClient(TestServer(app)) as client:
            assert (await client.get("/large")).status == 200
            assert (await client.get("/slow")).status == 503
            later = asyncio.create_task(client.get("/large"))
            await asyncio.sleep(0.1)
            assert not later.done()
            end.set()
            answer = await later
            assert (answer.status, len(await answer.read())) == (200, 1_000_000)
            assert (await client.head("/large")).headers["Content-Length"] == "1000000"

    asyncio.run(play())


def test_the_facts_of_filings_with_many_documents_are_not_all_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A filer decides how many a filing has."""
    monkeypatch.setattr("edgarchive.web.archive._KEPT_FACTS_BYTES", 2_000_000)
    accessions = [f"0001193125-04-{number:06d}" for number in range(8)]
    for number, accession in enumerate(accessions):
        documents = "".join(map(document, range(1, 1001), ["x"] * 1000))
        data = submission_bytes(accession, documents=documents if number else documents * 3)
        (tmp_path / f"{accession}.txt").write_bytes(data)
    import_submissions([tmp_path], settings=Settings(root=tmp_path / "edgar", jobs=1), index=False)
    with Served(tmp_path / "edgar") as served:
        for accession in accessions:
            assert served.ask(f"/Archives/edgar/data/320/{accession.replace('-', '')}/index.json").status == 200
        kept = served.app[ARCHIVE]._facts._values
        assert [accession for accession, _, _ in kept] == accessions[-4:]


def crowded(folder: Path, filings: int) -> Path:
    """An archive of filings whose facts are large: each has 2 000 entities."""
    for number in range(filings):
        accession = f"0001193125-04-{number:06d}"
        data = crowded_submission(1).replace(ACCESSION.encode(), accession.encode())
        (folder / f"{accession}.txt").write_bytes(data)
    import_submissions([folder], settings=Settings(root=folder / "edgar", jobs=1))
    return folder / "edgar"


@pytest.mark.parametrize(
    "path",
    [
        "/submissions/CIK0000000320.json",
        "/cgi-bin/browse-edgar?action=getcompany&CIK=320",
        "/cgi-bin/browse-edgar?action=getcompany&CIK=320&output=atom",
        "/LATEST/search-index?q=merger",
    ],
)
def test_a_list_keeps_rows_not_facts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """Filers decide how large the facts of each filing are: all of a list would take memory without bound.

    And a second list need not read the filings again, though their facts are too large to be kept.
    """
    monkeypatch.setattr("edgarchive.web.archive._KEPT_FACTS_BYTES", 8_000_000)
    with Served(crowded(tmp_path, 4)) as served:
        answer = served.ask(path)
        kept = served.app[ARCHIVE]._facts._values
        assert len(kept) == 4
        for (row, _), weight in kept.values():
            assert weight == 3 * len(repr(row)) < 2_000_000
            assert all(len(entity.name) <= 500 for entity in row.header.entities)
        assert answer.status == 200
        assert served.ask(path).text.count("0001193125-04-") == answer.text.count("0001193125-04-") >= 4


class PausedAtFirst(OrderedDict[Any, Any]):
    """Holds up whoever adds the first entry until `go_on` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.has_first, self.go_on = threading.Event(), threading.Event()

    def __setitem__(self, key: Any, value: Any) -> None:
        """Add an entry."""
        super().__setitem__(key, value)
        self.has_first.set()
        assert self.go_on.wait(30)


def test_work_for_a_list_ends_with_its_client(tmp_path: Path) -> None:
    """Else a page that is reloaded has several lists read."""
    with Served(crowded(tmp_path, 12)) as served:
        kept = served.app[ARCHIVE]._facts._values = PausedAtFirst()
        with socket.create_connection(("127.0.0.1", served.port)) as client:
            client.sendall(b"GET /submissions/CIK0000000320.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert kept.has_first.wait(30)
        kept.go_on.set()
        seen = -1
        while seen < len(kept):
            seen = len(kept)
            time.sleep(0.5)
        assert seen < 12


def test_a_stream_creates_hits_when_they_are_reached(invented_archive: Path) -> None:
    """All at once, with their snippets, are too many for the time of one operation, and for the memory."""
    with Served(invented_archive) as served:
        options = SearchOptions("the", limit=None)
        results = asyncio.run_coroutine_threadsafe(served.app[ARCHIVE].run_lazily(options), served._loop).result(30)
        assert isinstance(results.hits, LazyHits)
        assert len(list(results)) == results.total
