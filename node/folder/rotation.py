"""Changes a node's keys in two steps, so that every peer knows the new one before it is used.

`prepare_*` makes the new key and adds it to the node's own card; the card goes to the peers; `finish_*` puts the key
in use.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from node.config import Config
from node.core.members.federation import Member, server_name
from node.errors import FileError, Reason
from node.folder.files import load_federation, save_federation
from node.folder.keyfile import (
    Passphrase,
    create_log_key,
    create_tls_identity,
    create_witness_key,
    environment_passphrase,
    load_log_key,
    load_tls_identity,
    load_witness_key,
)
from node.messages import _


def next_path(path: Path) -> Path:
    """Where the prepared successor of a key lies."""
    return path.with_name(f"{path.stem}.next{path.suffix}")


def prepare_tls(config: Config, now: datetime, passphrase: bytes | None = None) -> Member:
    """Makes the next TLS identity; returns the card to hand over.

    Raises:
        FileError: INVALID_KEY, one is prepared already.
    """
    prepared = create_tls_identity(next_path(config.tls_identity), server_name(config.city), now, passphrase)
    card = _own(config)
    return _publish(config, replace(card, tls_certs=(*card.tls_certs, prepared.certificate)))


def finish_tls(config: Config, passphrase: Passphrase = environment_passphrase) -> Member:
    """Puts the prepared TLS identity in use and takes the old one off the card; a running node follows.

    Raises:
        FileError: INVALID_KEY, none is prepared, or it is not on the card.
    """
    prepared = next_path(config.tls_identity)
    identity = load_tls_identity(prepared if prepared.exists() else config.tls_identity, passphrase)
    # Without a prepared key this can only be the second half of a finish that was cut off.
    if not prepared.exists() and len(_own(config).tls_certs) == 1:
        raise _nothing(prepared)
    if identity.certificate not in _own(config).tls_certs:
        raise _not_on_card(prepared)
    if prepared.exists():
        prepared.replace(config.tls_identity)
    return _publish(config, replace(_own(config), tls_certs=(identity.certificate,)))


def prepare_log(config: Config, passphrase: bytes | None = None) -> Member:
    """Makes the next log key; returns the card to hand over.

    Raises:
        FileError: INVALID_KEY, one is prepared already.
    """
    prepared = create_log_key(next_path(config.log_key), config.city, passphrase)
    card = _own(config)
    return _publish(config, replace(card, log_keys=(*card.log_keys, prepared.key)))


def finish_log(config: Config, passphrase: Passphrase = environment_passphrase) -> Member:
    """Puts the prepared log key in use from the node's next start. The old public key stays on the card for good.

    Raises:
        FileError: INVALID_KEY, none is prepared, or it is not on the card.
    """
    _put_in_use(config.log_key, lambda prepared: load_log_key(prepared, passphrase).key, _own(config).log_keys)
    return _own(config)


def prepare_witness(config: Config, passphrase: bytes | None = None) -> Member:
    """Makes the next witness key, or a node's first; returns the card to hand over.

    Raises:
        FileError: INVALID_KEY, one is prepared already.
    """
    prepared = create_witness_key(next_path(config.witness_key), config.city, passphrase)
    card = _own(config)
    return _publish(config, replace(card, witness_keys=(*card.witness_keys, prepared.key)))


def finish_witness(config: Config, passphrase: Passphrase = environment_passphrase) -> Member:
    """Puts the prepared witness key in use from the node's next start. The old public key stays on the card for good.

    Raises:
        FileError: INVALID_KEY, none is prepared, or it is not on the card.
    """
    _put_in_use(
        config.witness_key, lambda prepared: load_witness_key(prepared, passphrase).key, _own(config).witness_keys
    )
    return _own(config)


def _put_in_use(path: Path, load: Callable[[Path], object], on_card: Collection[object]) -> None:
    """Replaces a key by its prepared successor, once that can be read and is on the card."""
    prepared = next_path(path)
    if not prepared.exists():
        raise _nothing(prepared)
    if load(prepared) not in on_card:
        raise _not_on_card(prepared)
    prepared.replace(path)


def _own(config: Config) -> Member:
    return load_federation(config.federation).member(config.city)


def _publish(config: Config, card: Member) -> Member:
    save_federation(config.federation, load_federation(config.federation).with_member(card))
    return card


def _nothing(path: Path) -> FileError:
    return FileError(Reason.INVALID_KEY, str(path), _("no new key is prepared: rotate without --finish first"))


def _not_on_card(path: Path) -> FileError:
    return FileError(Reason.INVALID_KEY, str(path), _("not on this node's card: no peer trusts it; remove it"))
