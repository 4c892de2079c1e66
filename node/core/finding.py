"""What is found of a node: a code, how much it weighs, and what fills the places in its texts."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from node.core.reason_texts import FindingText, Severity, texts
from node.messages import Lang


class Code(StrEnum):
    """What may be found; texts and severity stand in `reason_texts.yaml`. Never renamed once shipped."""

    # Keys and certificates.
    KEY_UNREADABLE = "key_unreadable"
    LOG_KEY_NOT_ON_CARD = "log_key_not_on_card"
    CERTIFICATE_NOT_ON_CARD = "certificate_not_on_card"
    WITNESS_KEY_NOT_ON_CARD = "witness_key_not_on_card"
    NO_WITNESS_KEY = "no_witness_key"
    FILES_OPEN = "files_open"
    CERTIFICATE_ENDS = "certificate_ends"
    CERTIFICATE_ENDED = "certificate_ended"
    CERTIFICATE_NOT_YET = "certificate_not_yet"
    PEER_CERTIFICATE_ENDS = "peer_certificate_ends"
    PEER_CERTIFICATE_ENDED = "peer_certificate_ended"
    CLIENT_CERTIFICATE_ENDS = "client_certificate_ends"
    CLIENT_CERTIFICATE_ENDED = "client_certificate_ended"
    # The operator's files.
    FEDERATION_REFUSED = "federation_refused"
    NOT_A_MEMBER = "not_a_member"
    CLIENTS_REFUSED = "clients_refused"
    POLICY_REFUSED = "policy_refused"
    CALENDAR_REFUSED = "calendar_refused"
    CALENDAR_NEXT_YEAR = "calendar_next_year"
    CALENDAR_MISSING = "calendar_missing"
    # Time.
    CLOCK_SHIFTED = "clock_shifted"
    CLOCK_BEHIND = "clock_behind"
    PEER_CLOCK_AHEAD = "peer_clock_ahead"
    PEER_CLOCK_BEHIND = "peer_clock_behind"
    # Logs and peers.
    LOG_FORKED = "log_forked"
    RESTORED = "restored"
    RECORD_UNREADABLE = "record_unreadable"
    LISTING_REPUBLISHED = "listing_republished"
    PEER_FROZEN = "peer_frozen"
    PEER_FAILS = "peer_fails"
    PEER_STALE = "peer_stale"
    SCHEDULE_STANDS_STILL = "schedule_stands_still"
    WITNESS_BEHIND = "witness_behind"
    # Storage.
    DISK_LOW = "disk_low"
    DISK_FULL = "disk_full"
    DATA_UNWRITABLE = "data_unwritable"
    SQLITE_UNSUPPORTED = "sqlite_unsupported"
    DATABASE_DAMAGED = "database_damaged"
    DATABASE_NOT_WAL = "database_not_wal"
    DATABASE_FOREIGN = "database_foreign"
    DATABASE_OTHER_KEY = "database_other_key"
    DATABASE_MISSING = "database_missing"
    DATABASE_OTHER_FOUNDING = "database_other_founding"
    TRAIL_BROKEN = "trail_broken"
    BACKUP_NONE = "backup_none"
    BACKUP_OLD = "backup_old"
    BACKUP_OVERDUE = "backup_overdue"
    BACKUP_FAILED = "backup_failed"
    # The process.
    NODE_NOT_RUNNING = "node_not_running"
    PORT_TAKEN = "port_taken"
    QUERY_PROCESS_DOWN = "query_process_down"
    NOT_LISTENING = "not_listening"
    CHECK_FAILED = "check_failed"


class Finding(NamedTuple):
    """Something found. `city` is whom it is about, empty for this node; `params` fill the places in the texts."""

    code: Code
    city: str = ""
    params: Mapping[str, object] = MappingProxyType({})

    @property
    def severity(self) -> Severity:
        """How much it weighs."""
        return self._text.severity

    def text(self, lang: Lang) -> str:
        """What was found."""
        return self._text.meaning(lang).format(city=self.city, **self.params)

    def advice(self, lang: Lang) -> str:
        """What to do."""
        return self._text.advice(lang)

    @property
    def _text(self) -> FindingText:
        return texts().findings[self.code]


def new_finding(code: Code, city: str = "", **params: object) -> Finding:
    """A finding about a city, or about this node where none is named."""
    return Finding(code, city, params)


_WEIGHT = {Severity.MUST: 0, Severity.WARN: 1, Severity.INFO: 2, Severity.OK: 3}


def weight(severity: Severity) -> int:
    """Sorts the gravest first."""
    return _WEIGHT[severity]
