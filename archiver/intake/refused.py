"""Refused bodies and pages in the quarantine, for people to read, with mail addresses removed.

A server may echo our requests, including the contact address, which occurs nowhere else.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from archiver.errors import DamagedBodyError, DamageError, FetchError
from archiver.identifiers import AccessionNumber
from archiver.redaction import without_addresses
from archiver.store.archive import Archive
from archiver.store.durable import create_temporary, storage_errors
from archiver.store.packing import Packer, unpack

_BLOCK_BYTES = 3 << 20
_LONGEST_BYTES = 4096
"""More than an address has, with all the blanks and tags in it."""
_TRIES = 50


def keep_refused_page(archive: Archive, accession: AccessionNumber, error: FetchError) -> None:
    """Store the web page received instead of a submission. Raises `StorageError`."""
    if isinstance(error, DamagedBodyError) and error.page:
        _keep(archive, [without_addresses(error.page)], f"{accession}.html")


def keep_refused_body(archive: Archive, path: Path) -> None:
    """Move the packed body at `path`, of a submission that failed a check, to the quarantine. Raises `StorageError`.

    Its name is the accession number, a dot, and anything.
    """
    accession = AccessionNumber(path.name.partition(".")[0])
    packer = Packer()

    def packed() -> Iterator[bytes]:
        try:
            for block in _redacted(unpack(path)):
                yield packer.pack(block)
        except DamageError:  # keep what could be read
            pass
        yield packer.finish()

    _keep(archive, packed(), archive.layout.submission(accession).name)
    with storage_errors(path):
        path.unlink()


def forget_refused(archive: Archive, accession: AccessionNumber) -> None:
    """Remove a complete submission's earlier files from the quarantine. Raises `StorageError`."""
    with storage_errors(archive.layout.quarantine):
        for path in archive.quarantined(accession):
            path.unlink(missing_ok=True)


def _keep(archive: Archive, data: Iterable[bytes], name: str) -> None:
    with storage_errors(archive.layout.incoming):
        descriptor, temporary = create_temporary(archive.layout.incoming, stem="refused")
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(data)
            file.flush()
            os.fsync(file.fileno())
    archive.quarantine(temporary, name)


def _redacted(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes without addresses, in parts between which none is divided, unless a line is longer than a part."""
    held = b""
    for chunk in chunks:
        held += chunk
        end = _end_of_part(held)
        yield without_addresses(held[:end])
        held = held[end:]
    yield without_addresses(held)


def _end_of_part(held: bytes) -> int:
    """The end of a line in `held` that divides no address; 0 to wait for more."""
    end = len(held) - _LONGEST_BYTES
    for _ in range(_TRIES):
        end = held.rfind(b"\n", 0, max(end - 1, 0)) + 1
        before, after = held[max(end - _LONGEST_BYTES, 0) : end], held[end : end + _LONGEST_BYTES]
        if not end or without_addresses(before + after) == without_addresses(before) + without_addresses(after):
            break
    else:
        end = 0
    return end or max(len(held) - _LONGEST_BYTES if len(held) > _BLOCK_BYTES else 0, 0)
