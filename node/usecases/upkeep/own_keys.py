"""The keys of a node, and whether each is one that this node's own card lists."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from node.config import Config
from node.core.finding import Code
from node.core.log.checkpoint import LogKey
from node.core.log.cosignature import WitnessKey
from node.core.members.federation import Member
from node.folder.keyfile import Passphrase, load_log_key, load_tls_identity, load_witness_key
from node.messages import Message, _

Public = LogKey | WitnessKey | str
"""What of a key the card is held against: a key of signed-note, name and all, or the fingerprint of a certificate."""


class OwnKey(NamedTuple):
    """One kind of key.

    Attributes:
        path: Its file.
        read: Its public part, from a file; raises NodeError.
        on_card: The public parts that a card lists.
        called: What the card calls them.
        not_on_card: The finding where it is none of them.
        is_optional: A node does without it.
    """

    path: Callable[[Config], Path]
    read: Callable[[Path, Passphrase], Public]
    on_card: Callable[[Member], Iterable[Public]]
    called: Message
    not_on_card: Code
    is_optional: bool = False

    def is_on_card(self, public: Public | None, own: Member) -> bool:
        """Whether a node's own card lists it."""
        return public in set(self.on_card(own))


LOG = OwnKey(
    lambda config: config.log_key,
    lambda path, passphrase: load_log_key(path, passphrase).key,
    lambda own: own.log_keys,
    _("log keys"),
    Code.LOG_KEY_NOT_ON_CARD,
)
TLS = OwnKey(
    lambda config: config.tls_identity,
    lambda path, passphrase: load_tls_identity(path, passphrase).certificate.fingerprint,
    lambda own: (certificate.fingerprint for certificate in own.tls_certs),
    _("certificates"),
    Code.CERTIFICATE_NOT_ON_CARD,
)
WITNESS = OwnKey(
    lambda config: config.witness_key,
    lambda path, passphrase: load_witness_key(path, passphrase).key,
    lambda own: own.witness_keys,
    _("witness keys"),
    Code.WITNESS_KEY_NOT_ON_CARD,
    is_optional=True,
)
OWN_KEYS = (LOG, TLS, WITNESS)
