"""The built-in engine: Whoosh 2.7.4, pinned, with our own field types and durable commits.

Whoosh pickles the classes of its schema by path: `indexer.whoosh_engine.fields` is part of the on-disk format.

Whoosh imports two things that nothing used here calls: `urllib.request`, and with it HTTP, mail and TLS, and an English
word list. Loading them takes half of the time that Whoosh takes, so stand-ins replace them meanwhile.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import warnings
from collections.abc import Iterator
from types import ModuleType
from typing import Any

_UNUSED = {"urllib.request": "urlretrieve", "whoosh.lang.morph_en": "variations"}
"""The modules, and the name that Whoosh imports from each."""


def _refuse(*_values: Any) -> Any:
    raise NotImplementedError("this part of Whoosh is not used here")


@contextlib.contextmanager
def _stand_ins() -> Iterator[None]:
    """Replace the modules that are not loaded yet."""
    missing = [name for name in _UNUSED if name not in sys.modules]
    for name in missing:
        sys.modules[name] = ModuleType(name)
        setattr(sys.modules[name], _UNUSED[name], _refuse)
    try:
        yield
    finally:
        for name in missing:
            del sys.modules[name]


# Whoosh predates these compiler warnings. Installers that do not compile (uv) would show them once.
warnings.filterwarnings("ignore", category=SyntaxWarning, module=r".*\bwhoosh\b")
if threading.active_count() == 1:  # another thread may be importing them, or change the filters of warnings
    with _stand_ins(), warnings.catch_warnings():
        # Python 3.13.5 names the module that runs, not the one it compiles, in one of the warnings of this module.
        warnings.simplefilter("ignore", SyntaxWarning)
        import whoosh.codec.whoosh3
        import whoosh.query  # noqa: F401 — loads it without the modules above
