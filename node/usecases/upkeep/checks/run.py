"""The list of checks, and how they are run: one that fails itself is a finding, and the others go on."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from node.core.finding import Code, Finding, new_finding, weight
from node.errors import NodeError
from node.storage.sqlite.errors import translated
from node.usecases.upkeep.checks.files import calendar, files
from node.usecases.upkeep.checks.keys import certificates, keys, modes
from node.usecases.upkeep.checks.logs import logs
from node.usecases.upkeep.checks.peers import clocks, peers, witnesses
from node.usecases.upkeep.checks.ports import ports, query_processes
from node.usecases.upkeep.checks.scene import Scene
from node.usecases.upkeep.checks.storage import backup, data_folder, database, disk, pages, trail


class Check(NamedTuple):
    """One thing to look at. `watched`: cheap enough to be looked at all the time, for alerts."""

    name: str
    label_zh: str
    look: Callable[[Scene], Iterable[Finding]]
    watched: bool = True


CHECKS = (
    Check("keys", "密钥与名片", keys),
    Check("certificates", "证书期限", certificates),
    Check("modes", "文件权限", modes),
    Check("files", "配置文件", files),
    Check("calendar", "工作日历", calendar),
    Check("clocks", "时钟", clocks),
    Check("logs", "日志", logs),
    Check("peers", "外市与拉取计划", peers),
    Check("witnesses", "见证签名", witnesses),
    Check("disk", "磁盘", disk),
    Check("backup", "备份", backup),
    Check("data_folder", "数据文件夹", data_folder, watched=False),
    Check("database", "数据库", database),
    Check("trail", "管理审计记录", trail, watched=False),
    Check("pages", "数据库完整性", pages, watched=False),
    Check("query_processes", "查询进程", query_processes),
    Check("ports", "端口", ports, watched=False),
)


def examine(check: Check, scene: Scene) -> list[Finding]:
    """What one check finds."""
    try:
        with translated():
            return list(check.look(scene))
    except (NodeError, OSError) as error:
        text = error.message if isinstance(error, NodeError) else type(error).__name__
        return [new_finding(Code.CHECK_FAILED, check=check.name, error=text)]


def watched_findings(scene: Scene) -> list[Finding]:
    """What the checks find that are made all the time, the gravest first."""
    findings: Iterator[Finding] = (finding for check in CHECKS if check.watched for finding in examine(check, scene))
    return sorted(findings, key=lambda each: weight(each.severity))
