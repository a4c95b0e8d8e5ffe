"""Reading untrusted tar archives as they stream (POSIX.1-2017, pax, "ustar Interchange Format").

The standard library reads headers of any length into memory and follows links. This reader returns plain members, once
and in order, and never a path, link or device. From extended headers it uses only the name and the size.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from archiver.errors import DamagedBodyError
from archiver.startup.dataclass import dataclass
from archiver.startup.patterns import lazy_pattern
from archiver.streams.chunks import ChunkReader

BLOCK = 512
_OCTAL = lazy_pattern(b"[0-7]*")
_DECIMAL = lazy_pattern(b"[0-9]{1,18}")
_LENGTH = lazy_pattern(b"([0-9]{1,6}) ")
_MOST_NAME_BYTES = 4096
_MOST_FILLING = 2048
"""Empty blocks that are passed over after the end of an archive, far more than any program writes."""
_REGULAR = frozenset(b"0\x007")
_FOLDERS = frozenset(b"5D")
_WITHOUT_CONTENT = frozenset(b"123456")
"""Links, devices, folders and pipes; what other types have as content is skipped."""
_LONG_NAME = ord("L")
_PAX = ord("x")
_EXTENDED = frozenset(b"xgLK")
"""Types of extended headers: pax (``x``, ``g``) and GNU's long names and links."""


@dataclass(frozen=True, slots=True)
class TarMember:
    """A member: its `name`, for messages only, its `size` in bytes, and its `content`, to be read before the next one.

    `is_file` is False for links, devices, folders, and files in a form of another program's, such as GNU's sparse ones.
    They have no content here.
    """

    name: str
    size: int
    is_file: bool
    is_folder: bool
    content: Iterator[bytes]


def is_tar(head: bytes) -> bool:
    """Whether a file with these first 512 bytes is a tar archive. The oldest ones have no magic, only a checksum."""
    return len(head) >= BLOCK and _checksum_holds(head[:BLOCK])


def tar_members(reader: ChunkReader, *, most: int) -> Iterator[TarMember]:
    """The members of the archive that starts at `reader`, and of those that follow it, as in files joined by ``cat``.

    Unread content of a member is skipped. Raises `DamagedBodyError` for an invalid header, an incomplete archive, and
    one with more than `most` members.
    """
    name = ""
    pax_size: int | None = None
    count = 0
    while header := _next_header(reader):
        count += 1
        if count > most:
            raise DamagedBodyError(f"the tar archive has more than {most} members")
        size, kind = _number(header[124:136]), header[156]
        padded = -(-size // BLOCK) * BLOCK
        if kind in _EXTENDED:
            extended = reader.read(min(padded, _MOST_NAME_BYTES))
            _skip(reader, padded - len(extended))
            if kind == _LONG_NAME:
                name = _text(extended[:size])
            elif kind == _PAX:
                facts = _pax_records(extended[:size])
                name = _text(facts.get(b"path", b"")) or name
                pax_size = _pax_size(facts)
            continue
        if pax_size is not None:  # of 8 GiB and more, for which the field of the header has no room
            size, pax_size = pax_size, None
            padded = -(-size // BLOCK) * BLOCK
        is_file = kind in _REGULAR
        content = reader.portions(size) if is_file else iter(())
        before = reader.taken
        yield TarMember(name or _text(header[:100]), size, is_file, kind in _FOLDERS, content)
        name = ""
        _skip(reader, (0 if kind in _WITHOUT_CONTENT else padded) - (reader.taken - before))


def _next_header(reader: ChunkReader) -> bytes:
    """The next header, also of an archive that follows the end of another; empty after the end of the last one."""
    header = reader.read(BLOCK)
    if len(header) < BLOCK:
        raise DamagedBodyError("the tar archive is cut off: its end is missing")
    if not header.strip(b"\0"):  # two such blocks end an archive; some programs write one
        blocks = (reader.read(BLOCK) for _ in range(_MOST_FILLING))
        header = next((block for block in blocks if len(block) < BLOCK or block.strip(b"\0")), b"")
        return header if is_tar(header) else b""
    if not _checksum_holds(header):
        raise DamagedBodyError("the tar archive is damaged: a header is missing")
    return header


def _skip(reader: ChunkReader, size: int) -> None:
    if reader.skip(size) < size:
        raise DamagedBodyError("the tar archive is cut off in the middle of a member")


def _checksum_holds(header: bytes) -> bool:
    """Whether the header's checksum is right, with its own field taken as spaces."""
    try:
        return _number(header[148:156]) == sum(header) - sum(header[148:156]) + 8 * ord(" ")
    except DamagedBodyError:
        return False


def _number(field: bytes) -> int:
    """An octal number, or a large one in base 256 (GNU)."""
    if field[0] == 0x80:  # noqa: PLR2004 — the marker of base 256
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    if not _OCTAL.fullmatch(digits):
        raise DamagedBodyError("the tar archive is damaged: a number cannot be parsed")
    return int(digits or b"0", 8)


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "replace")


def _pax_records(records: bytes) -> dict[bytes, bytes]:
    """The records of a pax header, each ``LENGTH KEY=VALUE`` and a line feed; LENGTH counts all of it."""
    found: dict[bytes, bytes] = {}
    while (match := _LENGTH.match(records)) and (length := int(match[1])) > match.end():
        key, _, value = records[match.end() : length - 1].partition(b"=")
        found[key], records = value, records[length:]
    return found


def _pax_size(records: Mapping[bytes, bytes]) -> int | None:
    digits = records.get(b"size")
    if digits is None:
        return None
    if not _DECIMAL.fullmatch(digits):
        raise DamagedBodyError("the tar archive is damaged: a number cannot be parsed")
    return int(digits)
