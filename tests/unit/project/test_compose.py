"""The compose files that operators take: what they must say for all to work and for nobody else to get in."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from edgarchive.cli import run
from tests.paths import ROOT

FILE: dict[str, Any] = yaml.safe_load((ROOT / "config" / "opensearch" / "compose.yaml").read_text(encoding="utf-8"))


def test_it_is_the_version_that_is_tested() -> None:
    """Operators run what `scripts/opensearch` runs."""
    tested = re.search(r"OPENSEARCH_VERSION:-([\d.]+)", (ROOT / "scripts" / "opensearch").read_text(encoding="utf-8"))
    assert tested is not None
    assert {node["image"] for node in FILE["services"].values()} == {f"opensearchproject/opensearch:{tested[1]}"}


def test_only_this_machine_reaches_a_node() -> None:
    """Nodes without passwords listen on the loopback address alone, each on a port of its own."""
    for profile, count in (("one", 1), ("three", 3)):
        nodes = [node for node in FILE["services"].values() if profile in node["profiles"]]
        ports = [port for node in nodes for port in node["ports"]]
        assert len(nodes) == len(set(ports)) == count
        assert all(port.startswith("127.0.0.1:") for port in ports)


@pytest.mark.parametrize("profile", ["one", "three"])
def test_nodes_find_each_other_and_keep_their_data(profile: str) -> None:
    """Each has a volume of its own; three know the names of all three, one knows that it is alone."""
    nodes = {name: node for name, node in FILE["services"].items() if profile in node["profiles"]}
    volumes = [volume.split(":")[0] for node in nodes.values() for volume in node["volumes"]]
    assert len(set(volumes)) == len(nodes)
    assert set(volumes) <= set(FILE["volumes"])
    for name, node in nodes.items():
        environment = node["environment"]
        assert environment["node.name"] == name
        if profile == "one":
            assert environment["discovery.type"] == "single-node"
        else:
            assert environment["discovery.seed_hosts"].split(",") == sorted(nodes)
            assert environment["cluster.initial_cluster_manager_nodes"].split(",") == sorted(nodes)


OWN: dict[str, Any] = yaml.safe_load((ROOT / "config" / "compose.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("verb", ["sync", "watch", "serve"])
def test_a_container_runs_a_command_that_there_is(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each service is that verb, with options that it has."""
    command = OWN["services"][verb]["command"]
    assert command[0] == verb
    assert run([*command, "--help"]) == 0
    assert f"edgarchive {verb}" in capsys.readouterr().out


def test_the_server_of_the_containers_only_reads_and_is_reached_from_this_machine_alone() -> None:
    """It has no password."""
    server = OWN["services"]["serve"]
    assert "archive:/archive:ro" in server["volumes"]
    assert all(port.startswith("127.0.0.1:") for port in server["ports"])
    assert "healthz" in server["healthcheck"]["test"][-1]


def test_what_asks_edgar_from_containers_shares_the_pace() -> None:
    """One volume at /tmp, as the pace file's place is there."""
    for verb in ("sync", "watch"):
        assert "pace:/tmp" in OWN["services"][verb]["volumes"]
    assert set(OWN["volumes"]) == {"archive", "pace"}


def test_no_secret_stands_in_a_command() -> None:
    """Command lines can be read by everybody on the machine."""
    assert not re.search("secret|password", str([one["command"] for one in OWN["services"].values()]), re.IGNORECASE)
