"""The stage: six real nodes, their clients, their common clock, and what was recorded so far."""

import json
import os
import shutil
import subprocess
import sysconfig
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

from rich.console import Console

from node.client import NodeClient
from node.core.law.calendar import SHANGHAI
from node.core.log.record import EVERYONE
from node.demo.failure import DemoError
from node.demo.inputs import write_input
from node.demo.intake import loading
from node.demo.nodes import Node, found_nodes
from node.demo.story.cast import PLATFORM, PLATFORM_CLIENT, write_operators
from node.demo.story.city_clients import Body, CityClients
from node.demo.story.logs import Logs, Stored
from node.demo.story.steps import Limits, Step
from node.folder.clock import RECHECK_S
from node.messages import _, both, render
from node.stubs.casework.v1 import casework_pb2 as pb
from node.stubs.control.v1 import control_pb2
from node.whole_file import write_file

YEAR = "2027.yaml"
_SYNC = MappingProxyType({"interval_s": 10.0, "backoff_base_s": 1.0, "backoff_max_s": 5.0})
_OTHERS = 12
_WAIT_S = 150.0
_POLL_S = 0.03
_OFFICE_OPENS = time_of_day(9)
# The first after the holiday of May Day; order 121 is in force.
_FIRST_DAY = date(2026, 5, 6)
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Stage:
    """What the chapters play on."""

    def __init__(self, nodes: Sequence[Node], base: Path) -> None:
        self.nodes = list(nodes)
        self.base = base
        self.cases: dict[str, str] = {}
        self.drafts: dict[str, int] = {}
        self.steps: list[Step] = []
        self.secrets: dict[str, tuple[bytes, frozenset[str]]] = {}
        self.destroyed: dict[str, Stored] = {}
        self.day = date.min
        self._clock = base / "nodes" / "clock"
        self._chapter = ""
        self._console = Console()
        self._limits = Limits()

    def __enter__(self) -> "Stage":
        self.clients_of = {node.city: CityClients(node, self.base / "identities" / node.city) for node in self.nodes}
        self.clients_of["wuhan"].connect_platform(PLATFORM_CLIENT, PLATFORM)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for clients in self.clients_of.values():
            clients.close()

    def take_in(self) -> None:
        """Has every city take its operators in through the adapter, and pull from the others."""
        self.logs = Logs(self.nodes)
        files = {city: write_input(self.base / f"{city}.csv", city, _OTHERS) for city in self.logs.cities}
        files["nanchang"] = write_operators(self.base / "seller.csv")
        for file in files.values():
            os.utime(file, (self._now_s, self._now_s))  # a file is as of the time it was written
        with loading(self.nodes, files) as loads:
            self.wait(_("the cities to take their operators in"), lambda: all(load.is_done for load in loads))
        self.sync()

    def begin_chapter(self, title: str, console: Console) -> "Stage":
        """What is done from here on belongs to it."""
        self._chapter, self._console = title, console
        return self

    def end_chapter(self) -> list[Step]:
        """Waits until everything of the chapter has come to whom it is for; returns its steps."""
        self.look()
        return [each for each in self.steps if each.chapter == self._chapter]

    def look(self) -> None:
        """Waits until everything so far has come to whom it is for, and notes who sees what of it."""
        for step in self.steps:
            if step.record and not step.seen_by:
                audience = self.logs.cities if EVERYONE in step.audience else step.audience
                for city in audience:
                    self._await_record(city, step.record)
                step.seen_by = self.logs.seen_by(step.record)

    def at(self, day: str) -> None:
        """Moves the clock of all nodes on to nine in the morning of a day."""
        wanted = date.fromisoformat(day)
        if wanted <= self.day:
            return
        offset_s = self.set_clock(wanted)
        time.sleep(RECHECK_S)  # the answering processes say nothing of their clock
        self.wait(
            _("every node's clock to say {day}", day=day),
            lambda: all(node.status().clock.offset_s == offset_s for node in self.nodes),
        )

    @property
    def _now_s(self) -> float:
        return time.time() + int(self._clock.read_text())

    def set_clock(self, day: date) -> int:
        """Writes the file that the nodes' clocks follow; returns the seconds in it."""
        offset_s = int((datetime.combine(day, _OFFICE_OPENS, SHANGHAI) - datetime.now(UTC)) / timedelta(seconds=1))
        write_file(self._clock, f"{offset_s}\n".encode())
        self.day = day
        return offset_s

    def act(
        self,
        city: str,
        workflow: str,
        act: str,
        fields: Mapping[str, Any] = _NOTHING,
        *,
        case: str = "",
        also_to: Sequence[str] = (),
        platform: str = "",
        **act_fields: Any,
    ) -> pb.Recorded:
        """Records an act, checks its signature, and keeps it as a step.

        Raises:
            DemoError: It is refused, or what it follows does not come in time.
        """
        clients, body = self.clients_of[city], Body(workflow, act, fields, **act_fields)
        if case:
            self._await_case(city, case)
        return self._noted(city, clients.act(case, body, also_to, platform), platform)

    def take_up(
        self, city: str, draft: int, workflow: str, act: str, fields: Mapping[str, Any] = _NOTHING, **act_fields: Any
    ) -> pb.Recorded:
        """Records an act that the software prepared, with what an officer adds to it."""
        return self._noted(city, self.clients_of[city].take_up(draft, Body(workflow, act, fields, **act_fields)))

    def _noted(self, city: str, recorded: pb.Recorded, platform: str = "") -> pb.Recorded:
        clients = self.clients_of[city]
        shown = clients.show(recorded.case, platform)
        view = next(each for each in shown.acts if each.id == recorded.id)
        if view.standing != "in_force":
            raise DemoError(_("{id}: {act} is {standing}", id=recorded.id, act=view.act, standing=view.standing))
        self.recorded(city, view, shown)
        return recorded

    def recorded(self, city: str, view: pb.ActView, shown: pb.Case) -> None:
        """Keeps an act of a case as a step, after checking its signature."""
        people = " / ".join(name for name in (view.maker, view.approver) if name)
        label = (view.label.zh, view.label.en)
        step = self._keep(city, people or view.platform or "software 软件", view.act, label, view.id)
        step.add_act(view, shown, self._limits.news(shown))

    def tell(self, city: str, by: str, act: str, what: tuple[str, str], record: str = "", note: str = "") -> Step:
        """Keeps as a step what is no act of an officer; `record` where it stands in the city's own log."""
        step = self._keep(city, by, act, what, record)
        step.note = note
        if record:
            step.audience = tuple(self.logs.stored(record).header.audience)
        return step

    def _keep(self, city: str, by: str, act: str, what: tuple[str, str], record: str) -> Step:
        step = Step(len(self.steps) + 1, self._chapter, self.day, city, by, act, what, record)
        if record:
            proven = self.clients_of[city].prove(record)
            step.signed = proven.checkpoint.size, proven.checkpoint.root.hex()
        self.steps.append(step)
        self._console.print(
            f"  {step.number:>2} {self.day:%m-%d} {city:<9} {render(both(what[1], what[0]))} {act}  {record}",
            style="dim",
            markup=False,
        )
        return step

    def software_act(self, city: str, case: str, act: str) -> None:
        """Waits for an act that the law makes automatic, and keeps it as a step."""
        clients = self.clients_of[city]

        def made() -> list[pb.ActView]:
            return [each for each in clients.show(case).acts if each.act == act]

        self.wait(_("the node of {city} to {act} {case} by itself", city=city, act=act, case=case), made)
        self.recorded(city, made()[-1], clients.show(case))

    def await_record(self, city: str, standard: str, is_it: Callable[[Stored], bool], begin: int) -> Stored:
        """Waits for a record that the node of a city makes by itself."""

        def matching() -> list[Stored]:
            return [each for each in self.logs.own(city, begin) if each.header.standard == standard and is_it(each)]

        self.wait(_("the node of {city} to make a record of {standard}", city=city, standard=standard), matching)
        return matching()[0]

    def sync(self) -> None:
        """Has every node pull from every other now.

        Raises:
            DemoError: A pull failed.
        """
        with ThreadPoolExecutor(len(self.nodes)) as pool:
            failed = [each for failures in pool.map(_sync, self.nodes) for each in failures]
        if failed:
            raise DemoError("; ".join(failed))

    def gongzhi(self, *words: str | Path, node: str = "", codes: Iterable[int] = (0,)) -> str:
        """What a command prints, run as its user would.

        Raises:
            DemoError: It ends with another exit code.
        """
        at = ("--node", self.clients_of[node].node.folder) if node else ()
        command = [Path(sysconfig.get_path("scripts")) / "gongzhi", *words, *at]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own program
        if done.returncode not in codes:
            output = f"{done.stdout}{done.stderr}".strip()
            raise DemoError(
                _(
                    "gongzhi {words}: exit code {code}\n{output}",
                    words=" ".join(map(str, words)),
                    code=done.returncode,
                    output=output,
                )
            )
        return done.stdout

    def ask(self, *words: str | Path, node: str = "", codes: Iterable[int] = (0,)) -> Any:
        """The JSON that a command prints."""
        return json.loads(self.gongzhi(*words, "--json", node=node, codes=codes))

    def wait(self, what: str, is_so: Callable[[], object]) -> None:
        """Waits until something is so.

        Raises:
            DemoError: It is not in time, or a node has ended.
        """
        deadline = time.monotonic() + _WAIT_S
        while not is_so():
            if time.monotonic() > deadline:
                raise DemoError(_("waited {seconds:g} s in vain for {what}", seconds=_WAIT_S, what=what))
            for node in self.nodes:
                node.check_running()
            time.sleep(_POLL_S)

    def _await_case(self, city: str, case: str) -> None:
        """Until what was done in a case last has come to the city that acts next."""
        last = next(each for each in reversed(self.steps) if each.case == case)
        self._await_record(city, last.record)

    def _await_record(self, city: str, record: str) -> None:
        self.wait(
            _("{city} to have {record}", city=city, record=record), lambda: self.logs.held(city, record) is not None
        )


def found_stage(base: Path, policies: Mapping[str, str]) -> Stage:
    """Makes the folders of the nodes, with a clock that can be moved and a year of the calendar that is yet to come."""
    (base / "nodes").mkdir()
    shutil.copyfile(Path(__file__).parent / YEAR, base / "nodes" / YEAR)
    settings = {"sync": dict(_SYNC), "clock": {"offset_file": "../clock"}, "calendars": [f"../{YEAR}"]}
    stage = Stage(found_nodes(base / "nodes", settings, policies), base)
    stage.set_clock(_FIRST_DAY)
    return stage


def _sync(node: Node) -> list[str]:
    with NodeClient.of_officer(node.config) as client:
        answers = list(client.control.Sync(control_pb2.SyncRequest(), timeout=_WAIT_S))
    return [f"{node.city} from {each.city}: {each.reason} {each.message}" for each in answers if each.reason]
