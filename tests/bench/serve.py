"""What `edgarchive serve` takes: a page of 20 hits, a raw submission against a bare FileResponse, 50 clients, memory.

The server is a process of its own; the client is aiohttp in this one, on the same machine. No page is asked for twice,
since the server keeps what recent searches have matched: each query excludes a word of its own, which no text has.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import re
import subprocess
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median, quantiles

from aiohttp import ClientSession, TCPConnector, web

from archiver.store.archive import Archive
from indexer.update.run import IndexOptions
from indexer.update.update import index_archive
from tests.bench.baselines import EMBEDDED
from tests.bench.corpus import InventedFilings, store
from tests.bench.measure import measured, print_table
from tests.web.process import ServerProcess

_WORDS = ("revenue", "agreement", "income OR net", "stock -income", "board directors", '"of the"')
_CLIENTS = 50


def main(arguments: list[str]) -> None:
    """Measure each engine."""
    parser = argparse.ArgumentParser(prog="scripts/bench serve", description=__doc__)
    parser.add_argument("--invented", type=int, default=5000, help="how many invented submissions")
    parser.add_argument("--engine", nargs="+", default=EMBEDDED, help="which engines")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], help="how many processes answer")
    parser.add_argument("--pages", type=int, default=20, help="how often each search page is asked for")
    parser.add_argument("--requests", type=int, default=20_000, help="how many requests memory is watched over")
    options = parser.parse_args(arguments)
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / "edgar"
        store(root, iter(InventedFilings(options.invented)))
        for engine in options.engine:
            measured(_index, root, engine)
            for workers in options.workers:
                with ServerProcess(root, "--workers", str(workers)) as server:
                    asked = _measure(server, root, pages=options.pages, requests=options.requests)
                    rows.append([engine, workers, *asyncio.run(asked)])
    columns = ["engine", "workers", "page p50 ms", "p95 ms", "raw / FileResponse", "50 clients p95 ms", "failed", "MB"]
    columns.append("MB after")
    print_table(f"{options.invented} invented submissions, {options.requests} requests", columns, rows)


def _index(root: Path, engine: str) -> int:
    with Archive.open(root, writable=True) as archive:
        index_archive(archive, IndexOptions(engine=engine, jobs=2), rebuild=True)
    return 0


async def _measure(server: ServerProcess, root: Path, *, pages: int, requests: int) -> list[object]:
    async with ClientSession(connector=TCPConnector(limit=_CLIENTS), auto_decompress=False) as client:

        async def timed(path: str, **params: str) -> tuple[float, int]:
            started = time.perf_counter()
            async with client.get(f"{server.base_url}{path}", params=params) as answer:
                await answer.read()
            return (time.perf_counter() - started) * 1e3, answer.status

        for words in _WORDS:
            await timed("/search", q=words)
        alone = [(await timed("/search", q=f"{words} -zq{n}x"))[0] for n in range(pages) for words in _WORDS]
        ratio = await _raw_ratio(client, server, root)
        mixed = [[("/search", {"q": f"{words} -zq{n}y"}) for words in _WORDS] for n in range(_CLIENTS)]
        together = await asyncio.gather(*(_one_client(timed, pages_of_one) for pages_of_one in mixed))
        times = [ms for of_client in together for ms, _ in of_client]
        failed = sum(status != 200 for of_client in together for _, status in of_client)
        before = _resident_mb(server.process.pid)
        for _ in range(requests // _CLIENTS):
            await asyncio.gather(
                *(timed("/search.json", q=_WORDS[n % len(_WORDS)], limit="1") for n in range(_CLIENTS))
            )
        after = _resident_mb(server.process.pid)
    return [median(alone), quantiles(alone, n=20)[-1], ratio, quantiles(times, n=20)[-1], failed, before, after]


async def _one_client(timed: object, asked: list[tuple[str, dict[str, str]]]) -> list[tuple[float, int]]:
    return [await timed(path, **params) for path, params in asked]  # type: ignore[operator]


async def _raw_ratio(client: ClientSession, server: ServerProcess, root: Path) -> float:
    """Submissions a second as they lie, over those of a bare FileResponse in another process."""
    files = sorted((root / "submissions").rglob("*.gz"))[:200]
    spawning = multiprocessing.get_context("spawn")
    here, there = spawning.Pipe()
    bare = spawning.Process(target=_serve_files, args=(files, there), daemon=True)
    bare.start()
    try:
        port = await asyncio.to_thread(here.recv)
        ours = [f"{server.base_url}/Archives/edgar/data/1/{_number(path)}.txt" for path in files]
        theirs = [f"http://127.0.0.1:{port}/{_number(path)}" for path in files]
        for urls in (ours, theirs):
            await _fetch_all(client, urls)
        taken = [(await _fetch_all(client, theirs), await _fetch_all(client, ours)) for _ in range(5)]
    finally:
        bare.terminate()
        bare.join()
    return median(bare_s / ours_s for bare_s, ours_s in taken)


def _serve_files(files: list[Path], ready: Connection) -> None:
    """Serve `files` until terminated; sends its port to `ready`."""
    by_number = {_number(path): path for path in files}

    async def send(request: web.Request) -> web.FileResponse:
        return web.FileResponse(by_number[request.match_info["number"]])

    async def serve() -> None:
        app = web.Application()
        app.router.add_get(r"/{number}", send)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        ready.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(serve())


def _number(path: Path) -> str:
    """The accession number of a stored file."""
    return path.name.partition(".")[0]


async def _fetch_all(client: ClientSession, urls: list[str]) -> float:
    started = time.perf_counter()
    for url in urls:
        async with client.get(url) as answer:
            await answer.read()
    return time.perf_counter() - started


def _resident_mb(process_id: int) -> float:
    """The memory of a process and of those that it has started."""
    found = re.search(r"VmRSS:\s*(\d+) kB", Path(f"/proc/{process_id}/status").read_text())
    started = subprocess.run(["pgrep", "-P", str(process_id)], capture_output=True, check=False, text=True)  # noqa: S607
    return (int(found[1]) / 1024 if found else 0.0) + sum(map(_resident_mb, map(int, started.stdout.split())))
