"""Category schemes: data that are checked, and a place for every child."""

from __future__ import annotations

import copy
import datetime as dt
import json
from typing import Any

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from cases.categories import schemes as categories
from cases.categories.schemes import (
    FOLDER,
    SchemeError,
    canonical_codes,
    counted_under,
    packaged,
    read_scheme,
    scheme_of,
    suggest_primary,
)
from cases.enums import DETAILS, Attribute, PrimaryCategory
from staff.models import Parameter
from staff.scope import open_scope, system_scope
from tests.cast import COUNTY, OTHER_COUNTY, VILLAGE, Cast

D = dt.date
SCHEMES = ("national", "jiangsu-2018", "guangdong-2024")


def stored(code: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((FOLDER / f"{code}.json").read_text(encoding="utf-8"))
    return data


def changed(path: str, value: Any, code: str = "national") -> dict[str, Any]:
    """A packaged scheme with one thing otherwise; ``path`` in dots."""
    data = copy.deepcopy(stored(code))
    *steps, last = path.split(".")
    place: Any = data
    for step in steps:
        place = place[int(step) if step.isdecimal() else step]
    place[int(last) if last.isdecimal() else last] = value
    return data


def test_the_packaged_schemes() -> None:
    assert set(packaged()) == set(SCHEMES)
    assert next(iter(packaged())) == "national"
    names = [[str(category.name.zh) for category in packaged()[code].categories] for code in SCHEMES]
    assert names[1] == [
        "孤儿",
        "父母监护缺失儿童",
        "父母无力履行监护职责儿童",
        "重残、重病及流浪儿童",
        "贫困家庭儿童",
        "其他困境儿童",
    ]
    assert names[2] == ["孤儿", "事实无人抚养儿童", "困难家庭儿童", "重残儿童", "兜底监护儿童", "其他"]
    for scheme in packaged().values():
        assert scheme.document
        for category in scheme.categories:
            assert category.name.zh
            assert category.name.en
            assert category.definition.zh


@pytest.mark.parametrize("code", SCHEMES)
def test_every_child_falls_under_exactly_one_category(code: str) -> None:
    scheme = packaged()[code]
    pairs = [(category, "") for category in PrimaryCategory]
    pairs += [(category, detail) for category, details in DETAILS.items() for detail in details]
    found = [pair for category in scheme.categories for pair in canonical_codes(scheme, category)]
    assert sorted(found) == sorted(pairs)
    for category in scheme.categories:
        for part in category.subtypes:
            assert canonical_codes(scheme, category, part), part.code


def test_no_health_condition_is_named() -> None:
    for code in SCHEMES:
        text = (FOLDER / f"{code}.json").read_text(encoding="utf-8").lower()
        assert not [word for word in ("hiv", "aids", "艾滋") if word in text]


def test_where_a_child_is_counted() -> None:
    jiangsu = packaged()["jiangsu-2018"]
    place, part = counted_under(jiangsu, "registered_poor")
    assert (place.code, part and part.code) == ("poor_family", "registered_poor")
    place, part = counted_under(jiangsu, "orphan", "both_dead")
    assert (place.code, part and part.code) == ("orphan", "orphan-both_dead")
    place, part = counted_under(jiangsu, "orphan")
    assert (place.code, part) == ("orphan", None)
    with pytest.raises(ValueError, match="poor"):
        counted_under(jiangsu, "poor")


def test_a_sub_type_may_be_counted_apart_from_its_category() -> None:
    data = stored("national")
    data["categories"][0]["subtypes"] = []
    data["categories"][-1]["counts"].append("orphan:institution_raised")
    scheme = read_scheme(data)
    assert counted_under(scheme, "orphan", "institution_raised")[0].code == "other"
    assert counted_under(scheme, "orphan", "both_dead")[0].code == "orphan"
    assert ("orphan", "institution_raised") not in canonical_codes(scheme, scheme.categories[0])


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("categories.0.counts", ["orfan"], "orfan"),
        ("categories.0.counts", ["orphan:rural"], "orphan:rural"),
        ("categories.0.counts", [], "orphan"),
        ("categories.0.counts", ["orphan", "dibao"], "dibao"),
        ("categories.1.code", "orphan", "orphan"),
        ("categories.5.subtypes.0.counts", ["orphan"], "orphan"),
        ("categories.5.subtypes.0.counts", ["tekunn"], "tekunn"),
        ("categories.0.name", {"zh": "孤儿"}, "en"),
        ("valid_from", "2010-13-01", "2010-13-01"),
    ],
)
def test_a_wrong_scheme_names_the_fault(path: str, value: Any, named: str) -> None:
    with pytest.raises(SchemeError, match=named):
        read_scheme(changed(path, value))


