"""The compose file that operators take: what it must say for the engine to work and for nobody else to get in."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

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
