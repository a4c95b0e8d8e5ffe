from __future__ import annotations

import threading

import pytest

from archiver.errors import RunCancelledError
from archiver.progress import CancelToken


def test_a_token_cancels_what_another_thread_runs() -> None:
    """Until then it lets the run go on."""
    token = CancelToken()
    token.check()
    thread = threading.Thread(target=token.cancel)
    thread.start()
    thread.join()
    with pytest.raises(RunCancelledError, match="again to continue"):
        token.check()
