"""scripts/_environment, which makes .venv from a lock: what a stranger's first command does, today and in a year."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import textwrap
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.paths import ROOT
from tests.pythons import python_of

SCRIPTS = ROOT / "scripts"
BACKEND = """
    import zipfile

    def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
        info = "job-1.dist-info/"
        with zipfile.ZipFile(f"{wheel_directory}/job-1-py3-none-any.whl", "w") as wheel:
            wheel.writestr("job.pth", "")
            wheel.writestr(info + "METADATA", open("METADATA").read())
            wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
            wheel.writestr(info + "RECORD", "")
        return "job-1-py3-none-any.whl"
"""
PYPROJECT = """
    [build-system]
    requires = []
    build-backend = "backend"
    backend-path = ["."]

    [project]
    name = "job"
    version = "1"
"""
VERSION = "import sys; print(sys.version)"
METADATA = "Metadata-Version: 2.1\nName: job\nVersion: 1\nRequires-Dist: outer\n"

pytestmark = pytest.mark.timeout(300)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        """Nothing: requests are no part of what is tested."""


class Index:
    """A package index on 127.0.0.1, as files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/simple/"

    def close(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def release(self, name: str, version: str, metadata: str = "", *, script: str = "") -> str:
        """Offer a version of a package, with a command of its name that is `script`; its line for a lock."""
        page = self.folder / "simple" / name
        page.mkdir(parents=True, exist_ok=True)
        wheel = page / f"{name}-{version}-py3-none-any.whl"
        info = f"{name}-{version}.dist-info/"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr(f"{name}.py", f"VERSION = {version!r}\n")
            archive.writestr(f"{info}METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{metadata}")
            archive.writestr(
                f"{info}WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            archive.writestr(f"{info}RECORD", "")
            if script:
                command = zipfile.ZipInfo(f"{name}-{version}.data/scripts/{name}")
                command.external_attr = 0o100755 << 16
                archive.writestr(command, script)
        links = (f'<a href="{each.name}">{each.name}</a>' for each in sorted(page.glob("*.whl")))
        (page / "index.html").write_text("".join(links), encoding="utf-8")
        return f"{name}=={version} \\\n    --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"


class Checkout:
    """A small project with our scripts, whose packages come from an index of the test."""

    def __init__(self, folder: Path, index: Index) -> None:
        self.folder = folder
        self.index = index
        (folder / "scripts").mkdir(parents=True)
        for name in ("_environment", "_locked"):
            shutil.copy(SCRIPTS / name, folder / "scripts" / name)
        (folder / "backend.py").write_text(textwrap.dedent(BACKEND), encoding="utf-8")
        (folder / "pyproject.toml").write_text(textwrap.dedent(PYPROJECT), encoding="utf-8")
        (folder / "METADATA").write_text(METADATA, encoding="utf-8")

    def lock(self, *lines: str) -> None:
        """Write both locks."""
        for name in ("requirements.lock", "requirements-dev.lock"):
            (self.folder / name).write_text("".join(lines), encoding="utf-8")

    def bash(self, commands: str, *, python: str | Path = "", uv_index: str = "") -> subprocess.CompletedProcess[str]:
        """Source the script and run commands."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ["HOME"],
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": self.index.url,
            **({"PYTHON": str(python)} if python else {}),
            **({"UV_DEFAULT_INDEX": uv_index} if uv_index else {}),
        }
        return subprocess.run(
            ["bash", "-c", f"set -euo pipefail; . scripts/_environment; {commands}"],  # noqa: S607 — the user's own
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def set_up(self, *, python: str | Path = "") -> subprocess.CompletedProcess[str]:
        """Ask for the environment of the users' lock."""
        return self.bash("environment requirements.lock", python=python)

    def is_current(self, *, python: str | Path = "") -> bool:
        """Whether .venv would be kept."""
        done = self.bash('made_from requirements.lock "$(choose_python)" && echo current || echo stale', python=python)
        assert done.returncode == 0, done.stderr
        return done.stdout == "current\n"

    def python(self, code: str) -> str:
        """What code prints in .venv."""
        done = subprocess.run(
            [self.folder / ".venv/bin/python", "-c", code], capture_output=True, text=True, check=False
        )
        return (done.stdout + done.stderr).strip()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Checkout, subprocess.CompletedProcess[str]]]:
    """A checkout that is set up, and how that went.

    A locked package requires another one with an extra, as coverage[toml] is required. The index offers newer releases.
    """
    home = tmp_path_factory.mktemp("environment")
    index = Index(home / "index")
    checkout = Checkout(home / "checkout", index)
    checkout.lock(
        index.release("outer", "1", "Requires-Dist: inner[more]>=1\n"),
        index.release("inner", "1", "Provides-Extra: more\nRequires-Dist: other>=1; extra == 'more'\n"),
        index.release("other", "1"),
    )
    for name in ("outer", "inner", "other"):
        index.release(name, "2")
    yield checkout, checkout.set_up(python=sys.executable)
    index.close()


@pytest.fixture
def checkout(built: tuple[Checkout, subprocess.CompletedProcess[str]], tmp_path: Path) -> Iterator[Checkout]:
    """The checkout that is set up, for a test that changes it: it is put back afterwards."""
    checkout, done = built
    assert done.returncode == 0, done.stderr
    kept = tmp_path / "kept"
    shutil.copytree(checkout.folder, kept, symlinks=True)
    folder = checkout.folder
    yield checkout
    for each in (checkout.folder, folder):
        shutil.rmtree(each, ignore_errors=True)
    kept.rename(folder)
    checkout.folder = folder


