"""Calls under way: none waits for its caller without a limit, and none outlives its caller's certificate."""

import threading
import time
import weakref
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import grpc
import structlog

from node.config import Limits
from node.errors import NodeError, Reason
from node.messages import _
from node.rpc.counts import Counted, Counts
from node.rpc.limits import too_many_calls
from node.rpc.principal import Principal, Principals
from node.rpc.threads import Crew

SWEEP_S = 0.2
"""How often the calls under way are looked at."""
MOMENT_S = 0.25
"""A message comes with its call, but not always in one packet: a call that waits no longer is not held against its
caller."""

_MOST_HELD = 40
"""Calls that may hold a thread for their callers in all, of the short ones and of the others: callers who act together
leave threads to the rest (`Crew` and each listener have some sixty)."""

_log = structlog.get_logger(__name__)
Parse = Callable[[bytes], Any]


class Shape(NamedTuple):
    """What kind of call it is.

    Attributes:
        is_stream: In either direction.
        is_short: It runs in the crew.
        is_watch: It waits for news as long as its caller likes.
    """

    is_stream: bool
    is_short: bool
    is_watch: bool


class Call:
    """One call. It waits for its caller while it reads a message, sends one, or has its answer taken."""

    def __init__(
        self, context: grpc.ServicerContext, caller: Principal, certificate: bytes, shape: Shape, limits: Limits
    ) -> None:
        self.caller = caller
        self.certificate = certificate
        self.shape = shape
        self._context = context
        self._limits = limits
        self._patience_s = limits.message_s
        self._began_s = self._moved_s = time.monotonic()
        # A stream may read in one thread while it sends in another.
        self._reading_since_s: float | None = None
        self._sending_since_s: float | None = None
        self._is_ended = False

    def only(self, messages: Iterator[bytes], parse: Parse) -> Any:
        """The one message of a call that takes one.

        Raises:
            NodeError: INVALID_ARGUMENT, there is none, or it cannot be read.
            grpc.RpcError: The caller is gone, or was waited for too long.
        """
        message = next(self._read(messages, parse), None)
        if message is None:
            raise NodeError(Reason.INVALID_ARGUMENT, _("the call has no message"))
        if self.shape.is_stream:
            self._patience_s = self._limits.idle_s
        return message

    def each(self, messages: Iterator[bytes], parse: Parse) -> Iterator[Any]:
        """The messages of a call that takes any number; raises as `only` does."""
        self._patience_s = self._limits.idle_s
        return self._read(messages, parse)

    def send(self, answers: Iterable[Any]) -> Iterator[Any]:
        """The answers, each asked for when the one before was taken."""
        for answer in answers:
            self._sending_since_s = time.monotonic()
            yield answer
            self._sending_since_s, self._moved_s = None, time.monotonic()

    def answered(self) -> None:
        """Its one answer is on its way."""
        self._sending_since_s = time.monotonic()

    def waited_s(self, now_s: float) -> float:
        """How long it has been waiting for its caller."""
        sending = self._sending_since_s
        return max(self.listened_s(now_s), 0.0 if sending is None else now_s - sending)

    def listened_s(self, now_s: float) -> float:
        """How long it has been waiting for a message."""
        reading = self._reading_since_s
        return 0.0 if reading is None else now_s - max(reading, self._moved_s)

    def held_s(self, now_s: float) -> float:
        """How long it has held a thread that does nothing."""
        return now_s - self._began_s if self.shape.is_watch else self.waited_s(now_s)

    def is_over(self, now_s: float) -> bool:
        """Whether it has waited, or lasted, as long as it may."""
        return self.waited_s(now_s) > self._patience_s or now_s - self._began_s > self._limits.call_s

    def end(self) -> None:
        """Ends it: whatever waits for the caller goes on with an error, and the caller sees CANCELLED."""
        if not self._is_ended:
            self._is_ended = True
            self._context.cancel()

    def _read(self, messages: Iterator[bytes], parse: Parse) -> Iterator[Any]:
        while True:
            self._reading_since_s = time.monotonic()
            try:
                message = next(messages, None)
            finally:
                self._reading_since_s = None
            if message is None:
                return
            yield parse(message)