def test_a_missing_key_is_named() -> None:
    data = stored("national")
    del data["document"]
    with pytest.raises(SchemeError, match="document"):
        read_scheme(data)


def test_names_follow_the_language() -> None:
    name = packaged()["national"].categories[0].name
    with translation.override("zh-hans"):
        assert str(name) == "孤儿"
    with translation.override("en"):
        assert str(name) == "Orphan"


def test_precedence_is_the_schemes() -> None:
    assert suggest_primary({Attribute.DIBAO, Attribute.SEVERE_DISABILITY}) == "severe_disability"
    assert suggest_primary({Attribute.DIBAO, Attribute.ORPHAN}) == "orphan"
    assert suggest_primary({Attribute.REGISTERED_POOR}) == "registered_poor"
    assert suggest_primary({Attribute.DISABILITY, Attribute.KEY_MONITORING}) == "other_difficulty"
    assert suggest_primary(set()) == "other_difficulty"
    # 广东 puts families in difficulty before disability.
    poor_first = packaged()["guangdong-2024"]
    assert suggest_primary({"dibao", "severe_disability"}, poor_first) == "dibao"
    with pytest.raises(ValueError, match="poor"):
        suggest_primary({"poor"})


def test_the_national_order_is_the_registers() -> None:
    order = [
        code for category in packaged()["national"].categories for code in category.counts if ":" not in code
    ]
    assert order == PrimaryCategory.values


@given(st.frozensets(st.sampled_from(Attribute)), st.sampled_from(SCHEMES))
def test_whoever_has_a_category_gets_one_that_is_true(held: frozenset[Attribute], code: str) -> None:
    chosen = suggest_primary(held, packaged()[code])
    own = {attribute.value for attribute in held} & set(PrimaryCategory.values)
    assert chosen.value in own or (not own and chosen is PrimaryCategory.OTHER_DIFFICULTY)


def test_the_countys_choice_is_dated(cast: Cast) -> None:
    with system_scope(reason="test", log=False):
        for value, start in (("guangdong-2024", D(2026, 3, 1)), ("jiangsu-2018", D(2026, 9, 1))):
            Parameter.objects.create(
                region_id=COUNTY, key=categories.PARAMETER, value=value, valid_from=start, source="test"
            )
    with open_scope(cast.scope("clerk")):
        for day, code in (
            (D(2026, 2, 28), "national"),
            (D(2026, 3, 1), "guangdong-2024"),
            (D(2026, 8, 31), "guangdong-2024"),
            (D(2026, 9, 1), "jiangsu-2018"),
        ):
            assert scheme_of(VILLAGE, day).code == code
        assert scheme_of(OTHER_COUNTY, D(2026, 9, 1)).code == "national"


def test_a_county_may_have_a_scheme_of_its_own(cast: Cast) -> None:
    own = changed("code", "tongnan-own") | {"name": "潼南区分类"}
    with system_scope(reason="test", log=False):
        Parameter.objects.create(
            region_id=COUNTY, key=categories.PARAMETER, value=own, valid_from=D(2026, 1, 1), source="test"
        )
    with open_scope(cast.scope("clerk")):
        scheme = scheme_of(VILLAGE, D(2026, 5, 1))
    assert (scheme.code, str(scheme.name)) == ("tongnan-own", "潼南区分类")


def test_an_unknown_code_is_told() -> None:
    with pytest.raises(SchemeError, match="hunan-2030"):
        categories.scheme_from("hunan-2030")
