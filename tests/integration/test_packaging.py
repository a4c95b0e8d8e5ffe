"""The wheel and the sdist, installed where there is no checkout: what users get from a package index."""

from __future__ import annotations

import email
import email.message
import importlib.metadata
import json
import os
import subprocess
import sys
import tarfile
import time
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from tests.loopback import FIXTURES
from tests.paths import ROOT
from tests.pythons import python_of
from tests.thorough import rounds

VERSION = importlib.metadata.version("edgarchive")
VERSIONS = ("3.11", "3.12", "3.13")[:: rounds(2, thorough=1)]
"""The oldest and the newest, and with `scripts/test --thorough` all between them."""

UV = Path(sys.executable).with_name("uv")
_ENVIRONMENT = dict(os.environ)
"""As it was before a test changed it: uv keeps at home what it has once brought."""
NO_INDEX = ("dns error", "error sending request", "Connect error", "operation timed out", "tunnel error")
"""What uv says where no package index can be reached."""

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist of this checkout."""
    return build("sdist", ROOT, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel made from the sdist alone."""
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as tar:
        tar.extractall(folder, filter="data")
    return build("wheel", next(folder.iterdir()), tmp_path_factory.mktemp("wheel"))


def build(target: str, source: Path, folder: Path) -> Path:
    """The one file that hatchling makes of `source`."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", folder], cwd=source, check=True
    )
    (made,) = folder.iterdir()
    return made


def metadata(wheel: Path) -> email.message.Message:
    """The wheel's METADATA."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(archive.read(name))


def test_the_sdist_has_what_building_and_testing_need(sdist: Path) -> None:
    """Code, tests, docs, configuration, locked packages and licence; nothing that git does not keep."""
    with tarfile.open(sdist) as tar:
        names = {member.name.partition("/")[2] for member in tar if member.isfile()}
    kept = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607 — found where the system has it
    if kept.returncode == 0:
        left_out: set[str] = set()
        assert set(kept.stdout.split()) - names <= left_out
    for name in ("README.md", "LICENSE", "requirements.lock", "scripts/test", "tests/conftest.py", "docs/cli.md"):
        assert name in names
    assert not [name for name in names if "__pycache__" in name or name.startswith((".venv", "site/"))]


def test_the_image_is_built_from_files_that_are_there() -> None:
    """What the Dockerfile copies exists, and .dockerignore lets it through: no container engine is needed for that."""
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = {
        name for line in lines if line.startswith("COPY ") and "--from" not in line for name in line.split()[1:-1]
    }
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    allowed = [rule[1:] for rule in ignored if rule.startswith("!")]
    let_through = {str(path.relative_to(ROOT)) for rule in allowed for path in ROOT.glob(rule)}
    assert copied == let_through
    with (ROOT / "pyproject.toml").open("rb") as file:
        built = tomllib.load(file)["tool"]["hatch"]["build"]["targets"]["wheel"]
    included = {path.partition("/")[0] for path in built["force-include"]}
    assert {*built["packages"], *built["shared-data"], *included} <= copied


