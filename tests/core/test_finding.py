"""Every finding has its texts, and the texts have places for nothing that is not given."""

import re
from string import Formatter

from node.core.finding import Code, new_finding
from node.core.reason_texts import Severity, texts

_CHINESE = re.compile("[\u4e00-\u9fff]")


def test_every_code_has_its_texts_in_the_order_of_the_declaration() -> None:
    """A new Code gets a row in node/core/reason_texts.yaml."""
    assert list(texts().findings) == [code.value for code in Code]


def test_both_languages_say_the_same() -> None:
    for code, text in texts().findings.items():
        places = [{name for _, name, _, _ in Formatter().parse(each) if name} for each in (text.en, text.zh)]
        assert places[0] == places[1], code
        assert _CHINESE.search(text.zh_do), code
        assert not _CHINESE.search(text.en + text.en_do), code
        assert text.severity is not Severity.OK, code


def test_a_finding_fills_its_texts() -> None:
    ends = new_finding(Code.PEER_CERTIFICATE_ENDS, "hefei", date="2026-12-03", days=5)
    assert ends.severity is Severity.MUST
    assert ends.text("en") == "The certificate of hefei ends on 2026-12-03, in 5 days."
    assert ends.text("zh") == "hefei 的证书将于 2026-12-03 到期，还有 5 天。"
    assert "federation add" in ends.advice("en")
