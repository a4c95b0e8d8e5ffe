"""Decoding Content-Encoding and gzip, in bounded pieces.

aiohttp's own decoding is unbounded (CVE-2025-69223) and discards the received bytes, which are stored here as gzip, so
it is turned off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

from isal import isal_zlib

from archiver.errors import DamagedBodyError
from archiver.redaction import quoted

_PIECE_BYTES = 1 << 20
_MOST_SILENT_BYTES = 1 << 20
"""Compressed bytes in a row without any output (padding, empty members): more than any program writes."""
_DAMAGED = cast("type[Exception]", isal_zlib.error)
"""The stub declares the class as an instance."""
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 16 + isal_zlib.MAX_WBITS


class ContentDecoder:
    """Decodes a body with `encoding` (``gzip``, ``deflate`` or none) as it arrives. Raises `DamagedBodyError`.

    With `may_be_endless`, a stream without output for too long is damaged; a file ends.
    """

    def __init__(self, encoding: str, *, may_be_endless: bool = True) -> None:
        if encoding not in {"", "identity", "gzip", "x-gzip", "deflate"}:
            raise DamagedBodyError(f"EDGAR sent Content-Encoding {quoted(encoding)!r}, which was not requested")
        self.is_gzip = encoding in {"gzip", "x-gzip"}
        self._window = _GZIP_WINDOW if self.is_gzip else isal_zlib.MAX_WBITS
        self._inflater = isal_zlib.decompressobj(self._window) if encoding not in {"", "identity"} else None
        self._may_be_endless = may_be_endless
        self._silent_bytes = 0

    def decode(self, received: bytes) -> Iterator[bytes]:
        """The decoded pieces of the next received bytes, each at most 1 MiB.

        Small ones are joined: gzip may have a member for each byte, and their reader may take its time for each piece.
        """
        small: list[bytes] = []
        size = 0
        try:
            for piece in self._pieces(received):
                if size + len(piece) > _PIECE_BYTES:
                    yield b"".join(small)
                    small, size = [], 0
                small.append(piece)
                size += len(piece)
        except DamagedBodyError:
            if small:
                yield b"".join(small)
            raise
        if small:
            yield b"".join(small)

    def _pieces(self, received: bytes) -> Iterator[bytes]:
        if self._inflater is None:
            yield received
            return
        self._silent_bytes += len(received)
        while received:
            if self._inflater.eof:  # a gzip file may have several members (RFC 1952, section 2.2)
                if not self.is_gzip:
                    raise DamagedBodyError("bytes follow the end of a compressed body")
                received = received.lstrip(b"\0")  # padding, wherever the chunks are split
                if not received:
                    break
                if not _GZIP_MAGIC.startswith(received[:2]):
                    raise DamagedBodyError("something that is not gzip follows the end of the compressed body")
                self._inflater = isal_zlib.decompressobj(self._window)
            try:
                chunk = self._inflater.decompress(received, _PIECE_BYTES)
            except _DAMAGED as error:
                raise DamagedBodyError(f"the compressed body is damaged: {error}") from error
            received = self._inflater.unconsumed_tail or self._inflater.unused_data
            if chunk:
                self._silent_bytes = len(received)
                yield chunk
        if self._may_be_endless and self._silent_bytes > _MOST_SILENT_BYTES:
            raise DamagedBodyError(f"a gzip stream has {self._silent_bytes} bytes without any text")

    @property
    def is_whole(self) -> bool:
        """Whether all that was decoded is complete and has the right checksum."""
        return self._inflater is None or self._inflater.eof

    def finish(self) -> None:
        """Raise `DamagedBodyError` if the compressed body is incomplete."""
        if not self.is_whole:
            raise DamagedBodyError("the compressed body is cut off")


def gunzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The decoded bytes of a gzip stream, in pieces of at most 1 MiB.

    As for stored submissions (`archiver.store.packing.unpack`), there is no limit to the expansion: callers limit what
    they read, and gzip expands at most a thousandfold. Raises `DamagedBodyError` if it is damaged or incomplete.
    """
    decoder = ContentDecoder("gzip")
    for packed in chunks:
        yield from decoder.decode(packed)
    decoder.finish()
