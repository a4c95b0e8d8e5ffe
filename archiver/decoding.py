"""Content-Encoding: from received to decoded bytes, in bounded pieces.

aiohttp decodes by itself without a bound (CVE-2025-69223) and drops the received bytes, which are kept here as the
stored gzip; so it is told not to, and this does.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from archiver.errors import DamagedBodyError

_PIECE_BYTES = 1 << 20
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


class ContentDecoder:
    """Decodes a body with `encoding` (``gzip``, ``deflate`` or nothing) as it arrives. Raises `DamagedBodyError`."""

    def __init__(self, encoding: str) -> None:
        if encoding not in {"", "identity", "gzip", "x-gzip", "deflate"}:
            raise DamagedBodyError(f"EDGAR sent Content-Encoding {encoding[:40]!r}, which was not asked for")
        self.is_gzip = encoding in {"gzip", "x-gzip"}
        self._window = _GZIP_WINDOW if self.is_gzip else zlib.MAX_WBITS
        self._inflater = zlib.decompressobj(self._window) if encoding not in {"", "identity"} else None

    def decode(self, received: bytes) -> Iterator[bytes]:
        """The decoded pieces of the next received bytes, each of at most 1 MiB."""
        if self._inflater is None:
            yield received
            return
        while received:
            if self._inflater.eof:  # a gzip file may have several members (RFC 1952, section 2.2)
                if not self.is_gzip:
                    raise DamagedBodyError("bytes follow the end of a compressed body")
                self._inflater = zlib.decompressobj(self._window)
            try:
                piece = self._inflater.decompress(received, _PIECE_BYTES)
            except zlib.error as error:
                raise DamagedBodyError(f"the compressed body is damaged: {error}") from error
            if piece:
                yield piece
            received = self._inflater.unconsumed_tail or self._inflater.unused_data

    def finish(self) -> None:
        """Raise `DamagedBodyError` where the compressed body was cut."""
        if self._inflater is not None and not self._inflater.eof:
            raise DamagedBodyError("the compressed body was cut")
