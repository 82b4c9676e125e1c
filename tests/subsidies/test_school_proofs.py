"""Proofs of schooling by term: who is reminded, what is a proof, and what it does."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.urls import reverse
from PIL import Image

from cases.models import Child
from staff.scope import system_scope
from staff.workflow import TransitionRefused
from subsidies.models import EntitlementReview, SchemeRule, SchoolProof
from subsidies.reviews import school_proofs
from subsidies.reviews import services as reviews
from subsidies.reviews.cycles import Term
from tests.cast import COUNTY
from tests.subsidies.conftest import OCTOBER, Office, moment

AT = moment(11, 2)
AUTUMN, SPRING_BEFORE, SPRING_AFTER = Term(2026, 1), Term(2025, 2), Term(2026, 2)


def rule(office: Office, **changes: Any) -> None:
    with system_scope(reason="test", log=False):
        SchemeRule.objects.create(
            scheme=office.scheme,
            region_id=COUNTY,
            valid_from=dt.date(2020, 1, 1),
            document="测试〔2020〕1号",
            changes=changes,
        )


def grow_up(office: Office, key: str, birth: dt.date = dt.date(2008, 9, 9)) -> Child:
    with system_scope(reason="test", log=False):
        Child.objects.filter(pk=office.child(key).pk).update(birth_date=birth)
    return office.child(key)


def opened(at: dt.datetime = AT) -> int:
    with system_scope(reason="test", log=False):
        return reviews.open_cycles(COUNTY, at=at).proofs


def wanted(office: Office) -> list[int]:
    with office.as_("clerk"):
        found = EntitlementReview.objects.filter(kind="school", outcome="").order_by("child_id")
        return list(found.values_list("child_id", flat=True))


def add(office: Office, child: Child, who: str = "director", **values: Any) -> SchoolProof:
    given = {"term": AUTUMN, "school": "县一中", "stage": "senior", "seen": "教育局学籍 2026-09-10"} | values
    with office.as_(who) as actor:
        return school_proofs.add_proof(actor=actor, at=AT, child=child, **given)


def test_only_those_past_18_are_asked_where_the_scheme_does_not_ask_everybody(office: Office) -> None:
    rule(office, recheck="none", school_proof=False)
    grown = grow_up(office, "own")
    office.entitle(grown, OCTOBER)
    office.entitle(office.child("neighbour"), OCTOBER)
    assert opened() == 1
    assert wanted(office) == [grown.pk]
    assert opened() == 0


def test_a_scheme_for_students_asks_everybody(office: Office) -> None:
    rule(office, recheck="none", school_proof=True)
    office.entitle(office.child("own"), OCTOBER)
    office.entitle(office.child("neighbour"), OCTOBER)
    assert opened() == 2


def test_a_proof_answers_the_reminder_and_the_next_term_asks_again(office: Office) -> None:
    rule(office, recheck="none", school_proof=True)
    child = office.child("own")
    office.entitle(child, OCTOBER)
    opened()
    add(office, child)
    assert wanted(office) == []
    assert opened() == 0
    assert opened(moment(12, 1)) == 0
    assert opened(dt.datetime(2027, 3, 2, 10, tzinfo=AT.tzinfo)) == 1
    with office.as_("clerk"):
        assert set(EntitlementReview.objects.filter(kind="school").values_list("cycle", "outcome")) == {
            (dt.date(2026, 9, 1), "unchanged"),
            (dt.date(2027, 3, 1), ""),
        }


def test_part_time_schooling_is_on_record_but_no_proof(office: Office) -> None:
    rule(office, recheck="none", school_proof=True)
    child = office.child("own")
    office.entitle(child, OCTOBER)
    opened()
    add(office, child, full_time=False)
    assert wanted(office) == [child.pk]
    with office.as_("clerk"):
        everybody = Child.objects.filter(pk__in=[child.pk, office.child("neighbour").pk])
        assert school_proofs.without_proof(everybody, AUTUMN).count() == 2


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"term": SPRING_AFTER}, "not begun"), ({"school": " "}, "school and its stage"), ({"stage": "x"}, "school and its stage"),
        ({"seen": " "}, "Add the certificate"), ({"until": dt.date(2026, 6, 30)}, "no proof for it"),
        ({"who": "approver"}, "duty"),
    ],
)  # fmt: skip
def test_what_is_no_proof(office: Office, values: dict[str, Any], words: str) -> None:
    with pytest.raises(TransitionRefused, match=words):
        add(office, office.child("own"), **values)


def test_one_proof_a_term_also_for_the_database(office: Office) -> None:
    first = add(office, office.child("own"))
    add(office, office.child("own"), term=SPRING_BEFORE)
    with pytest.raises(TransitionRefused, match="on record already"):
        add(office, office.child("own"))
    with system_scope(reason="test", log=False):
        first.pk = None
        with pytest.raises(IntegrityError, match="school_proof_once_a_term"), transaction.atomic():
            first.save(force_insert=True)
        first.term, first.school_year, first.seen = 1, 2020, ""
        with pytest.raises(IntegrityError, match="school_proof_is_shown"), transaction.atomic():
            first.save(force_insert=True)


def test_no_proof_can_only_be_recorded_as_missing(office: Office) -> None:
    rule(office, recheck="none", school_proof=True)
    office.entitle(office.child("own"), OCTOBER)
    opened()
    with office.as_("clerk") as actor:
        row = EntitlementReview.objects.get()
        with pytest.raises(TransitionRefused, match="proof of schooling"):
            reviews.decide(actor=actor, at=AT, review=row, outcome="changed", note="x")
        reviews.decide(actor=actor, at=AT, review=row, outcome="missing", note="已退学")
    assert wanted(office) == []


def test_from_the_list_to_the_proof_with_its_certificate(
    office: Office,
    page_budget: Callable[[int], AbstractContextManager[None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rule(office, recheck="none", school_proof=True)
    child = office.child("own")
    office.entitle(child, OCTOBER)
    opened()
    monkeypatch.setattr("django.utils.timezone.now", lambda: AT)
    client = office.cast.client("director")
    with page_budget(15):
        page = client.get(reverse("subsidies:school_proofs")).content.decode()
    assert "林小满" in page
    address = reverse("subsidies:school_proof_add", args=[child.pk])
    assert address in page
    empty = client.post(address, {"term": "2026-1", "school": "县一中", "stage": "senior"})
    assert "请上传证明" in empty.content.decode()
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(picture, "JPEG")
    answer = client.post(
        address,
        {
            "term": "2026-1", "school": "县一中", "stage": "senior", "full_time": "on",
            "file": SimpleUploadedFile("在读证明.jpg", picture.getvalue(), "image/jpeg"),
        },
    )  # fmt: skip
    assert answer.status_code == 302, answer.content.decode()
    panel = client.get(reverse("subsidies:child_panel", args=[child.pk])).content.decode()
    assert "县一中" in panel
    with office.as_("director"):
        file = SchoolProof.objects.get().file
    assert file is not None
    assert client.get(reverse("staff:file", args=[file.pk])).status_code == 200
    assert office.cast.client("other_director").get(reverse("staff:file", args=[file.pk])).status_code == 404
