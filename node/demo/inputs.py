"""The six files of operators that the cities take in: found in a folder, or made up."""

from pathlib import Path

import click

from node.demo.sample import CITIES, write_sample
from node.messages import _

SAMPLE_ROWS = 3000
_BAD_SHARE = 0.01
_SUFFIXES = (".csv", ".csv.xz")


def find_inputs(folder: Path) -> dict[str, Path]:
    """City to file, `<city>.csv` or `<city>.csv.xz`.

    Raises:
        click.UsageError: A city's file is missing or empty.
    """
    if not folder.is_dir():
        raise click.UsageError(_("{folder} is not a folder", folder=folder))
    files_of = {city: _find(folder, city) for city in CITIES}
    missing = [_("{city}.csv or {city}.csv.xz", city=city) for city, path in files_of.items() if path is None]
    if missing:
        raise click.UsageError(_("{folder} has no {missing}", folder=folder, missing=missing))
    files = {city: path.resolve() for city, path in files_of.items() if path is not None}
    if empty := [path.name for path in files.values() if not path.stat().st_size]:
        raise click.UsageError(_("{folder}: empty files: {files}", folder=folder, files=empty))
    return files


def make_inputs(folder: Path, rows: int) -> dict[str, Path]:
    """Writes a sample of `rows` operators a city, some of them deregistered and some not fit to be taken in."""
    folder.mkdir()
    return {city: write_input(folder / f"{city}.csv", city, rows, bad_share=_BAD_SHARE) for city in CITIES}


def write_input(path: Path, city: str, rows: int, *, seed: int = 0, bad_share: float = 0.0) -> Path:
    """Writes a sample of one city."""
    with path.open("w", encoding="utf-8", newline="") as file:
        write_sample(file, city, rows, seed, bad_share)
    return path


def _find(folder: Path, city: str) -> Path | None:
    return next((path for suffix in _SUFFIXES if (path := folder / f"{city}{suffix}").is_file()), None)


def load_policies(folder: Path) -> dict[str, str]:
    """City to the text of its policy, for every `<city>.yaml` in a folder.

    Raises:
        click.UsageError: There is none.
    """
    files = {city: folder / f"{city}.yaml" for city in CITIES}
    texts = {city: file.read_text("utf-8") for city, file in files.items() if file.exists()}
    if not texts:
        raise click.UsageError(_("{folder} has no <city>.yaml of {cities}", folder=folder, cities=list(CITIES)))
    return texts
