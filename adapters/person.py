"""Persons by the keyed HMAC of their ID number: the number itself stays in the table it came from."""

from pathlib import Path

from adapters.transforms import Step, Transform
from node.core.screening import parse_person_key, person_hmac
from node.core.standards.identifiers import check_resident_id, normalise
from node.errors import FileError, NodeError, Reason
from node.tables.unfit import UnfitError

NAME = "id_hmac"


def read_person_key(path: Path) -> bytes:
    """The federation's key from a file that only its owner may read.

    Raises:
        FileError: INVALID_KEY.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise FileError(Reason.INVALID_KEY, str(path), "others may read it: chmod 600")
        return parse_person_key(path.read_text("ascii"))
    except (OSError, UnicodeDecodeError):
        raise FileError(Reason.INVALID_KEY, str(path), "cannot be read; get it from a member, by hand") from None
    except FileError:
        raise
    except NodeError as error:
        raise FileError(Reason.INVALID_KEY, str(path), error.message) from None


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
