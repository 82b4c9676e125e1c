"""Exchanges with other departments: asked, approved by another, only what is needed, answered, told (row O-5)."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.urls import reverse
from python_calamine import CalamineWorkbook

from cases import identity
from cases.matching.exchanges import people as exchange_people
from cases.matching.exchanges import selectors
from cases.matching.exchanges import services as exchanges
from cases.matching.exchanges.feedback import KNOWN, NOBODY, OUTCOMES, outcomes
from cases.matching.exchanges.services import Wish
from cases.matching.kinds import ASKABLE, KINDS
from cases.models import Case, Child, DataRequest, Discrepancy, Guardian, ListImport, ProtectedFact
from staff import files
from staff.models import AccessLog, Region, StoredFile
from staff.scope import current, narrow, system_scope
from staff.workflow import TransitionRefused, history
from tests.cases.matching.conftest import ADULT, AT, OCTOBER, OWN, Import, acting, number
from tests.cast import COUNTY, OWN_ID, START, Cast, make_child

MOTHER = number("50015219880314128")
WISH = Wish(
    "police",
    OCTOBER,
    "潼南区公安局",
    "核对户籍",
    "民发〔2019〕62号",
    ("child", "guardian", "parent"),
    ("name", "id_number"),
)
Capture = Any


def asked(cast: Cast, wish: Wish = WISH) -> DataRequest:
    with acting(cast, "clerk") as actor:
        return exchanges.open_request(wish, region_id=COUNTY, at=AT, actor=actor)


def approved(cast: Cast, wish: Wish = WISH) -> DataRequest:
    request = asked(cast, wish)
    with acting(cast, "approver") as actor:
        return exchanges.act(request, "approve", reason="", at=AT, actor=actor)


def made(cast: Cast, capture: Capture, wish: Wish = WISH) -> DataRequest:
    request = approved(cast, wish)
    with capture(execute=True), acting(cast, "clerk"):
        exchanges.start_list(request, at=AT, done_url="")
    return again(cast, request)


def sent(cast: Cast, capture: Capture, wish: Wish = WISH) -> DataRequest:
    request = made(cast, capture, wish)
    with acting(cast, "clerk") as actor:
        return exchanges.act(request, "send", reason="", at=AT, actor=actor)


def again(cast: Cast, request: DataRequest) -> DataRequest:
    with acting(cast, "clerk"):
        return DataRequest.objects.get(pk=request.pk)


def sheets(data: bytes) -> dict[str, list[list[Any]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    return {name: list(book.get_sheet_by_name(name).to_python()) for name in book.sheet_names}


def add_mother(cast: Cast, name: str = "own") -> None:
    with system_scope(reason="test", log=False):
        child = cast.children[name]
        Guardian.objects.create(
            child=child, region_id=child.region_id, kind="legal", name="陈秀", relation="mother", id_number=MOTHER, start_date=START
        )  # fmt: skip


# --- Approval ------------------------------------------------------------------------------------------------


def test_another_person_approves_before_anything_is_made(cast: Cast) -> None:
    request = asked(cast)
    assert request.state == "submitted"
    with acting(cast, "clerk") as actor:
        with pytest.raises(TransitionRefused):
            exchanges.act(request, "approve", reason="", at=AT, actor=actor)
        with pytest.raises(exchanges.RequestRefused):
            exchanges.start_list(request, at=AT, done_url="")
    with acting(cast, "approver") as actor:
        exchanges.act(request, "refuse", reason="不必要", at=AT, actor=actor)
    found = again(cast, request)
    assert (found.state, found.reason, found.file_id) == ("refused", "不必要", None)


def test_the_database_knows_that_nobody_approves_what_he_asked(cast: Cast) -> None:
    request = asked(cast)
    with acting(cast, "clerk"), pytest.raises(IntegrityError), transaction.atomic():
        DataRequest.objects.filter(pk=request.pk).update(approved_by_id=request.requested_by_id)


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "dibao"},
        {"kind": "nothing"},
        {"columns": ("name", "id_number", "birth_date")},
        {"columns": ("name", "phone")},
        {"columns": ("name",)},
        {"roles": ("head",)},
        {"roles": ()},
        {"purpose": "  "},
        {"basis": ""},
    ],
)
def test_only_what_the_partner_needs_can_be_asked_for(cast: Cast, changes: dict[str, Any]) -> None:
    with acting(cast, "clerk") as actor, pytest.raises(exchanges.RequestRefused):
        exchanges.open_request(Wish(**{**WISH.__dict__, **changes}), region_id=COUNTY, at=AT, actor=actor)


def test_each_kind_that_can_be_asked_for_declares_whom_and_what() -> None:
    asked_for = {code: kind.asked for code, kind in KINDS.items() if kind.asked is not None}
    assert {"police", "canlian", "death", "prison", "school", "insurance"} <= set(asked_for)
    for code, ask in asked_for.items():
        assert set(ask.roles) <= KINDS[code].roles, code
        assert ask.basis, code
        assert {"name", "id_number"} <= set(ask.columns) <= set(ASKABLE), code


# --- The list ------------------------------------------------------------------------------------------------


def test_the_list_holds_the_approved_columns_and_nothing_else(
    cast: Cast, django_capture_on_commit_callbacks: Capture
) -> None:
    add_mother(cast)
    with system_scope(reason="test", log=False):
        child = cast.children["own"]
        Child.objects.filter(pk=child.pk).update(health_note="哮喘", primary_category="protected")
        hidden = Case.objects.create(
            child=child,
            region_id=child.region_id,
            title="x",
            level="red",
            opened_by=cast.users["supervisor"],
            opened_at=AT,
        )
        narrow(named=current().named | {hidden.pk})
        Case.objects.filter(pk=hidden.pk).update(restricted=True)
        ProtectedFact.objects.create(
            child=child, region_id=child.region_id, case=hidden, kind="hiv", text="不可外传", created_at=AT
        )
    request = made(cast, django_capture_on_commit_callbacks)
    with acting(cast, "clerk"):
        stored = StoredFile.objects.get(pk=request.file_id)
        data = files.read(stored)
    book = sheets(data)
    (mark, header, *lines), about = book["户籍"], book["说明"]
    assert header[:3] == ["序号", "姓名", "身份证号"]
    # What the partner fills in is headed as the reader of its answer knows it.
    assert "变动类型" in header
    assert all(cell == "" for line in lines for cell in line[3:])
    assert {(line[1], line[2]) for line in lines} == {("林小满", OWN_ID), ("陈秀", MOTHER)}
    assert request.row_count == len(lines) == 2
    whole = repr(book)
    for secret in ("哮喘", "不可外传", "protected", "hiv", "13712345520", "林桂芳"):
        assert secret not in whole
    for said in ("赵清和", "潼南区公安局", "核对户籍", exchanges.number_of(request)):
        assert said in mark[0]
        assert said in repr(about)


def test_who_cannot_be_found_without_a_number_is_left_out_unless_the_birth_date_is_told(
    cast: Cast, django_capture_on_commit_callbacks: Capture
) -> None:
    """Of the county's three children one has a number."""
    police = Wish(**{**WISH.__dict__, "roles": ("child",)})
    assert made(cast, django_capture_on_commit_callbacks, police).row_count == 1
    school = Wish(**{**police.__dict__, "kind": "school", "columns": ("name", "id_number", "birth_date")})
    assert made(cast, django_capture_on_commit_callbacks, school).row_count == 3


