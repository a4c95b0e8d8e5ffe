"""The compression of submissions on disk: gzip."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from isal import igzip, isal_zlib

from archiver.errors import DamagedBodyError, DamageError, StorageError
from archiver.streams.decoding import ContentDecoder

_LEVEL = 3
"""ISA-L's highest level: 12 times as fast as zlib's level 6 on real submissions, 13 % larger (measured)."""
_WINDOW = 16 + isal_zlib.MAX_WBITS
_READ_BYTES = 1 << 18
_VERIFY = "run `edgarchive verify`"
_NOT_THERE = {errno.ENOENT, errno.ENOTDIR}
_NO_MEANS = {errno.EMFILE, errno.ENFILE, errno.ENOMEM}
"""Errors that say nothing about the file: this process or the machine has run out of a resource."""


class Packer:
    """Compresses a body in chunks."""

    def __init__(self) -> None:
        self._compressor = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _WINDOW)

    def pack(self, chunk: bytes) -> bytes:
        """Compressed bytes that are ready after `chunk`; may be empty."""
        return self._compressor.compress(chunk)

    def finish(self) -> bytes:
        """The remaining compressed bytes."""
        return self._compressor.flush()


def pack(data: bytes) -> bytes:
    """A whole body, compressed."""
    return igzip.compress(data, _LEVEL)


def unpack(path: Path) -> Iterator[bytes]:
    """The decoded bytes of a stored file, in chunks of at most 1 MiB.

    There is no limit to the expansion: what was verified and stored must stay readable, and gzip expands at most a
    thousandfold. Raises `DamageError` for a file that is missing, unreadable or not complete gzip, and `StorageError`
    if this process cannot open another file.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # opening a pipe would wait for a writer
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise DamageError(f"{path} is not a regular file", _VERIFY)
            decoder = ContentDecoder("gzip", may_be_endless=False)
            while packed := os.read(descriptor, _READ_BYTES):
                yield from decoder.decode(packed)
            decoder.finish()
        finally:
            os.close(descriptor)
    except DamagedBodyError as error:
        raise DamageError(f"{path} cannot be read: {error}", _VERIFY) from error
    except OSError as error:
        if error.errno in _NOT_THERE:
            raise DamageError(f"{path} is missing", _VERIFY) from None
        if error.errno in _NO_MEANS:
            reason = (error.strerror or str(error)).lower()
            raise StorageError(f"cannot open {path}: {reason}", "raise the limit (ulimit -n), or lower jobs") from error
        raise DamageError(f"{path} cannot be read: {error}", _VERIFY) from error
