from __future__ import annotations

import threading

import pytest

from archiver.errors import RunCancelledError, UsageError
from archiver.runtime.progress import CancelToken, ProgressUpdate, checked_progress, no_progress


def test_a_token_cancels_what_another_thread_runs() -> None:
    """Until then it lets the run go on."""
    token = CancelToken()
    token.check()
    thread = threading.Thread(target=token.cancel)
    thread.start()
    thread.join()
    with pytest.raises(RunCancelledError, match="again to continue"):
        token.check()


def test_a_progress_of_other_arguments_is_refused_before_the_work_begins() -> None:
    """Version 0.1 called that of an import with two numbers: the error names the page that says what is called now."""
    with pytest.raises(UsageError, match=r"one ProgressUpdate.*edgarchive help library"):
        checked_progress(lambda done, size: None)  # type: ignore[arg-type]  # noqa: ARG005


def test_any_function_of_one_argument_is_a_progress() -> None:
    """Also a method, one with defaults, and a built-in function without a signature."""
    seen: list[ProgressUpdate] = []

    def with_default(update: ProgressUpdate, chars: int = 0) -> None:
        seen.append(update)
        del seen[chars:]

    for progress in (seen.append, with_default, print):
        assert checked_progress(progress) is progress
    assert checked_progress(None) is no_progress
