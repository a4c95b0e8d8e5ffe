"""One target under atheris, which is led by the code that an input reaches: ``python -m tests.fuzz.guided``.

Arguments: TARGET, seconds, a folder that keeps what reached new code, and a seed, without which every run tries other
inputs. A find is written into that folder as
``crash-...``, and the process ends with a code that is not 0.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path


def main(name: str, seconds: str, folder: str, seed: str = "0") -> None:
    """Fuzz for so long; does not return."""
    import atheris  # noqa: PLC0415 — there is none for every platform

    logging.disable()
    corpus = Path(folder)
    corpus.mkdir(parents=True, exist_ok=True)
    with atheris.instrument_imports(include=["archiver", "indexer"], enable_loader_override=False):
        from tests.fuzz.targets import TARGETS, seeds  # noqa: PLC0415 — imported so that it is instrumented
    for number, data in enumerate(seeds(name)):
        (corpus / f"seed-{number}").write_bytes(data)
    options = [
        f"-max_total_time={seconds}",
        f"-seed={seed}",
        "-max_len=65536",
        "-timeout=20",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
    ]
    os.chdir(corpus)
    atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={corpus}/", str(corpus)], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
