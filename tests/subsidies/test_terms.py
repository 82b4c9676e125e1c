"""Terms of schemes: packaged rules, inheritance by region and date, and what is refused with a remedy."""

import datetime as dt
import itertools
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staff.models import Parameter, Region
from staff.scope import open_scope, system_scope
from staff.workflow import Actor
from subsidies.enums import EndReason, SchemeCode, StopRule, TekunMode
from subsidies.models import Rate, Scheme, SchemeRule
from subsidies.reckoning.standards import Standards
from subsidies.terms.enums import PublicityKind
from subsidies.terms.in_force import Ruling, national, national_terms, resolve, terms_of
from subsidies.terms.reading import READERS, TermsError, read_changes
from subsidies.terms.ruling import RuleRefused, add_rule, begin_scheme, install_schemes
from subsidies.terms.words import GROUPS, LABELS, words
from tests.cast import COUNTY, OTHER_COUNTY, Cast
from tests.subsidies.conftest import OCTOBER, Office, moment

D = dt.date
PROVINCE, PREFECTURE = 500000000000, 500100000000
TODAY = D(2026, 10, 1)
ENGLISH = {"accept-language": "en"}


def ruling(region: int | None, changes: dict[str, Any], start: dt.date | None = None, **more: Any) -> Ruling:
    return Ruling(f"doc {region} {start}", read_changes(changes), region, start, **more)


def overlaid(*rulings: Ruling, on: dt.date = TODAY, region: int | None = COUNTY) -> Any:
    return resolve((*national("basic_living"), *rulings), on, region)


# --- what is packaged


@pytest.mark.parametrize("code", list(SchemeCode))
def test_every_packaged_scheme_is_complete_and_each_term_names_its_document(code: SchemeCode) -> None:
    terms = national_terms(code.value, TODAY)
    assert set(terms.sources) == set(READERS) == set(LABELS)
    assert all(source.document and source.region_id is None for source in terms.sources.values())
    assert {key for _title, keys in GROUPS for key in keys} == set(READERS)
    for key in READERS:
        assert all(line.strip() for line in words(key, getattr(terms, key))), key


def test_orphans_and_unattended_children_are_never_posted_in_public() -> None:
    terms = national_terms("basic_living", TODAY)
    assert terms.publicity.kind is PublicityKind.NONE
    assert terms.sources["publicity"].document == "民发〔2019〕62号"
    dibao = national_terms("dibao", TODAY).publicity
    assert (dibao.kind, dibao.days, dibao.where.value) == (PublicityKind.DAYS, 7, "village")


# --- inheritance


def test_a_county_overrides_the_province_and_inherits_what_it_does_not_rule() -> None:
    terms = overlaid(
        ruling(PROVINCE, {"grace_months": 6, "recheck": "quarterly"}, D(2024, 1, 1)),
        ruling(COUNTY, {"grace_months": 3}, D(2025, 1, 1)),
    )
    assert (terms.grace_months, terms.recheck.value) == (3, "quarterly")
    assert terms.sources["grace_months"].region_id == COUNTY
    assert terms.sources["recheck"].document == f"doc {PROVINCE} 2024-01-01"
    assert terms.sources["offsets"].document == "民发〔2019〕62号"


def test_a_later_rule_of_the_province_does_not_beat_an_earlier_one_of_the_county() -> None:
    rules = (
        ruling(COUNTY, {"grace_months": 3}, D(2025, 1, 1)),
        ruling(PROVINCE, {"grace_months": 6}, D(2026, 1, 1)),
    )
    assert overlaid(*rules).grace_months == 3
    assert overlaid(*rules, region=OTHER_COUNTY).grace_months in (6, 0)


def test_a_rule_holds_from_its_day_to_its_last_day() -> None:
    rule = ruling(COUNTY, {"grace_months": 3}, D(2026, 3, 1), valid_to=D(2026, 8, 31))
    found = [overlaid(rule, on=D(2026, month, 1)).grace_months for month in (2, 3, 8, 9)]
    assert found == [0, 3, 3, 0]


