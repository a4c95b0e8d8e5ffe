"""What a disk holds after a power cut: every change that a process made, replayed up to any of them.

`disk.c`, preloaded into the process, writes the changes down; `Disk` replays them. Only what was synced is sure to be
there afterwards: the bytes of a file after a sync of that file, a name after a sync of its folder, all of it after a
sync of the file system. What was not synced may be there or not.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import os
import random
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SHIM = Path(__file__).with_name("disk.c")
CUTS = ("killed", "nothing unsynced", "names only", "some of it")
"""What is left of the unsynced: all (kill -9 of the process, no power cut), nothing, names without bytes, by dice."""


def compiler() -> str | None:
    """A C compiler, or None where there is none or its result cannot be preloaded."""
    return shutil.which("cc") if os.uname().sysname == "Linux" else None


def recording(root: Path, folder: Path) -> tuple[Mapping[str, str], Path]:
    """The environment of a process whose changes below `root` are to be written down, and where in `folder`."""
    log = folder / "changes"
    return {"LD_PRELOAD": str(_shim()), "DISK_ROOT": str(root), "DISK_LOG": str(log)}, log


@functools.cache
def _shim() -> Path:
    """The compiled shim: one in each process of the tests."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    shim = folder / "disk.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(shim), str(SHIM), "-ldl", "-lpthread"], check=True)  # noqa: S607
    return shim


@dataclass(frozen=True, slots=True)
class Change:
    """One change that a process made; `paths` are absolute."""

    operation: str
    inode: int
    offset: int
    paths: tuple[str, ...]
    data: bytes


def read_changes(log: Path) -> list[Change]:
    """All changes, in their order."""
    found = []
    with log.open("rb") as file:
        while head := file.readline():
            operation, inode, offset, size, paths = head[:-1].decode().split(" ", 4)
            found.append(Change(operation, int(inode), int(offset), tuple(paths.split("\t")), file.read(int(size))))
    return found


@dataclass(eq=False, slots=True)
class _File:
    data: bytearray = field(default_factory=bytearray)
    durable: bytes = b""


@dataclass(eq=False, slots=True)
class _Folder:
    names: dict[str, _File | _Folder] = field(default_factory=dict)
    durable: dict[str, _File | _Folder] = field(default_factory=dict)


Tree = dict[str, bytes | None]
"""Path below the root to the bytes of a file; None for a folder."""


