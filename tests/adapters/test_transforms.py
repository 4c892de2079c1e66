import re
from contextlib import suppress
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.capital import CURRENCIES, parse_capital
from adapters.dates import iso_date
from adapters.noted import Noted
from adapters.places import parse_region
from adapters.transforms import TRANSFORMS
from node.tables.cells import NULLS, clean, code, half_width
from node.tables.unfit import UnfitError


@pytest.mark.parametrize(
    ("text", "hundredths", "currency"),
    [
        ("5,088(万元人民币)", 5088_0000_00, "CNY"),
        ("67.9000(万元)", 67_9000_00, "CNY"),
        ("70万人民币", 70_0000_00, "CNY"),
        ("100(万)", 100_0000_00, "CNY"),
        ("50(万美元)", 50_0000_00, "USD"),
        ("10(万港币)", 10_0000_00, "HKD"),
        ("2,000(万香港元)", 2000_0000_00, "HKD"),
        ("3(万欧元)", 3_0000_00, "EUR"),
        ("0万人民币", 0, "CNY"),
        ("80(万人民币元)", 80_0000_00, "CNY"),
        ("5万人民币元", 5_0000_00, "CNY"),
        ("1,000(万日元)", 1000_0000_00, "JPY"),
        ("30(万瑞士法郎)", 30_0000_00, "CHF"),
        ("200(万元(人民币))", 200_0000_00, "CNY"),
        ("1,234,567.8900(万元人民币)", 1234567_8900_00, "CNY"),
        ("５，０８８（万元人民币）", 5088_0000_00, "CNY"),
        ("６７．９万元", 67_9000_00, "CNY"),
        ("人民币100万元", 100_0000_00, "CNY"),
        ("USD 50万", 50_0000_00, "USD"),
        ("1.5亿元", 1_5000_0000_00, "CNY"),
        ("￥500万", 500_0000_00, "CNY"),
        ("US$ 50万", 50_0000_00, "USD"),
        ("1000000.50元", 1000000_50, "CNY"),
        ("0", 0, "CNY"),
        ("0.01元", 1, "CNY"),
    ],
)
def test_capital_is_exact(text: str, hundredths: int, currency: str) -> None:
    assert parse_capital(text) == (hundredths, currency)


@pytest.mark.parametrize("text", ["(万元)", "(万人民币元)", "万香港元", "万日元", "元"])
def test_a_unit_without_a_number_states_no_capital(text: str) -> None:
    assert parse_capital(text) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("6,0000000(万元人民币)", "capital_unreadable"),  # a lost point, or a comma too many: nobody can tell
        ("壹佰万元", "capital_currency"),
        ("约100万元", "capital_currency"),
        ("100万万元", "capital_currency"),
        ("100(万贝壳)", "capital_currency"),
        ("-5万元", "capital_unreadable"),
        (".5万元", "capital_unreadable"),
        ("1.2.3万元", "capital_unreadable"),
        ("100至200万元", "capital_unreadable"),
        ("0.001元", "capital_precision"),
        ("1000000", "capital_unit_missing"),
        ("50.000000", "capital_unit_missing"),
        ("50人民币", "capital_unit_missing"),
        ("¥500", "capital_unit_missing"),
        ("99999999999999999999万亿", "capital_range"),
    ],
)
def test_capital_that_cannot_be_told_is_refused(text: str, reason: str) -> None:
    with pytest.raises(UnfitError) as refused:
        parse_capital(text)
    assert refused.value.reason == reason
    assert text not in refused.value.message


@given(
    whole=st.integers(0, 10**9),
    decimals=st.text("0123456789", max_size=6),
    unit=st.sampled_from([("万", 10**4), ("亿", 10**8), ("千万", 10**7)]),
    currency=st.sampled_from([("美元", "USD"), ("元人民币", "CNY"), ("", "CNY"), ("欧元", "EUR")]),
    grouped=st.booleans(),
    bracketed=st.booleans(),
)
def test_any_capital_equals_its_fraction(
    whole: int, decimals: str, unit: tuple[str, int], currency: tuple[str, str], grouped: bool, bracketed: bool
) -> None:
    words = unit[0] + currency[0]
    number = (f"{whole:,}" if grouped else str(whole)) + (f".{decimals}" if decimals else "")
    exact = (whole + Fraction(int(decimals or 0), 10 ** len(decimals))) * unit[1] * 100
    text = f"{number}({words})" if bracketed else number + words
    if exact.denominator == 1:
        assert parse_capital(text) == (int(exact), currency[1])
    else:
        with pytest.raises(UnfitError, match="finer"):
            parse_capital(text)