def test_the_wheel_has_the_three_packages_and_no_more(wheel: Path) -> None:
    """The packages, their typing marks, what an operator edits; no tests, which anyone's `import tests` would find."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0].removeprefix(f"edgarchive-{VERSION}.") for name in names}
    assert tops == {"archiver", "indexer", "edgarchive", "data", "dist-info"}
    operators = {name.partition("/share/edgarchive/")[2] for name in names} - {""}
    assert operators == {str(path.relative_to(ROOT / "config")) for path in (ROOT / "config").rglob("*.*")}
    data = {
        str(path.relative_to(ROOT))
        for package in ("archiver", "indexer", "edgarchive")
        for path in (ROOT / package).rglob("*.*")
        if path.is_file() and path.suffix not in {".py", ".pyc"}
    }
    assert {"archiver/py.typed", "indexer/submission/items.tsv", "edgarchive/web/templates/base.html"} <= data
    assert data <= set(names)
    with (ROOT / "pyproject.toml").open("rb") as file:
        topics = tomllib.load(file)["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert set(topics.values()) <= set(names)
    said = metadata(wheel)
    assert said["Version"] == VERSION
    assert said["Requires-Python"] == ">=3.11"
    assert set(said.get_all("Provides-Extra") or []) == {"mcp", "opensearch", "parquet", "tantivy", "xlsx"}


def test_an_installation_is_small(installed: Path) -> None:
    """The base installation has at most 130 MB; the bytecode that pip compiles adds 30."""
    (packages,) = installed.parent.glob("lib/python*/site-packages")
    size = sum(path.lstat().st_size for path in packages.rglob("*") if path.suffix != ".pyc")
    assert size < 130_000_000


def environment(python: Path, folder: Path, *arguments: str | Path) -> Path:
    """A new environment with what `uv pip install` takes for these arguments; the folder of its commands."""
    for command in (["venv", "--python", python, folder], ["pip", "install", "--python", folder, *arguments]):
        done = subprocess.run(
            [UV, *command], capture_output=True, text=True, check=False, cwd=folder.parent, env=_ENVIRONMENT
        )
        if done.returncode and any(sign in done.stderr for sign in NO_INDEX):
            pytest.skip("no package index can be reached")
        assert done.returncode == 0, done.stderr
    return folder / "bin"


@pytest.fixture(scope="module", params=VERSIONS)
def installed(request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the commands of an environment that has the wheel and its locked packages, and nothing else."""
    python = python_of(request.param)
    if python is None:
        pytest.skip(f"there is no Python {request.param} here")
    folder = tmp_path_factory.mktemp("environment") / "venv"
    commands = environment(python, folder, "--no-deps", "--require-hashes", "-r", ROOT / "requirements.lock")
    subprocess.run([UV, "pip", "install", "--quiet", "--python", folder, "--no-deps", wheel], check=True)
    return commands


def run(
    *command: str | Path, code: int = 0, environment: Mapping[str, str] = MappingProxyType({})
) -> subprocess.CompletedProcess[str]:
    """Run a command in an empty environment and the test's folder; it must end with `code`."""
    home = os.environ["HOME"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=home,
        env={"PATH": os.environ["PATH"], "HOME": home, **environment},
    )
    assert done.returncode == code, done.stderr
    return done


def test_an_installed_edgarchive_does_the_main_job(installed: Path) -> None:
    """Settings file, import, search by command and by library, and an engine that is not installed."""
    edgarchive_command = installed / "edgarchive"
    python = installed / "python"
    version = f"edgarchive {VERSION}\n"
    assert run(edgarchive_command, "--version").stdout == version
    assert run(python, "-m", "edgarchive", "--version").stdout == version
    where = run(python, "-c", "import archiver; print(archiver.__file__)").stdout
    assert where.startswith(str(installed.parent))

    run(edgarchive_command, "--config", "edgarchive.toml", "config", "init")
    imported = run(edgarchive_command, "--root", "edgar", "import", FIXTURES, "--json").stdout
    count = len(list(FIXTURES.glob("*.txt")))
    assert (json.loads(imported)["stored"], json.loads(imported)["indexed"]) == (count, count)
    found = json.loads(run(edgarchive_command, "--root", "edgar", "search", "resigned item:5.02", "--json").stdout)
    assert found["total"] > 0
    by_library = (
        "from edgarchive import Library\n"
        "with Library('edgar') as library:\n"
        "    print(library.search('resigned item:5.02').total)\n"
    )
    assert int(run(python, "-c", by_library).stdout) == found["total"]
    run(edgarchive_command, "--root", "edgar", "verify")

    for engine in ("tantivy", "opensearch"):
        missing = run(edgarchive_command, "--root", "edgar", "index", "--rebuild", "--engine", engine, code=2)
        assert f"pip install 'edgarchive[{engine}]'" in missing.stderr
        assert missing.stderr.count("\n") == 1


