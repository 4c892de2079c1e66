"""The configuration of a node: `node.yaml`, beside which its other files lie."""

import ipaddress
import os
from contextlib import suppress
from pathlib import Path
from shlex import quote
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, PrivateAttr

from node.core.document import Document, parse_document, read_model
from node.core.members.federation_file import SLUG, Address
from node.errors import FileError, Reason
from node.messages import _

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


class Says(NamedTuple):
    """What a setting is for, in both languages, beside it in node.yaml and in docs/config.md."""

    en: str
    zh: str
    example: str = ""
    """Shown where there is no default."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Listen(_Section):
    """host:port of each listener. Control never leaves the machine; metrics are plaintext: a network of their own."""

    exchange: Annotated[Address, Says("Other cities", "其他城市")] = "127.0.0.1:7100"
    intake: Annotated[Address, Says("Adapters, officers, platforms", "导入程序、执法人员、平台")] = "127.0.0.1:7101"
    control: Annotated[LoopbackAddress, Says("This machine only", "仅限本机")] = "127.0.0.1:7102"
    query: Annotated[Address, Says("Questions of officers, adapters, platforms", "查询")] = "127.0.0.1:7103"
    metrics: Annotated[Address, Says("Plaintext: the monitoring alone", "明文，仅供监控")] = "127.0.0.1:7104"


class Sync(_Section):
    """How this node pulls from its peers, and what for (Decree 809 Art 20: no exchange without a purpose)."""

    interval_s: Annotated[Positive, Says("Seconds between two pulls from a peer", "两次拉取的间隔（秒）")] = 60
    purpose: Annotated[
        str,
        Field(pattern=r"\S"),
        Says("One or more, separated by blanks; any of them counts", "目的，可多个，以空格分隔"),
    ] = "verification enforcement"
    legal_basis: Annotated[str, Field(min_length=1), Says("Stated with every pull", "每次拉取载明的法律依据")] = (
        "政务数据共享条例 第二十条"
    )
    connect_timeout_s: Annotated[Positive, Says("For the TLS connection to a peer", "建立 TLS 连接的时限（秒）")] = 10
    batch_timeout_s: Annotated[
        Positive, Says("A peer that sends no batch for so long is too slow", "等待一个批次的时限（秒）")
    ] = 30
    backoff_base_s: Annotated[
        Positive, Says("First wait after a failure; it doubles at each further one", "首次失败后的等待（秒），逐次加倍")
    ] = 5
    backoff_max_s: Annotated[Positive, Says("Longest such wait", "等待上限（秒）")] = 3600


class Rate(_Section):
    """A token bucket for each principal: calls a second, and how many at once after a pause."""

    requests_per_s: Annotated[Positive, Says("Calls a second", "每秒请求数")]
    burst: Annotated[PositiveInt, Says("Calls at once after a pause", "突发上限")]


class Limits(_Section):
    """What one principal of each kind may ask, how long a call waits for its caller, and the largest message."""

    peer: Annotated[Rate, Says("Each other city", "每个外市")] = Rate(requests_per_s=50, burst=200)
    officer: Annotated[Rate, Says("Each officer", "每名执法人员")] = Rate(requests_per_s=10_000, burst=20_000)
    adapter: Annotated[Rate, Says("Each adapter", "每个导入程序")] = Rate(requests_per_s=10_000, burst=20_000)
    platform: Annotated[Rate, Says("Each platform", "每个平台")] = Rate(requests_per_s=10_000, burst=20_000)
    refused: Annotated[Rate, Says("Calls that are refused, of each certificate", "每张证书被拒绝的请求")] = Rate(
        requests_per_s=10, burst=200
    )
    open_calls: Annotated[PositiveInt, Says("Calls of one caller at once", "每个调用方同时进行的请求上限")] = 12
    open_streams: Annotated[PositiveInt, Says("Of these, streams", "其中流式请求上限")] = 4
    message_s: Annotated[
        Positive,
        Says("How long a call waits for its message, or its answer to be taken", "等待单条消息的时限（秒）"),
    ] = 30
    idle_s: Annotated[
        Positive, Says("How long a stream waits between two messages", "流式请求两条消息之间的时限（秒）")
    ] = 300
    call_s: Annotated[
        Positive, Says("The longest a call may take; a stream that is cut off goes on", "单次请求的最长时间（秒）")
    ] = 21_600
    max_message_bytes: Annotated[PositiveInt, Says("Largest message, either way", "单条消息上限（字节）")] = (
        8 * 1024 * 1024
    )


class Evidence(_Section):
    """Attachments."""

    max_bytes: Annotated[
        PositiveInt, Says("Largest attachment taken in, from a client or a peer", "单个附件上限（字节）")
    ] = 1024**3
    keep_free_bytes: Annotated[
        NonNegativeInt, Says("Room on the disk that attachments leave to the log", "附件须为日志留出的磁盘空间（字节）")
    ] = 256 * 1024**2


class Clock(_Section):
    """A clock for tests and exercises: the node's time is the machine's and as many seconds as a file says."""

    offset_file: Annotated[
        Path,
        Says(
            "Holds a signed number of seconds, followed while the node runs", "内含秒数（可为负），运行中生效", "offset"
        ),
    ]


class Backup(_Section):
    """Backups that the running node makes by itself, each verified; the oldest beyond `keep` are removed."""

    dir: Annotated[Path, Says("Where: another disk, encrypted", "存放的文件夹，宜在另一块加密磁盘", "/srv/backup")]
    every_h: Annotated[Positive, Says("Hours between two", "间隔（小时）")] = 24
    keep: Annotated[PositiveInt, Says("How many are kept", "保留份数")] = 7


class Config(_Section):
    """A node's configuration. Paths are resolved from the folder of the file."""

    city: Annotated[str, Field(pattern=SLUG), Says("Slug of the city", "城市代号", "changsha")]
    data_dir: Annotated[Path, Says("Databases and attachments", "数据库和附件")] = Path("data")
    federation: Annotated[Path, Says("Who is a member", "联盟文件")] = Path("federation.yaml")
    policy: Annotated[Path, Says("What is shared with whom", "共享策略")] = Path("policy.yaml")
    clients: Annotated[Path, Says("Own programs, officers, platforms", "本市客户端")] = Path("clients.yaml")
    keys: Annotated[Path, Says("Log key, witness key, TLS identity", "密钥文件夹")] = Path("keys")
    officer: Annotated[Path, Says("With which the command line speaks to the node", "命令行的身份")] = Path("officer")
    listen: Annotated[Listen, Says("host:port of each listener", "各监听地址")] = Listen()
    sync: Annotated[Sync, Says("How this node pulls from its peers, and what for", "如何、为何向外市拉取")] = Sync()
    limits: Annotated[Limits, Says("What one caller of each kind may ask", "各类调用方的限额")] = Limits()
    evidence: Annotated[Evidence, Says("Attachments", "附件")] = Evidence()
    backup: Annotated[Backup | None, Says("Backups by schedule; none where left out", "定时备份；不写则不备份")] = None
    calendars: Annotated[
        tuple[Path, ...],
        Says("Years to add to the working calendar that comes with the program", "补充的工作日历", "[2027.yaml]"),
    ] = ()
    clock: Annotated[Clock | None, Says("For tests and exercises alone: a shifted clock", "仅限演练：时钟偏移")] = None
    query_processes: Annotated[
        int,
        Field(ge=0, le=64),
        Says("Processes that answer questions; 0: one for each core", "答复查询的进程数；0 为每个处理器核心一个"),
    ] = 1
    stale_after_h: Annotated[
        Positive, Says("A city unheard of for so many hours is answered as stale", "外市超过此小时数未确认即视为过时")
    ] = 24
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Says("How much the log tells", "日志详细程度")
    ] = "info"

    _file: Path = PrivateAttr(Path("node.yaml"))

    @property
    def file(self) -> Path:
        """The node.yaml that it was read from."""
        return self._file

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
    def query_count(self) -> int:
        """How many processes answer questions on this machine."""
        return self.query_processes or len(os.sched_getaffinity(0))

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