@given(st.text(max_size=40))
def test_capital_never_fails_otherwise(text: str) -> None:
    try:
        amount = parse_capital(text)
    except UnfitError:
        return
    assert amount is None or (0 <= amount.hundredths < 2**64 and amount.currency in CURRENCIES.values())


@pytest.mark.parametrize("text", ["500", "¥500", "￥ 500", "500¥", "¥500万", "500万元"])
def test_a_sign_of_the_currency_is_no_unit_of_its_own(text: str) -> None:
    """What stands in a column of 万元 is 万元: read as yuan it would be a ten-thousandth."""
    told = TRANSFORMS["ten_thousand_yuan"].step(text)
    assert isinstance(told, dict)
    assert (told["amount_hundredths"], told["currency"], told["stated"]) == (500_0000_00, "CNY", text)


@pytest.mark.parametrize("text", ["US$500", "HK$ 500", "$500", "US$500万"])
def test_dollars_in_a_column_of_yuan_are_refused(text: str) -> None:
    with pytest.raises(UnfitError) as caught:
        TRANSFORMS["ten_thousand_yuan"].step(text)
    assert caught.value.reason == "capital_currency"


def test_currencies_are_codes_of_iso_4217() -> None:
    assert all(re.fullmatch("[A-Z]{3}", currency) for currency in CURRENCIES.values())


_FORMATS = ["{0:%Y}-{0.month}-{0.day}", "{0:%Y}/{0.month}/{0.day}", "{0:%Y}.{0.month}.{0.day}",
            "{0:%Y}年{0.month}月{0.day}日", "{0:%Y%m%d}", "{0:%Y-%m-%d} 00:00:00",
            "{0:%Y-%m-%d}T08:30:00.5Z"]  # fmt: skip


@given(st.dates(min_value=date(1000, 1, 1)), st.sampled_from(_FORMATS), st.booleans())
def test_dates_of_every_shape(day: date, shape: str, wide: bool) -> None:
    text = shape.format(day)
    wide_text = "".join(chr(ord(char) + 0xFEE0) if char.isdigit() else char for char in text)
    assert iso_date(wide_text if wide else text) == day.isoformat()


@pytest.mark.parametrize(
    "text",
    [
        "二〇一九年十月一日", "二零一九年十月一号", "二○一九年 十月 一日", "2019年10月1号",
        "贰零壹玖年壹拾月壹日", "贰〇壹玖年拾月零壹日", "2019-10-1日", "2019\\10\\1",
        "2019。10。1", "2019、10、1",
        "2019—10—01", "2019/10/01 上午 12:00:00", "2019-10-01 08:30 PM", "2019-10-01 星期二", "2019年10月1日8时30分",
        "2019-10-01 08:00:00.000+08:00",
    ],
)  # fmt: skip
def test_a_day_as_people_write_it(text: str) -> None:
    assert iso_date(text) == "2019-10-01"


@given(st.dates(min_value=date(1000, 1, 1)))
def test_a_day_in_words(day: date) -> None:
    assert iso_date(in_words(day)) == day.isoformat()


def in_words(day: date) -> str:
    ones = "〇一二三四五六七八九"

    def word(number: int) -> str:
        tens, rest = divmod(number, 10)
        return ("" if tens < 2 else ones[tens]) + ("十" if tens else "") + (ones[rest] if rest else "")

    return f"{''.join(ones[int(each)] for each in f'{day.year:04}')}年{word(day.month)}月{word(day.day)}日"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("43739", "2019-10-01"), ("43739.5", "2019-10-01"), ("28790", "1978-10-27"), ("42095", "2015-04-01")],
)
def test_a_spreadsheets_serial_is_a_date_and_warned_of(text: str, expected: str) -> None:
    """A workbook that counts from 1904 means a day four years later by the same number."""
    found = iso_date(text)
    assert isinstance(found, Noted)
    assert (found.value, found.reason) == (expected, "date_serial")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2019-02-30", "date_invalid"),
        ("20191301", "date_invalid"),
        ("0000-01-01", "date_invalid"),
        ("2019", "date_unreadable"),
        ("2019-10", "date_unreadable"),
        ("二〇一九年", "date_unreadable"),
        ("二〇一九年二月三十日", "date_invalid"),
        ("二〇一九年十三月一日", "date_unreadable"),
        ("20191", "date_unreadable"),  # January of 2019, or a day of 1955: nobody can tell
        ("190001", "date_unreadable"),
        ("1900-01-00", "date_invalid"),
        ("10/01/2019", "date_unreadable"),
        ("2019-10/01", "date_unreadable"),
        ("昨天", "date_unreadable"),
    ],
)
def test_a_day_that_is_none_is_refused(text: str, reason: str) -> None:
    with pytest.raises(UnfitError) as refused:
        iso_date(text)
    assert refused.value.reason == reason


