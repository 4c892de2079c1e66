"""Persons by the keyed HMAC of their ID number: the number itself stays in the table it came from."""

from adapters.transforms import Step, Transform
from node.core.screening import person_hmac
from node.core.standards.identifiers import check_resident_id, normalise
from node.tables.unfit import UnfitError

NAME = "id_hmac"


def id_hmac(key: bytes) -> Transform:
    """The transform of an ID number under a key. A number that is none is refused, in words that do not repeat it."""
    return Transform(_step(key), is_bytes=True)


def _step(key: bytes) -> Step:
    def step(cell: str) -> bytes:
        number = normalise(cell)
        if problem := next((each for each in check_resident_id(number) if not each.warning), None):
            raise UnfitError(problem.reason, problem.message)
        return person_hmac(key, number)

    return step
