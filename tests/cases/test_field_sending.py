"""What phones send: every answer, repeated and at one moment, photos one by one, and what is kept for a file that has gone."""

from __future__ import annotations

import datetime as dt
import io
import json
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from cases.field import photos, placing, sending
from cases.field.same_day import same_day_visits
from cases.field.submission import Submission
from cases.models import Child, KeptPhoto, KeptVisit, Note, Visit, VisitPhoto
from cases.transfers import services as transfers
from cases.visits.services import basis_of, review_visit, save_draft
from staff import files
from staff.models import Assignment
from staff.scope import system_scope
from staff.workflow import TransitionRefused
from tests.cases.visiting import NOW, acting, form_values, fresh, picture, submitted, visit_data
from tests.cast import FAR_VILLAGE, OTHER_VILLAGE, STRANGE_VILLAGE, Cast, make_cast, make_child

D = dt.date


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> dt.datetime:
    """It is the day of the mock-ups."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    return NOW


def body(child: Child, *, photos: int | list[str] = 0, basis: str = "", **changes: Any) -> dict[str, Any]:
    """A sending as the phone makes it."""
    values = form_values(child, **changes)
    for name in ("client_id", "child"):
        values.pop(name)
    fields = [
        [name, str(one)]
        for name, value in values.items()
        for one in (value if isinstance(value, list) else [value])
    ]
    return {
        "sending": str(uuid4()),
        "child": child.pk,
        "child_name": child.name,
        "basis": basis,
        "started_at": "2026-10-20T01:30:00Z",
        "written_at": "2026-10-20T01:50:00Z",
        "photos": [str(uuid4()) for _ in range(photos)] if isinstance(photos, int) else photos,
        "fields": fields,
    }


def put(client: Client, uuid: Any, given: dict[str, Any]) -> HttpResponse:
    return client.put(f"/api/v1/field/visits/{uuid}/", json.dumps(given), content_type="application/json")


def put_photo(client: Client, uuid: Any, photo: str, data: bytes | None = None) -> HttpResponse:
    return client.put(
        f"/api/v1/field/visits/{uuid}/photos/{photo}/",
        picture() if data is None else data,
        content_type="image/jpeg",
    )


def english(cast: Cast, name: str = "director") -> Client:
    return cast.client(name, headers={"Accept-Language": "en"})


def counts(cast: Cast) -> tuple[int, int]:
    """Visits and photos of the whole county."""
    with system_scope(reason="test", log=False):
        return Visit.objects.count(), VisitPhoto.objects.count()


def move(cast: Cast, child: Child, to: int = OTHER_VILLAGE, accepter: str = "supervisor") -> None:
    """The file goes to another village."""
    with acting(cast, "clerk" if to != OTHER_VILLAGE else "director"):
        transfer = transfers.propose_transfer(
            child, to_region_id=to, reason_code="family_moved", effective_date=D(2026, 10, 15), at=NOW
        )
    with acting(cast, accepter) as actor:
        transfers.accept_transfer(transfer, at=NOW, actor=actor)


def leave(cast: Cast, child: Child, day: dt.date) -> None:
    with system_scope(reason="test", log=False):
        Child.objects.filter(pk=child.pk).update(left_date=day, left_reason="05", next_visit_date=None)


# --- Into the file --------------------------------------------------------------------------------------


def test_the_words_first_then_each_photo_and_everything_again(cast: Cast, clock: dt.datetime) -> None:
    client, uuid = cast.client("director"), uuid4()
    given = body(cast.children["own"], photos=2)
    first, second = given["photos"]
    answer = put(client, uuid, given)
    assert answer.status_code == 201, answer.content
    assert answer.json()["awaited"] == [first, second]
    with acting(cast, "director"):
        visit = Visit.objects.get(uuid=uuid)
    assert (visit.state, visit.source, visit.sendings) == ("submitted", "phone", [given["sending"]])
    assert visit.started_at == dt.datetime(2026, 10, 20, 1, 30, tzinfo=dt.UTC)
    assert put(client, uuid, given).status_code == 200
    assert [put_photo(client, uuid, second).status_code for _ in range(2)] == [201, 200]
    state = client.get(f"/api/v1/field/visits/{uuid}/").json()
    assert state == {"state": "submitted", "photos": {"arrived": [second], "awaited": [first]}}
    # The last one comes after the review.
    with acting(cast, "supervisor") as actor:
        review_visit(actor=actor, at=NOW, visit=visit, decision="approve")
    assert put_photo(client, uuid, first).status_code == 201
    assert put(client, uuid, given).status_code == 200
    assert counts(cast) == (1, 2)
    assert fresh(cast, visit).photos_awaited == []
    with acting(cast, "director"):
        stored = VisitPhoto.objects.get(uuid=first)
        assert (len(stored.sha256), files.read(stored.file)[:2]) == (64, b"\xff\xd8")


def test_a_photo_is_taken_only_when_announced_and_withdrawn_when_it_never_comes(
    cast: Cast, clock: dt.datetime
) -> None:
    client, uuid = english(cast), uuid4()
    given = body(cast.children["own"], photos=1)
    [awaited] = given["photos"]
    assert put_photo(client, uuid, awaited).status_code == 404  # the visit goes first
    put(client, uuid, given)
    assert put_photo(client, uuid, str(uuid4())).status_code == 409
    for data in (b"no picture", b""):
        answer = put_photo(client, uuid, awaited, data)
        assert (answer.status_code, answer.json()["error"]["fields"]["photo"]) == (
            422,
            ["Photo is not a JPEG, PNG or WebP picture."],
        )
    assert client.put(f"/api/v1/field/visits/{uuid}/photos/{awaited}/", "{}").status_code == 415
    address = f"/api/v1/field/visits/{uuid}/photos/{awaited}/"
    assert [client.delete(address).status_code for _ in range(2)] == [204, 204]
    assert put_photo(client, uuid, awaited).status_code == 409
    assert counts(cast) == (1, 0)
    with acting(cast, "director"):
        assert Visit.objects.get().photos_awaited == []


def test_a_visit_and_a_photo_cost_few_queries(
    cast: Cast, clock: dt.datetime, page_budget: Callable[[int], AbstractContextManager[None]]
) -> None:
    """200 directors send at one moment (bench/field.py); what others have sent that day makes no sending dearer."""
    client, child = cast.client("director"), cast.children["own"]
    for _each in range(2):
        uuid, given = uuid4(), body(child, photos=2, text=f"孩子在家，作业已经写完，灶上炖着汤。{uuid4()}")
        first, second = given["photos"]
        with page_budget(28):
            assert put(client, uuid, given).status_code == 201
        with page_budget(23):
            assert put_photo(client, uuid, first).status_code == 201
        with page_budget(9):
            assert put_photo(client, uuid, first).status_code == 200
        assert put_photo(client, uuid, second).status_code == 201


def test_a_photo_larger_than_the_county_allows_is_refused_unread(cast: Cast, clock: dt.datetime) -> None:
    client, uuid = english(cast), uuid4()
    given = body(cast.children["own"], photos=1)
    put(client, uuid, given)
    answer = put_photo(client, uuid, given["photos"][0], b"\xff" * 12_000_000)
    assert (answer.status_code, "larger than 10 MB" in answer.content.decode()) == (422, True)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"risk": ""}, "risk"),
        ({"people_met": []}, "people_met"),
        ({"visited_at": "2027-01-01T10:00"}, "visited_at"),
    ],
)
def test_an_incomplete_visit_names_its_fields_and_leaves_nothing(
    cast: Cast, clock: dt.datetime, change: dict[str, Any], field: str
) -> None:
    answer = put(english(cast), uuid4(), body(cast.children["own"], photos=1, **change))
    assert (answer.status_code, field in answer.json()["error"]["fields"]) == (422, True)
    assert counts(cast) == (0, 0)


@pytest.mark.parametrize(
    "wrong",
    [{"photos": [str(uuid4())] * 7}, {"sending": "x"}, {"fields": [["a"]]}, {"child": 0}, {"child": 10**30}],
)
def test_a_body_of_another_shape_is_refused(cast: Cast, clock: dt.datetime, wrong: dict[str, Any]) -> None:
    answer = put(cast.client("director"), uuid4(), body(cast.children["own"]) | wrong)
    assert (answer.status_code, set(answer.json()["error"]["fields"])) == (422, set(wrong))


@pytest.mark.parametrize(
    "given",
    [b"", b"x", b"\xff", b"[" * 100_000, b'{"a":' * 100_000, b"7" * 100_000],
    ids=lambda one: repr(one[:6]),
)
def test_what_is_no_json_is_refused_and_leaves_nothing(cast: Cast, clock: dt.datetime, given: bytes) -> None:
    address = f"/api/v1/field/visits/{uuid4()}/"
    answer = cast.client("director").put(address, given, content_type="application/json")
    assert answer.status_code in (400, 422)
    assert counts(cast) == (0, 0)


def test_more_photos_than_a_visit_may_have_are_refused_with_those_that_are_there(
    cast: Cast, clock: dt.datetime
) -> None:
    client, uuid = english(cast), uuid4()
    given = body(cast.children["own"], photos=4)
    put(client, uuid, given)
    with acting(cast, "supervisor") as actor:
        visit = Visit.objects.get()
        review_visit(
            actor=actor, at=NOW, visit=visit, decision="return", reason_code="unclear", reason="请补充"
        )
        basis = basis_of(visit)
    answer = put(client, uuid, body(cast.children["own"], photos=3, basis=basis))
    assert (answer.status_code, answer.json()["error"]["message"]) == (422, "A visit has at most 6 photos.")
    assert fresh(cast, visit).state == "returned"


def test_a_number_of_somebody_elses_visit_is_not_touched(cast: Cast, clock: dt.datetime) -> None:
    visit = submitted(cast, by="supervisor")
    client = cast.client("director")
    assert put(client, visit.uuid, body(cast.children["own"], text="别的")).status_code == 422
    assert put_photo(client, visit.uuid, str(uuid4())).status_code == 404
    assert client.get(f"/api/v1/field/visits/{visit.uuid}/").status_code == 404
    assert fresh(cast, visit).text == visit.text


def test_signed_out_nothing_is_taken_and_a_session_needs_its_csrf_value(cast: Cast) -> None:
    given = body(cast.children["own"])
    assert put(Client(), uuid4(), given).status_code == 401
    assert put(cast.client("director", enforce_csrf_checks=True), uuid4(), given).status_code == 403
    assert counts(cast) == (0, 0)


# --- Conflicts ------------------------------------------------------------------------------------------


def returned(cast: Cast, **changes: Any) -> Visit:
    visit = submitted(cast, **changes)
    with acting(cast, "supervisor") as actor:
        return review_visit(
            actor=actor, at=NOW, visit=visit, decision="return", reason_code="unclear", reason="请补充"
        )


def test_an_edit_on_an_older_version_shows_every_field_and_overwrites_nothing(
    cast: Cast, clock: dt.datetime
) -> None:
    client, child = english(cast), cast.children["own"]
    visit = returned(cast)
    old = basis_of(visit)
    other = {"text": "在另一台手机上写的。", "basis": old}
    assert put(client, visit.uuid, body(child, **other)).status_code == 201
    with acting(cast, "supervisor") as actor:  # returned once more: it may be changed again
        review_visit(
            actor=actor,
            at=NOW,
            visit=fresh(cast, visit),
            decision="return",
            reason_code="unclear",
            reason="再补充",
        )
    mine = body(
        child, basis="an older one", text="在这台手机上写的。", people_met=["child"], answer_school="yes"
    )
    answer = put(client, visit.uuid, mine)
    assert answer.status_code == 409
    said = answer.json()
    assert (said["state"], said["changeable"], said["basis"]) == (
        "conflict",
        True,
        basis_of(fresh(cast, visit)),
    )
    found = {one["name"]: one for one in said["fields"]}
    assert set(found) == {"people_met", "answer_school", "text"}
    assert (found["text"]["mine"], found["text"]["theirs"]) == (
        "在这台手机上写的。",
        "在另一台手机上写的。",
    )
    assert (found["people_met"]["mine"], found["people_met"]["values"]) == (
        "The child",
        ["child", "grandmother"],
    )
    assert (found["answer_school"]["mine"], found["answer_school"]["theirs"]) == ("Yes, there is", "No, none")
    assert fresh(cast, visit).text == "在另一台手机上写的。"
    decided = body(child, basis=said["basis"], text="在这台手机上写的。")
    assert put(client, visit.uuid, decided).status_code == 201
    assert (fresh(cast, visit).text, fresh(cast, visit).state) == ("在这台手机上写的。", "submitted")


@pytest.mark.parametrize("decision", ["", "approve"])
def test_what_was_reviewed_meanwhile_cannot_be_changed_and_says_so(
    cast: Cast, clock: dt.datetime, decision: str
) -> None:
    visit = submitted(cast)
    if decision:
        with acting(cast, "supervisor") as actor:
            review_visit(actor=actor, at=NOW, visit=visit, decision=decision)
    answer = put(english(cast), visit.uuid, body(cast.children["own"], text="改过的。"))
    assert (answer.status_code, answer.json()["changeable"]) == (409, False)
    assert ("reviewed meanwhile" if decision else "awaits its review") in answer.json()["said"]
    # The same words again are no conflict; further photos are taken until the review, not after it.
    assert put(english(cast), visit.uuid, body(cast.children["own"])).status_code == 200
    more = put(english(cast), visit.uuid, body(cast.children["own"], photos=1))
    assert more.status_code == (409 if decision else 200)
    assert len(fresh(cast, visit).photos_awaited) == (0 if decision else 1)
    assert fresh(cast, visit).text == visit.text


def test_the_same_words_turn_a_draft_at_the_office_into_a_visit(cast: Cast, clock: dt.datetime) -> None:
    with acting(cast, "director") as actor:
        draft = save_draft(actor=actor, at=NOW, uuid=uuid4(), child=cast.children["own"], data=visit_data())
    assert put(cast.client("director"), draft.uuid, body(cast.children["own"])).status_code == 201
    assert fresh(cast, draft).state == "submitted"


# --- The same day ---------------------------------------------------------------------------------------


def test_two_visitors_of_one_day_are_told_of_each_other_and_both_are_kept(
    cast: Cast, clock: dt.datetime
) -> None:
    child, one, two = cast.children["own"], uuid4(), uuid4()
    assert put(cast.client("supervisor"), one, body(child)).json()["also_today"] == []
    also = put(english(cast), two, body(child, visited_at="2026-10-20T10:30")).json()["also_today"]
    assert also == [{"who": "李守安", "at": "09:40", "how": "Home visit"}]
    with acting(cast, "supervisor"):
        first, second = Visit.objects.get(uuid=one), Visit.objects.get(uuid=two)
        assert (same_day_visits(first), same_day_visits(second)) == ([second], [first])
    for visit, other in ((first, "王念慈"), (second, "李守安")):
        page = english(cast).get(f"/visits/{visit.pk}/").content.decode()
        assert f"{other} visited this child on the same day" in page


# --- Gone files -----------------------------------------------------------------------------------------


def kept_of(cast: Cast, uuid: UUID) -> KeptVisit:
    with system_scope(reason="test", log=False):
        return KeptVisit.objects.get(uuid=uuid)


def test_a_visit_for_a_child_who_moved_is_kept_and_placed_once_with_its_photos(
    cast: Cast, clock: dt.datetime
) -> None:
    child, client, uuid = cast.children["own"], english(cast), uuid4()
    given = body(child, photos=2)
    first, second = given["photos"]
    move(cast, child)
    for _ in range(2):
        answer = put(client, uuid, given)
        assert (answer.status_code, answer.json()["reason"]) == (202, "moved")
    said = answer.json()["said"]
    assert "kept at the office" in said
    assert not any(place in answer.content.decode() for place in ("井田", "Jingtian", str(OTHER_VILLAGE)))
    assert put_photo(client, uuid, first).status_code == 201
    assert client.get(f"/api/v1/field/visits/{uuid}/").json() == {
        "state": "kept", "photos": {"arrived": [first], "awaited": [second]},
    }  # fmt: skip
    assert counts(cast) == (0, 0)
    kept = kept_of(cast, uuid)
    with acting(cast, "supervisor") as actor:
        visit = placing.place_visit(actor=actor, at=NOW, kept=kept)
        with pytest.raises(TransitionRefused):
            placing.place_visit(actor=actor, at=NOW, kept=kept)
        assert (visit.child_id, visit.region_id, visit.uuid, visit.state) == (
            child.pk,
            OTHER_VILLAGE,
            uuid,
            "submitted",
        )
        assert visit.conducted_by.username == "director"
        assert [str(photo.uuid) for photo in visit.photos.all()] == [first]
        assert files.read(visit.photos.get().file)[:2] == b"\xff\xd8"
    # The other photo comes after the placing, to a visit that its author does not see.
    assert put_photo(client, uuid, second).status_code == 201
    assert put(client, uuid, given).status_code == 202
    assert counts(cast) == (1, 2)
    with acting(cast, "director"):
        assert not Visit.objects.exists()
        note = Note.objects.get()
    assert "has been put into the file" in note.text or "已归入" in note.text


def test_a_photo_that_comes_while_the_visit_is_placed_reaches_the_file(
    cast: Cast, clock: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    child, client, uuid = cast.children["own"], cast.client("director"), uuid4()
    given = body(child, photos=2)
    move(cast, child)
    put(client, uuid, given)
    kept = kept_of(cast, uuid)
    with acting(cast, "supervisor") as actor:
        placing.place_visit(actor=actor, at=NOW, kept=kept)
    found = photos._holder

    def as_it_was_before(*args: Any) -> Any:
        monkeypatch.setattr(photos, "_holder", found)
        return kept

    monkeypatch.setattr(photos, "_holder", as_it_was_before)
    assert put_photo(client, uuid, given["photos"][0]).status_code == 201
    assert counts(cast) == (1, 1)
    monkeypatch.setattr(photos, "_holder", as_it_was_before)
    with acting(cast, "director") as actor:
        photos.withdraw_photo(actor=actor, visit_uuid=uuid, photo_uuid=UUID(given["photos"][1]))
    with system_scope(reason="test", log=False):
        assert Visit.objects.get().photos_awaited == []


def test_a_photo_and_a_repetition_after_the_file_moved_find_the_visit(cast: Cast, clock: dt.datetime) -> None:
    child, client, uuid = cast.children["own"], cast.client("director"), uuid4()
    given = body(child, photos=1)
    put(client, uuid, given)
    move(cast, child, STRANGE_VILLAGE, "stranger")
    assert put(client, uuid, given).json() == {
        "state": "taken", "page": "", "awaited": given["photos"], "also_today": [],
    }  # fmt: skip
    assert put_photo(client, uuid, given["photos"][0]).status_code == 201
    assert counts(cast) == (1, 1)
    with system_scope(reason="test", log=False):
        assert VisitPhoto.objects.get().region_id == STRANGE_VILLAGE
        assert not KeptVisit.objects.exists()


@pytest.mark.parametrize(
    ("left", "status"), [(D(2026, 10, 19), 202), (D(2026, 10, 20), 201), (D(2026, 10, 21), 201)]
)
def test_a_visit_of_the_days_before_a_child_left_is_recorded_a_later_one_kept(
    cast: Cast, clock: dt.datetime, left: dt.date, status: int
) -> None:
    child, uuid = cast.children["own"], uuid4()
    leave(cast, child, left)
    assert put(cast.client("director"), uuid, body(child, risk="red")).status_code == status
    after = fresh(cast, child)
    assert (after.risk, after.next_visit_date) == ("yellow", None)  # who has left is not scheduled again
    if status == 202:
        kept = kept_of(cast, uuid)
        assert kept.reason == "left"
        with acting(cast, "supervisor") as actor, pytest.raises(TransitionRefused):
            placing.place_visit(actor=actor, at=NOW, kept=kept)
        assert kept_of(cast, uuid).state == "kept"


def test_a_visit_for_a_merged_file_is_in_the_one_that_stands(cast: Cast, clock: dt.datetime) -> None:
    with system_scope(reason="test", log=False):
        twin = make_child(cast.children["own"].region_id, "林晓满")
        Child.objects.filter(pk=twin.pk).update(
            merged_into=cast.children["own"], left_date=D(2026, 10, 1), left_reason="07", next_visit_date=None
        )
    uuid = uuid4()
    assert put(cast.client("director"), uuid, body(twin)).status_code == 201
    with acting(cast, "director"):
        assert Visit.objects.get(uuid=uuid).child_id == cast.children["own"].pk


def test_a_child_of_elsewhere_is_kept_and_tells_nothing(cast: Cast, clock: dt.datetime) -> None:
    answers = [
        put(english(cast), uuid4(), body(cast.children["own"]) | {"child": number}).json()
        for number in (cast.children["strange"].pk, 99_999_999)
    ]
    assert answers[0] == answers[1]
    assert answers[0]["reason"] == "unknown"


def test_what_was_written_for_another_post_of_the_same_person_goes_there(
    cast: Cast, clock: dt.datetime
) -> None:
    with system_scope(reason="test", log=False):
        Assignment.objects.create(
            user=cast.users["director"],
            post=cast.assignments["other_director"].post,
            start_date=D(2026, 9, 1),
        )
    client, uuid = cast.client("director"), uuid4()
    given = body(cast.children["neighbour"], photos=1)
    assert put(client, uuid, given).status_code == 201
    assert put(client, uuid, given).status_code == 200
    assert put_photo(client, uuid, given["photos"][0]).status_code == 201
    assert counts(cast) == (1, 1)


@pytest.mark.parametrize("role", ["", "leader"])
def test_what_somebody_wrote_before_their_post_ended_is_kept(
    cast: Cast, clock: dt.datetime, role: str
) -> None:
    uuid, given = uuid4(), body(cast.children["own"], photos=1)
    with system_scope(reason="test", log=False):
        Assignment.objects.filter(pk=cast.assignments["director"].pk).update(end_date=D(2026, 10, 19))
        if role:
            cast.assignments["director"] = Assignment.objects.create(
                user=cast.users["director"], post=cast.assignments[role].post, start_date=D(2026, 10, 20)
            )
    client = cast.client("director")
    answer = put(client, uuid, given)
    assert (answer.status_code, answer.json()["reason"]) == (202, "post_ended")
    assert put_photo(client, uuid, given["photos"][0]).status_code == 201
    with acting(cast, "supervisor") as actor:
        kept = placing.waiting().get()
        assert (kept.child_name, kept.photos.count()) == ("林小满", 1)
        visit = placing.place_visit(actor=actor, at=NOW, kept=kept)
        assert (visit.child_id, visit.photos.count()) == (cast.children["own"].pk, 1)


@pytest.mark.parametrize("member", ["clerk", "leader", "auditor", "provider", "nobody"])
def test_who_never_visited_sends_nothing(cast: Cast, member: str) -> None:
    assert put(cast.client(member), uuid4(), body(cast.children["own"])).status_code == 403


def test_only_who_sees_the_file_places_and_dismissing_takes_words(cast: Cast, clock: dt.datetime) -> None:
    child, uuid = cast.children["own"], uuid4()
    move(cast, child, FAR_VILLAGE, "other_supervisor")
    put(cast.client("director"), uuid, body(child))
    kept = kept_of(cast, uuid)
    with acting(cast, "other_supervisor"):
        assert not placing.waiting().exists()
    with acting(cast, "supervisor") as actor:
        assert placing.file_for(kept) is None
        with pytest.raises(TransitionRefused):
            placing.place_visit(actor=actor, at=NOW, kept=kept)
        with pytest.raises(TransitionRefused):
            placing.dismiss_visit(actor=actor, at=NOW, kept=kept, words=" ")
    with acting(cast, "clerk") as actor:
        assert placing.file_for(kept) == child
    with acting(cast, "supervisor") as actor:
        done = placing.dismiss_visit(actor=actor, at=NOW, kept=kept, words="两人同日走访，已由对方登记。")
    assert (done.state, done.words, counts(cast)) == ("dismissed", "两人同日走访，已由对方登记。", (0, 0))
    with acting(cast, "director"):
        assert "两人同日走访" in Note.objects.get().text


# --- At one moment --------------------------------------------------------------------------------------


@pytest.fixture
def committed_cast(transactional_db: None) -> Cast:
    return make_cast()


def together(cast: Cast, act: Callable[[], Any], times: int = 2) -> list[Any]:
    """The results of the director doing something several times at one moment, each over a connection of its own."""
    barrier, results, errors = threading.Barrier(times), [], []

    def run() -> None:
        try:
            with acting(cast, "director"):
                barrier.wait(timeout=10)
                results.append(act())
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert errors == []
    return results


@pytest.mark.slow
def test_at_one_moment_a_visit_a_photo_and_a_kept_visit_are_one_each(committed_cast: Cast) -> None:
    cast = committed_cast
    for child, outcomes in (("own", ["Taken", "Taken"]), ("strange", ["KeptVisit", "KeptVisit"])):
        given = body(cast.children[child], photos=1)
        uuid, photo = uuid4(), UUID(given["photos"][0])

        def send(uuid: UUID = uuid, given: dict[str, Any] = given) -> str:
            with acting(cast, "director") as actor:
                found = sending.receive_visit(actor=actor, at=NOW, uuid=uuid, given=Submission.read(given))
            return type(found).__name__

        def add(uuid: UUID = uuid, photo: UUID = photo) -> bool:
            with acting(cast, "director") as actor:
                return photos.receive_photo(
                    actor=actor, at=NOW, visit_uuid=uuid, photo_uuid=photo, file=io.BytesIO(picture())
                )

        assert together(cast, send) == outcomes
        assert sorted(together(cast, add)) == [False, True]
    assert counts(cast) == (1, 1)
    with system_scope(reason="test", log=False):
        assert (KeptVisit.objects.count(), KeptPhoto.objects.count()) == (1, 1)


# --- Pages ----------------------------------------------------------------------------------------------


def test_the_pages_of_kept_visits_place_dismiss_and_show_what_was_written(
    cast: Cast, clock: dt.datetime, page_budget: Callable[[int], AbstractContextManager[None]]
) -> None:
    child, client = cast.children["own"], english(cast, "supervisor")
    move(cast, child)
    uuids = [uuid4() for _ in range(3)]
    for uuid in uuids:
        given = body(child, photos=1, text=f"记录{uuid}")
        put(cast.client("director"), uuid, given)
        put_photo(cast.client("director"), uuid, given["photos"][0])
    with page_budget(15):
        listed = client.get("/kept/").content.decode()
    assert listed.count("林小满") == 3
    first, second = kept_of(cast, uuids[0]), kept_of(cast, uuids[1])
    page = client.get(f"/kept/{first.pk}/").content.decode()
    assert f"记录{uuids[0]}" in page
    assert "The file of 林小满 now lies in 井田" in page
    photo = client.get(f"/kept/{first.pk}/photos/{photo_of(cast, first)}/")
    assert photo.content[:2] == b"\xff\xd8"
    assert client.post(f"/kept/{first.pk}/", {"action": "place"}).status_code == 302
    assert kept_of(cast, uuids[0]).state == "placed"
    client.post(f"/kept/{second.pk}/", {"action": "dismiss"})
    assert kept_of(cast, uuids[1]).state == "kept"  # without words
    client.post(f"/kept/{second.pk}/", {"action": "dismiss", "reason": "重复"})
    assert kept_of(cast, uuids[1]).state == "dismissed"
    assert counts(cast) == (1, 1)
    page = client.get(f"/kept/{second.pk}/").content.decode()
    assert "重复" in page
    assert 'value="place"' not in page


def photo_of(cast: Cast, kept: KeptVisit) -> int:
    with system_scope(reason="test", log=False):
        return KeptPhoto.objects.get(kept=kept).pk


def test_the_visitor_says_on_the_page_that_no_photo_will_come(cast: Cast, clock: dt.datetime) -> None:
    client, uuid = english(cast), uuid4()
    put(client, uuid, body(cast.children["own"], photos=2))
    with acting(cast, "director"):
        visit = Visit.objects.get()
    page = client.get(f"/visits/{visit.pk}/").content.decode()
    assert "2 photos are still on their way" in page
    assert "Do not wait" not in english(cast, "supervisor").get(f"/visits/{visit.pk}/").content.decode()
    assert cast.client("supervisor").post(f"/visits/{visit.pk}/photos/withdraw/").status_code == 403
    client.post(f"/visits/{visit.pk}/photos/withdraw/")
    assert "still on their way" not in client.get(f"/visits/{visit.pk}/").content.decode()