def test_a_person_of_two_files_is_told_once_and_who_has_left_not_at_all(cast: Cast) -> None:
    add_mother(cast)
    add_mother(cast, "neighbour")
    with acting(cast, "clerk"):
        county = Region.objects.get(pk=COUNTY)
        parents = list(exchange_people.people(county, ["parent", "guardian", "child"], ["name", "id_number"]))
    assert parents.count(("陈秀", MOTHER)) == 1
    with system_scope(reason="test", log=False):
        for name in ("own", "neighbour"):
            Child.objects.filter(pk=cast.children[name].pk).update(
                left_date=dt.date(2026, 9, 1), left_reason="08"
            )
    with acting(cast, "clerk"):
        assert list(exchange_people.people(county, ["parent", "child"], ["name", "id_number"])) == []


def test_another_countys_people_are_never_on_it(cast: Cast) -> None:
    with system_scope(reason="test", log=False):
        make_child(cast.children["strange"].region_id, "罗小寒", id_number=ADULT)
        county = Region.objects.get(pk=COUNTY)
        told = list(exchange_people.people(county, ["child"], ["name", "id_number"]))
    assert ("罗小寒", ADULT) not in told
    assert ("林小满", OWN_ID) in told


def test_making_and_every_download_are_logged_with_the_purpose(
    cast: Cast, django_capture_on_commit_callbacks: Capture
) -> None:
    request = made(cast, django_capture_on_commit_callbacks)
    address = reverse("cases:request_list_file", args=[request.pk])
    answer = cast.client("clerk").get(address)
    assert OWN_ID in repr(sheets(answer.content))
    assert "attachment" in answer["Content-Disposition"]
    with system_scope(reason="test", log=False):
        logged = list(
            AccessLog.objects.filter(subject="cases.datarequest", subject_id=str(request.pk)).order_by("at")
        )
    assert [each.kind for each in logged] == ["export", "download"]
    for each in logged:
        assert each.reason == "核对户籍"
        assert each.detail["recipient"] == "潼南区公安局"
        assert each.detail["columns"] == ["name", "id_number"]
        assert each.detail["sha256"]
    assert OWN_ID not in repr([each.detail for each in logged])


