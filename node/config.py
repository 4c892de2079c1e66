"""The configuration of a node: `node.yaml`, beside which its other files lie."""

import ipaddress
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt

from node.core.document import parse_document, read_model
from node.core.federation_file import SLUG, Address
from node.errors import FileError, Reason

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
"""A number above 0: no infinity, which nothing would ever reach."""


def _check_loopback(address: str) -> str:
    host = address.rpartition(":")[0].strip("[]")
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ValueError("serves this machine only: give a loopback address")
    return address


LoopbackAddress = Annotated[Address, AfterValidator(_check_loopback)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Listen(_Section):
    """host:port of each listener. Control never leaves the machine; metrics are plaintext: a network of their own."""

    exchange: Address = "127.0.0.1:7100"
    intake: Address = "127.0.0.1:7101"
    control: LoopbackAddress = "127.0.0.1:7102"
    query: Address = "127.0.0.1:7103"
    metrics: Address = "127.0.0.1:7104"


class Sync(_Section):
    """How this node pulls from its peers, and what for (Decree 809 Art 20: no exchange without a purpose).

    Attributes:
        purpose: One or more purposes, separated by spaces; this node asks for what any of them allows.
        connect_timeout_s: For the TLS connection to a peer.
        batch_timeout_s: A peer that sends no batch for so long is too slow.
        backoff_base_s: First wait after a failure; doubles up to `backoff_max_s`.
    """

    interval_s: Positive = 60
    purpose: str = Field(default="verification enforcement", pattern=r"\S")
    legal_basis: str = Field(default="政务数据共享条例 第二十条", min_length=1)
    connect_timeout_s: Positive = 10
    batch_timeout_s: Positive = 30
    backoff_base_s: Positive = 5
    backoff_max_s: Positive = 3600


class Rate(_Section):
    """A token bucket for each principal: calls a second, and how many at once after a pause."""

    requests_per_s: Positive
    burst: PositiveInt


class Limits(_Section):
    """What one principal of each kind may ask, and the largest message in either direction."""

    peer: Rate = Rate(requests_per_s=50, burst=200)
    officer: Rate = Rate(requests_per_s=10_000, burst=20_000)
    adapter: Rate = Rate(requests_per_s=10_000, burst=20_000)
    platform: Rate = Rate(requests_per_s=10_000, burst=20_000)
    max_message_bytes: PositiveInt = 8 * 1024 * 1024


class Evidence(_Section):
    """Attachments.

    Attributes:
        max_bytes: Largest attachment taken in, from a client or a peer.
        keep_free_bytes: Room on the disk that attachments leave to the log.
    """

    max_bytes: PositiveInt = 1024**3
    keep_free_bytes: NonNegativeInt = 256 * 1024**2


class Clock(_Section):
    """A clock for tests and exercises: the node's time is the machine's and as many seconds as a file says.

    Attributes:
        offset_file: Holds a signed number of seconds, followed while the node runs; where it is missing, 0.
    """

    offset_file: Path


class Config(_Section):
    """A node's configuration. Paths are resolved from the folder of the file.

    Attributes:
        data_dir: Databases: `node.db` (log and replicas), `usage.db`, `search.db`; attachments in `evidence/`.
        keys: Folder of the log key, the witness key and the TLS identity.
        officer: Client bundle with which the command line speaks to the node.
        calendars: Files of years to add to the working calendar that comes with the program.
        clock: Only for tests and exercises; the machine's clock where it is left out.
        stale_after_h: A record of an origin unheard of for longer is answered as stale.
    """

    city: str = Field(pattern=SLUG)
    data_dir: Path = Path("data")
    federation: Path = Path("federation.yaml")
    policy: Path = Path("policy.yaml")
    clients: Path = Path("clients.yaml")
    keys: Path = Path("keys")
    officer: Path = Path("officer")
    listen: Listen = Listen()
    sync: Sync = Sync()
    limits: Limits = Limits()
    evidence: Evidence = Evidence()
    calendars: tuple[Path, ...] = ()
    clock: Clock | None = None
    stale_after_h: Positive = 24
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def node_db(self) -> Path:
        """This city's log and the replicas of its peers."""
        return self.data_dir / "node.db"

    @property
    def usage_db(self) -> Path:
        """Records of who asked what for (kept >= 3 years, Decree 809 Art 29)."""
        return self.data_dir / "usage.db"

    @property
    def search_db(self) -> Path:
        """Full-text index, derived from the log."""
        return self.data_dir / "search.db"

    @property
    def log_key(self) -> Path:
        """The key that signs checkpoints."""
        return self.keys / "log.key"

    @property
    def witness_key(self) -> Path:
        """The key that cosigns the checkpoints of others."""
        return self.keys / "witness.key"

    @property
    def tls_identity(self) -> Path:
        """Key and certificate of the node, as server and as client of its peers."""
        return self.keys / "tls.pem"


PATHS = ("data_dir", "federation", "policy", "clients", "keys", "officer")


def load_config(path: Path) -> Config:
    """Reads `node.yaml`, or the `node.yaml` of a folder.

    Raises:
        FileError: INVALID_CONFIG with the line of what is wrong.
    """
    file = path / "node.yaml" if path.is_dir() else path
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError:
        raise FileError(Reason.INVALID_CONFIG, str(file), _no_node(file.parent)) from None
    except PermissionError:
        text = f"belongs to {_owner(file)}, and you may not read it: sudo, or the bundle of an officer by --as"
        raise FileError(Reason.INVALID_CONFIG, str(file), text) from None
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(Reason.INVALID_CONFIG, str(file), f"cannot be read: {type(error).__name__}") from None
    config = read_model(parse_document(text, str(file), Reason.INVALID_CONFIG), Config, Reason.INVALID_CONFIG)
    folder = file.resolve().parent
    return config.model_copy(
        update={name: folder / getattr(config, name) for name in PATHS}
        | {"calendars": tuple(folder / each for each in config.calendars)}
        | {"clock": config.clock and Clock(offset_file=folder / config.clock.offset_file)}
    )


def _no_node(folder: Path) -> str:
    """What to do where a folder is no node; its subfolders that are nodes are named."""
    below = sorted(file.parent for file in folder.glob("*/node.yaml"))
    if below:
        return f"there is no node here, but below: --node {' or '.join(map(str, below))}"
    return "there is no node here; name its folder by --node or GONGZHI_NODE, or make one by gongzhi init"


def _owner(path: Path) -> str:
    """The user whose a file is, or the folder on the way to it that does not let us look."""
    for each in (path, *path.parents):
        with suppress(OSError, KeyError):
            return f"user {each.owner()}"
    return "another user"
