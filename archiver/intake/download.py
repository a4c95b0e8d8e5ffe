"""One large file of EDGAR's, requested in an event loop, read in a thread, and resumed where the connection broke."""

from __future__ import annotations

import asyncio
import logging
import queue
from collections.abc import Iterator

from archiver.edgar.client import Answer, Part
from archiver.edgar.session import Edgar
from archiver.errors import EdgarchiveError, FetchError, TroubleError, UnreachableError
from archiver.events import event

_log = logging.getLogger(__name__)

_MOST_BYTES = 1 << 40
_PIECES_AHEAD = 32
_PROGRESS_BYTES = 1 << 20
"""A connection that transfers this much counts as a success: the next one has all attempts again."""


class FeedStream:
    """The bytes of the file at `url`. `fetch` runs in the event loop that creates the stream, `pieces` in a thread.

    The data read ahead is limited, so memory use is constant. The file must not change meanwhile: its ETag or
    ``Last-Modified`` is compared whenever the download is resumed.
    """

    def __init__(self, edgar: Edgar, url: str) -> None:
        self.url = url
        self._edgar = edgar
        self._loop = asyncio.get_running_loop()
        self._room = asyncio.Semaphore(_PIECES_AHEAD)
        self._pieces: queue.SimpleQueue[bytes | EdgarchiveError | None] = queue.SimpleQueue()
        self._received = 0
        self._length: int | None = None
        self._version: str | None = None

    async def fetch(self) -> None:
        """Request the whole file. Errors are raised where the pieces are read."""
        end: EdgarchiveError | None = FetchError("the download was stopped")
        try:
            await self._fetch()
            end = None
        except EdgarchiveError as error:
            end = error
        finally:
            self._pieces.put(end)

    async def _fetch(self) -> None:
        while self._length is None or self._received < self._length:
            before = self._received
            try:
                await self._edgar.take(
                    self.url, self._take, max_bytes=_MOST_BYTES, part=lambda: Part(self._received, self._version)
                )
            except (TroubleError, UnreachableError):
                if self._received - before < _PROGRESS_BYTES:
                    raise
                facts = event("feed-cut", url=self.url, bytes=self._received)
                _log.info("%s was cut after %d bytes; it continues from there", self.url, self._received, extra=facts)
            else:
                return

    async def _take(self, answer: Answer) -> None:
        if self._received and answer.version != self._version:
            raise FetchError("the file changed while it was read", "run the same command again")
        skip = self._received - answer.first_byte  # a server without range support sends all of it again
        if skip < 0:
            raise FetchError("EDGAR sent a different part of the file than requested")
        self._version, self._length = answer.version, answer.length
        async for chunk in answer:
            piece = chunk.decoded[skip:]
            skip -= len(chunk.decoded) - len(piece)
            if piece:
                await self._room.acquire()
                self._pieces.put(piece)
                self._received += len(piece)

    def pieces(self) -> Iterator[bytes]:
        """The bytes, in order. Raises what ended the download: `FetchError`, `EdgarError`."""
        while (piece := self._pieces.get()) is not None:
            if isinstance(piece, EdgarchiveError):
                raise piece
            self._loop.call_soon_threadsafe(self._room.release)
            yield piece