def test_a_rule_of_the_scheme_goes_before_the_countys_switch_for_all_schemes() -> None:
    switch = ruling(COUNTY, {"tekun_mode": "exclude"}, D(2026, 1, 1), is_switch=True)
    assert overlaid(switch).tekun_mode is TekunMode.EXCLUDE
    assert (
        overlaid(switch, ruling(COUNTY, {"tekun_mode": "offset"}, D(2025, 1, 1))).tekun_mode
        is TekunMode.OFFSET
    )
    # The county's own switch is narrower than a rule of the province.
    assert (
        overlaid(switch, ruling(PROVINCE, {"tekun_mode": "offset"}, D(2026, 2, 1))).tekun_mode
        is TekunMode.EXCLUDE
    )


@settings(deadline=None, max_examples=150)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([PROVINCE, PREFECTURE, COUNTY]),
            st.integers(1, 12),
            st.sampled_from(["grace_months", "visit_days", "age_most"]),
            st.integers(3, 20),
        ),
        unique_by=lambda row: row[:3],
        max_size=8,
    ),
    st.integers(1, 12),
)
def test_the_narrowest_region_then_the_latest_day_decides_each_term(
    rows: list[tuple[int, int, str, int]], month: int
) -> None:
    rules = [ruling(region, {key: value}, D(2026, start, 1)) for region, start, key, value in rows]
    on = D(2026, month, 1)
    base = national_terms("basic_living", on)
    found = overlaid(*rules, on=on)
    assert found == overlaid(*reversed(rules), on=on)
    order = {PROVINCE: 0, PREFECTURE: 1, COUNTY: 2}
    for key in ("grace_months", "visit_days", "age_most"):
        held = [
            (order[region], start, value) for region, start, k, value in rows if k == key and start <= month
        ]
        assert getattr(found, key) == (max(held)[2] if held else getattr(base, key))


# --- what is refused


@pytest.mark.parametrize(
    ("changes", "key", "words_of_remedy"),
    [
        ({}, "changes", "at least one term"),
        ({"colour": 1}, "colour", "no such term"),
        ({"tekun_mode": "sometimes"}, "tekun_mode", "offset, exclude"),
        ({"grace_months": 99}, "grace_months", "from 0 to 24"),
        ({"grace_months": True}, "grace_months", "whole number"),
        ({"school_proof": "yes"}, "school_proof", "true or false"),
        ({"offsets": "dibao"}, "offsets", "a list"),
        ({"offsets": ["dibao", "dibao"]}, "offsets", "twice"),
        ({"funding": []}, "funding", "takes the rest"),
        ({"funding": [{"source": "county", "kind": "rest"}, {"source": "central", "kind": "rest"}]}, "funding", "Exactly one"),
        ({"funding": [{"source": "central", "kind": "fixed"}]}, "funding", "value is lacking"),
        (
            {"funding": [{"source": "central", "kind": "percent", "value": "60"},
                         {"source": "provincial", "kind": "percent", "value": "41"},
                         {"source": "county", "kind": "rest"}]},
            "funding", "more than 100",
        ),
        ({"funding": [{"source": "central", "kind": "percent", "value": 0.5}]}, "funding", "in quotes"),
        ({"publicity": {"kind": "days"}}, "publicity", "from 1 to 60"),
        ({"formulas": [{"of": {"scheme": "basic_living"}, "percnt": "80"}]}, "formulas", "percnt"),
        ({"grades": [{"code": "a b", "name": "x"}]}, "grades", "letters"),
        ({"evidence": [{"code": "x"}]}, "evidence", "name is lacking"),
        ({"amount_most": "12.345"}, "amount_most", "two decimal places"),
    ],
)  # fmt: skip
def test_what_is_no_term_is_refused_with_the_key_and_the_remedy(
    changes: Any, key: str, words_of_remedy: str
) -> None:
    with pytest.raises(TermsError, match=words_of_remedy) as refused:
        read_changes(changes)
    assert refused.value.key == key


