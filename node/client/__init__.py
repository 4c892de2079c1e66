"""The client of a node: for the command line, adapters, and whoever builds upon a node in Python. Public API.

`NodeClient` has a stub for each service (`node.stubs`); what fails comes out as a `NodeError` with its reason code
(docs/errors.md). docs/platforms.md shows it beside a client made from the protos alone.
"""

from node.client.errors import RefusedAct, error_from_rpc, node_errors
from node.client.node_client import NodeClient, wait_until_serving
from node.client.upload import upload
from node.folder.identity import Identity, load_identity
from node.folder.person_key import load_person_key

__all__ = [
    "Identity",
    "NodeClient",
    "RefusedAct",
    "error_from_rpc",
    "load_identity",
    "load_person_key",
    "node_errors",
    "upload",
    "wait_until_serving",
]