def test_a_newer_release_cannot_change_what_a_lock_installs(
    built: tuple[Checkout, subprocess.CompletedProcess[str]],
) -> None:
    """Newer versions that are offered, also of what is required with an extra, are not even looked at."""
    checkout, done = built
    assert done.returncode == 0, done.stderr
    for name in ("outer", "inner", "other"):
        assert checkout.python(f"import {name}; print({name}.VERSION)") == "1"
    assert checkout.set_up().stderr == "", "nothing is installed twice"


def test_a_file_that_is_not_the_locked_one_is_refused(checkout: Checkout) -> None:
    """Another file under a locked name and version does not come in."""
    line = checkout.index.release("fourth", "1")
    checkout.index.release("fourth", "1", "Summary: another file\n")
    (checkout.folder / "more.lock").write_text(line, encoding="utf-8")
    done = checkout.bash("install_locked more.lock")
    assert done.returncode != 0
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in done.stderr


@pytest.mark.parametrize(
    ("script", "uv_is_told", "installer"),
    [
        (f'#!/bin/sh\nexec "{sys.executable}" -m uv "$@"\n', True, "uv"),
        ("#!/bin/sh\necho cannot >&2\nexit 2\n", True, "pip"),
        (f'#!/bin/sh\nexec "{sys.executable}" -m uv "$@"\n', False, "pip"),
        ("", True, "pip"),
    ],
    ids=["uv", "uv-cannot", "index-of-pip-alone", "no-uv-in-the-lock"],
)
def test_uv_installs_what_is_locked_and_pip_where_it_cannot(
    checkout: Checkout, script: str, *, uv_is_told: bool, installer: str
) -> None:
    """The same files by either; what pip is told of its index holds, and uv is none of the installed packages."""
    line = checkout.index.release("fifth", "1")
    checkout.lock(*([checkout.index.release("uv", "1", script=script)] if script else []))
    (checkout.folder / "more.lock").write_text(line, encoding="utf-8")
    done = checkout.bash("fetch_uv; install_locked more.lock", uv_index=checkout.index.url if uv_is_told else "")
    assert (done.returncode, done.stderr) == (0, "")
    (name,) = checkout.folder.glob(".venv/lib/python*/site-packages/fifth-1.dist-info/INSTALLER")
    assert name.read_text(encoding="utf-8").strip() == installer
    assert checkout.python("import fifth; print(fifth.VERSION)") == "1"
    assert not list(checkout.folder.glob(".venv/lib/python*/site-packages/uv*"))


def test_a_lock_that_lacks_what_the_project_requires_is_reported(checkout: Checkout) -> None:
    """A changed pyproject.toml is noticed, and `pip check` holds the lock against it, until the lock is mended."""
    (checkout.folder / "METADATA").write_text(METADATA + "Requires-Dist: newcomer\n", encoding="utf-8")
    with (checkout.folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write('dependencies = ["newcomer"]\n')
    for _ in range(2):
        done = checkout.set_up()
        assert done.returncode == 1
        assert "newcomer, which is not installed" in done.stderr
        assert done.stderr.endswith("run scripts/lock\n")


def test_nothing_stays_of_an_environment_from_another_lock_or_python(checkout: Checkout) -> None:
    """.venv is made anew, by the Python that is asked for."""
    python = another_python() or sys.executable
    checkout.lock(checkout.index.release("outer", "3"))
    done = checkout.set_up(python=python)
    assert done.returncode == 0, done.stderr
    assert checkout.python("import outer; print(outer.VERSION)") == "3"
    assert "ModuleNotFoundError" in checkout.python("import inner")
    assert checkout.python(VERSION) == subprocess.check_output([python, "-c", VERSION], text=True).strip()


def test_what_an_environment_was_made_from_is_noticed(checkout: Checkout, tmp_path: Path) -> None:
    """The same lock, folder and Python keep it; any other, and one that was only begun, makes it anew."""
    assert checkout.is_current()
    assert checkout.is_current(python=sys.executable)
    other_name = tmp_path / "python"
    other_name.symlink_to(os.path.realpath(sys.executable))
    assert checkout.is_current(python=other_name), "the same Python under another name"

    lock = checkout.folder / "requirements.lock"
    with lock.open("a", encoding="utf-8") as file:
        file.write("# more\n")
    assert not checkout.is_current()
    shutil.copy(checkout.folder / "requirements-dev.lock", lock)
    assert checkout.is_current()

    checkout.folder = checkout.folder.rename(tmp_path / "moved")
    assert not checkout.is_current(), "its commands start the Python of another folder"


def test_a_python_that_became_another_one_is_noticed(checkout: Checkout) -> None:
    """PYTHON counts where .venv exists, and so does what .venv/bin/python has come to be, or that it is gone."""
    other = another_python()
    if other is None:
        pytest.skip("there is no other Python here")
    assert not checkout.is_current(python=other)
    link = checkout.folder / ".venv/bin/python"
    for target in (other, "/nowhere/python"):
        link.unlink()
        link.symlink_to(target)
        assert not checkout.is_current()


@pytest.mark.parametrize("python", ["/nowhere/python", os.devnull, "false"])
def test_a_python_that_cannot_be_used_is_named(
    built: tuple[Checkout, subprocess.CompletedProcess[str]], python: str
) -> None:
    """PYTHON is not passed over for another one that happens to be there."""
    done = built[0].set_up(python=python)
    assert (done.returncode, done.stderr) == (1, f"PYTHON={python} is not Python 3.11 or later\n")


def another_python() -> Path | None:
    """A Python of another version than this one."""
    running = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return next(
        (found for version in ("3.13", "3.12", "3.11") if version != running and (found := python_of(version))), None
    )
