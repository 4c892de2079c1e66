"""Ports: what the use cases need of the outside. A port stands only where a second implementation does."""

from collections.abc import Iterator
from typing import Protocol


class Clock(Protocol):
    """What the time is, and how much of it has passed: the first may be set, the second only grows."""

    def now_ms(self) -> int:
        """Unix milliseconds, by the wall clock."""

    def elapsed_s(self) -> float:
        """Seconds since some moment, by a clock that nobody sets: for waits, limits and ages."""


class Signer(Protocol):
    """Holds the log's private key: a key file here, certified hardware at a site that needs it."""

    @property
    def public_key(self) -> bytes:
        """32-byte Ed25519 public key."""

    def sign(self, message: bytes) -> bytes:
        """64-byte Ed25519 signature of `message`."""


class Peer(Protocol):
    """A peer city's exchange service: raw messages, trusted by nobody.

    Every method raises NodeError where the peer refuses or can't be reached, TransientError where it may pass.
    """

    def pull(self, from_size: int, known_size: int) -> Iterator[bytes]:
        """Serialised PullResponses from tree size `from_size` on."""

    def revise(self, from_index: int, upto_size: int, held_grant: str) -> Iterator[bytes]:
        """Serialised ReviseResponses for [from_index, upto_size)."""

    def compare(self, request: bytes) -> bytes:
        """Tells a serialised CompareRequest; what the peer tells in turn, a serialised CompareResponse."""