def test_only_its_maker_has_the_list(cast: Cast, django_capture_on_commit_callbacks: Capture) -> None:
    request = made(cast, django_capture_on_commit_callbacks)
    for member in ("approver", "leader"):
        assert (
            cast.client(member).get(reverse("cases:request_list_file", args=[request.pk])).status_code == 403
        )
        assert cast.client(member).get(reverse("staff:file", args=[request.file_id])).status_code == 404
        page = cast.client(member).get(reverse("cases:request", args=[request.pk])).content.decode()
        assert reverse("cases:request_list_file", args=[request.pk]) not in page
        assert OWN_ID not in page


def test_the_list_lies_encrypted_on_the_disk(cast: Cast, django_capture_on_commit_callbacks: Capture) -> None:
    request = made(cast, django_capture_on_commit_callbacks)
    assert files._path(request.file_id).read_bytes()[:2] != b"PK"


# --- Handing over and being late ---------------------------------------------------------------------------------


def test_nothing_is_handed_over_before_the_list_is_made(cast: Cast) -> None:
    request = approved(cast)
    with acting(cast, "clerk") as actor, pytest.raises(TransitionRefused):
        exchanges.act(request, "send", reason="", at=AT, actor=actor)


def test_an_answer_is_due_after_working_days_and_late_afterwards(
    cast: Cast, django_capture_on_commit_callbacks: Capture
) -> None:
    request = sent(cast, django_capture_on_commit_callbacks)
    assert request.due_date == dt.date(
        2026, 10, 30
    )  # 15 working days after Saturday 10 October, which is worked
    with acting(cast, "clerk") as actor:
        with pytest.raises(exchanges.RequestRefused):
            exchanges.start_list(request, at=AT, done_url="", actor=actor)
        assert list(selectors.requests("late", dt.date(2026, 10, 30))) == []
        assert list(selectors.requests("late", dt.date(2026, 10, 31))) == [request]


@pytest.mark.parametrize(
    ("cadence", "day", "start", "end"),
    [
        ("monthly", (2026, 12, 31), (2026, 12, 1), (2027, 1, 1)),
        ("quarterly", (2026, 11, 22), (2026, 10, 1), (2027, 1, 1)),
        ("quarterly", (2026, 3, 31), (2026, 1, 1), (2026, 4, 1)),
        ("term", (2026, 9, 1), (2026, 9, 1), (2027, 3, 1)),
        ("term", (2027, 2, 28), (2026, 9, 1), (2027, 3, 1)),
        ("term", (2026, 3, 1), (2026, 3, 1), (2026, 9, 1)),
    ],
)
def test_a_list_is_due_once_in_its_month_quarter_or_term(
    cadence: str, day: tuple[int, int, int], start: tuple[int, int, int], end: tuple[int, int, int]
) -> None:
    assert selectors.span_of(cadence, dt.date(*day)) == selectors.Span(dt.date(*start), dt.date(*end))
    assert selectors.span_of("on_demand", dt.date(*day)) is None


