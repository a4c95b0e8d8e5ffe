"""`scripts/bench NAME [OPTIONS]`: run one measurement; each is a module of this package with a `main(arguments)`."""

from __future__ import annotations

import importlib
import pkgutil
import sys

from tests import bench

NOT_A_MEASUREMENT = frozenset({"__main__", "baselines", "corpus", "measure"})


def names() -> list[str]:
    """The measurements there are."""
    return sorted(
        module.name for module in pkgutil.iter_modules(bench.__path__) if module.name not in NOT_A_MEASUREMENT
    )


def main(arguments: list[str]) -> int:
    """Run the measurement named by the first argument with the others; 2 for a name there is none of."""
    if not arguments or arguments[0] not in names():
        sys.stderr.write(f"usage: scripts/bench NAME [OPTIONS]; NAME is one of {', '.join(names())}\n")
        return 2
    importlib.import_module(f"tests.bench.{arguments[0]}").main(arguments[1:])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
