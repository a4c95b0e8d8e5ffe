"""The lock files have what pyproject.toml asks for, each package by hash."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.paths import ROOT

_LOCKED = re.compile(
    r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==(\S+?)(?: ;[^\\]*)?(?: \\)?$(?=\n +--hash=sha256:)", re.MULTILINE
)


def project() -> dict[str, Any]:
    """pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def locked(name: str) -> dict[str, set[str]]:
    """Package -> the versions that a lock file has with a hash; several where Python's version decides."""
    versions: dict[str, set[str]] = {}
    for package, version in _LOCKED.findall((ROOT / name).read_text(encoding="utf-8")):
        versions.setdefault(canonicalize_name(package), set()).add(version)
    return versions


def asked_for(*, dev: bool) -> list[Requirement]:
    """What the project needs, and with `dev` what its extras and its developers need."""
    found = project()["project"]["dependencies"]
    if dev:
        extras = project()["project"]["optional-dependencies"].values()
        found = [*found, *project()["dependency-groups"]["dev"], *(one for extra in extras for one in extra)]
    return [Requirement(line) for line in found]


@pytest.mark.parametrize(("name", "dev"), [("requirements.lock", False), ("requirements-dev.lock", True)])
def test_every_dependency_is_locked_by_hash_in_a_version_that_is_asked_for(name: str, *, dev: bool) -> None:
    """A dependency that is added without a lock, or locked in another version, is found here."""
    versions = locked(name)
    for requirement in asked_for(dev=dev):
        found = versions.get(canonicalize_name(requirement.name), set())
        assert found, f"{requirement.name} is not in {name}"
        assert all(requirement.specifier.contains(version) for version in found), requirement


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_every_line_of_a_lock_has_its_hash(name: str) -> None:
    """Pip would refuse the others, and takes nothing that is not there."""
    pinned = re.findall(r"^[A-Za-z0-9][^\s=]*==", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
    assert sum(map(len, locked(name).values())) == len(pinned)


def test_what_users_install_is_what_developers_test() -> None:
    """Both locks have the same versions."""
    dev = locked("requirements-dev.lock")
    assert {name: versions for name, versions in locked("requirements.lock").items() if dev.get(name) != versions} == {}


def test_extras_stand_in_the_lock() -> None:
    """`coverage[toml]` is locked as that: without its extra, pip looks for a newer one that has it."""
    text = (ROOT / "requirements-dev.lock").read_text(encoding="utf-8")
    kept = {
        canonicalize_name(package): {extra.strip() for extra in extras.split(",")}
        for package, extras in re.findall(r"^([A-Za-z0-9._-]+)\[([^\]]+)\]==", text, re.MULTILINE)
    }
    needed = [Requirement(line) for name in locked("requirements-dev.lock") for line in requirements_of(name)]
    for requirement in needed:
        if requirement.extras and (requirement.marker is None or requirement.marker.evaluate({"extra": ""})):
            assert requirement.extras <= kept.get(canonicalize_name(requirement.name), set()), requirement


def requirements_of(name: str) -> list[str]:
    """What an installed package requires; nothing of one that this Python does not need."""
    try:
        return importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:
        return []


@pytest.mark.parametrize(
    ("arguments", "has", "lacks"),
    [
        (["build"], {"hatchling", "pathspec"}, {"aiohttp", "pytest"}),
        (["tantivy", "opensearch"], {"tantivy", "opensearch-py", "urllib3"}, {"pytest", "mypy"}),
        (["pytest-xdist"], {"execnet", "pluggy"}, {"pytest-asyncio"}),
    ],
)
def test_a_part_of_the_lock_is_whole(arguments: list[str], has: set[str], lacks: set[str]) -> None:
    """scripts/_locked names what packages need, each by hash, so that pip can take it without looking any further."""
    text = subprocess.check_output([sys.executable, ROOT / "scripts" / "_locked", *arguments], text=True)
    names = set(re.findall(r"^([a-z0-9-]+)(?:\[.*\])?==", text, re.MULTILINE))
    assert has <= names
    assert not lacks & names
    for name in names:
        for requirement in map(Requirement, requirements_of(name)):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                assert canonicalize_name(requirement.name) in names, requirement


def test_a_part_that_is_not_locked_is_an_error() -> None:
    """A misspelt extra installs nothing."""
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "_locked", "tantivi"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "not in requirements-dev.lock: tantivi; run scripts/lock\n"