def test_terms_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(TermsError, match="below the lowest"):
        overlaid(ruling(COUNTY, {"amount_least": "900", "amount_most": "800"}, D(2026, 1, 1)))
    with pytest.raises(TermsError, match="not among the grades"):
        overlaid(ruling(COUNTY, {"formulas": [{"of": {"scheme": "dibao"}, "grade": "poor"}]}, D(2026, 1, 1)))
    with pytest.raises(TermsError, match="No rule sets"):
        resolve([ruling(None, {"grace_months": 1})], TODAY)


# --- on record


def add(
    office: Office, changes: dict[str, Any], month: int = 10, document: str = "演示〔2026〕1号"
) -> SchemeRule:
    with office.as_("clerk") as clerk:
        return add_rule(
            actor=clerk, at=moment(9, 1), region=office.region(), scheme=office.scheme,
            valid_from=D(2026, month, 1), document=document, changes=changes,
        )  # fmt: skip


def test_a_recorded_rule_is_read_back_with_its_document(office: Office) -> None:
    rule = add(office, {"recheck": "monthly", "stop_by_reason": {"parent_found": "same_month"}})
    with office.as_("clerk"):
        terms = terms_of(office.scheme, COUNTY, OCTOBER)
        assert terms_of("basic_living", COUNTY, D(2026, 9, 1)).recheck.value == "half_yearly"
    assert terms.recheck.value == "monthly"
    assert (terms.stop_of("parent_found"), terms.stop_of("death")) == (
        StopRule.SAME_MONTH,
        StopRule.NEXT_MONTH,
    )
    source = terms.sources["recheck"]
    assert (source.document, source.region_id, source.rule_id) == ("演示〔2026〕1号", COUNTY, rule.pk)
    assert rule.user_id is not None


def test_a_countys_rule_does_not_reach_another_county(office: Office) -> None:
    add(office, {"recheck": "monthly"})
    with system_scope(reason="test", log=False):
        assert terms_of("basic_living", OTHER_COUNTY, OCTOBER).recheck.value == "half_yearly"


@pytest.mark.parametrize(
    ("changes", "key", "text"),
    [
        ({"recheck": "weekly"}, "recheck", "half_yearly"),
        ({"amount_least": "9", "amount_most": "8"}, "amount_most", "below the lowest"),
        ({"formulas": [{"of": {"scheme": "basic_living"}, "percent": "90"}]}, "formulas", "in a circle"),
    ],
)
def test_a_rule_that_cannot_hold_is_refused_and_not_written(
    office: Office, changes: dict[str, Any], key: str, text: str
) -> None:
    with pytest.raises(RuleRefused, match=text) as refused:
        add(office, changes)
    assert refused.value.key == key
    assert not SchemeRule.objects.exists()


def test_two_rules_of_one_day_are_refused(office: Office) -> None:
    add(office, {"recheck": "monthly"})
    with pytest.raises(RuleRefused, match="choose another month"):
        add(office, {"recheck": "quarterly"})


def test_the_switches_of_the_county_are_terms_of_every_scheme(office: Office) -> None:
    with system_scope(reason="test", log=False):
        Parameter.objects.create(
            region_id=COUNTY, key="stop_rule", value="same_month", valid_from=D(2026, 1, 1), source="渝民"
        )
        for code in ("basic_living", "care"):
            terms = terms_of(code, COUNTY, OCTOBER)
            assert terms.stop_rule is StopRule.SAME_MONTH
            assert terms.sources["stop_rule"].document == "渝民"


# --- digests


def digest(office: Office) -> str:
    with office.as_("clerk"):
        return Standards.load(office.scheme, COUNTY).digest(OCTOBER)


