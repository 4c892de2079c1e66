"""Seeds altered as fuzzers alter them: bytes and lines changed, left out, doubled, and words that parsers trip over."""

from collections.abc import Callable, Sequence

from hypothesis import strategies as st

WORDS = (
    b"\0",
    b"\n",
    b"\r",
    b"\r\n",
    b"\n\n",
    b"\t",
    b'"',
    b"'",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b"- ",
    b": ",
    b"? ",
    b"| ",
    b"> ",
    b"&a ",
    b"*a",
    b"!!int ",
    b"!!binary ",
    b"!!timestamp ",
    b"<<: ",
    b"---\n",
    b"%YAML 9.9\n",
    b"# ",
    b"~",
    b"null",
    b"true",
    b".inf",
    b".nan",
    b"1e400",
    b"-1",
    b"0",
    b"9" * 20,
    b"9" * 4400,
    b"0x" + b"f" * 4400,
    b"1:59:59",
    b"2026-02-30",
    b"0001-01-01",
    b"9999-12-31",
    b'"\\ud800"',
    b"\\u0000",
    b"\\udfff",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\xc2\x85",
    "\u2028".encode(),
    "\u202e".encode(),
    "０１２".encode(),
    "²".encode(),
    "٣".encode(),
    b"\xff" * 10,
    b"\x80" * 10,
    b"\xff\xff\xff\xff\x0f",
    b"\x0a\x00",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\x1f\x8b",
    b",",
    b",,",
    b"=",
    b"a" * 300,
    b"../",
    b"/",
    b"%s",
)
Mutation = Callable[[bytes], bytes]


def _splice(place: int, gone: int, new: bytes) -> Mutation:
    def mutate(data: bytes) -> bytes:
        at = place % (len(data) + 1)
        return data[:at] + new + data[at + gone :]

    return mutate


def _flip(place: int, bit: int) -> Mutation:
    def mutate(data: bytes) -> bytes:
        if not data:
            return data
        at = place % len(data)
        return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]

    return mutate


def _lines(first: int, second: int, how: str) -> Mutation:
    """Leaves out, doubles or swaps lines."""

    def mutate(data: bytes) -> bytes:
        lines = data.splitlines(keepends=True) or [b""]
        one, other = first % len(lines), second % len(lines)
        if how == "drop":
            del lines[one]
        elif how == "double":
            lines.insert(one, lines[other])
        else:
            lines[one], lines[other] = lines[other], lines[one]
        return b"".join(lines)

    return mutate


def _value(place: int, new: bytes) -> Mutation:
    """Puts another value behind a colon or between commas."""

    def mutate(data: bytes) -> bytes:
        places = [at + 1 for at, byte in enumerate(data) if byte in b":,"]
        if not places:
            return data
        at = places[place % len(places)]
        end = min((found for mark in b",\n}" if (found := data.find(bytes([mark]), at)) >= 0), default=len(data))
        return data[:at] + b" " + new + data[end:]

    return mutate


_place = st.integers(0, 10_000)
_new = st.one_of(st.sampled_from(WORDS), st.binary(max_size=8))
_mutation = st.one_of(
    st.builds(_flip, _place, st.integers(0, 7)),
    st.builds(_splice, _place, st.integers(0, 16), _new),
    st.builds(_lines, _place, _place, st.sampled_from(("drop", "double", "swap"))),
    st.builds(_value, _place, _new),
)


def mutated(seeds: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Seeds with one to five mutations, two seeds joined, or bytes of no seed."""
    seed = st.sampled_from(list(seeds))
    return st.one_of(
        st.builds(_apply, seed, st.lists(_mutation, min_size=1, max_size=5)),
        st.builds(_joined, seed, seed, _place, _place),
        st.binary(max_size=64),
    )


def _apply(data: bytes, mutations: Sequence[Mutation]) -> bytes:
    for mutate in mutations:
        data = mutate(data)
    return data


def _joined(one: bytes, other: bytes, end: int, begin: int) -> bytes:
    return one[: end % (len(one) + 1)] + other[begin % (len(other) + 1) :]