class OpenCalls:
    """The calls of a process. A thread of its own ends what is over, as long as this object is there."""

    def __init__(self, limits: Limits, roster: Principals, crew: Crew, counts: Counts) -> None:
        self._limits = limits
        self._roster = roster
        self._crew = crew
        self._counts = counts
        self._callers: dict[Principal, int] = {}  # everybody who has called, with the row in `counts`
        self._open: dict[Call, None] = {}  # oldest first
        self._crowded: frozenset[Principal] = frozenset()
        threading.Thread(target=_keep_sweeping, args=(weakref.ref(self),), name="sweep", daemon=True).start()

    def open(self, context: grpc.ServicerContext, caller: Principal, certificate: bytes, shape: Shape) -> Call:
        """Notes a call until its status has left.

        Raises:
            NodeError: RATE_LIMITED, as many of the caller's calls as may be open wait for it; CANCELLED, it is gone.
        """
        if caller in self._crowded:
            raise too_many_calls(self._limits)
        if caller not in self._callers:
            self._callers[caller] = self._counts.row(caller.key)
        call = Call(context, caller, certificate, shape, self._limits)
        self._open[call] = None
        if not context.add_callback(lambda: self._open.pop(call, None)):
            del self._open[call]
            raise NodeError(Reason.CANCELLED, _("the caller disconnected"))
        return call

    def sweep(self) -> None:
        """Ends calls that are over, of callers who are known no more, and what keeps waiting beyond few.

        Of one caller few are as many as it may have open, in all processes; of all together, as many as leave threads
        of this process to the rest.
        """
        now_s = time.monotonic()
        calls = list(self._open)
        elsewhere = self._waiting_elsewhere()
        waiting = Counter(elsewhere)
        held: dict[bool, list[Call]] = {True: [], False: []}
        for call in calls:
            if call.is_over(now_s) or not self._is_known(call):
                call.end()
                continue
            waiting[call.caller] += call.waited_s(now_s) > MOMENT_S
            if waiting[call.caller] > self._limits.open_calls and call.waited_s(now_s) > MOMENT_S:
                call.end()
            elif call.held_s(now_s) > MOMENT_S:
                held[call.shape.is_short].append(call)
        for kind in held.values():
            _thin_out(kind)
        self._crowded = frozenset(who for who, number in waiting.items() if number >= self._limits.open_calls)
        self._crew.make_up_for(sum(call.shape.is_short and call.listened_s(now_s) > MOMENT_S for call in calls))
        for caller, number in elsewhere.items():
            self._counts.put(self._callers[caller], Counted.WAITING, waiting[caller] - number)

    def _waiting_elsewhere(self) -> dict[Principal, int]:
        """How many calls of each caller the other processes wait for."""
        return {
            caller: self._counts.total(row, Counted.WAITING) - self._counts.own(row, Counted.WAITING)
            for caller, row in list(self._callers.items())
        }

    def _is_known(self, call: Call) -> bool:
        try:
            return self._roster.resolve(call.certificate) == call.caller
        except NodeError:
            return False


def _thin_out(calls: Iterable[Call]) -> None:
    """Ends calls until few enough are left: each time the oldest of whoever has most. The calls come oldest first."""
    by_caller: defaultdict[Principal, deque[Call]] = defaultdict(deque)
    for call in calls:
        by_caller[call.caller].append(call)
    for _call in range(sum(map(len, by_caller.values())) - _MOST_HELD):
        max(by_caller.values(), key=len).popleft().end()


def _keep_sweeping(watched: "weakref.ref[OpenCalls]") -> None:
    while (calls := watched()) is not None:
        try:
            calls.sweep()
        except Exception:  # noqa: BLE001 - without it one caller stops the listener
            _log.exception("sweep_failed")
        del calls
        time.sleep(SWEEP_S)