def read_settings(path: Path) -> tuple[Document, Path]:
    """The `node.yaml` of a folder, or itself, as it is written, unchecked; and where it is.

    Raises:
        FileError: INVALID_CONFIG, it cannot be read.
    """
    file = path / "node.yaml" if path.is_dir() else path
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError:
        raise FileError(Reason.INVALID_CONFIG, str(file), _no_node(file.parent)) from None
    except PermissionError:
        text = _(
            "belongs to {owner}, and you may not read it: use sudo, or an officer's identity with --as",
            owner=_owner(file),
        )
        raise FileError(Reason.INVALID_CONFIG, str(file), text) from None
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(
            Reason.INVALID_CONFIG, str(file), _("cannot be read: {why}", why=type(error).__name__)
        ) from None
    document = parse_document(text, str(file), Reason.INVALID_CONFIG)
    return document, file.resolve()


def load_config(path: Path) -> Config:
    """Reads `node.yaml`, or the `node.yaml` of a folder.

    Raises:
        FileError: INVALID_CONFIG with the line of what is wrong.
    """
    document, file = read_settings(path)
    folder = file.parent
    config = read_model(document, Config, Reason.INVALID_CONFIG)
    placed = config.model_copy(
        update={name: folder / getattr(config, name) for name in PATHS}
        | {"calendars": tuple(folder / each for each in config.calendars)}
        | {"clock": config.clock and Clock(offset_file=folder / config.clock.offset_file)}
        | {"backup": config.backup and config.backup.model_copy(update={"dir": folder / config.backup.dir})}
    )
    placed._file = file  # noqa: SLF001 - its own loader
    return placed


def _no_node(folder: Path) -> str:
    """What to do where a folder is no node; its subfolders that are nodes are named."""
    below = sorted(file.parent for file in folder.glob("*/node.yaml"))
    if below:
        return _("no node here, but below: {options}", options=[f"--node {quote(str(each))}" for each in below])
    return _("no node here: name its folder with --node or GONGZHI_NODE, or make one with gongzhi init")


def _owner(path: Path) -> str:
    """The user whose a file is, or the folder on the way to it that does not let us look."""
    for each in (path, *path.parents):
        with suppress(OSError, KeyError):
            return _("user {name}", name=each.owner())
    return _("another user")
