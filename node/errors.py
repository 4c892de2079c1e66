"""The taxonomy of errors: every refusal carries a stable reason code. Imports the messages and nothing more."""

from enum import StrEnum

from node.messages import Message, _


class Reason(StrEnum):
    """Reason codes a counterparty, an operator or a program can tell apart. Never renamed once shipped."""

    # What a caller gets wrong.
    INVALID_ARGUMENT = "invalid_argument"
    INVALID_FIELD = "invalid_field"
    UNKNOWN_STANDARD = "unknown_standard"
    NOT_FOUND = "not_found"
    TOO_LARGE = "too_large"
    # Who may do what.
    UNAUTHENTICATED = "unauthenticated"
    PERMISSION_DENIED = "permission_denied"
    POLICY_DENIED = "policy_denied"
    PURPOSE_REQUIRED = "purpose_required"
    RATE_LIMITED = "rate_limited"
    # What an act in a case breaks.
    ACT_NOT_ALLOWED = "act_not_allowed"
    ACT_INCOMPLETE = "act_incomplete"
    ACT_OUTDATED = "act_outdated"
    ACT_TOO_EARLY = "act_too_early"
    FOUR_EYES = "four_eyes"
    WRONG_ACTOR = "wrong_actor"
    # Attachments.
    WRONG_DIGEST = "wrong_digest"
    WRONG_OFFSET = "wrong_offset"
    INCOMPLETE = "incomplete"
    UPLOAD_UNDER_WAY = "upload_under_way"
    # Files of the operator.
    INVALID_CONFIG = "invalid_config"
    INVALID_POLICY = "invalid_policy"
    INVALID_MAPPING = "invalid_mapping"
    INVALID_FEDERATION = "invalid_federation"
    INVALID_KEY = "invalid_key"
    INVALID_CALENDAR = "invalid_calendar"
    INVALID_LEGAL_RULES = "invalid_legal_rules"
    # Deadlines.
    CALENDAR_HORIZON = "calendar_horizon"
    RULE_NOT_IN_FORCE = "rule_not_in_force"
    CLOCK_REFUSED = "clock_refused"
    # What a peer sends that cannot be true: the payload is kept and the peer is frozen.
    MALFORMED_BATCH = "malformed_batch"
    OVERSIZE_BATCH = "oversize_batch"
    UNDERSIZE_BATCH = "undersize_batch"
    BATCH_GAP = "batch_gap"
    BATCH_REPLAYED = "batch_replayed"
    WRONG_CITY = "wrong_city"
    WRONG_RECORD_ID = "wrong_record_id"
    BAD_COMMITMENT = "bad_commitment"
    BAD_CHECKPOINT = "bad_checkpoint"
    BAD_SIGNATURE = "bad_signature"
    UNKNOWN_LOG_KEY = "unknown_log_key"
    TREE_ROLLED_BACK = "tree_rolled_back"
    TREE_FORKED = "tree_forked"
    BAD_CONSISTENCY = "bad_consistency"
    BAD_INCLUSION = "bad_inclusion"
    ENDLESS_STREAM = "endless_stream"
    TRUNCATED_STREAM = "truncated_stream"
    GRANT_CHANGED = "grant_changed"
    BAD_REVISION = "bad_revision"
    # What cities tell each other of a third one's log.
    LOG_FORKED = "log_forked"
    FALSE_ACCUSATION = "false_accusation"
    TOO_FEW_WITNESSES = "too_few_witnesses"
    # Conditions that pass, or that the operator mends.
    UNAVAILABLE = "unavailable"
    TLS_REFUSED = "tls_refused"
    NOT_FOLLOWED = "not_followed"
    TOO_SLOW = "too_slow"
    CANCELLED = "cancelled"
    PEER_FROZEN = "peer_frozen"
    BACKING_OFF = "backing_off"
    STALE = "stale"
    STORAGE_FULL = "storage_full"
    STORAGE_READ_ONLY = "storage_read_only"
    STORAGE_CORRUPT = "storage_corrupt"
    DATA_LOST = "data_lost"
    UNSUPPORTED_SQLITE = "unsupported_sqlite"
    NEWER_DATA = "newer_data"
    UNSUPPORTED_FORMAT = "unsupported_format"
    ALREADY_RUNNING = "already_running"
    RESTORED = "restored"
    INTERNAL = "internal"


MAX_MESSAGE_CHARS = 2000


class NodeError(Exception):
    """An error with a reason code and a text fit for the counterparty: nothing secret, nothing personal, not too long.

    What quotes an input may be as long as that, and gRPC carries a status of a few kilobytes at most.

    Attributes:
        reason: The code.
        message: The English text; a `Message` renders in Chinese too. Logs and `str(error)` are English.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        message = (message if isinstance(message, Message) else _("{text}", text=message)).cut(MAX_MESSAGE_CHARS)
        super().__init__(message)
        self.reason = reason
        self.message: str = message

    def __str__(self) -> str:
        return f"{self.reason}: {self.message}"


class TrustError(NodeError):
    """A peer sent what cannot be true; the bytes it sent, `payload`, are kept in an incident and the peer is frozen."""

    payload: bytes = b""


class TransientError(NodeError):
    """A condition that may pass by itself: the caller backs off and tries again."""


class FileError(NodeError):
    """A file of the operator is wrong; names the file and, where known, the line."""

    def __init__(self, reason: Reason, path: str, message: str, line: int | None = None) -> None:
        self.path = path
        self.line = line
        where = f"{path}:{line}" if line is not None else path
        super().__init__(reason, _("{where}: {message}", where=where, message=message))
