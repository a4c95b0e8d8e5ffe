"""What is at a path.

From Python 3.14 on, `Path.exists` and its like answer False where a folder may not be read or a disk fails. There, a
submission would count as lost and be fetched again, or the archive as a new one. These raise OSError instead.
"""

from __future__ import annotations

import errno
import stat
from pathlib import Path

_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EBADF, errno.ELOOP})
"""Nothing is there, as for `pathlib` before Python 3.14."""


def exists(path: Path) -> bool:
    """Whether there is something, behind a link too. Raises OSError if that cannot be said."""
    return _mode(path, follow_links=True) is not None


def is_dir(path: Path) -> bool:
    """Whether there is a folder, or a link to one. Raises OSError if that cannot be said."""
    return stat.S_ISDIR(_mode(path, follow_links=True) or 0)


def is_file(path: Path) -> bool:
    """Whether there is a regular file, or a link to one. Raises OSError if that cannot be said."""
    return stat.S_ISREG(_mode(path, follow_links=True) or 0)


def is_symlink(path: Path) -> bool:
    """Whether there is a symbolic link. Raises OSError if that cannot be said."""
    return stat.S_ISLNK(_mode(path, follow_links=False) or 0)


def is_taken(path: Path) -> bool:
    """Whether there is something, if only a link to nothing. Raises OSError if that cannot be said."""
    return exists(path) or is_symlink(path)


def _mode(path: Path, *, follow_links: bool) -> int | None:
    try:
        return path.stat(follow_symlinks=follow_links).st_mode
    except OSError as error:
        if error.errno in _ABSENT:
            return None
        raise
    except ValueError:  # no path has a NUL
        return None
