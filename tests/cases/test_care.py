"""Entrusted care on the register: what is refused, what is listed, contacts, pages and the export."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import openpyxl
import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from cases import identity, ledger_exports
from cases.care import export as care_export
from cases.care import services as care
from cases.care.rules import CareFault
from cases.care.selectors import overdue_count
from cases.care.services import CareData, CareRefused
from cases.models import CareContact, Child, EntrustedCare, ListImport, ListRow
from cases.refusals import RegisterRefused
from staff import files, jobs, parameters
from staff.models import AccessLog, Job, StoredFile
from staff.scope import open_scope, system_scope
from tests.cast import COUNTY, VILLAGE, Cast, make_child

AT = dt.datetime(2026, 10, 20, 1, 40, tzinfo=dt.UTC)
TODAY = timezone.localdate(AT)
DAY = dt.timedelta(days=1)


def number_of(birth: str, sequence: str = "011") -> str:
    first = "500152" + birth + sequence
    return first + identity.check_character(first)


GRANDMOTHER = number_of("19600102", "022")
DATA = CareData(
    entrusted_by="mother",
    carer_name="田秀莲",
    carer_relation="grandmother",
    carer_id_number=GRANDMOTHER,
    carer_phone="13700001234",
    start_date=TODAY,
)


def add(cast: Cast, member: str = "director", child: str = "own", **changes: Any) -> EntrustedCare:
    with open_scope(cast.scope(member)):
        values = {**DATA.__dict__, **changes}
        return care.add_care(cast.children[child], CareData(**values), at=AT)


def found(cast: Cast, one: EntrustedCare, on: dt.date = TODAY, member: str = "clerk") -> list[CareFault]:
    with open_scope(cast.scope(member)):
        one = EntrustedCare.objects.select_related("child").get(pk=one.pk)
        settings = parameters.values(one.region_id, care.PARAMETERS, on)
        return [finding.code for finding in care.findings_of([one], on, settings)[one.pk]]


def test_gaps_are_saved_and_listed(cast: Cast) -> None:
    with open_scope(cast.scope("director")):
        Child.objects.filter(pk=cast.children["own"].pk).update(school_stage="primary")
    cast.children["own"].school_stage = "primary"
    one = add(cast)
    expected = [CareFault.UNWRITTEN, CareFault.UNHEARD, CareFault.SCHOOL_UNTOLD, CareFault.VILLAGE_UNTOLD]
    assert found(cast, one) == expected
    with open_scope(cast.scope("director")):
        care.change_care(one, dict.fromkeys(care.DAYS, TODAY), at=AT)
    assert found(cast, one) == []


@pytest.mark.parametrize("code", ["violence", "habits", "neglect", "unfit"])
def test_a_disqualified_carer_is_refused_with_the_article_and_nothing_is_saved(cast: Cast, code: str) -> None:
    with pytest.raises(CareRefused, match="第二十二条"):
        add(cast, answers={code: True})
    with system_scope(reason="test", log=False):
        assert EntrustedCare.objects.count() == 0


def test_an_underage_carer_is_known_by_the_number(cast: Cast) -> None:
    with pytest.raises(CareRefused) as refused:
        add(cast, carer_id_number=number_of("20150102"))
    assert [one.code for one in refused.value.findings] == [CareFault.UNDERAGE]


def test_the_childs_own_number_is_no_carers(cast: Cast) -> None:
    with pytest.raises(ValidationError, match="carer_id_number"):
        add(cast, carer_id_number=cast.children["own"].id_number)


def make_death(cast: Cast, digest: bytes) -> None:
    with system_scope(reason="test", log=False):
        sent = ListImport.objects.create(
            region_id=COUNTY,
            kind="death",
            period=dt.date(2026, 10, 1),
            name="death.csv",
            sha256="1" * 64,
            user=cast.users["clerk"],
            created_at=AT,
        )
        ListRow.objects.create(
            list_import=sent,
            region_id=COUNTY,
            kind="death",
            own_id="1",
            line=1,
            name="田秀莲",
            id_digest=digest,
        )


def test_a_dead_carer_is_refused_though_the_director_cannot_see_the_death_register(cast: Cast) -> None:
    make_death(cast, identity.digest_identity(GRANDMOTHER))
    with pytest.raises(CareRefused) as refused:
        add(cast)
    assert [one.code for one in refused.value.findings] == [CareFault.DEAD]


def test_a_carer_who_dies_later_shows_on_the_countys_page(cast: Cast) -> None:
    one = add(cast)
    assert CareFault.DEAD not in found(cast, one)
    make_death(cast, identity.digest_identity(GRANDMOTHER))
    assert CareFault.DEAD in found(cast, one)


def test_one_carer_of_many_children_is_flagged(cast: Cast) -> None:
    one = add(cast)
    with open_scope(cast.scope("supervisor")):
        for number in range(3):
            extra = make_child(VILLAGE, f"田小{number}")
            care.add_care(extra, DATA, at=AT)
    assert CareFault.MANY_CHILDREN in found(cast, one)
    with open_scope(cast.scope("supervisor")):
        last = EntrustedCare.objects.exclude(pk=one.pk).order_by("-pk").first()
        assert last is not None
        care.end_care(last, day=TODAY, reason="parent_back", at=AT)
    assert CareFault.MANY_CHILDREN not in found(cast, one)


def test_a_child_is_entrusted_to_one_person_at_a_time(cast: Cast) -> None:
    one = add(cast)
    with pytest.raises((RegisterRefused, ValidationError)):
        add(cast, carer_name="田立")
    with open_scope(cast.scope("director")):
        care.end_care(one, day=TODAY, reason="other_carer", at=AT)
        with pytest.raises(RegisterRefused):
            care.end_care(one, day=TODAY, reason="other_carer", at=AT)
    add(cast, carer_name="田立")


@pytest.mark.parametrize("name", ["start_date", "agreed_date", "school_told_date"])
def test_no_day_lies_ahead(cast: Cast, name: str) -> None:
    with pytest.raises(ValidationError) as error:
        add(cast, **{name: TODAY + DAY})
    assert list(error.value.error_dict) == [name]


def test_the_carers_numbers_are_encrypted_and_masked(cast: Cast) -> None:
    one = add(cast)
    with open_scope(cast.scope("director")), connection.cursor() as cursor:
        cursor.execute(
            "SELECT carer_id_number, carer_phone, carer_id_digest FROM cases_entrustedcare WHERE id = %s",
            [one.pk],
        )
        stored = cursor.fetchone()
    assert GRANDMOTHER.encode() not in bytes(stored[0])
    assert b"13700001234" not in bytes(stored[1])
    assert bytes(stored[2]) == identity.digest_identity(GRANDMOTHER)
    client = cast.client("director")
    page = client.get(reverse("cases:care", args=[one.pk])).content.decode()
    assert GRANDMOTHER not in page
    assert "13700001234" not in page
    for key, value in (("carer-identity", GRANDMOTHER), ("carer-phone", "13700001234")):
        url = reverse("staff:reveal", args=[key, one.pk])
        assert url in page
        assert value in client.post(url, {"reason_code": "verify"}).content.decode()
        assert cast.client("other_director").post(url, {"reason_code": "verify"}).status_code == 404
    with open_scope(cast.scope("auditor")):
        assert AccessLog.objects.filter(kind="reveal").count() == 2


# --- Contacts ---------------------------------------------------------------------------------------------


def test_contacts_move_the_clock_forward_only(cast: Cast) -> None:
    one = add(cast, start_date=TODAY - 30 * DAY)
    assert CareFault.NO_CONTACT in found(cast, one)
    with open_scope(cast.scope("director")):
        care.record_contact(one, kind="phone", date=TODAY - DAY, at=AT)
        care.record_contact(one, kind="visit", date=TODAY - 9 * DAY, at=AT)
        again = care.record_contact(one, kind="phone", date=TODAY - DAY, at=AT)
        one.refresh_from_db()
        assert one.last_contact_date == TODAY - DAY
        assert CareContact.objects.filter(care=one).count() == 2
        assert again.kind == "phone"
        for wrong in (TODAY + DAY, TODAY - 31 * DAY):
            with pytest.raises(ValidationError):
                care.record_contact(one, kind="phone", date=wrong, at=AT)
    assert CareFault.NO_CONTACT not in found(cast, one)


@pytest.mark.parametrize(("waited", "late"), [(7, 0), (8, 1)])
def test_the_reminder_begins_on_the_8th_day(cast: Cast, waited: int, late: int) -> None:
    today = timezone.localdate()
    one = add(cast, start_date=TODAY - 60 * DAY)
    with open_scope(cast.scope("director")):
        EntrustedCare.objects.filter(pk=one.pk).update(last_contact_date=today - waited * DAY)
        assert overdue_count(VILLAGE, today) == late
    client = cast.client("director")
    link = reverse("cases:cares") + "?show=overdue"
    assert (link in client.get("/").content.decode()) == bool(late)
    page = client.get(link).content.decode()
    assert (reverse("cases:care", args=[one.pk]) in page) == bool(late)
    with open_scope(cast.scope("clerk")):
        Child.objects.filter(pk=one.child_id).update(left_date=TODAY, left_reason="06")
        assert overdue_count(VILLAGE, today) == 0


def test_a_contact_is_one_post_away_from_the_list_and_leads_back_to_it(cast: Cast) -> None:
    one = add(cast, start_date=TODAY - 60 * DAY)
    client = cast.client("director")
    url = reverse("cases:care", args=[one.pk])
    assert (
        f"{url}?from=overdue#contact" in client.get(reverse("cases:cares") + "?show=overdue").content.decode()
    )
    page = client.get(f"{url}?from=overdue").content.decode()
    post = reverse("cases:care_contact", args=[one.pk])
    assert post in page
    answer = client.post(post, {"kind": "video", "from": "overdue"})
    assert answer["Location"] == reverse("cases:cares") + "?show=overdue"
    with open_scope(cast.scope("director")):
        contact = CareContact.objects.get()
        assert (contact.date, contact.kind, contact.user) == (
            timezone.localdate(),
            "video",
            cast.users["director"],
        )
    assert client.post(post, {"kind": "pigeon"}).status_code == 302
    assert cast.client("other_director").post(post, {"kind": "video"}).status_code == 404
    assert cast.client("leader").post(post, {"kind": "video"}).status_code == 403


# --- Pages ------------------------------------------------------------------------------------------------

TYPED = {
    "entrusted_by": "father",
    "carer_name": "田秀莲",
    "carer_relation": "grandmother",
    "carer_id_number": GRANDMOTHER,
    **{f"answer_{code}": "yes" if usual else "no" for code, usual in care.ANSWERS.items()},
}


def test_recording_entrusted_care(cast: Cast) -> None:
    own = cast.children["own"]
    client, url = cast.client("director"), reverse("cases:care_add", args=[own.pk])
    assert client.get(url).status_code == 200
    answer = client.post(url, TYPED)
    with open_scope(cast.scope("director")):
        one = EntrustedCare.objects.get()
    assert answer["Location"] == reverse("cases:care", args=[one.pk])
    tab = client.get(reverse("cases:child_section", args=[own.pk, "guardianship"])).content.decode()
    assert "田秀莲" in tab
    assert client.get(reverse("cases:care_end", args=[one.pk])).status_code == 200
    change = reverse("cases:care_change", args=[one.pk])
    assert client.post(change, {"agreed_date": "2026-09-01", "carer_phone": "139"}).status_code == 302
    with open_scope(cast.scope("director")):
        one.refresh_from_db()
    assert (one.agreed_date, one.carer_phone) == (dt.date(2026, 9, 1), "139")
    ended = client.post(reverse("cases:care_end", args=[one.pk]), {"day": one.start_date, "reason": "unfit"})
    assert ended.status_code == 302
    assert "田秀莲" in client.get(reverse("cases:cares") + "?show=ended").content.decode()


def test_every_question_must_be_answered_and_what_is_typed_stays(cast: Cast) -> None:
    url = reverse("cases:care_add", args=[cast.children["own"].pk])
    page = cast.client("director").post(url, {**TYPED, "answer_violence": ""}).content.decode()
    assert 'id="id_answer_violence_error"' in page
    assert "田秀莲" in page


def test_the_refusal_stands_on_the_form_with_article_and_remedy(cast: Cast) -> None:
    url = reverse("cases:care_add", args=[cast.children["own"].pk])
    page = cast.client("director").post(url, {**TYPED, "answer_habits": "yes"}).content.decode()
    assert "未成年人保护法第二十二条" in page
    assert "田秀莲" in page


def test_the_list_shows_ones_own(cast: Cast) -> None:
    add(cast, member="clerk", child="own")
    add(cast, member="clerk", child="township", carer_name="外镇照料人", carer_id_number="")
    for member, names in (
        ("director", {"田秀莲"}),
        ("other_supervisor", {"外镇照料人"}),
        ("clerk", {"田秀莲", "外镇照料人"}),
        ("stranger", set()),
    ):
        page = cast.client(member).get(reverse("cases:cares")).content.decode()
        assert {name for name in ("田秀莲", "外镇照料人") if name in page} == names, member
    gaps = cast.client("clerk").get(reverse("cases:cares") + "?show=gaps").content.decode()
    assert "田秀莲" in gaps
    narrowed = cast.client("clerk").get(reverse("cases:cares") + "?region=500152002000").content.decode()
    assert "田秀莲" not in narrowed


def test_pages_by_key_show_everyone_once_within_the_budget(
    cast: Cast, page_budget: Callable[[int], AbstractContextManager[None]]
) -> None:
    with open_scope(cast.scope("supervisor")):
        for number in range(53):
            child = make_child(VILLAGE, f"甲{number}")
            start = TODAY - (number % 4 + 20) * DAY
            EntrustedCare.objects.create(
                child=child,
                region_id=VILLAGE,
                entrusted_by="mother",
                carer_name="某人",
                carer_relation="neighbour",
                carer_id_digest=b"%032d" % (number % 5),
                start_date=start,
                created_at=AT,
            )
    client = cast.client("supervisor")
    for show in ("", "overdue"):
        seen: list[int] = []
        url = reverse("cases:cares") + f"?show={show}"
        while url:
            with page_budget(15):
                answer = client.get(url)
            seen += [one.pk for one in answer.context["page"].cares]
            later = answer.context["page"].later
            url = reverse("cases:cares") + later if later else ""
        assert len(seen) == len(set(seen)) == 53
    one = seen[0]
    with page_budget(15):
        client.get(reverse("cases:care", args=[one]))
    with page_budget(15):
        client.get("/")


# --- Export -----------------------------------------------------------------------------------------------


def export(
    cast: Cast, member: str, callbacks: Callable[..., Any], **typed: str
) -> tuple[list[list[Any]], AccessLog]:
    with callbacks(execute=False):
        answer = cast.client(member).post(reverse("cases:cares_export"), {"reason": "上报部系统", **typed})
    assert answer.status_code == 302
    with system_scope(reason="test", log=False):
        job = Job.objects.get(kind=ledger_exports.CARES)
    jobs.run_job(str(job.pk))
    with system_scope(reason="test", log=False):
        job.refresh_from_db()
        assert job.state == "done", job.error
    with open_scope(cast.scope(member)):
        data = files.read(StoredFile.objects.get(pk=job.result["file"]))
    with open_scope(cast.scope("auditor")):
        log = AccessLog.objects.get(kind="export")
    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    assert sheet is not None
    return [[cell.value for cell in row] for row in sheet.iter_rows()], log


def test_the_export_has_the_national_headings_and_masks_numbers(
    cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    with open_scope(cast.scope("clerk")):
        Child.objects.filter(pk=cast.children["own"].pk).update(category_detail="both_away")
    add(cast, carer_health="健康", carer_note="腿脚不便")
    rows, log = export(cast, "supervisor", django_capture_on_commit_callbacks, full="on")
    assert rows[0] == care_export.HEADER
    line = dict(zip(rows[0], rows[1], strict=True))
    assert line["受委托监护人姓名"] == "田秀莲"
    assert line["父母双方同时外出"] == "是"
    assert line["父母双方无监护能力"] == "否"
    assert line["受委托监护人证件号码"] == identity.mask(GRANDMOTHER)
    assert line["受委托监护人健康状况"] == "健康"
    assert line["受委托监护人其他特殊情况"] == "腿脚不便"
    assert (log.reason, log.detail["rows"], log.detail["full"]) == ("上报部系统", 1, False)


def test_the_clerk_may_export_whole_numbers_and_it_is_logged(
    cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    add(cast)
    rows, log = export(cast, "clerk", django_capture_on_commit_callbacks, full="on")
    assert dict(zip(rows[0], rows[1], strict=True))["受委托监护人证件号码"] == GRANDMOTHER
    assert log.detail["full"] is True