def test_a_digest_changes_with_what_decides_money_and_with_nothing_else(office: Office) -> None:
    seen = [digest(office)]
    add(office, {"recheck": "monthly", "visit_days": 90}, month=1)
    assert digest(office) == seen[0]
    add(
        office,
        {
            "funding": [
                {"source": "central", "kind": "fixed", "value": "270"},
                {"source": "county", "kind": "rest"},
            ]
        },
        month=2,
    )
    seen.append(digest(office))
    add(office, {"tekun_mode": "exclude"}, month=3)
    seen.append(digest(office))
    Rate.objects.create(
        scheme=office.scheme, region_id=COUNTY, placement="scattered", amount=Decimal("1600.00"),
        valid_from=OCTOBER, source="x",
    )  # fmt: skip
    seen.append(digest(office))
    dibao = Scheme.objects.create(code="dibao", clause="x")
    row = {"region_id": COUNTY, "placement": "scattered", "valid_from": D(2026, 1, 1), "source": "x"}
    Rate.objects.create(scheme=dibao, amount=Decimal("700.00"), **row)
    assert digest(office) == seen[-1]
    add(
        office,
        {
            "formulas": [
                {"category": "protected", "of": {"scheme": "basic_living"}, "minus": {"scheme": "dibao"}}
            ]
        },
        month=4,
    )
    seen.append(digest(office))
    Rate.objects.filter(scheme=dibao).update(amount=Decimal("710.00"))
    seen.append(digest(office))
    Rate.objects.create(scheme=office.scheme, amount=Decimal("9.00"), **row | {"valid_from": D(2026, 11, 1)})
    assert digest(office) == seen[-1]
    assert len(set(seen)) == len(seen)


# --- schemes on record


def test_schemes_are_installed_once_and_begin_with_their_first_standard(office: Office) -> None:
    assert install_schemes() == len(SchemeCode) - 1
    assert install_schemes() == 0
    assert not Scheme.objects.get(code="study").is_active
    begin_scheme(study := Scheme.objects.get(code="study"))
    begin_scheme(dibao := Scheme.objects.get(code="dibao"))
    assert (study.is_active, dibao.is_active) == (True, False)


# --- pages


def test_the_page_of_a_scheme_names_the_document_and_the_level_of_each_term(
    office: Office, page_budget: Any
) -> None:
    add(office, {"grace_months": 3}, document="潼民发〔2026〕7号")
    SchemeRule.objects.create(
        scheme=office.scheme, region_id=PROVINCE, valid_from=D(2025, 1, 1), document="渝民发〔2025〕1号", changes={"recheck": "quarterly"}
    )  # fmt: skip
    for member in ("clerk", "approver", "leader", "auditor", "supervisor"):
        client = office.cast.client(member)
        with page_budget(15):
            page = client.get("/schemes/basic_living/?month=2026-10")
        text = page.content.decode()
        assert page.status_code == 200
        assert all(
            document in text for document in ("潼民发〔2026〕7号", "渝民发〔2025〕1号", "民发〔2019〕62号")
        )
        assert ("rules/add" in text) == (member == "clerk")
    assert (
        "潼民发〔2026〕7号 · "
        not in office.cast.client("clerk").get("/schemes/basic_living/?month=2026-09").content.decode()
    )
    assert office.cast.client("clerk").get("/schemes/unknown/").status_code == 404


def test_the_list_of_schemes(office: Office, page_budget: Any) -> None:
    install_schemes()
    client = office.cast.client("leader")
    with page_budget(15):
        page = client.get("/schemes/")
    assert page.content.decode().count("/schemes/basic_living/") == 1
    assert len(page.context["rows"]) == len(SchemeCode)


def posted(office: Office, **fields: Any) -> Any:
    """The form as a browser sends it: what holds now, with some fields changed."""
    client = office.cast.client("clerk")
    address = "/schemes/basic_living/rules/add/"
    form = client.get(address).context["form"]
    data = {}
    for name in form.fields:
        value = form[name].value()
        if value not in (None, "", False):
            data[name] = value
    sent = data | {"document": "潼民发〔2026〕7号", "valid_from": "2026-10"} | fields
    return client.post(address, sent, headers=ENGLISH)


