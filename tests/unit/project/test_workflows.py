"""The workflows run what a stranger runs, from pinned actions, with no more rights than they need."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
import yaml

from tests.paths import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def read(name: str) -> dict[str, Any]:
    """A workflow."""
    found: dict[str, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_by_commit(path: Any) -> None:
    """A tag can be moved to other code, a commit cannot; its version stands beside it."""
    used = re.findall(r"uses: (.*)", path.read_text(encoding="utf-8"))
    assert used
    for action in used:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_read_unless_a_job_says_more(path: Any) -> None:
    """Rights are given to the job that needs them."""
    assert read(path.name)["permissions"] == {"contents": "read"}
    for name, job in read(path.name)["jobs"].items():
        nightly = path.name == "thorough.yml"  # what a change need not wait for
        assert job["timeout-minutes"] <= (300 if nightly else 60), name


def test_every_supported_python_is_tested_on_linux_and_macos() -> None:
    """Which the classifiers promise."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        classifiers = tomllib.load(file)["project"]["classifiers"]
    promised = {found[1] for line in classifiers if (found := re.search(r"Python :: (3\.\d+)$", line))}
    job = read("tests.yml")["jobs"]["test"]
    assert promised <= set(job["strategy"]["matrix"]["python"])
    assert {one.partition("-")[0] for one in job["strategy"]["matrix"]["os"]} == {"ubuntu", "macos"}
    assert "Operating System :: MacOS" in classifiers
    run = [step["run"] for step in job["steps"] if "run" in step]
    assert run == ["scripts/demo", "scripts/test"], "what README says"


def test_publishing_needs_no_password() -> None:
    """Trusted publishing: a token of the run, for the one job that publishes what another one has built."""
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    assert "secrets." not in text
    jobs = read("release.yml")["jobs"]
    assert jobs["publish"]["permissions"] == {"id-token": "write"}
    assert [name for name, job in jobs.items() if "id-token" in job.get("permissions", {})] == ["publish"]
    assert jobs["publish"]["needs"] == "build"


def test_the_base_image_is_pinned_by_digest() -> None:
    """In both stages the same."""
    bases = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:[\w.-]+@sha256:[0-9a-f]{64}", bases[0])


def test_every_package_of_the_image_comes_by_hash() -> None:
    """Each pip that may ask an index requires hashes; what has none is a wheel that was built before."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    installs = re.findall(r"pip (?:install|wheel)[^&\n]*", text)
    assert len(installs) == 4
    for command in installs:
        assert "--no-deps" in command
        assert "--require-hashes" in command or "--no-index" in command or "--no-build-isolation" in command
