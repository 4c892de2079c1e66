"""What is worth a look in what an act puts into the log, told to the officer before an approver makes it final."""

from collections.abc import Iterable

from node.core.standards import standard as standards
from node.core.standards.validation import Finding
from node.storage.sqlite.log import Entry
from node.usecases.casework.propose import Proposal

_SEEN_BY_ALL = Finding("also_to", "seen_by_all", "every member will see this act and all later acts of the case", True)


def worth_a_look(proposal: Proposal, entries: Iterable[Entry]) -> tuple[Finding, ...]:
    """The warnings of an act and of the records that it makes: personal data in their public texts, for one."""
    findings = (
        finding
        for entry in entries
        if entry.bodies and not entry.header.retracts
        for finding in _findings(entry)
        if finding.warning
    )
    return (*([_SEEN_BY_ALL] if proposal.opened_to_all else []), *dict.fromkeys(findings))


def _findings(entry: Entry) -> list[Finding]:
    standard = standards.get(entry.header.standard, entry.header.version)
    return standard.findings(standard.merge(entry.bodies))