def test_the_page_says_which_partner_is_due(
    cast: Cast, take: Import, django_capture_on_commit_callbacks: Capture
) -> None:
    today = dt.date(2026, 11, 20)
    take("序号,死者姓名,身份证号\n1,某某,".encode("gb18030"), kind="death", name="死亡.csv")
    request = sent(cast, django_capture_on_commit_callbacks)
    with acting(cast, "clerk"):
        states = {due.kind.code: due.state for due in selectors.due_partners(today)}
    assert states["death"] == "arrived"
    assert states["police"] == "sent"
    assert states["canlian"] == states["dibao"] == "due"
    assert "insurance" not in states
    with acting(cast, "clerk"):
        after = {due.kind.code: due.state for due in selectors.due_partners(dt.date(2027, 1, 2))}
    assert after["police"] == "due", request.pk


# --- The answer and the feedback -----------------------------------------------------------------------------------


def police_list(*rows: tuple[str, str, str]) -> bytes:
    lines = [
        f"{place},{name},{id_number},,,{change},2026-09-20,,"
        for place, (name, id_number, change) in enumerate(rows, 1)
    ]
    return "\n".join(["序号,姓名,身份证号,性别,出生日期,变动类型,变动日期,户籍地址,迁往地", *lines]).encode(
        "gb18030"
    )


def answer(cast: Cast, request: DataRequest, data: bytes, capture: Capture) -> ListImport:
    """Upload the answer by the page's link, and confirm it."""
    client = cast.client("clerk")
    address = f"{reverse('cases:list_upload')}?request={request.pk}"
    posted = {"file": SimpleUploadedFile("户籍反馈.csv", data), "kind": "police", "period": "2026-10"}
    assert client.post(address, posted).status_code == 302
    with acting(cast, "clerk"):
        came = ListImport.objects.get(request=request)
    with capture(execute=True):
        client.post(reverse("cases:list_confirm", args=[came.pk]))
    return came


def test_from_the_request_to_the_feedback(cast: Cast, django_capture_on_commit_callbacks: Capture) -> None:
    request = sent(cast, django_capture_on_commit_callbacks)
    rows = [("林小满", OWN, "迁出"), ("路人甲", ADULT, "死亡")]
    came = answer(cast, request, police_list(*rows), django_capture_on_commit_callbacks)
    assert again(cast, request).state == "answered"
    client = cast.client("clerk")
    assert (
        reverse("cases:list", args=[came.pk])
        in client.get(reverse("cases:request", args=[request.pk])).content.decode()
    )
    with acting(cast, "clerk"):
        (raised,) = Discrepancy.objects.filter(list_kind="police")
    assert raised.kind == "moved"
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("cases:request_feedback", args=[request.pk]))
    closed = again(cast, request)
    assert closed.state == "closed"
    assert closed.closed_at is not None
    page = client.get(reverse("cases:request_feedback_file", args=[request.pk]))
    (mark, header, *lines) = sheets(page.content)["反馈"]
    assert header == ["序号", "文件", "工作表", "行", "姓名", "身份证号", "核查结果"]
    assert [(line[4], line[5], line[6]) for line in lines] == [
        ("林小满", identity.mask(OWN), OUTCOMES["to_check"]),
        ("路人甲", identity.mask(ADULT), NOBODY),
    ]
    assert exchanges.number_of(request) in mark[0]
    assert OWN not in repr(lines)


def test_a_row_without_a_discrepancy_is_known(
    cast: Cast, django_capture_on_commit_callbacks: Capture
) -> None:
    request = sent(cast, django_capture_on_commit_callbacks)
    came = answer(cast, request, police_list(("林小满", OWN, "其他")), django_capture_on_commit_callbacks)
    with acting(cast, "clerk"):
        (only,) = outcomes([ListImport.objects.get(pk=came.pk)])
    assert only[-1] == KNOWN


