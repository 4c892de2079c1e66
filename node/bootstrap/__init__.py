"""Builds the two processes of a node from its configuration. The only place that names concrete classes."""

from node.bootstrap.node_role import NodeRole
from node.bootstrap.query_role import QueryRole
from node.config import Config


def build_role(config: Config, role: str) -> NodeRole | QueryRole:
    """One process of the node: "node" or "query".

    Raises:
        NodeError: It cannot start.
    """
    return NodeRole(config) if role == "node" else QueryRole(config)