def test_only_what_the_form_changes_is_ruled(office: Office) -> None:
    response = posted(
        office, recheck="monthly", same_month=["parent_found"], share_central="fixed", value_central="270",
        extension_stages=["senior", "vocational"],
    )  # fmt: skip
    assert response.status_code == 302, response.context["form"].errors
    rule = SchemeRule.objects.get()
    assert rule.document == "潼民发〔2026〕7号"
    assert rule.changes == {
        "recheck": "monthly",
        "extension_stages": ["senior", "vocational"],
        "stop_by_reason": {"parent_found": "same_month"},
        "funding": [
            {"source": "central", "kind": "fixed", "value": "270"},
            {"source": "county", "kind": "rest"},
        ],
    }
    with office.as_("clerk"):
        assert (
            terms_of("basic_living", COUNTY, OCTOBER).stop_of(EndReason.PARENT_FOUND) is StopRule.SAME_MONTH
        )


@pytest.mark.parametrize(
    ("fields", "field", "text"),
    [
        ({}, None, "Nothing differs"),
        ({"document": "", "recheck": "monthly"}, "document", "required"),
        ({"formulas": "[{"}, "formulas", "no JSON: line 1"),
        ({"grades": '[{"code": "a"}]'}, "grades", "name is lacking"),
        ({"share_county": ""}, "share_county", "takes the rest"),
        ({"publicity": "days"}, "publicity", "from 1 to 60"),
        ({"formulas": '[{"of": {"scheme": "basic_living"}}]'}, "formulas", "in a circle"),
    ],
)
def test_the_form_says_beside_the_field_what_is_wrong(
    office: Office, fields: Any, field: str | None, text: str
) -> None:
    form = posted(office, **fields).context["form"]
    assert text in str(form.errors[field or "__all__"])
    assert not SchemeRule.objects.exists()


def test_a_standard_with_a_grade_and_of_a_school_year(office: Office) -> None:
    install_schemes()
    with office.as_("clerk") as clerk:
        add_rule(
            actor=clerk, at=moment(9, 1), region=office.region(), scheme=Scheme.objects.get(code="study"),
            valid_from=D(2026, 9, 1), document="x",
            changes={"grades": [{"code": "higher", "name": {"zh": "高校", "en": "University"}}]},
        )  # fmt: skip
    client = office.cast.client("clerk")
    data = {
        "scheme": Scheme.objects.get(code="study").pk, "placement": "scattered", "category": "",
        "grade": "higher", "amount": "6000", "valid_from": "2026-10", "source": "皖民〔2022〕1号",
    }  # fmt: skip
    refused = client.post("/rates/add/", data, headers=ENGLISH).context["form"]
    assert "2026-09" in str(refused.errors)
    orphan = data | {"valid_from": "2026-09", "category": "orphan"}
    wrong = client.post("/rates/add/", orphan, headers=ENGLISH).context["form"]
    assert "not for this category" in str(wrong.errors["category"])
    assert client.post("/rates/add/", data | {"valid_from": "2026-09"}).status_code == 302
    assert Rate.objects.get(grade="higher").amount == 6000
    assert Scheme.objects.get(code="study").is_active
    assert "高校" in client.get("/rates/").content.decode()


def test_scheme_rules_of_every_level_are_found_in_one_query(
    cast: Cast, django_assert_num_queries: Any
) -> None:
    scheme = Scheme.objects.create(code="care", clause="x")
    for region, number in zip((PROVINCE, COUNTY), itertools.count(1), strict=False):
        assert Region.objects.filter(pk=region).exists()
        SchemeRule.objects.create(
            scheme=scheme, region_id=region, valid_from=D(2026, number, 1), document="x",
            changes={"grace_months": number},
        )  # fmt: skip
    with open_scope(cast.scope("clerk")):
        assert Actor.current().role == "clerk"
        with django_assert_num_queries(1):
            assert terms_of(scheme, COUNTY, TODAY).grace_months == 2