def test_no_feedback_before_the_answer_was_matched(
    cast: Cast, django_capture_on_commit_callbacks: Capture
) -> None:
    request = sent(cast, django_capture_on_commit_callbacks)
    posted = {
        "file": SimpleUploadedFile("x.csv", police_list(("林小满", OWN, "迁出"))),
        "kind": "police",
        "period": "2026-10",
    }
    cast.client("clerk").post(f"{reverse('cases:list_upload')}?request={request.pk}", posted)
    answered = again(cast, request)
    assert answered.state == "answered"
    with acting(cast, "clerk"), pytest.raises(exchanges.RequestRefused):
        exchanges.start_feedback(answered, at=AT, done_url="")


def test_a_list_answers_one_request_of_its_own_kind(
    cast: Cast, take: Import, django_capture_on_commit_callbacks: Capture
) -> None:
    came = take(police_list(("林小满", OWN, "其他")), kind="police", name="户籍.csv")
    death = take("序号,死者姓名,身份证号\n1,某某,".encode("gb18030"), kind="death", name="死亡.csv")
    request, other = (
        sent(cast, django_capture_on_commit_callbacks),
        sent(cast, django_capture_on_commit_callbacks),
    )
    client = cast.client("clerk")
    assert came.name in client.get(reverse("cases:request", args=[request.pk])).content.decode()
    client.post(reverse("cases:request_link", args=[request.pk]), {"list": death.pk})
    assert again(cast, request).state == "sent"
    client.post(reverse("cases:request_link", args=[request.pk]), {"list": came.pk})
    client.post(reverse("cases:request_link", args=[other.pk]), {"list": came.pk})
    assert (again(cast, request).state, again(cast, other).state) == ("answered", "sent")


def test_an_answer_that_is_taken_back_is_awaited_again(
    cast: Cast, django_capture_on_commit_callbacks: Capture
) -> None:
    request, client = sent(cast, django_capture_on_commit_callbacks), cast.client("clerk")
    came = []
    for name, change in (("一.csv", "迁出"), ("二.csv", "死亡")):
        file = SimpleUploadedFile(name, police_list(("林小满", OWN, change)))
        client.post(
            f"{reverse('cases:list_upload')}?request={request.pk}",
            {"file": file, "kind": "police", "period": "2026-10"},
        )
        with acting(cast, "clerk"):
            came.append(ListImport.objects.get(name=name).pk)
    assert again(cast, request).state == "answered"
    client.post(reverse("cases:list_discard", args=[came[0]]))
    assert again(cast, request).state == "answered"  # the other one answers it
    client.post(reverse("cases:list_discard", args=[came[1]]))
    waits = again(cast, request)
    assert waits.state == "sent"
    with acting(cast, "clerk"):
        assert [record.name for record in history(waits)][-1] == "await"
    page = client.get(reverse("cases:request", args=[request.pk])).content.decode()
    assert f"request={request.pk}" in page  # the answer can be uploaded again


# --- Pages ---------------------------------------------------------------------------------------------------


def test_asking_and_approving_by_the_pages(cast: Cast) -> None:
    clerk, approver = cast.client("clerk"), cast.client("approver")
    address = f"{reverse('cases:request_add')}?kind=school"
    form = clerk.get(address).content.decode()
    assert 'value="birth_date"' in form
    assert 'value="sex"' not in form
    assert 'value="guardian"' not in form
    answered = clerk.post(
        address,
        {
            "period": "2026-10", "recipient": "教育局", "roles": ["child"], "columns": ["name", "id_number"],
            "purpose": "核对学籍", "basis": "民发〔2019〕62号",
        },
    )  # fmt: skip
    assert "该步骤" not in clerk.get(answered.url).content.decode()
    approver.post(answered.url + "act/", {"action": "approve"})
    with acting(cast, "clerk"):
        assert DataRequest.objects.get().state == "approved"
    assert clerk.get(f"{reverse('cases:request_add')}?kind=dibao").status_code == 404


def test_the_pages_cost_little(cast: Cast, page_budget: Any) -> None:
    for _n in range(40):
        request = asked(cast)
    for member in ("clerk", "approver"):
        client = cast.client(member)
        client.get(reverse("cases:requests"))
        for address in (reverse("cases:requests"), reverse("cases:request", args=[request.pk])):
            with page_budget(15):
                assert client.get(address).status_code == 200
