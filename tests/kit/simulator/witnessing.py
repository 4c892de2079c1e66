"""What a town keeps of another's checkpoints, and signs."""

from tests.kit.simulator.towns import Town

THREE = ("changsha", "wuhan", "hefei")


def count_signatures(town: Town) -> list[bytes]:
    """What its witness key signs from now on."""
    signed: list[bytes] = []
    sign = town.key.sign

    def counting(message: bytes) -> bytes:
        signed.append(message)
        return sign(message)

    town.key.sign = counting  # type: ignore[method-assign]
    return signed
