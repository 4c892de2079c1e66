"""Places by any name that an export has for them."""

import re

import pytest

from adapters.noted import Noted
from adapters.places import parse_region
from node.core.standards.regions import find_region, region_names, regions
from node.messages import render
from node.tables.unfit import UnfitError


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("恩施", "422800"),
        ("湘西", "433100"),
        ("延边", "222400"),
        ("大理", "532900"),
        ("伊犁", "654000"),
        ("恩施州", "422800"),
        ("湖北省恩施州", "422800"),
        ("湖北恩施", "422800"),
        ("神农架", "429021"),
        ("神农架林区", "429021"),
        ("大兴安岭", "232700"),
        ("喀什", "653100"),
        ("锡林郭勒", "152500"),
        ("四川省凉山彝族自治州", "513400"),
        ("克孜勒苏", "653000"),
        ("海南州", "632500"),
        ("石河子", "659001"),
        ("岳麓区", "430104"),
        ("长沙市岳麓区", "430104"),
        ("湖南省长沙市岳麓区", "430104"),
        ("湖南省岳麓区", "430104"),
        ("湖南省-长沙市-岳麓区", "430104"),
        ("湖南 长沙", "430100"),
        ("北京市市辖区朝阳区", "110105"),
        ("浏阳市", "430181"),
        ("浏阳", "430181"),
        ("长沙县", "430121"),
        ("湖北恩施恩施市", "422801"),
        ("新晃县", "431227"),
        ("海南省直辖县级行政区划五指山市", "469001"),
        ("南京市鼓楼区", "320106"),
        ("浦东新区", "310115"),
        ("长沙市岳麓区望城坡街道", "430104"),
        ("430104001002", "430104"),
        ("430104001002003", "430104"),
        ("版纳", "532800"),
        ("阿盟", "152900"),
        ("341400001002003", "341400"),
        ("430104001", "430104"),
        ("４３０１０４", "430104"),
        ("430 104", "430104"),
        ("430100.0", "430100"),
        ("莱芜市", "371200"),
        ("莱芜", "371200"),
        ("卢湾区", "310103"),
        ("上海市卢湾区", "310103"),
        ("密云县", "110228"),
        ("通什市", "460001"),
        ("万县市", "511200"),
        ("东川市", "530200"),
    ],
)
def test_a_place(words: str, code: str) -> None:
    assert parse_region(words) == code


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        ("襄樊市", "420600", "region_renamed"),
        ("襄樊", "420600", "region_renamed"),
        ("思茅", "530800", "region_renamed"),
        ("湖北省襄樊市襄阳区", "420607", "region_renamed"),
        ("巢湖市", "340181", "region_two_meanings"),
        ("长沙高新区", "430100", "region_zone_city"),
        ("武汉东湖新技术开发区", "420100", "region_zone_city"),
    ],
)
def test_a_place_that_is_worth_a_look(words: str, code: str, reason: str) -> None:
    found = parse_region(words)
    assert isinstance(found, Noted)
    assert (found.value, found.reason) == (code, reason)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("鼓楼区", "region_ambiguous"),
        ("朝阳区", "region_ambiguous"),
        ("新城区", "region_ambiguous"),
        ("伊宁", "region_ambiguous"),
        ("高新区", "region_zone"),
        ("经济技术开发区", "region_zone"),
        ("湖北长沙", "region_unknown"),
        ("430199", "region_unknown"),
        ("4301040010020031", "region_unknown"),
        ("430199001002003", "region_unknown"),
        ("市辖区", "region_unknown"),
        ("中国", "region_unknown"),
        ("长" * 5000, "region_unknown"),
        ("长沙市" * 2000, "region_unknown"),
    ],
)
def test_a_place_that_nobody_can_tell_is_refused(words: str, reason: str) -> None:
    with pytest.raises(UnfitError) as refused:
        parse_region(words)
    assert refused.value.reason == reason


def test_several_places_of_one_name_are_told_with_their_codes() -> None:
    with pytest.raises(UnfitError, match="110105 北京市朝阳区, 220104 吉林省长春市朝阳区") as refused:
        parse_region("朝阳区")
    assert "110105 北京市朝阳区、220104 吉林省长春市朝阳区" in render(refused.value.message, "zh")


def test_every_division_in_force_is_found_by_its_full_name_behind_its_province_and_city() -> None:
    for region in regions().values():
        if region.until is not None or re.search("市辖区|直辖县|行政单位|^县$", region.name):
            continue
        city = find_region(f"{region.code[:4]}00")
        is_within = city and city.until is None and city.code != region.code and "直辖" not in city.name
        above = city.name if city and is_within else ""
        words = f"{region.province}{above}{region.name}" if not region.code.endswith("0000") else region.name
        found = parse_region(words.replace("市辖区", ""))
        # The table does not know that 429001 became the city 421300 in 2000.
        code = region.code if region.code != "429001" else "421300"
        assert (found.value if isinstance(found, Noted) else found) == code, words


def test_a_name_of_before_never_means_a_place_that_was_given_its_code_later() -> None:
    """511400 was 涪陵市 until 1997, and is 眉山市 since 2000."""
    for named in region_names():
        if named.until is None or named.is_followed or regions()[named.code].until is not None:
            continue
        try:
            found = parse_region(named.name)
        except UnfitError:
            continue
        code = found.value if isinstance(found, Noted) else found
        assert code != named.code or named.name in {regions()[named.code].name}, named


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("长沙岳麓", "430104"),
        ("北京朝阳", "110105"),
        ("上海市浦东", "310115"),
        ("湖南,长沙,岳麓", "430104"),
        ("辽宁朝阳", "211300"),
        ("北京市市辖区", "110000"),
        ("长沙市市辖区", "430100"),
        ("巴州", "652800"),
        ("新疆博州", "652700"),
        ("巴中市巴州", "511902"),
    ],
)
def test_a_district_below_its_city_needs_no_kind(words: str, code: str) -> None:
    assert parse_region(words) == code


def test_of_two_districts_without_their_city_none_is_taken() -> None:
    with pytest.raises(UnfitError, match="several places"):
        parse_region("江苏鼓楼")
