"""The loopback EDGAR: an HTTP server in a thread with an event loop of its own, so that the tested code has its own."""

from __future__ import annotations

import asyncio
import fnmatch
import re
import threading
import time
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import Self

from aiohttp import web

from tests.loopback import pages
from tests.loopback.answers import Answer, to_wire
from tests.loopback.faults import Fault, send_whole
from tests.loopback.filings import FilingStore
from tests.loopback.site import Quarter, Site

FIXTURES = Path(__file__).parent / "submissions"
"""The folder of invented submissions."""

_ACCESSION = re.compile(r"\d{10}-\d{2}-\d{6}")
_SHUTDOWN_S = 0.2


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request: `monotonic_s` by `time.monotonic`, `path` with its query, `status` 0 where no answer was sent."""

    monotonic_s: float
    method: str
    path: str
    status: int
    headers: Mapping[str, str]
    user_agent: str | None


@dataclass(slots=True)
class _Injection:
    fault: Fault
    glob: str
    times: int | None


class LoopbackEdgar:
    """EDGAR with the given submissions: files, folders of ``*.txt``, or bytes. Serves while its context is open.

    `gzip`: compress for clients that ask for it. `port` 0: any free one. `tickers`: ticker -> CIK, for
    ``company_tickers.json``. `daily_gz_quarters`: (year, quarter) whose daily indexes are there as ``.idx.gz`` only.
    Raises ValueError for a body whose header lacks what EDGAR lists.
    """

    def __init__(
        self,
        submissions: Path | Iterable[Path | bytes] = (),
        *,
        gzip: bool = True,
        host: str = "127.0.0.1",
        port: int = 0,
        tickers: Mapping[str, int] = MappingProxyType({}),
        daily_gz_quarters: Collection[Quarter] = (),
    ) -> None:
        self.requests: list[RequestRecord] = []
        """Every request so far, in the order they came."""
        self._store = FilingStore()
        self._site = Site(self._store, tickers=tickers, daily_gz_quarters=daily_gz_quarters)
        self._injections: list[_Injection] = []
        self._gzip = gzip
        self._host = host
        self._port = port
        # The store and the faults are changed by the test's thread while the server's reads them.
        self._lock = threading.Lock()
        self._started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event, int]] = Future()
        self._thread = threading.Thread(target=self._run, name="loopback-edgar", daemon=True)
        for submission in [submissions] if isinstance(submissions, Path) else submissions:
            if isinstance(submission, bytes):
                self.add(submission)
                continue
            for path in sorted(submission.glob("*.txt")) if submission.is_dir() else [submission]:
                self.add(path.read_bytes())

    @property
    def base_url(self) -> str:
        """Where it serves, such as ``http://127.0.0.1:8080``. Only while it is open."""
        _, _, port = self._started.result(timeout=0)
        return f"http://{self._host}:{port}"

    def requests_for(self, prefix: str) -> list[RequestRecord]:
        """The requests so far whose path starts with `prefix`."""
        return [record for record in self.requests if record.path.startswith(prefix)]

    def master_index(self, year: int, quarter: int) -> bytes:
        """The rows of a quarter's master index, without its preamble; empty where there is no such quarter."""
        with self._lock:
            answer = self._site.answer(f"/Archives/edgar/full-index/{year}/QTR{quarter}/master.idx")
        return answer.body.rpartition(b"-" * 80 + b"\n")[2] if answer.status == HTTPStatus.OK else b""

    def add(self, data: bytes, *, published: date | None = None) -> str:
        """Publish a submission, or a new version of one; returns its accession number.

        The indexes of its filing date list it, or those of the day `published`.
        """
        with self._lock:
            return self._store.add(data, published).accession

    def remove(self, accession: str) -> None:
        """Delete a submission: gone, and gone from the full index; its daily index still lists it."""
        with self._lock:
            self._store.remove(accession)

    def hold_full_index(self, until: date | None) -> None:
        """Let the full index have no filing after `until`, as in the days before it is rebuilt; None: all again."""
        with self._lock:
            self._site.full_index_until = until

    def hold_text(self, accession: str, *, held: bool = True) -> None:
        """Let the feed of current filings name a submission whose text is not served yet, or serve it now."""
        with self._lock:
            (self._site.texts_held.add if held else self._site.texts_held.discard)(accession)

    def end_feed_at(self, last_start: int) -> None:
        """Let the feed of current filings end with the page that begins there, as after days without a look at it."""
        with self._lock:
            self._site.feed_last_start = last_start

    def add_feed(self, day: date, members: Mapping[str, bytes] | bytes) -> None:
        """Publish a day's Feed tarball: of `members` (``{accession}.nc`` to content), or these very bytes."""
        with self._lock:
            self._store.add_feed(day, members)

    def inject(self, fault: Fault, *, path: str = "*", times: int | None = 1) -> None:
        """Let `fault` befall the next `times` requests (None: all) for `path`, a glob or an accession number.

        Of several faults for one request, the one injected first befalls it.
        """
        glob = f"*/{path}.txt" if _ACCESSION.fullmatch(path) else path
        with self._lock:
            self._injections.append(_Injection(fault, glob, times))

    def clear_faults(self) -> None:
        """Forget every fault injected so far."""
        with self._lock:
            self._injections.clear()

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.result()
        return self

    def __exit__(self, *_: object) -> None:
        loop, stop, _port = self._started.result()
        loop.call_soon_threadsafe(stop.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as error:  # the address is taken: for whoever opens us to see
            self._started.set_exception(error)

    async def _serve(self) -> None:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._handle, allow_head=False)
        # A client that leaves ends its handler: a slow answer to nobody would fail, and be logged as an error of ours.
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_S, handler_cancellation=True)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
            stop = asyncio.Event()
            self._started.set_result((asyncio.get_running_loop(), stop, runner.addresses[0][1]))
            await stop.wait()
        finally:
            await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        arrived_s = time.monotonic()
        with self._lock:
            answer = self._answer(request)
            fault = self._take_fault(request.path)
        if fault:
            answer = fault.alter(answer)
        wire = to_wire(answer, request.headers, allow_gzip=self._gzip)
        self.requests.append(
            RequestRecord(
                monotonic_s=arrived_s,
                method=request.method,
                path=request.path_qs,
                status=wire.status if fault is None or fault.answers else 0,
                headers=dict(request.headers),
                user_agent=request.headers.get("User-Agent"),
            )
        )
        send = fault.send if fault else send_whole
        return await send(request, wire)

    def _answer(self, request: web.Request) -> Answer:
        if "@" not in request.headers.get("User-Agent", ""):
            return pages.undeclared_tool()
        return self._site.answer(request.path, request.query)

    def _take_fault(self, path: str) -> Fault | None:
        for injection in self._injections:
            if fnmatch.fnmatchcase(path, injection.glob):
                if injection.times is not None:
                    injection.times -= 1
                    if injection.times == 0:
                        self._injections.remove(injection)
                return injection.fault
        return None
