"""What a command left behind: processes of a folder, files."""

from pathlib import Path

from tests.kit.waiting import eventually


def processes(place: Path) -> list[int]:
    """Those that were started with a path in `place`."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                if str(place).encode() in (folder / "cmdline").read_bytes():
                    found.append(int(folder.name))
            except OSError:
                continue
    return found


def assert_nothing_left(place: Path) -> None:
    eventually(lambda: not processes(place), timeout_s=120)
    assert list(place.iterdir()) == []
