from node.core.standards.regions import find_region, regions


def test_the_six_cities_and_their_districts_are_known() -> None:
    names = [
        region.name
        for code in ("430100", "420100", "410100", "340100", "140100", "360100")
        if (region := find_region(code))
    ]
    assert names == ["长沙市", "武汉市", "郑州市", "合肥市", "太原市", "南昌市"]
    assert find_region("360113") == ("360113", "红谷滩区", "江西省", None)


def test_an_abolished_division_has_its_last_year_and_the_newest_of_its_names() -> None:
    assert find_region("110103") == ("110103", "崇文区", "北京市", 2010)
    assert find_region("999999") is None


def test_every_code_is_six_digits_and_named() -> None:
    assert len(regions()) > 6000
    assert all(len(code) == 6 and code.isdigit() and region.code == code for code, region in regions().items())
    assert not [region for region in regions().values() if not region.name or "[" in region.name or "," in region.name]
    # The list of 2023 has 2,978 counties and districts, about 340 prefectures and 34 provinces.
    assert 3200 < sum(region.until is None for region in regions().values()) < 3700
