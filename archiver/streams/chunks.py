"""Reading an iterator of chunks in portions of any size, with bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


class ChunkReader:
    """Reads an iterator of pieces in portions of the caller's choice. `taken` counts the bytes read."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = memoryview(b"")
        self.taken = 0

    def read(self, size: int) -> bytes:
        """The next `size` bytes, fewer only at the end."""
        return b"".join(self.portions(size))

    def peek(self, size: int) -> bytes:
        """The next `size` bytes without consuming them, fewer only at the end."""
        held, length = [bytes(self._rest)], len(self._rest)
        while length < size and (chunk := next(self._chunks, None)) is not None:
            held.append(chunk)
            length += len(chunk)
        self._rest = memoryview(b"".join(held))
        return bytes(self._rest[:size])

    def portions(self, size: int | None = None) -> Iterator[bytes]:
        """The next `size` bytes (None: all) in pieces as they arrive, fewer only at the end."""
        left = size
        while left is None or left > 0:
            if not self._rest:
                chunk = next(self._chunks, None)
                if chunk is None:
                    return
                self._rest = memoryview(chunk)
            portion = self._rest if left is None else self._rest[:left]
            self._rest = self._rest[len(portion) :]
            self.taken += len(portion)
            if left is not None:
                left -= len(portion)
            yield bytes(portion)

    def skip(self, size: int) -> int:
        """Skip the next `size` bytes; returns how many there were."""
        return sum(map(len, self.portions(size)))
