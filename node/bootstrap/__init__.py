"""Builds the processes of a node from its configuration. The only place that names concrete classes."""

from node.bootstrap.node_role import NodeRole
from node.bootstrap.query_role import QueryRole
from node.config import Config
from node.rpc.counts import Counts


def build_role(
    config: Config, role: str, lock: int | None = None, counts: Counts | None = None
) -> NodeRole | QueryRole:
    """One process of the node: "node" or "query".

    Args:
        config: Of the node.
        role: Which.
        lock: Descriptor that holds the data folder, where a supervisor took it.
        counts: What the query processes count together, where there are several.

    Raises:
        NodeError: It cannot start.
    """
    return NodeRole(config, lock) if role == "node" else QueryRole(config, counts)
