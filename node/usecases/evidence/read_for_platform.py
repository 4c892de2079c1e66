"""Reads to a platform what a matter rests on that is addressed to it: of its own cases, and of no other.

1. The platform names the case; a city's act in it, in force and for the platform to see, names the attachment. An act
   of the platform's own names what it likes and lets it in nowhere.
2. What the act's city holds is fetched from there by that act, as an officer would (`fetch_evidence.obtain`).
3. A city answers for its own evidence alone. Who names a digest has not shown that he holds the bytes: so what was
   handed in here, or came from a third city, does not go out by another city's act (Decree 809 Art 25).
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from node.core.log.attachment import check_digest, references_in
from node.core.log.record import parse_record_id
from node.core.members.actor import Actor
from node.core.workflow.facts import city_of
from node.core.workflow.run import Standing
from node.errors import NodeError, Reason
from node.messages import _
from node.storage.sqlite.evidence import EvidenceStore
from node.storage.sqlite.reader import Reader
from node.stubs.evidence.v1.evidence_pb2 import Attachment, Chunk, ObtainRequest, ReadRequest, ReadResponse
from node.stubs.query.v1 import query_pb2 as query
from node.usecases.casework.act_record import ActRecord
from node.usecases.casework.case_file import CaseFile
from node.usecases.casework.show import body_for, is_shown
from node.usecases.evidence.fetch import EvidencePeer, obtain

Connect = Callable[[str], AbstractContextManager[EvidencePeer]]
Open = Callable[[Actor, str], CaseFile]
# 16 MiB of chunks between two looks at whether the platform may still see it.
_CHUNKS_A_LOOK = 64


class PlatformEvidence:
    """Evidence for the platforms that are connected to one node."""

    def __init__(self, reader: Reader, store: EvidenceStore, city: str, open_case: Open, connect: Connect) -> None:
        """Takes up nothing yet.

        Args:
            reader: Of the node.
            store: Of its attachments.
            city: Slug of this city.
            open_case: A case, as an actor may see it; raises NodeError NOT_FOUND.
            connect: Reaches the evidence exchange of a peer.
        """
        self._reader = reader
        self._store = store
        self._city = city
        self._open = open_case
        self._connect = connect

    def read(self, actor: Actor, request: ReadRequest, reason: query.Reason) -> Iterator[ReadResponse]:
        """The attachment, then its bytes from the platform's offset on.

        Raises:
            NodeError: INVALID_ARGUMENT; NOT_FOUND, no such case of the platform's, or the attachment is not held;
                POLICY_DENIED, also in the middle, where no act that the platform may see names it; WRONG_OFFSET; or
                what the peer met that it is fetched from.
        """
        check_digest(request.sha256)
        act = self._naming(actor, request)
        held = self._held(act, request.sha256, reason, actor.id)
        if request.offset > held.size:
            raise NodeError(Reason.WRONG_OFFSET, _("offset is beyond the attachment's {size} bytes", size=held.size))
        yield ReadResponse(attachment=Attachment(sha256=held.sha256, sm3=held.sm3, size=held.size, name=held.name))
        offset = request.offset
        for number, data in enumerate(self._store.read(request.sha256, offset), 1):
            yield ReadResponse(chunk=Chunk(offset=offset, data=data))
            offset += len(data)
            if number % _CHUNKS_A_LOOK == 0:
                self._naming(actor, request)

    def _naming(self, actor: Actor, request: ReadRequest) -> ActRecord:
        """Rule 1."""
        file = self._open(actor, request.case)
        stands = (judged for judged in file.case.history() if judged.standing is Standing.IN_FORCE)
        for verdict in stands:
            if not verdict.fact.platform and is_shown(file.workflow, verdict, actor):
                act = file.acts[verdict.fact.id]
                if request.sha256 in {reference.sha256 for reference in references_in(body_for(act, actor))}:
                    return act
        raise NodeError(Reason.POLICY_DENIED, _("no act of this case that you may see names this attachment"))

    def _held(self, act: ActRecord, digest: str, reason: query.Reason, by: str) -> Attachment:
        record, city = act.header.id, act.header.city
        if city != self._city and self._store.find(digest) is None:
            self._obtain(record, digest, reason, by)
        held = self._store.get(digest)
        if not self._is_of(held, city):
            raise NodeError(
                Reason.POLICY_DENIED, _("this attachment did not come from the city whose act names it: ask an officer")
            )
        return held

    def _obtain(self, record: str, digest: str, reason: query.Reason, by: str) -> None:
        """Rule 2."""
        request = ObtainRequest(reason=reason, record=record, sha256=digest)
        with self._connect(parse_record_id(record)[0]) as peer:
            for _ in obtain(self._reader, self._store, peer, f"platform/{by}", request):
                continue

    def _is_of(self, held: Attachment, city: str) -> bool:
        """Rule 3."""
        if city == self._city:
            return held.handed_in
        return not held.handed_in and {city_of(record) for record in held.records} == {city}
