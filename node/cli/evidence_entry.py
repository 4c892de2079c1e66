"""What a case says of a piece of evidence, from its extraction record: typed once, kept in a file for `--file`."""

from datetime import datetime
from pathlib import Path
from typing import Any

from node.core.document import format_document, parse_document
from node.core.law.calendar import SHANGHAI
from node.errors import NodeError, Reason
from node.folder.files import read_text
from node.messages import _
from node.stubs.evidence.v1 import evidence_pb2 as messages
from node.whole_file import write_file

_FIELD = "evidence"


def read_entries(path: Path) -> dict[str, Any]:
    """What such a file holds; an empty list where there is none.

    Raises:
        NodeError: INVALID_CONFIG, the file is there and holds something else.
    """
    text = read_text(path, Reason.INVALID_CONFIG) if path.exists() else f"{_FIELD}: []"
    content = parse_document(text, str(path), Reason.INVALID_CONFIG).data
    if not isinstance(content, dict) or not isinstance(content.get(_FIELD), list):
        raise NodeError(Reason.INVALID_CONFIG, _("{path}: no list `{field}` to add to", path=path, field=_FIELD))
    return content


def add_entry(path: Path, kept: messages.Attachment, extraction: messages.Extraction, **fields: str) -> None:
    """Adds an item to the field `evidence` of a file, which is made where there is none.

    Args:
        path: Of the file, YAML.
        kept: The attachment as the node keeps it.
        extraction: Its extraction record.
        fields: kind, title and proves; what is empty is left out.

    Raises:
        NodeError: INVALID_CONFIG, the file is there and holds something else.
    """
    content = read_entries(path)
    content[_FIELD].append(_entry(kept, extraction) | {name: value for name, value in fields.items() if value})
    write_file(path, format_document(content).encode())


def _entry(kept: messages.Attachment, extraction: messages.Extraction) -> dict[str, Any]:
    return {
        "title": kept.name,
        "sha256": kept.sha256,
        "sm3": kept.sm3,
        "size_bytes": kept.size,
        "carrier": extraction.carrier,
        "extraction_method": extraction.method,
        "extracted_at_ms": datetime.fromtimestamp(extraction.at_ms / 1000, SHANGHAI).isoformat(),
        "place": extraction.place,
        "maker": extraction.maker,
        "officers": [
            {"name": each.name, "certificate_number": each.certificate_number} for each in extraction.officers
        ],
    }
