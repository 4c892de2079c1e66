"""Signers with a key in memory."""

from nacl.signing import SigningKey


class KeySigner:
    """Signs with a key in memory."""

    def __init__(self) -> None:
        self._key = SigningKey.generate()

    @property
    def public_key(self) -> bytes:
        return bytes(self._key.verify_key)

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message).signature


class FixedSigner(KeySigner):
    """The same key in every life."""

    def __init__(self) -> None:
        self._key = SigningKey(bytes(range(32)))
