"""Who speaks to the node on this command line: an officer or platform by a folder of its own, else the node's account.

One option for every command that opens a channel. With `--as` the node's own folder is not needed: an officer's own
machine has none.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import click

from node.cli.shared.options import ask_passphrase, node_option
from node.client import NodeClient
from node.config import Config, Sync, load_config
from node.core.members.clients import Kind
from node.errors import FileError
from node.folder.clock import SystemClock, node_clock
from node.folder.identity import Identity, load_identity, officer_identity
from node.folder.person_key import FILE, load_person_key
from node.ports import Clock
from node.stubs.query.v1 import query_pb2 as query
from node.usecases.casework.case_file import PURPOSE

_Command = TypeVar("_Command", bound=Callable[..., Any])
# What a platform asks by, where it says nothing else: it verifies whoever sells on it.
_PLATFORM_BASIS = "电子商务法 第二十七条"


@dataclass(frozen=True)
class Caller:
    """Who speaks: the holder of `folder`; where there is none, the account of the node in `node_dir`."""

    folder: Path | None
    node_dir: Path

    @cached_property
    def identity(self) -> Identity:
        """Addresses, certificates and key.

        Raises:
            FileError: A file is missing or wrong.
        """
        if self.folder is not None:
            return load_identity(self.folder, ask_passphrase)
        return officer_identity(load_config(self.node_dir), ask_passphrase)

    def connect(self) -> NodeClient:
        """The node, to be used in a `with` block."""
        return NodeClient(self.identity, self.folder)

    def reason(self, purpose: str | None, legal_basis: str | None) -> query.Reason:
        """Why one asks: by option, else as the node's configuration says, here or by default."""
        return query.Reason(
            purpose=purpose or self._sync.purpose.split()[0], legal_basis=legal_basis or self._sync.legal_basis
        )

    def case_reason(self, purpose: str | None, legal_basis: str | None) -> query.Reason:
        """Why one asks about what belongs to cases: to enforce, unless it is said otherwise."""
        return self.reason(purpose or (PURPOSE if PURPOSE in self._sync.purpose.split() else None), legal_basis)

    def person_key(self) -> bytes:
        """The federation's key for ID numbers: beside the identity, or the node's.

        Raises:
            FileError: INVALID_KEY, there is none, or others may read it.
        """
        folders = [*([self.folder] if self.folder else []), *([self._config.keys] if self._config else [])]
        return load_person_key(next((each / FILE for each in folders if (each / FILE).exists()), folders[0] / FILE))

    def clock(self) -> Clock:
        """The time as the node takes it, where its folder is here; else the machine's."""
        return node_clock(self._config) if self._config else SystemClock()

    @cached_property
    def _config(self) -> Config | None:
        """The node's own configuration; None on a machine that is not the node's."""
        try:
            config = load_config(self.node_dir)
        except FileError:
            if self.folder is None:
                raise
            return None
        return config if config.city == self.identity.city else None

    @property
    def _sync(self) -> Sync:
        if self.identity.kind is Kind.PLATFORM:
            return Sync(purpose="verification", legal_basis=_PLATFORM_BASIS)
        return self._config.sync if self._config else Sync()


def as_option(
    dest: str = "folder", *, required: bool = False, variable: str | None = "GONGZHI_OFFICER"
) -> Callable[[_Command], _Command]:
    """`--as FOLDER`: who acts or asks; the command takes it as `dest`."""
    text = (
        "Identity folder of the officer or platform (or GONGZHI_OFFICER) [default: the node's own account, by --node]."
    )
    if required:
        text = "Identity folder of the officer or platform (or GONGZHI_OFFICER)."
    elif variable is None:
        text = "Identity folder of the officer or platform [default: the node's own account, by --node]."
    return click.option(
        "--as",
        dest,
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        envvar=variable,
        required=required,
        help=text,
    )


def caller_options(*, required: bool = False, steers: bool = False) -> Callable[[_Command], _Command]:
    """`--as` and `--node`, which the command takes as one `caller`.

    Args:
        required: An act of a person: the node's own account will not do.
        steers: A command of whoever runs the node: GONGZHI_OFFICER, who works on cases, is not meant.
    """

    def decorate(command: _Command) -> _Command:
        @functools.wraps(command)
        def run(*args: Any, folder: Path | None, node_dir: Path, **options: Any) -> Any:
            return command(*args, caller=Caller(folder, node_dir), **options)

        option = as_option("folder", required=required, variable=None if steers else "GONGZHI_OFFICER")
        return node_option(option(run))  # type: ignore[return-value]

    return decorate
