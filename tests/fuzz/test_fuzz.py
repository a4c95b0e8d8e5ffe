"""Any bytes whatever: each reader gives a value that keeps its promises, or one of our errors."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.fuzz.targets import CRASHES, TARGETS, seeds
from tests.paths import ROOT
from tests.thorough import rounds

GUIDED_S = rounds(1, thorough=30)
_FINDS = sorted(path for path in CRASHES.rglob("*") if path.is_file() and path.parent.name in TARGETS)
_BITS = st.binary(max_size=12) | st.sampled_from(
    [
        b"<",
        b">",
        b"\0",
        b"\r",
        b"\n" * 9,
        b"&#",
        b"]]>",
        b"<!--",
        b"<DOCUMENT>\n",
        b"<TEXT>\n",
        b"9" * 30,
        b"\xff\xfe",
        b'"',
        b"|",
        b"-" * 80,
    ]
)
_EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 60), _BITS, st.integers(1, 40)), max_size=6)


def edited(data: bytes, edits: list[tuple[float, int, bytes, int]]) -> bytes:
    """`data` with pieces taken out, and others put in, once or many times."""
    for place, taken, put, times in edits:
        at = int(place * len(data))
        data = data[:at] + put * times + data[at + taken :]
    return data


@pytest.mark.parametrize("name", TARGETS)
@hypothesis_settings(max_examples=rounds(25, thorough=500))
@given(draw=st.data())
def test_any_bytes(name: str, draw: st.DataObject) -> None:
    """Noise, and what is nearly right."""
    data = draw.draw(st.binary(max_size=400) | st.builds(edited, st.sampled_from(seeds(name)), _EDITS))
    TARGETS[name](data)


@pytest.mark.parametrize("path", _FINDS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_was_found_once_stays_mended(path: Path) -> None:
    """Each input that once broke a promise keeps it now."""
    TARGETS[path.parent.name](path.read_bytes())


@pytest.mark.timeout(120 + 2 * GUIDED_S * len(TARGETS))
def test_led_by_coverage(tmp_path: Path) -> None:
    """A moment of atheris for each fourth target, the same in each run; `scripts/bench fuzz` tries others."""
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("there is no atheris for this Python or platform")
    names = list(TARGETS)[:: rounds(4, thorough=1)]  # `test_any_bytes` has them all
    command = [sys.executable, "-m", "tests.fuzz.guided", ",".join(names), str(GUIDED_S), str(tmp_path), "1"]
    environment = os.environ | {"PYTHONHASHSEED": "0"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    ends = dict(line.split() for line in done.stdout.splitlines())
    assert list(ends) == names
    logs = {name: (tmp_path / name / "log").read_text(errors="replace") for name in names}
    assert {name: logs[name][-4000:] for name, code in ends.items() if code != "0"} == {}
    assert all("stat::number_of_executed_units" in log for log in logs.values())
