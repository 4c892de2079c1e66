"""Texts that an earlier conversion destroyed or turned into other characters: no name and no address any more."""

import re

from node.messages import Message, _

# U+FFFD stands where a character was lost, a lone surrogate where bytes were no text; 锟斤拷 is U+FFFD in UTF-8 read as
# GBK, ï¿½ the same read as Latin-1.
_LOST = re.compile("[\ufffd\ud800-\udfff]")
_REPLACED = re.compile("锟斤|斤拷|ï¿½")
_MARKS = re.compile("[?？]")
_MARK = _("a question mark among the characters: a rare character may be lost")
_MARK_IN_NAME = re.compile(r"[?](?=[\u4e00-\u9fff])|(?<=[\u4e00-\u9fff])[?]")
_NAME_CHARS = 40
_DOUBTS = (
    (re.compile(r"[?？]{2}(?=[\u4e00-\u9fff])|(?<=[\u4e00-\u9fff])[?？]{2}"), _MARK),
    (re.compile(r"\A[?？]\Z"), _("only a question mark")),
    # What debuggers of old fill memory with; a hotpot restaurant may mean it.
    (re.compile("烫{3}|屯{3}"), _("烫烫烫 or 屯屯屯: a program may have left it where a text is missing")),
    # Of web pages, of JSON and of workbooks: a program wrote them out instead of the character.
    (
        re.compile(r"&(?:#x?[0-9A-Fa-f]{2,6}|amp|lt|gt|quot|nbsp);|\\u[0-9A-Fa-f]{4}|_x[0-9A-Fa-f]{4}_"),
        _("an escape such as &amp; or _x000D_ in place of a character"),
    ),
    (re.compile("(?:%[0-9A-Fa-f]{2}){3}"), _("an escape of web addresses such as %E9%95%BF in place of a character")),
    (re.compile("[□〓]"), _("a box in place of a character that a program could not show")),
    (re.compile("[\ue000-\uf8ff]"), _("a private character that only the program it comes from can show")),
)

_WIDE_RUN = re.compile(r"[^\x00-\x7f]{3,}")
_LATIN_RUN = re.compile("[\u0080-\u00ff\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u2122€]{3,}")
# The first character of each that a Chinese one becomes where UTF-8 is read as GBK: bytes E3-EF, then 80-BF.
_GBK_FIRST = "".join(
    bytes((lead, trail)).decode("gbk", "ignore") for lead in range(0xE3, 0xF0) for trail in range(0x80, 0xC0)
)
_UTF8_AS_GBK = re.compile(f"[{_GBK_FIRST}]")
# Most texts have none of these.
_SUSPECT = re.compile(f"[?？\ufffd\ud800-\udfff锟斤拷\u0080-\u00ff\u0152-\u0192\u2030-\u2122{_GBK_FIRST}]")
_DOUBTFUL = re.compile(r"[?？烫屯\ue000-\uf8ff&\\%□〓]|_x")
_CHINESE = re.compile("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]+")


def find_damage(text: str) -> Message | None:
    """Why a text is certainly not what its author wrote, for a person; None where nothing speaks against it."""
    if not _SUSPECT.search(text):
        return None
    if _LOST.search(text):
        return _("characters were lost in an earlier conversion (�), or bytes are not text in the file's encoding")
    if _REPLACED.search(text):
        return _("characters were lost in an earlier conversion (锟斤拷); export the column again in UTF-8")
    marks = len(_MARKS.findall(text))
    if marks > 1 and marks * 2 >= len(text):
        return _("almost only question marks: characters were lost in an earlier conversion")
    if _is_garbled(text):
        return _("the text was read in the wrong encoding; export the column again in UTF-8")
    return None


def find_doubt(text: str) -> Message | None:
    """Why a text may not be what its author wrote, for a person to look at; None where nothing speaks against it."""
    if not _DOUBTFUL.search(text):
        return None
    if len(text) <= _NAME_CHARS and _MARK_IN_NAME.search(text):
        return _MARK
    return next((why for form, why in _DOUBTS if form.search(text)), None)


def _is_garbled(text: str) -> bool:
    if _UTF8_AS_GBK.search(text) and any(_is_mostly_utf8(_gbk_bytes(run)) for run in _WIDE_RUN.findall(text)):
        return True
    return any(_is_utf8(data := _latin_bytes(run)) or _is_gb2312(data) for run in _LATIN_RUN.findall(text))


def _gbk_bytes(run: str) -> bytes:
    return b"".join(b"\x80" if each == "€" else each.encode("gbk", "ignore") for each in run)


def _latin_bytes(run: str) -> bytes:
    return b"".join(each.encode("cp1252", "ignore") or each.encode("latin-1", "ignore") for each in run)


def _is_mostly_utf8(data: bytes) -> bool:
    """Whether three fifths of the bytes or more are two Chinese characters or more in UTF-8.

    The others are pairs that GBK has no character for: a converter leaves them out.
    """
    text = data.decode(errors="ignore")
    return len(text) >= 2 and bool(_CHINESE.fullmatch(text)) and len(text.encode()) * 5 >= len(data) * 3


def _is_utf8(data: bytes) -> bool:
    """Whether bytes are Chinese in UTF-8, of which the last character may be cut."""
    for end in range(len(data), max(len(data) - 3, 0), -1):
        try:
            text = data[:end].decode()
        except UnicodeDecodeError:
            continue
        return bool(_CHINESE.fullmatch(text))
    return False


def _is_gb2312(data: bytes) -> bool:
    """Whether at least four bytes are Chinese in GB 2312."""
    try:
        return len(data) >= 4 and bool(_CHINESE.fullmatch(data.decode("gb2312")))
    except UnicodeDecodeError:
        return False
