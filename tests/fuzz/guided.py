"""Targets under atheris, which is led by the code that an input reaches: ``python -m tests.fuzz.guided``.

Arguments: TARGET, seconds, a folder that keeps what reached new code, and a seed, without which every run tries other
inputs. A find is written into that folder as ``crash-...``, and the process ends with a code that is not 0.

With several targets, ``ONE,OTHER``, each is fuzzed in a fork, so that the code is instrumented once. Each then has a
folder in that folder, with what atheris said in ``log``; a line ``TARGET CODE`` is printed of each.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import NoReturn


def main(names: str, seconds: str, folder: str, seed: str = "0") -> None:
    """Fuzz each target for so long; does not return where it is one."""
    import atheris  # noqa: PLC0415 — there is none for every platform

    logging.disable()
    with atheris.instrument_imports(include=["archiver", "indexer"], enable_loader_override=False):
        import tests.fuzz.targets  # noqa: F401, PLC0415 — imported so that it is instrumented
    if "," not in names:
        _fuzz(names, seconds, Path(folder), seed)
    for name in names.split(","):
        corpus = Path(folder) / name
        corpus.mkdir(parents=True)
        if (process := os.fork()) == 0:
            with (corpus / "log").open("wb") as log:
                os.dup2(log.fileno(), 1)
                os.dup2(log.fileno(), 2)
            _fuzz(name, seconds, corpus / "corpus", seed)
        _, status = os.waitpid(process, 0)
        sys.stdout.write(f"{name} {os.waitstatus_to_exitcode(status)}\n")


def _fuzz(name: str, seconds: str, corpus: Path, seed: str) -> NoReturn:
    import atheris  # noqa: PLC0415 — there is none for every platform

    from tests.fuzz.targets import TARGETS, seeds  # noqa: PLC0415 — `main` has imported it

    corpus.mkdir(parents=True, exist_ok=True)
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
    raise AssertionError("atheris has come back")


if __name__ == "__main__":
    main(*sys.argv[1:])
