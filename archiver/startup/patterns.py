"""Regular expressions of modules, compiled when they are first used.

A command loads some three hundred of them and uses thirty; compiling one takes up to a millisecond.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from re import compile as lazy_pattern
else:

    class lazy_pattern:  # noqa: N801 — to be called as `re.compile` is
        """`re.compile`, later: it has the methods and attributes of the compiled pattern."""

        def __init__(self, pattern: str | bytes, flags: int = 0) -> None:
            self._arguments = (pattern, flags)

        def __getattr__(self, name: str) -> Any:
            if name.startswith("__"):  # asked for by `copy` and `pickle`; it is neither's
                raise AttributeError(name)
            value = getattr(re.compile(*self._arguments), name)  # `re` itself remembers what it has compiled
            setattr(self, name, value)  # found without this function from now on
            return value


__all__ = ["lazy_pattern"]
