"""Where a demonstration takes place: a folder that is gone afterwards, and an ending that leaves nothing behind."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from node.localized_click import say
from node.messages import _

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def prepare() -> None:
    """Every ending is an exception, so that nothing is left behind; and loopback is reached without a proxy."""
    for each in _SIGNALS:
        signal.signal(each, _end)
    os.environ["no_proxy"] = ",".join(filter(None, (os.environ.get("no_proxy"), "127.0.0.1")))


def check_writable(file: Path) -> None:
    """Better said now than when all is done.

    Raises:
        click.UsageError: The file cannot be written.
    """
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        raise click.UsageError(_("{file} cannot be written", file=file))


@contextmanager
def workspace(name: str, keep: bool) -> Iterator[Path]:
    """A folder that is gone afterwards unless it is to be kept."""
    base = Path(tempfile.mkdtemp(prefix=f"gongzhi-{name}-"))
    try:
        yield base
    finally:
        if keep:
            say("Kept: {base}; start a node again with: gongzhi run --node {base}/nodes/wuhan", base=base)
        else:
            shutil.rmtree(base)


def _end(number: int, _: FrameType | None) -> None:
    for each in _SIGNALS:  # the cleaning up is not to be broken off
        signal.signal(each, signal.SIG_IGN)
    raise SystemExit(128 + number)