@given(st.text(max_size=30))
def test_a_date_never_fails_otherwise(text: str) -> None:
    with suppress(UnfitError):
        found = iso_date(text)
        date.fromisoformat(str(found.value if isinstance(found, Noted) else found))


@pytest.mark.parametrize("mark", sorted(NULLS))
def test_marks_for_nothing_are_absent(mark: str) -> None:
    assert clean(mark) is None
    assert clean(f"　{mark} \t") is None


def test_clean_keeps_chinese_punctuation_and_signs() -> None:
    assert clean("Ａ座（１２）；℃ⅡＩＩ，") == "A座（12）；℃ⅡII，"
    assert clean("一\r\n二\t\u200b三\ufeff　四") == "一 二 三 四"
    assert clean("吴**") == "吴**"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('="2015-04-01"', "2015-04-01"), ("'2015-04-01", "2015-04-01"), ("'无", None),
        ("'2015年4月1日", "2015年4月1日"),
        ("' 50 ", "50"), ("'-5", "-5"), ("'+86 731 8888888", "+86 731 8888888"), ("'1,000.50万元", "1,000.50万元"),
        ("'91430000184255293D", "91430000184255293D"), ("'91430000184255293d", "91430000184255293d"),
        ("'Starbucks", "'Starbucks"), ("'90sCafeBar", "'90sCafeBar"), ("'=1+1", "=1+1"), ("'@某店", "@某店"),
        ("'90后奶茶店", "'90后奶茶店"), ("'90s Cafe", "'90s Cafe"), ("'7-11便利店", "'7-11便利店"),
        ("'好'字店", "'好'字店"), ("'长沙示例商贸有限公司", "'长沙示例商贸有限公司"), ("'90后", "'90后"),
        ("'=\"a\"", "a"), ("'四季'商店", "'四季'商店"), ("O'Neal's", "O'Neal's"), ("=1+1", "=1+1"), ("'", None),
    ],
)  # fmt: skip
def test_what_keeps_a_text_a_text_in_a_spreadsheet_is_no_part_of_it(cell: str, text: str | None) -> None:
    assert clean(cell) == text


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x1f", "\x7f", "\x85"])
def test_a_control_character_is_no_text(character: str) -> None:
    with pytest.raises(UnfitError) as caught:
        clean(f"一{character}二")
    assert caught.value.reason == "control_character"


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=60))
def test_clean_is_stable_and_never_blank(cell: str) -> None:
    cleaned = None
    with suppress(UnfitError):  # text of another encoding
        cleaned = clean(cell)
    if cleaned is not None:
        assert cleaned.strip() == cleaned != ""
        assert clean(cleaned) == cleaned


def test_codes_become_canonical() -> None:
    assert code("９１４３０１００ma00text01") == "91430100MA00TEXT01"
    assert code("91430100 MA00 TEXT01") == "91430100MA00TEXT01"


@pytest.mark.parametrize("mangled", ["9.14301E+17", "9.14301001840877E+17", "9E17"])
def test_a_code_that_a_spreadsheet_took_for_a_number_is_refused(mangled: str) -> None:
    with pytest.raises(UnfitError) as refused:
        code(mangled)
    assert refused.value.reason == "number_mangled"


def test_half_width_reaches_punctuation_too() -> None:
    assert half_width("（０２７）８８－１２３") == "(027)88-123"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("长沙", "430100"), ("长沙市", "430100"), ("湖南省长沙市", "430100"), ("湖南长沙", "430100"),
        ("湖南", "430000"),
        ("武汉", "420100"), ("郑州", "410100"), ("合肥", "340100"), ("太原", "140100"), ("南昌", "360100"),
        ("吉林", "220000"), ("吉林市", "220200"), ("内蒙古", "150000"), ("广西壮族自治区", "450000"),
        ("仙桃", "429004"),
        ("420102", "420102"),
    ],
)  # fmt: skip
def test_words_for_places(words: str, expected: str) -> None:
    assert parse_region(words) == expected


@pytest.mark.parametrize("words", ["湖北长沙", "999999", "市辖区", "县", "省直辖县级行政单位", "中国"])
def test_words_for_no_place_are_refused(words: str) -> None:
    with pytest.raises(UnfitError):
        parse_region(words)
