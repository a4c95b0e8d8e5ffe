"""A cache of the values used last."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class LatestValues(Generic[K, V]):
    """The values used last, each with a weight of at most `largest`, and together of at most `most`."""

    def __init__(self, most: int, *, largest: int) -> None:
        self._most, self._largest, self._sum = most, largest, 0
        self._values: OrderedDict[K, tuple[V, int]] = OrderedDict()

    def get(self, key: K) -> V | None:
        """The value, or None."""
        if key not in self._values:
            return None
        self._values.move_to_end(key)
        return self._values[key][0]

    def put(self, key: K, value: V, weight: int = 1) -> None:
        """Keep `value`, unless it is too heavy, and forget those that were not used for longest."""
        if weight > self._largest:
            return
        self.forget(key)
        self._values[key] = value, weight
        self._sum += weight
        while self._sum > self._most:
            self.forget(next(iter(self._values)))

    def forget(self, key: K) -> None:
        """Forget a value."""
        if key in self._values:
            self._sum -= self._values.pop(key)[1]
