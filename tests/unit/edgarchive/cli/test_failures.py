"""What a command says that an error of the system has ended."""

from __future__ import annotations

import errno

from edgarchive.cli import _failure


def test_an_error_that_follows_itself() -> None:
    """Libraries raise an error again from one that it caused; the message is still that of the last one."""
    one, other = OSError(errno.EMFILE, "Too many open files"), RuntimeError("another")
    one.__cause__, other.__cause__ = other, one
    assert _failure(other).code == _failure(one).code == 7
    other.__cause__ = other
    assert _failure(other).code == 1
