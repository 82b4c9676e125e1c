"""Pages of the register: who sees what, what they cost, and that a form keeps what was typed."""

from __future__ import annotations

import datetime as dt
import html
import re

import pytest
from django.urls import reverse
from django.utils import timezone
from guardian.shortcuts import assign_perm

from cases import register, search
from cases.categories import changes as category_changes
from cases.children import family
from cases.children.family import SituationData
from cases.leaving import services as leaving
from cases.models import Case, Child, Visit
from staff.models import AccessLog
from staff.scope import open_scope, system_scope
from tests.cast import FAR_VILLAGE, OTHER_VILLAGE, OWN_ID, VILLAGE, Cast, make_child

# Inside a test's own transaction a request costs two savepoints and the old scope, read and put back.
PAGE_COST = 15 + 4
TODAY = dt.date(2026, 10, 20)
AT = dt.datetime(2026, 10, 20, 2, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: AT)


def listed(page: bytes) -> list[str]:
    """Names in the order of the list (phones' items)."""
    return re.findall(r'cw-item-title">([^<]+?)<', page.decode())


@pytest.fixture
def many(cast: Cast) -> Cast:
    with system_scope(reason="test", log=False):
        search.index_children()
        for number in range(60):
            due = TODAY + dt.timedelta(days=number // 7) if number % 10 else None
            make_child(OTHER_VILLAGE, f"童{number:02d}", risk="green", next_visit_date=due)
    return cast


# --- The list --------------------------------------------------------------------------------------------


def test_the_list_shows_what_the_post_covers(cast: Cast) -> None:
    seen = {
        member: set(listed(cast.client(member).get("/children/").content))
        for member in ("director", "other_director", "supervisor", "clerk", "approver", "leader", "stranger")
    }
    county = {"林小满", "秦白露", "田立夏"}
    assert seen == {
        "director": {"林小满"},
        "other_director": {"秦白露"},
        "supervisor": {"林小满", "秦白露"},
        "clerk": county,
        "approver": county,
        "leader": county,
        "stranger": {"罗小寒"},
    }
    for member in ("releaser", "auditor", "sysadmin", "viewer", "provider", "nobody"):
        assert cast.client(member).get("/children/").status_code == 403


@pytest.mark.parametrize("sort", ["due", "name"])
def test_pages_by_key_show_every_child_once_in_both_directions(many: Cast, sort: str) -> None:
    client = many.client("supervisor")
    first = client.get("/children/", {"sort": sort})
    later = html.unescape(
        re.search(r'href="(\?[^"]*after=[^"]*)" rel="next"', first.content.decode()).group(1)
    )  # type: ignore[union-attr]
    second = client.get(f"/children/{later}")
    names = listed(first.content) + listed(second.content)
    assert (len(listed(first.content)), len(names), len(set(names))) == (50, 62, 62)
    with open_scope(many.scope("supervisor")):
        field = {"due": "next_visit_date", "name": "name_pinyin"}[sort]
        assert names == list(Child.objects.order_by(field, "pk").values_list("name", flat=True))
    assert 'rel="next"' not in second.content.decode()
    earlier = html.unescape(
        re.search(r'href="(\?[^"]*before=[^"]*)" rel="prev"', second.content.decode()).group(1)
    )  # type: ignore[union-attr]
    assert listed(client.get(f"/children/{earlier}").content) == listed(first.content)
    assert "62" in re.search(r'cw-pager.*?cw-num">([^<]*)', first.content.decode(), re.DOTALL).group(1)  # type: ignore[union-attr]


def test_a_broken_key_starts_at_the_top(many: Cast) -> None:
    client = many.client("supervisor")
    for key in ("x", "~", "2026-13-45~7", "a~b"):
        assert client.get("/children/", {"after": key}).status_code == 200


def test_counting_stops(many: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cases.children.listing.COUNTED", 20)
    page = many.client("supervisor").get("/children/").content.decode()
    assert re.search(r"cw-pager.*?20", page, re.DOTALL)
    assert ">62" not in page


def test_filters(cast: Cast) -> None:
    with open_scope(cast.scope("clerk")):
        search.index_children()
        Child.objects.filter(name="秦白露").update(risk="red", next_visit_date=TODAY + dt.timedelta(days=2))
        Child.objects.filter(name="田立夏").update(
            next_visit_date=TODAY - dt.timedelta(days=3), placement="institution"
        )
        leaving.leave_register(
            cast.children["own"], day=TODAY, reason_code="07", destination="重庆市合川区", at=AT
        )
    client = cast.client("clerk")
    for query, expected in {
        "": ["田立夏", "秦白露"],
        "risk=red": ["秦白露"],
        "due=overdue": ["田立夏"],
        "due=week": ["秦白露"],
        "placement=institution": ["田立夏"],
        "region=500152001000": ["秦白露"],
        "region=341222100000": ["田立夏", "秦白露"],  # not among the choices: no restriction
        "category=orphan": [],
        "left=1": ["林小满"],
        "q=林小满": ["林小满"],
        "q=qbl": ["秦白露"],
        "q=罗小寒": [],
    }.items():
        assert listed(client.get(f"/children/?{query}").content) == expected, query


def test_cost_of_the_list(many: Cast, django_assert_max_num_queries: pytest.FixtureRequest) -> None:
    client = many.client("clerk")
    for query in ("", "?q=林", "?left=1", "?sort=name&region=500152001000"):
        with django_assert_max_num_queries(PAGE_COST):  # type: ignore[operator]
            assert client.get(f"/children/{query}").status_code == 200


def test_suggestions(cast: Cast) -> None:
    with system_scope(reason="test", log=False):
        search.index_children()
    client = cast.client("supervisor")
    found = client.get("/children/suggest/", {"q": "lxm", "format": "json"}).json()["results"]
    assert [(row["name"], row["age"], row["place"]) for row in found] == [("林小满", 9, "桂林街道 莲花社区")]
    assert "林小满" in client.get("/children/suggest/", {"q": "小满"}).content.decode()
    assert client.get("/children/suggest/", {"q": "罗小寒", "format": "json"}).json() == {"results": []}
    assert client.get("/children/suggest/", {"q": "", "format": "json"}).json() == {"results": []}


# --- The file --------------------------------------------------------------------------------------------


def test_a_file_is_seen_in_scope_only_and_the_reading_is_logged(cast: Cast) -> None:
    url = reverse("cases:child", args=[cast.children["own"].pk])
    for member in ("director", "supervisor", "clerk", "approver", "leader"):
        page = cast.client(member).get(url).content.decode()
        assert "林小满" in page
        assert OWN_ID not in page
        assert "13712345520" not in page
        assert "6217001234567890" not in page
    for member in ("other_director", "other_supervisor", "stranger", "provider"):
        assert cast.client(member).get(url).status_code == 404, member
    with open_scope(cast.scope("auditor")):
        assert AccessLog.objects.filter(kind="read", child_id=cast.children["own"].pk).count() == 5


def test_the_same_reading_is_logged_once(
    cast: Cast, django_capture_on_commit_callbacks: pytest.FixtureRequest
) -> None:
    client, url = cast.client("director"), reverse("cases:child", args=[cast.children["own"].pk])
    for _time in range(2):
        with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
            client.get(url)
    with open_scope(cast.scope("auditor")):
        assert AccessLog.objects.filter(kind="read").count() == 1


def test_a_provider_sees_little(cast: Cast) -> None:
    own = cast.children["own"]
    with open_scope(cast.scope("supervisor")):
        assign_perm("view_limited_child", cast.users["provider"], own)
        Child.objects.filter(pk=own.pk).update(
            school_stage="primary", address="莲花社区 8 号", health_note="哮喘"
        )
    client = cast.client("provider")
    page = client.get(reverse("cases:child", args=[own.pk])).content.decode()
    assert "林小满" in page
    for hidden in ("莲花社区", "林桂芳", OWN_ID[-4:], own.number, "哮喘", "2017", "yellow", "T000"):
        assert hidden not in page, hidden
    assert client.get(reverse("cases:child_section", args=[own.pk, "timeline"])).status_code == 403
    assert client.get(reverse("cases:child_edit", args=[own.pk])).status_code == 403


def test_eligibility_is_told_with_its_row_and_day(cast: Cast) -> None:
    own = cast.children["own"]
    with open_scope(cast.scope("director")):
        prison = SituationData(
            "father",
            "imprisoned",
            dt.date(2025, 3, 12),
            expected_end_date=dt.date(2028, 3, 11),
            evidence="criminal_judgment",
        )
        family.add_situation(own, prison, at=AT)
    client, url = cast.client("supervisor"), reverse("cases:child", args=[own.pk])
    page = client.get(url, headers={"accept-language": "en"}).content.decode()
    assert "unknown" in page
    with open_scope(cast.scope("director")):
        family.add_situation(
            own, SituationData("mother", "dead", dt.date(2024, 11, 2), evidence="death_certificate"), at=AT
        )
    page = client.get(url, headers={"accept-language": "en"}).content.decode()
    assert "One parent is dead" in page
    assert "2027-01-31" in page


@pytest.mark.parametrize("section", ["visits", "cases", "subsidies", "referrals", "materials", "timeline"])
def test_cost_of_the_file(
    cast: Cast, section: str, django_assert_max_num_queries: pytest.FixtureRequest
) -> None:
    own = cast.children["own"]
    client = cast.client("supervisor")
    with django_assert_max_num_queries(PAGE_COST):  # type: ignore[operator]
        assert client.get(reverse("cases:child", args=[own.pk])).status_code == 200
    with django_assert_max_num_queries(PAGE_COST):  # type: ignore[operator]
        assert client.get(reverse("cases:child_section", args=[own.pk, section])).status_code == 200
    assert client.get(reverse("cases:child_section", args=[own.pk, "nothing"])).status_code == 404


def test_the_timeline_tells_what_happened_but_no_restricted_case(cast: Cast) -> None:
    own, director = cast.children["own"], cast.users["director"]
    with open_scope(cast.scope("supervisor")):
        Visit.objects.create(
            child=own,
            region_id=own.region_id,
            kind="door",
            visited_at=AT,
            risk_before="yellow",
            risk="red",
            state="approved",
            submitted_at=AT,
            conducted_by=director,
            text="祖母摔伤",
        )
        register.set_risk(own, "red", at=AT, reason="监护人住院")
        category_changes.set_category(own, "orphan", since=TODAY, at=AT, reason="父亲死亡")
        Case.objects.create(
            child=own,
            region_id=own.region_id,
            title="临时照料",
            level="red",
            opened_by=director,
            opened_at=AT,
        )
    with system_scope(reason="test", log=False):
        from staff.models import TransitionRecord

        with open_scope(cast.scope("supervisor")):
            TransitionRecord.objects.create(
                subject="cases.case",
                subject_id="999999",
                region_id=own.region_id,
                child_id=own.pk,
                name="close",
                source="open",
                target="closed",
                at=AT,
                reason="性侵案件",
            )
            TransitionRecord.objects.create(
                subject="subsidies.application",
                subject_id="999998",
                region_id=own.region_id,
                child_id=own.pk,
                name="apply",
                source="",
                target="submitted",
                at=AT - dt.timedelta(days=400),
                reason="祖母代为申请",
            )
            TransitionRecord.objects.create(
                subject="subsidies.application",
                subject_id="999997",
                region_id=own.region_id,
                child_id=own.pk,
                name="propose",
                source="",
                target="to_confirm",
                at=AT,
            )
    url = reverse("cases:child_section", args=[own.pk, "timeline"])
    page = cast.client("supervisor").get(url).content.decode()
    assert "propose" not in page
    for told in ("祖母摔伤", "监护人住院", "父亲死亡", "临时照料", "林桂芳"):
        assert told in page, told
    assert "性侵" not in page
    assert "祖母代为申请" in page
    assert re.search(r"apply\b", re.sub(r"<[^>]*>", "", page)) is None, "a code instead of a word"
    short = cast.client("supervisor").get(url, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in short
    assert short.count("<li>") == 6


# --- Forms -----------------------------------------------------------------------------------------------

FORM = {
    "region": VILLAGE,
    "name": "陶小雨",
    "birth_date": "2015-03-04",
    "sex": "male",
    "primary_category": "de_facto_unattended",
    "risk": "yellow",
    "placement": "scattered",
    "guardian-0-name": "陶德海",
    "guardian-0-relation": "grandfather",
    "guardian-0-kind": "both",
    "father-kind": "imprisoned",
    "father-start_date": "2025-03-12",
    "father-evidence": "criminal_judgment",
}


def test_adding_a_child(cast: Cast) -> None:
    client = cast.client("director")
    assert client.get("/children/add/").status_code == 200
    answer = client.post("/children/add/", FORM)
    with open_scope(cast.scope("director")):
        new = Child.objects.get(name="陶小雨")
        assert answer["Location"] == reverse("cases:child", args=[new.pk])
        assert new.guardians.get().name == "陶德海"
        assert new.parent_situations.get().kind == "imprisoned"
        assert new.payees.count() == 0


def test_an_error_stands_at_its_field_and_nothing_typed_is_lost(cast: Cast) -> None:
    typed = FORM | {"id_number": "12345", "guardian-0-id_number": "999", "address": "三组 12 号"}
    page = cast.client("director").post("/children/add/", typed).content.decode()
    assert 'id="id_id_number_error"' in page
    for kept in ("12345", "999", "三组 12 号", "陶小雨", "2015-03-04", "陶德海"):
        assert kept in page, kept
    typed["id_number"] = ""
    page = cast.client("director").post("/children/add/", typed).content.decode()
    assert 'id="id_guardian-0-id_number_error"' in page
    with open_scope(cast.scope("director")):
        assert not Child.objects.filter(name="陶小雨").exists()


def test_a_warning_is_confirmed_on_the_same_form(cast: Cast) -> None:
    client, typed = cast.client("director"), FORM | {"birth_date": "2007-03-04"}
    page = client.post("/children/add/", typed)
    assert page.status_code == 200
    assert 'name="confirmed"' in page.content.decode()
    assert client.post("/children/add/", typed | {"confirmed": "1"}).status_code == 302


def test_a_known_child_is_linked_an_unknown_one_is_not_named(cast: Cast) -> None:
    own = cast.children["own"]
    typed = FORM | {"id_number": OWN_ID, "birth_date": "", "sex": ""}
    page = cast.client("director").post("/children/add/", typed).content.decode()
    assert reverse("cases:child", args=[own.pk]) in page
    elsewhere = FORM | {"id_number": OWN_ID, "birth_date": "", "sex": "", "region": 341222100001}
    page = cast.client("stranger").post("/children/add/", elsewhere).content.decode()
    assert "林小满" not in page
    assert reverse("cases:child", args=[own.pk]) not in page
    assert 'id="id_id_number_error"' in page


def test_the_village_must_be_ones_own(cast: Cast) -> None:
    assert cast.client("director").post("/children/add/", FORM | {"region": OTHER_VILLAGE}).status_code == 200
    with system_scope(reason="test", log=False):
        assert not Child.objects.filter(name="陶小雨").exists()


def test_changing_a_file(cast: Cast) -> None:
    own = cast.children["own"]
    client, url = cast.client("director"), reverse("cases:child_edit", args=[own.pk])
    assert OWN_ID not in client.get(url).content.decode()
    values = {
        "name": "林晓曼",
        "id_number": OWN_ID,
        "birth_date": "2017-05-20",
        "sex": "female",
        "placement": "scattered",
        "household_region": VILLAGE,
        "residence_region": OTHER_VILLAGE,
        "school_stage": "primary",
    }
    assert client.post(url, values).status_code == 302
    with open_scope(cast.scope("director")):
        own.refresh_from_db()
    assert (own.name, own.residence_region_id, own.school_stage) == ("林晓曼", OTHER_VILLAGE, "primary")
    assert client.post(url, values | {"residence_region": "123"}).status_code == 200
    assert "桂林街道 井田社区" in client.get(url).content.decode()
    assert client.post(url, values | {"residence_region": "梓潼街道 外南街社区"}).status_code == 302
    with open_scope(cast.scope("director")):
        own.refresh_from_db()
    assert own.residence_region_id == FAR_VILLAGE
    assert cast.client("other_director").get(url).status_code == 404
    assert cast.client("leader").get(url).status_code == 403


@pytest.mark.parametrize(
    ("name", "typed", "member"),
    [
        ("child_guardian", {"name": "田秀莲", "relation": "neighbour", "kind": "caregiver"}, "director"),
        ("child_parent", {"parent": "father", "kind": "dead", "start_date": "2024-01-01"}, "director"),
        (
            "child_payee",
            {
                "name": "林桂芳",
                "relation": "grandmother",
                "bank_name": "邮储银行",
                "account": "6217001234567893",
            },
            "director",
        ),
        ("child_category", {"category": "orphan", "since": "2026-10-20", "reason": "父亲死亡"}, "supervisor"),
        (
            "child_leave",
            {"day": "2026-10-20", "reason_code": "07", "destination": "重庆市合川区"},
            "supervisor",
        ),
        ("child_share", {"username": "other_director", "reason": "孩子住在井田社区"}, "supervisor"),
    ],
)
def test_small_forms(cast: Cast, name: str, typed: dict[str, str], member: str) -> None:
    url = reverse(f"cases:{name}", args=[cast.children["own"].pk])
    client = cast.client(member)
    assert client.get(url).status_code == 200
    page = client.post(url, {})
    assert page.status_code == 200
    assert "_error" in page.content.decode()
    for name_of_day in set(typed) & {"start_date", "since", "day"}:
        assert client.post(url, typed | {name_of_day: "1066-01-01"}).status_code == 200, "a mistyped century"
    answer = client.post(url, typed)
    assert answer.status_code == 302, answer.content.decode()
    assert cast.client("stranger").get(url).status_code == 404
    assert cast.client("auditor").get(url).status_code == 403
    if member == "supervisor":
        assert cast.client("director").get(url).status_code == 403


def test_ending_relations(cast: Cast) -> None:
    own = cast.children["own"]
    client = cast.client("director")
    with open_scope(cast.scope("director")):
        guardian = own.guardians.get()
    assert (
        client.post(
            reverse("cases:child_guardian_end", args=[own.pk, guardian.pk]), {"day": "2026-10-20"}
        ).status_code
        == 302
    )
    with open_scope(cast.scope("director")):
        situation = family.add_situation(
            own, SituationData("father", "lost_contact", dt.date(2026, 1, 1)), at=AT
        )
    assert (
        client.post(
            reverse("cases:child_parent_end", args=[own.pk, situation.pk]), {"day": "2026-10-20"}
        ).status_code
        == 302
    )
    with open_scope(cast.scope("director")):
        guardian.refresh_from_db()
        situation.refresh_from_db()
    assert (guardian.end_date, situation.end_date) == (TODAY, TODAY)
    assert (
        client.post(reverse("cases:child_guardian_end", args=[own.pk, 0]), {"day": "2026-10-20"}).status_code
        == 404
    )


@pytest.mark.parametrize(
    ("key", "value"), [("child-identity", OWN_ID), ("child-health", "哮喘"), ("child-phone", "13900001111")]
)
def test_what_can_be_revealed_is_shown_for_a_reason_and_logged(cast: Cast, key: str, value: str) -> None:
    own = cast.children["own"]
    with open_scope(cast.scope("director")):
        Child.objects.filter(pk=own.pk).update(health_note="哮喘", phone="13900001111")
    client = cast.client("director")
    page = client.get(reverse("cases:child", args=[own.pk])).content.decode()
    url = reverse("staff:reveal", args=[key, own.pk])
    assert url in page
    assert value not in page
    assert value not in client.get(url).content.decode()
    assert value in client.post(url, {"reason_code": "verify"}).content.decode()
    with open_scope(cast.scope("auditor")):
        assert AccessLog.objects.get(kind="reveal").child_id == own.pk
    assert cast.client("other_director").post(url, {"reason_code": "verify"}).status_code == 404
    assert url not in cast.client("leader").get(reverse("cases:child", args=[own.pk])).content.decode()


def test_telephone_and_account_are_revealed(cast: Cast) -> None:
    own = cast.children["own"]
    with open_scope(cast.scope("director")):
        guardian, payee = own.guardians.get(), own.payees.get()
    client = cast.client("supervisor")
    for key, pk, value in (
        ("guardian-phone", guardian.pk, "13712345520"),
        ("payee-account", payee.pk, "6217001234567890"),
    ):
        assert (
            value
            in client.post(
                reverse("staff:reveal", args=[key, pk]), {"reason_code": "contact"}
            ).content.decode()
        )
        assert cast.client("stranger").get(reverse("staff:reveal", args=[key, pk])).status_code == 404


def test_the_tabs_of_the_file_leave_the_menu_of_the_phone_alone(cast: Cast) -> None:
    page = (
        cast.client("director").get(reverse("cases:child", args=[cast.children["own"].pk])).content.decode()
    )
    bar = page.split('class="cw-tabbar')[1].split("</nav>")[0]
    assert reverse("cases:outbox") in bar
    assert "/file/timeline/" not in bar


def test_changing_a_file_shows_no_protected_value_and_keeps_what_is_left_empty(cast: Cast) -> None:
    own = cast.children["own"]
    with open_scope(cast.scope("clerk")):
        Child.objects.filter(pk=own.pk).update(health_note="哮喘", phone="13900001111")
    client = cast.client("director")
    address = f"/children/{own.pk}/edit/"
    text = client.get(address).content.decode()
    assert not [value for value in (OWN_ID, "哮喘", "13900001111") if value in text]
    assert f"{OWN_ID[:6]}********{OWN_ID[-4:]}" in text
    values = {"name": own.name, "birth_date": "2017-05-20", "sex": "female", "placement": "scattered"}
    assert client.post(address, values | {"address": "八组"}).status_code == 302
    with open_scope(cast.scope("clerk")):
        now = Child.objects.get(pk=own.pk)
        assert (now.address, now.id_number, now.health_note, now.phone) == (
            "八组",
            OWN_ID,
            "哮喘",
            "13900001111",
        )
    assert client.post(address, values | {"phone": "13700002222", "forget": "health_note"}).status_code == 302
    with open_scope(cast.scope("clerk")):
        now = Child.objects.get(pk=own.pk)
        assert (now.id_number, now.health_note, now.phone) == (OWN_ID, "", "13700002222")
