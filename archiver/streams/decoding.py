"""Content-Encoding, and gzip at large: from received to decoded bytes, in bounded pieces.

aiohttp decodes by itself without a bound (CVE-2025-69223) and drops the received bytes, which are kept here as the
stored gzip; so it is told not to, and this does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

from isal import isal_zlib

from archiver.errors import DamagedBodyError
from archiver.redaction import quoted

_PIECE_BYTES = 1 << 20
_MOST_SILENT_BYTES = 1 << 20
"""So many packed bytes in a row that give no text (padding, empty members) are more than any writer makes."""
_DAMAGED = cast("type[Exception]", isal_zlib.error)
"""Its stub takes the class for one of its objects."""
_GZIP_WINDOW = 16 + isal_zlib.MAX_WBITS


class ContentDecoder:
    """Decodes a body with `encoding` (``gzip``, ``deflate`` or nothing) as it arrives. Raises `DamagedBodyError`.

    With `may_be_endless`, a stream that gives no text for too long is damaged; a file has an end.
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
        """The decoded pieces of the next received bytes, each of at most 1 MiB."""
        if self._inflater is None:
            yield received
            return
        self._silent_bytes += len(received)
        while received:
            if self._inflater.eof:  # a gzip file may have several members (RFC 1952, section 2.2)
                if not self.is_gzip:
                    raise DamagedBodyError("bytes follow the end of a compressed body")
                received = received.lstrip(b"\0")  # padding, wherever the pieces are cut
                if not received:
                    break
                self._inflater = isal_zlib.decompressobj(self._window)
            try:
                piece = self._inflater.decompress(received, _PIECE_BYTES)
            except _DAMAGED as error:
                raise DamagedBodyError(f"the compressed body is damaged: {error}") from error
            received = self._inflater.unconsumed_tail or self._inflater.unused_data
            if piece:
                self._silent_bytes = len(received)
                yield piece
        if self._may_be_endless and self._silent_bytes > _MOST_SILENT_BYTES:
            raise DamagedBodyError(f"a gzip stream has {self._silent_bytes} bytes without any text")

    def finish(self) -> None:
        """Raise `DamagedBodyError` where the compressed body was cut."""
        if self._inflater is not None and not self._inflater.eof:
            raise DamagedBodyError("the compressed body is cut off")


def gunzip(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The decoded bytes of a gzip stream, in pieces of at most 1 MiB.

    However far it expands, as stored submissions are read (`archiver.store.packing.unpack`): whoever reads bounds what
    is taken of it, and gzip gives at most a thousand times its size. Raises `DamagedBodyError` where it is damaged or
    cut.
    """
    decoder = ContentDecoder("gzip")
    for packed in pieces:
        yield from decoder.decode(packed)
    decoder.finish()