class Disk:
    """The disk below `root`, all of it durable at first: what `root` holds when this is made."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._files: dict[int, _File] = {}
        self._top = self._load(root) if root.exists() else _Folder()
        self._sync(self._top, below=True)

    def _load(self, path: Path) -> _Folder:
        folder = _Folder()
        for entry in path.iterdir():
            if entry.is_dir():
                folder.names[entry.name] = self._load(entry)
            else:
                known = self._files.setdefault(entry.stat().st_ino, _File(bytearray(entry.read_bytes())))
                folder.names[entry.name] = known
        return folder

    def apply(self, change: Change) -> None:
        """Make one change."""
        match change.operation:
            case "opened" | "truncated":
                self._open(change)
            case "write" | "resize" if change.inode in self._files:  # else a file without a name, of no later use
                data = self._files[change.inode].data
                data.extend(bytes(max(0, change.offset - len(data))))
                end = change.offset + len(change.data) if change.operation == "write" else len(data)
                data[change.offset : end] = change.data
            case "rename" | "link":
                (old, old_name), (new, new_name) = map(self._place, change.paths)
                new.names[new_name] = old.names[old_name]
                if change.operation == "rename":
                    del old.names[old_name]
            case "remove":
                folder, name = self._place(change.paths[0])
                del folder.names[name]
            case "folder" if change.paths[0] != str(self._root):
                folder, name = self._place(change.paths[0])
                folder.names[name] = _Folder()
            case "sync":
                self._sync(self._synced(change), below=False)
            case "syncfs":
                for file in self._files.values():
                    self._sync(file, below=False)
                self._sync(self._top, below=True)

    def _open(self, change: Change) -> None:
        folder, name = self._place(change.paths[0])
        file = folder.names.setdefault(name, _File())
        assert isinstance(file, _File)
        self._files[change.inode] = file
        if change.operation == "truncated":
            file.data.clear()

    def _synced(self, change: Change) -> _File | _Folder:
        """What was synced: a file is known by its inode, which a folder may have got from a removed file."""
        try:
            node = self._at(change.paths[0])
        except KeyError:
            return self._files[change.inode]
        return node if isinstance(node, _Folder) else self._files[change.inode]

    def _sync(self, node: _File | _Folder, *, below: bool) -> None:
        if isinstance(node, _File):
            node.durable = bytes(node.data)
            return
        node.durable = dict(node.names)
        for child in node.names.values() if below else ():
            self._sync(child, below=True)

    def _at(self, path: str) -> _File | _Folder:
        node: _File | _Folder = self._top
        for name in Path(path).relative_to(self._root).parts:
            assert isinstance(node, _Folder)
            node = node.names[name]
        return node

    def _place(self, path: str) -> tuple[_Folder, str]:
        folder = self._at(str(Path(path).parent))
        assert isinstance(folder, _Folder)
        return folder, Path(path).name

    def after(self, cut: str, dice: random.Random) -> Tree:
        """What is there after one of `CUTS`. The shared memory of SQLite is not: it is made anew."""
        return dict(self._remains(self._top, "", cut, dice))

    def _remains(self, folder: _Folder, path: str, cut: str, dice: random.Random) -> Iterator[tuple[str, bytes | None]]:
        names = folder.names if _survives(cut, "killed", "names only", dice=dice) else folder.durable
        for name, node in sorted(names.items()):
            place = f"{path}{name}"
            if isinstance(node, _Folder):
                yield place, None
                yield from self._remains(node, f"{place}/", cut, dice)
            elif not name.endswith("-shm"):
                yield place, bytes(node.data) if _survives(cut, "killed", dice=dice) else node.durable


def _survives(cut: str, *cuts: str, dice: random.Random) -> bool:
    return cut in cuts or (cut == "some of it" and dice.random() < 0.5)


def states(
    disk: Disk, changes: Sequence[Change], dice: random.Random, *, cuts: Sequence[str] = CUTS, most: int | None = None
) -> dict[str, Tree]:
    """Every different state that a cut after any of `changes` to `disk` can leave, by cut and change.

    With `most`, those after so many of the changes, chosen for each of the cuts by dice.
    """
    found: dict[bytes, tuple[str, Tree]] = {}
    numbers = range(len(changes))
    moments = {cut: set(numbers if most is None else dice.sample(numbers, min(len(numbers), most))) for cut in cuts}
    for number, change in enumerate(changes):
        disk.apply(change)
        for cut in (cut for cut in cuts if number in moments[cut]):
            tree = disk.after(cut, dice)
            found.setdefault(fingerprint(tree), (f"{cut} after {number}: {change.operation} {change.paths}", tree))
    return dict(found.values())


def fingerprint(tree: Tree) -> bytes:
    """Equal trees have equal ones."""
    digest = hashlib.sha256()
    for path, data in tree.items():
        digest.update(f"{path}\0{-1 if data is None else len(data)}\0".encode())
        digest.update(data or b"")
    return digest.digest()


def write_tree(tree: Tree, root: Path) -> None:
    """Make the tree in the new folder `root`."""
    root.mkdir(mode=0o700)
    for path, data in tree.items():
        if data is None:
            (root / path).mkdir(mode=0o700)
        else:
            (root / path).write_bytes(data)


def read_tree(root: Path) -> Tree:
    """The tree that folder `root` holds."""
    found: Tree = {}
    for path in sorted(root.rglob("*")):
        if not path.name.endswith("-shm"):
            found[str(path.relative_to(root))] = None if path.is_dir() else path.read_bytes()
    return found
