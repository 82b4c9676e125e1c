"""Pages of applications as the people who use them."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from staff.models import AccessLog
from staff.scope import system_scope
from subsidies.models import Application, ApplicationCheck, ApplicationEvidence
from tests.papers import all_text
from tests.subsidies.conftest import Office, moment
from tests.subsidies.test_pages import get, post

PAGE_QUERIES = 15


@pytest.fixture(autouse=True)
def _september() -> Iterator[None]:
    with time_machine.travel(dt.datetime(2026, 9, 10, 2, tzinfo=dt.UTC), tick=False):
        yield


def photo() -> SimpleUploadedFile:
    written = io.BytesIO()
    Image.new("RGB", (300, 200), "white").save(written, "JPEG")
    return SimpleUploadedFile("户口簿.jpg", written.getvalue(), "image/jpeg")


def applied(office: Office, **more: object) -> Application:
    office.situations(office.child("own"))
    response = post(
        office, "director", "application_add", child=office.child("own").pk, scheme="basic_living",
        applicant_name="林桂芳", applicant_relation="grandmother", statement="随祖母生活", **more,
    )  # fmt: skip
    assert response.status_code == 302, response.content.decode()
    with office.as_("director"):
        return Application.objects.get()


def test_the_form_is_made_from_the_list_of_the_scheme(office: Office) -> None:
    child = office.child("own")
    text = get(office, "director", "application_add", child=child.pk)
    for expected in (
        "Child&#x27;s household register",
        "Bank account",
        "evidence-child_identity-file",
        "林桂芳",
    ):
        assert expected in text, expected
    for other in ("enrolment", "placement", "restricted_proof", "parents_gone"):
        assert f"evidence-{other}-file" not in text
    assert "Comparison with a department" not in text  # the village does not see departments' data
    assert "Comparison with a department" in get(office, "supervisor", "application_add", child=child.pk)
    study = get(office, "director", "application_add", child=child.pk, scheme="basic_living")
    assert "None of the child" not in study


def test_applied_for_with_a_photo_and_a_note(office: Office) -> None:
    application = applied(
        office,
        **{
            "evidence-child_identity-file": photo(),
            "evidence-payee_account-note": "档案第3页",
            "evidence-payee_account-source": "on_file",
        },
    )
    with office.as_("director"):
        rows = {row.item: row for row in ApplicationEvidence.objects.select_related("file")}
    assert (rows["child_identity"].source, rows["payee_account"].source) == ("uploaded", "on_file")
    file = rows["child_identity"].file
    assert file is not None
    assert file.content_type == "image/jpeg"
    # 13712345520 is the grandmother's number on file.
    assert application.applicant_phone == "13712345520"
    text = get(office, "supervisor", "application", application.pk)
    for expected in ("户口簿.jpg", "档案第3页", "林桂芳", "137****5520", "2 missing"):
        assert expected in text, expected
    assert "13712345520" not in text
    assert office.cast.client("supervisor").get(f"/files/{file.pk}/").status_code == 200
    assert office.cast.client("other_supervisor").get(f"/files/{file.pk}/").status_code == 404


def test_a_bad_file_is_refused_beside_its_document(office: Office) -> None:
    response = office.cast.client("director").post(
        reverse("subsidies:application_add"),
        {
            "child": office.child("own").pk, "scheme": "basic_living", "applicant_name": "林桂芳",
            "applicant_relation": "grandmother", "statement": "x",
            "evidence-child_identity-file": SimpleUploadedFile("户口簿.jpg", b"<svg onload=alert(1)>", "image/jpeg"),
        },
        headers={"Accept-Language": "en"},
    )  # fmt: skip
    assert response.status_code == 200
    assert "neither a picture" in response.content.decode()
    with office.as_("director"):
        assert not Application.objects.exists()


def test_the_phone_is_revealed_for_a_reason(office: Office) -> None:
    application = applied(office)
    address = reverse("staff:reveal", args=["applicant-phone", application.pk])
    answer = office.cast.client("clerk").post(address, {"reason_code": "contact"})
    assert "13712345520" in answer.content.decode()
    with system_scope(reason="test", log=False):
        assert AccessLog.objects.filter(kind="reveal", subject="applicant-phone").count() == 1
    assert office.cast.client("stranger").get(address).status_code == 404


def test_from_the_page_checked_asked_and_verified(office: Office) -> None:
    application = applied(office)
    assert (
        post(office, "supervisor", "application_transition", application.pk, action="accept").status_code
        == 302
    )
    text = get(office, "supervisor", "application", application.pk)
    assert "First record how it was verified" in text
    for data in (
        {"method": "data_match", "date": "2026-09-10", "result": "contradicts", "note": "父亲已刑满释放"},
        {
            "method": "home_visit",
            "date": "2026-09-10",
            "result": "confirms",
            "note": "父亲未归",
        },  # who was asked?
        {
            "method": "home_visit",
            "date": "2026-09-11",
            "person": "林桂芳",
            "result": "confirms",
            "note": "明天",
        },
    ):
        assert post(office, "supervisor", "application_check_add", application.pk, **data).status_code == 302
    text = get(office, "supervisor", "application", application.pk)
    assert "父亲已刑满释放" in text
    assert "The data contradict the application" in text
    with office.as_("clerk"):
        assert ApplicationCheck.objects.count() == 1
    response = post(
        office, "supervisor", "application_transition", application.pk, action="ask_supplement",
        items=["child_identity", "guardian_identity"], reason="请补身份证明",
    )  # fmt: skip
    assert response.status_code == 302
    text = get(office, "director", "application", application.pk)
    for expected in ("the clock stands", "请补身份证明", "Documents added, go on", "Request for documents"):
        assert expected in text, expected
    response = office.cast.client("director").post(
        reverse("subsidies:application_evidence_add", args=[application.pk]),
        {"item": "child_identity", "file": photo()},
    )
    assert response.status_code == 302
    assert "brought later" in get(office, "director", "application", application.pk)


def test_lists_cost_the_same(
    office: Office, page_budget: Callable[[int], AbstractContextManager[None]]
) -> None:
    for number in range(6):
        child = office.another_child(f"孩子{number}")
        application = office.apply(child)
        office.act("supervisor", "accept", application, moment(8, 3))
    for who, name in (("supervisor", "applications"), ("clerk", "applications"), ("clerk", "late")):
        client = office.cast.client(who)
        with page_budget(PAGE_QUERIES):
            text = client.get(reverse(f"subsidies:{name}")).content.decode()
        assert name != "late" or text.count("孩子") == 6


def test_an_application_costs_the_same_at_every_step(
    office: Office, page_budget: Callable[[int], AbstractContextManager[None]]
) -> None:
    application = applied(office)
    steps = (
        ("director", "supervisor", ""),
        ("supervisor", "supervisor", "accept"),
        ("supervisor", "clerk", "verify"),
    )
    for who, reader, step in (*steps, ("clerk", "approver", "check")):
        if step:
            application = office.act(who, step, application, moment(9, 10), reason="属实")
        client = office.cast.client(reader)
        with page_budget(PAGE_QUERIES):
            text = client.get(reverse("subsidies:application", args=[application.pk])).content.decode()
        assert "林小满" in text


def test_what_is_late_by_whose_clock_and_exported(office: Office) -> None:
    late = office.apply(office.child("own"))
    office.act("supervisor", "accept", late, moment(8, 3))  # due 2026-08-24
    soon = office.apply(office.child("neighbour"), "other_director")
    office.act("supervisor", "accept", soon, moment(8, 24))  # due 2026-09-14
    text = get(office, "supervisor", "late")
    # 2026-08-25 … 2026-09-10: thirteen working days
    assert text.index("林小满") < text.index("13 working days over") < text.index("秦白露")
    assert "2 working days left" in text
    assert "林小满" not in get(office, "clerk", "late", whose="county")
    assert "林小满" in get(office, "clerk", "late", whose="township")
    assert "林小满" not in get(office, "stranger", "late")
    listed = get(office, "clerk", "applications", show="soon")
    assert "秦白露" in listed
    assert "林小满" not in listed
    from django.test import TestCase

    with TestCase.captureOnCommitCallbacks(execute=True):
        response = office.cast.client("clerk").post(
            reverse("subsidies:late_export"), {"reason": "督办", "form": "pdf"}
        )
    job = (
        office.cast.client("clerk")
        .get(response.headers["Location"], headers={"Accept": "application/json"})
        .json()
    )
    assert (job["state"], job["result"]["rows"]) == ("done", 1)
    data = office.cast.client("clerk").get(f"/files/{job['result']['file']}/").content
    assert "林小满" in all_text(data)


def test_decided_ones_page_by_key(office: Office) -> None:
    with system_scope(reason="test", log=False):
        child = office.child("own")
        Application.objects.bulk_create(
            Application(
                child=child, scheme=office.scheme, region_id=child.region_id, statement="x", state="withdrawn",
                applied_by=office.cast.users["director"], applied_at=moment(9, 1),
            )
            for _number in range(35)
        )  # fmt: skip
    first = get(office, "clerk", "applications", show="decided")
    assert first.count("林小满") == 30
    key = first.split("show=decided&amp;after=")[1].split('"')[0]
    assert get(office, "clerk", "applications", show="decided", after=key).count("林小满") == 5
