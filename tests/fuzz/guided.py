"""One target under atheris, which keeps what reaches new code: `python -m tests.fuzz.guided TARGET SECONDS FOLDER`."""

import sys
from pathlib import Path

import atheris

# Only what is imported in here tells the fuzzer which code an input reached.
with atheris.instrument_imports(include=["node", "adapters"]):
    from tests.fuzz.limits import SECONDS
    from tests.fuzz.targets import TARGETS
    from tests.kit.samples.hostile_files import hostile

MEMORY_MB = 2048
# libFuzzer measures time that passes: on a busy machine ten times what a parser may take of a processor.
PATIENCE = 10
MAX_INPUT_BYTES = 1 << 16
# Of what is made to hurt; larger ones would take all the time.
MAX_SEED_BYTES = 4096


def main(name: str, seconds: str, folder: Path) -> None:
    """Runs until the time is over; ends the process with another code than 0 at the first input that breaks it."""
    target, found = TARGETS[name], folder / name
    found.mkdir(parents=True, exist_ok=True)
    seeds = folder / f"{name}.seeds"
    seeds.mkdir(exist_ok=True)
    small = [data for make in hostile(name).values() if len(data := make()) <= MAX_SEED_BYTES]
    for number, seed in enumerate([*target.seeds(), *small]):
        (seeds / str(number)).write_bytes(seed)
    options = [
        f"-max_total_time={seconds}", f"-timeout={PATIENCE * SECONDS}", f"-rss_limit_mb={MEMORY_MB}",
        f"-max_len={MAX_INPUT_BYTES}",
        f"-artifact_prefix={folder}/{name}.", "-print_final_stats=1", str(found), str(seeds),
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *options], lambda data: target.run(data) and None)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
