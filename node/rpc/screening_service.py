"""ScreeningService: officers, adapters and platforms screen a roster against the lists their node may see."""

from collections.abc import Iterator, Sequence
from struct import pack

import grpc

from node.core.members.clients import Kind
from node.rpc.principal import Principal, principal
from node.rpc.server import Service
from node.stubs.screening.v1 import screening_pb2 as screening
from node.stubs.screening.v1 import screening_pb2_grpc
from node.usecases.casework.lists.screen import Keyed, Screening, digest_keys
from node.usecases.records.usage import UsageRecorder, Use
from node.usecases.records.verify_operator import Asker

_RESULTS = {number: name.removeprefix("RESULT_").lower() for name, number in screening.Result.items()}


class ScreeningServicer(screening_pb2_grpc.ScreeningServiceServicer):
    """Each batch leaves a usage record with the digest of each key; the keys themselves are kept nowhere."""

    def __init__(self, screening: Screening, recorder: UsageRecorder) -> None:
        self._screening = screening
        self._recorder = recorder

    def Screen(  # noqa: N802 - the name in the proto
        self, request_iterator: Iterator[screening.ScreenRequest], context: grpc.ServicerContext
    ) -> Iterator[screening.ScreenResponse]:
        """Screens a roster batch by batch."""
        caller = principal(context)
        for request in request_iterator:
            yield self._screen(request, caller)

    def _screen(self, request: screening.ScreenRequest, caller: Principal) -> screening.ScreenResponse:
        with self._recorder.using(caller, "Screen", request.reason) as use:
            asker = Asker(request.reason.purpose, caller.kind is Kind.OFFICER)
            entries = digest_keys(request.entries)
            screened = self._screening.screen(entries, asker)
            _note(use, entries, screened)
        return screening.ScreenResponse(seq=request.seq, screened=screened)


def _note(use: Use, entries: Sequence[Keyed], screened: Sequence[screening.Screened]) -> None:
    digests = [each.keys[0][1] if each.keys else 0 for each in entries]
    results = [each.result for each in screened]
    use.questions, use.subject = len(digests), pack(f">{len(digests)}q", *digests)
    use.cities = ",".join(sorted({hit.city for each in screened for hit in each.hits} - {""}))
    use.result = " ".join(f"{name}={n}" for number, name in _RESULTS.items() if (n := results.count(number)))


def add_screening_service(servicer: ScreeningServicer) -> Service:
    """What a listener needs to answer for it."""
    return (
        "node.screening.v1.ScreeningService",
        lambda server: screening_pb2_grpc.add_ScreeningServiceServicer_to_server(servicer, server),
    )
