"""Every parser, short: its corpus, inputs made to hurt, and what a few hundred mutations of the corpus come to."""

import pytest
from hypothesis import given

from tests.fuzz.limits import HangError, limited
from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS
from tests.kit.effort import effort
from tests.kit.mutations import mutated
from tests.kit.samples.hostile_files import hostile

every_target = pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
BY_CORPUS = [
    (target, path) for target in TARGETS.values() if target.corpus.is_dir() for path in target.corpus.iterdir()
]
MALICE = [(target, name) for target in TARGETS.values() for name in hostile(target.name)]


@pytest.mark.parametrize(
    ("target", "path"), BY_CORPUS, ids=[f"{target.name}-{path.name}" for target, path in BY_CORPUS]
)
def test_the_corpus(target: Target, path: object) -> None:
    with limited():
        target.run(path.read_bytes())  # type: ignore[attr-defined]


@every_target
def test_something_is_taken(target: Target) -> None:
    """A target that refuses its own seeds tests nothing but the refusal."""
    assert any(map(target.run, target.seeds()))


@pytest.mark.parametrize(("target", "name"), MALICE, ids=[f"{target.name}-{name}" for target, name in MALICE])
def test_what_is_made_to_hurt(target: Target, name: str) -> None:
    data = hostile(target.name)[name]()
    with limited():
        target.run(data)


@pytest.mark.search
@every_target
def test_mutations(target: Target) -> None:
    seeds = target.seeds()

    @effort(examples=150)
    @given(mutated(seeds))
    def run(data: bytes) -> None:
        with limited():
            target.run(data)

    run()


def test_a_hang_and_a_hunger_are_found() -> None:
    def hang(_: bytes) -> None:
        while True:
            pass

    def hunger(_: bytes) -> None:
        bytearray(1 << 30)

    with pytest.raises(HangError), limited(seconds=0.2):
        Target("hang", hang, list).run(b"")
    with pytest.raises(MemoryError), limited():
        Target("hunger", hunger, list).run(b"")


def test_any_other_error_is_found() -> None:
    def crash(data: bytes) -> None:
        data[5]

    with pytest.raises(IndexError):
        Target("crash", crash, list).run(b"")