def test_the_lowest_versions_that_are_allowed_do_the_main_job(wheel: Path, tmp_path: Path) -> None:
    """A lower bound is a promise too: each direct requirement in its oldest version, with the engine of an extra."""
    python = python_of("3.11") or Path(sys.executable)
    lowest = ["--resolution", "lowest-direct", f"{wheel}[tantivy,opensearch,parquet,xlsx]"]
    commands = environment(python, tmp_path / "venv", *lowest)
    edgarchive_command: list[str | Path] = [commands / "edgarchive", "--root", "edgar"]
    count = len(list(FIXTURES.glob("*.txt")))
    imported = json.loads(run(*edgarchive_command, "import", FIXTURES, "--json").stdout)
    assert (imported["stored"], imported["indexed"]) == (count, count)
    query = ("search", "resigned item:5.02", "--json")
    by_whoosh = json.loads(run(*edgarchive_command, *query).stdout)
    assert by_whoosh["total"] > 0
    run(*edgarchive_command, "index", "--rebuild", "--engine", "tantivy")
    by_tantivy = json.loads(run(*edgarchive_command, *query).stdout)
    assert [hit["accession"] for hit in by_tantivy["hits"]] == [hit["accession"] for hit in by_whoosh["hits"]]
    run(*edgarchive_command, "verify")
    nowhere = {"EDGARCHIVE_OPENSEARCH_URL": "http://127.0.0.1:1"}
    without = run(*edgarchive_command, "index", "--rebuild", "--engine", "opensearch", code=7, environment=nowhere)
    assert "no OpenSearch at http://127.0.0.1:1" in without.stderr
    with_server: list[str | Path] = [sys.executable, "-m", "tests.loopback", "--ready-file", tmp_path / "ready"]
    with subprocess.Popen(with_server, cwd=ROOT, stdout=subprocess.DEVNULL) as server:
        try:
            wait_for(tmp_path / "ready", server)
            synced = run(
                commands / "edgarchive",
                *("--root", "mirror", "sync", "--form", "8-K*", "--json"),
                environment={
                    "EDGARCHIVE_BASE_URL": (tmp_path / "ready").read_text(encoding="utf-8").strip(),
                    "EDGARCHIVE_USER_AGENT": "edgarchive tests tests@example.com",
                    "EDGARCHIVE_RATE": "50",
                },
            )
        finally:
            server.terminate()
    assert json.loads(synced.stdout)["stored"] > 0


def wait_for(ready: Path, server: subprocess.Popen[bytes]) -> None:
    """Until the server has written its address."""
    while not (ready.exists() and ready.read_text(encoding="utf-8").strip()):
        assert server.poll() is None, "the loopback EDGAR has ended"
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("shell", "asks"), [("bash", "COMP_WORDS"), ("zsh", "_TYPER_COMPLETE_ARGS"), ("fish", "_TYPER_COMPLETE_ARGS")]
)
def test_shells_complete_verbs_and_options(installed: Path, shell: str, asks: str) -> None:
    """The script that a shell loads names its program, and verbs and options come back for what is typed so far."""
    script = run(installed / "edgarchive", environment={"_EDGARCHIVE_COMPLETE": f"source_{shell}"}).stdout
    assert "edgarchive" in script
    assert asks in script
    for typed, expected in (("edgarchive se", "search"), ("edgarchive search --fa", "--facet")):
        words = {
            "COMP_WORDS": typed,
            "COMP_CWORD": str(typed.count(" ")),
            "_TYPER_COMPLETE_ARGS": typed,
            "_TYPER_COMPLETE_FISH_ACTION": "get-args",
            "_TYPER_COMPLETE_WORD_TO_COMPLETE": typed.rpartition(" ")[2],
        }
        done = run(installed / "edgarchive", environment={"_EDGARCHIVE_COMPLETE": f"complete_{shell}"} | words)
        assert expected in done.stdout
