"""The API: scope, masking, idempotent visits, one error shape, a valid document."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from cases.models import Visit, VisitPhoto
from cases.visits.services import basis_of, review_visit
from staff import files
from staff.api_tokens import make_token
from staff.scope import open_scope, system_scope
from tests.cases.visiting import NOW, acting, picture, submitted
from tests.cast import OWN_ID, Cast

LISTS = ("regions", "children", "visits", "cases", "match-candidates", "entitlements", "payments")


def visit_data(cast: Cast, **changes: Any) -> dict[str, Any]:
    now = timezone.localtime() - dt.timedelta(hours=1)
    return {
        "client_id": str(uuid.uuid4()), "child": cast.children["own"].pk, "kind": "door", "visited_at": f"{now:%Y-%m-%dT%H:%M}",
        "people_met": ["child", "grandmother"], "answer_guardian": "no", "answer_living": "no", "answer_school": "no",
        "answer_harm": "no", "risk": "yellow", "text": "孩子在家，作业按时完成。",
    } | changes  # fmt: skip


@pytest.mark.parametrize("name", LISTS)
def test_nothing_is_public(cast: Cast, name: str) -> None:
    answer = Client().get(f"/api/v1/{name}/")
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "not_authenticated"


@pytest.mark.parametrize("member", ["auditor", "sysadmin", "viewer", "provider", "nobody"])
def test_roles_without_cases_get_no_children(cast: Cast, member: str) -> None:
    answer = cast.client(member).get("/api/v1/children/")
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "permission_denied"


def test_children_are_masked_and_in_scope(cast: Cast) -> None:
    answer = cast.client("supervisor").get("/api/v1/children/").json()
    assert [child["name"] for child in answer["results"]] == ["林小满", "秦白露"]
    assert OWN_ID not in str(answer)
    assert answer["results"][0]["identity_number"] == f"{OWN_ID[:6]}********{OWN_ID[-4:]}"


def test_a_returned_visit_resent_by_the_phone_loses_the_photo_it_drops_and_may_be_sent_again(
    cast: Cast,
) -> None:
    visit = submitted(cast, by="director")
    with acting(cast, "director"):
        file = files.store(
            picture(), kind="photo", name="院子.jpg", content_type="image/jpeg",
            region_id=visit.region_id, at=NOW, child_id=visit.child_id,
        )  # fmt: skip
        photo = VisitPhoto.objects.create(
            visit=visit, child_id=visit.child_id, region_id=visit.region_id, file=file
        )
    with acting(cast, "supervisor") as actor:
        review_visit(
            actor=actor, at=NOW, visit=visit, decision="return", reason_code="incomplete", reason="照片不清"
        )
    browser = cast.client("director")
    data = visit_data(
        cast, client_id=str(visit.uuid), basis=basis_of(visit), drop_photos=[photo.pk], text="重新写过。"
    )
    for status in (201, 200):
        answer = browser.post("/api/v1/visits/", data, content_type="application/json")
        assert answer.status_code == status, answer.content
    with acting(cast, "director"):
        assert not VisitPhoto.objects.filter(pk=photo.pk).exists()
        assert Visit.objects.get(pk=visit.pk).text == "重新写过。"


def test_out_of_scope_is_404_in_our_shape(cast: Cast) -> None:
    answer = cast.client("director").get(f"/api/v1/children/{cast.children['strange'].pk}/")
    assert answer.status_code == 404
    assert set(answer.json()["error"]) == {"code", "message"}


def test_filters_and_pages(cast: Cast) -> None:
    browser = cast.client("clerk")
    assert browser.get("/api/v1/children/", {"risk": "red"}).json()["count"] == 0
    assert browser.get("/api/v1/children/", {"risk": "yellow"}).json()["count"] == 3
    assert browser.get("/api/v1/children/", {"risk": "purple"}).json()["error"]["fields"].keys() == {"risk"}


def test_a_visit_sent_twice_is_one_visit(cast: Cast) -> None:
    browser, data = cast.client("director"), visit_data(cast)
    first = browser.post("/api/v1/visits/", data, content_type="application/json")
    second = browser.post("/api/v1/visits/", data, content_type="application/json")
    assert (first.status_code, second.status_code) == (201, 200), (
        first.content.decode(),
        second.content.decode(),
    )
    assert first.json()["id"] == second.json()["id"]
    with open_scope(cast.scope("director")):
        assert Visit.objects.count() == 1


def test_a_form_with_photos_is_taken_whole_or_not_at_all_and_repeating_it_changes_nothing(cast: Cast) -> None:
    browser, data = cast.client("director"), visit_data(cast)

    def post(*photos: bytes, **changes: Any) -> Any:
        files = [SimpleUploadedFile("a.jpg", photo, content_type="image/jpeg") for photo in photos]
        return browser.post("/api/v1/visits/", data | changes | {"photos": files})

    assert post(picture(), b"no picture").json()["error"]["fields"].keys() == {"photos"}
    assert post(*[picture(size=(9, n)) for n in range(1, 8)]).status_code == 400
    with open_scope(cast.scope("director")):
        assert not Visit.objects.exists()
    two = (picture(), picture(size=(50, 50)))
    assert [post(*two).status_code for _ in range(2)] == [201, 200]
    assert post(*two, text="别的话。").json()["state"] == "conflict"
    with open_scope(cast.scope("director")):
        assert (Visit.objects.count(), VisitPhoto.objects.count()) == (1, 2)
        assert Visit.objects.get().photos_awaited == []


def test_a_bad_visit_names_the_fields(cast: Cast) -> None:
    answer = cast.client("director").post(
        "/api/v1/visits/", visit_data(cast, kind="teleport", people_met=[]), content_type="application/json"
    )
    assert answer.status_code == 400
    assert {"kind", "people_met"} <= set(answer.json()["error"]["fields"])


@pytest.mark.parametrize(
    ("member", "status"), [("other_director", 202), ("stranger", 403), ("leader", 403), ("clerk", 403)]
)
def test_who_may_not_record_a_visit(cast: Cast, member: str, status: int) -> None:
    answer = cast.client(member).post("/api/v1/visits/", visit_data(cast), content_type="application/json")
    assert answer.status_code == status  # of another village: kept, whether or not there is such a child
    with open_scope(cast.scope("clerk")):
        assert not Visit.objects.exists()


def test_a_session_needs_the_csrf_value(cast: Cast) -> None:
    browser = cast.client("director", enforce_csrf_checks=True)
    assert (
        browser.post("/api/v1/visits/", visit_data(cast), content_type="application/json").status_code == 403
    )


def test_a_token_acts_for_its_assignment_until_it_is_revoked(cast: Cast) -> None:
    with open_scope(cast.scope("supervisor")):
        token, secret = make_token(cast.assignments["supervisor"], name="统计", days=30, at=timezone.now())
    script = Client(headers={"Authorization": f"Token {secret}"})
    assert script.get("/api/v1/children/").json()["count"] == 2
    assert Client(headers={"Authorization": "Token wrong"}).get("/api/v1/children/").status_code == 401
    with open_scope(cast.scope("supervisor")):
        type(token).objects.filter(pk=token.pk).update(revoked_at=timezone.now())
    assert script.get("/api/v1/children/").status_code == 401


def test_a_token_ends_with_the_assignment(cast: Cast) -> None:
    with open_scope(cast.scope("supervisor")):
        _token, secret = make_token(cast.assignments["supervisor"], name="统计", days=30, at=timezone.now())
    with system_scope(reason="test", log=False):
        assignment = cast.assignments["supervisor"]
        assignment.end_date = timezone.localdate() - dt.timedelta(days=1)
        assignment.save()
    script = Client(headers={"Authorization": f"Token {secret}"})
    assert script.get("/api/v1/children/").status_code == 401


def test_the_document_is_valid_openapi_and_names_every_list(cast: Cast) -> None:
    document = SchemaGenerator().get_schema(request=None, public=True)
    validate_schema(document)
    assert {f"/api/v1/{name}/" for name in LISTS} <= set(document["paths"])
    assert "post" in document["paths"]["/api/v1/visits/"]
    assert cast.client("clerk").get("/api/v1/schema/").status_code == 200
    assert Client().get("/api/v1/schema/").status_code == 401


def test_lists_keep_the_query_budget(cast: Cast, django_assert_max_num_queries: Any) -> None:
    browser = cast.client("clerk")
    for name in LISTS:
        with django_assert_max_num_queries(15):
            assert browser.get(f"/api/v1/{name}/").status_code == 200
