"""A kept visit whose child went to another county: offered to that county, placed there or declined, seen by nobody else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from cases.models import Child, KeptPhoto, KeptVisit, Note, Visit
from staff.models import AccessLog
from staff.scope import system_scope
from tests.cases.test_field_sending import body, english, kept_of, move, photo_of, put, put_photo
from tests.cases.visiting import NOW, acting
from tests.cast import COUNTY, FAR_VILLAGE, OTHER_COUNTY, OTHER_VILLAGE, STRANGE_VILLAGE, Cast

KEEPERS = {"director", "supervisor", "clerk", "approver", "leader", "auditor", "viewer"}
WHERE = ("太和", "城关", "民安", "阜阳", "安徽", "许他乡", str(STRANGE_VILLAGE), str(OTHER_COUNTY))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> dt.datetime:
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    return NOW


def kept_for(cast: Cast, child: Child, photos: int = 2) -> KeptVisit:
    """A visit of the director that was kept, with the first of its photos."""
    uuid, given = uuid4(), body(child, photos=photos, text="灶上炖着汤，祖母在择菜。")
    assert put(cast.client("director"), uuid, given).status_code == 202
    if photos:
        assert put_photo(cast.client("director"), uuid, given["photos"][0]).status_code == 201
    return kept_of(cast, uuid)


def gone(cast: Cast, photos: int = 2) -> KeptVisit:
    child = cast.children["own"]
    move(cast, child, STRANGE_VILLAGE, "stranger")
    return kept_for(cast, child, photos)


def post(cast: Cast, name: str, kept: KeptVisit, action: str, reason: str = "") -> int:
    answer = cast.client(name).post(f"/kept/{kept.pk}/", {"action": action, "reason": reason})
    return answer.status_code


def state(cast: Cast, kept: KeptVisit) -> str:
    return kept_of(cast, kept.uuid).state


def seen_by(cast: Cast, kept: KeptVisit) -> set[str]:
    """Whom the database shows the row to, whatever a page would."""
    found = set()
    for name in cast.users:
        with acting(cast, name):
            if KeptVisit._base_manager.filter(pk=kept.pk).exists():
                found.add(name)
    return found


def test_the_county_that_has_the_file_places_what_it_is_offered(
    cast: Cast, clock: dt.datetime, page_budget: Callable[[int], AbstractContextManager[None]]
) -> None:
    kept = gone(cast)
    before = seen_by(cast, kept)
    assert before <= KEEPERS
    assert {"director", "supervisor", "clerk"} <= before
    page = english(cast, "supervisor").get(f"/kept/{kept.pk}/").content.decode()
    assert 'value="offer"' in page
    assert 'value="place"' not in page
    assert post(cast, "supervisor", kept, "offer") == 302
    assert seen_by(cast, kept) == before | {"stranger"}
    client = english(cast, "stranger")
    with page_budget(15):
        assert "林小满" in client.get("/kept/").content.decode()
    page = client.get(f"/kept/{kept.pk}/").content.decode()
    assert "灶上炖着汤" in page
    assert 'value="offer"' not in page
    assert 'value="take_back"' not in page
    assert 'value="dismiss"' not in page
    assert client.get(f"/kept/{kept.pk}/photos/{photo_of(cast, kept)}/").content[:2] == b"\xff\xd8"
    with system_scope(reason="test", log=False):
        read = AccessLog._base_manager.filter(subject="cases.keptvisit", user=cast.users["stranger"])
        assert set(read.values_list("region_id", flat=True)) == {OTHER_COUNTY}
    assert client.get(f"/queue/kept/{kept.pk}/").status_code == 200
    assert post(cast, "stranger", kept, "place") == 302
    with acting(cast, "stranger"):
        visit = Visit.objects.get(uuid=kept.uuid)
        assert (visit.state, visit.region_id, visit.photos.count()) == ("submitted", STRANGE_VILLAGE, 1)
        assert visit.conducted_by == cast.users["director"]
    with system_scope(reason="test", log=False):
        assert not KeptPhoto.objects.exists()
    # The photo that comes later finds the file; the author is told, and sees no more of it than before.
    [late] = visit.photos_awaited
    assert put_photo(cast.client("director"), kept.uuid, late).status_code == 201
    with acting(cast, "director"):
        assert "归入档案" in Note.objects.get(kind="placed").text
        assert not Visit.objects.filter(uuid=kept.uuid).exists()
    with acting(cast, "stranger"):
        assert visit.photos.count() == 2


def test_those_who_keep_it_do_not_learn_where_the_file_is(cast: Cast, clock: dt.datetime) -> None:
    kept = gone(cast)
    for step in ("", "offer", "place"):
        if step:
            post(cast, "stranger" if step == "place" else "clerk", kept, step)
        for name in ("supervisor", "clerk", "auditor"):
            for address in (f"/kept/{kept.pk}/", "/kept/", "/kept/?state=offered", "/kept/?state=placed"):
                page = cast.client(name).get(address).content.decode()
                assert not [word for word in WHERE if word in page], (step, name, address)
        assert (
            not put(cast.client("director"), kept.uuid, body(cast.children["own"]))
            .content.decode()
            .count("太和")
        )
    assert state(cast, kept) == "placed"


def test_the_county_declines_with_words_and_sees_it_no_longer(cast: Cast, clock: dt.datetime) -> None:
    kept = gone(cast)
    photo = photo_of(cast, kept)
    before = seen_by(cast, kept)
    post(cast, "clerk", kept, "offer")
    post(cast, "stranger", kept, "decline")
    assert state(cast, kept) == "offered"  # without words
    for name, step in (
        ("stranger", "dismiss"),
        ("stranger", "take_back"),
        ("clerk", "decline"),
        ("clerk", "offer"),
    ):
        post(cast, name, kept, step, "别人的决定")
        assert state(cast, kept) == "offered", (name, step)
    post(cast, "stranger", kept, "decline", "当日我县已走访")
    assert (state(cast, kept), seen_by(cast, kept)) == ("kept", before)
    assert cast.client("stranger").get(f"/kept/{kept.pk}/").status_code == 404
    assert cast.client("stranger").get(f"/kept/{kept.pk}/photos/{photo}/").status_code == 404
    assert "当日我县已走访" in cast.client("supervisor").get(f"/kept/{kept.pk}/").content.decode()
    assert post(cast, "stranger", kept, "place") == 404
    # It waits where it lay: offered again, taken back, and at last left out.
    post(cast, "supervisor", kept, "offer")
    assert seen_by(cast, kept) == before | {"stranger"}
    post(cast, "supervisor", kept, "take_back")
    assert seen_by(cast, kept) == before
    post(cast, "supervisor", kept, "dismiss", "重复")
    assert state(cast, kept) == "dismissed"


def test_only_what_went_to_another_county_is_offered_and_nothing_else_is_learnt(
    cast: Cast, clock: dt.datetime
) -> None:
    own, strange = cast.children["own"], cast.children["strange"]
    move(cast, own)  # to the next village
    inside, never_here = kept_for(cast, own, 0), kept_for(cast, strange, 0)
    nowhere = kept_for(cast, Child(pk=987_654_321, name="无此人"), 0)
    said = set()
    for kept in (inside, never_here, nowhere):
        client = english(cast, "director" if False else "supervisor")
        assert 'value="offer"' not in client.get(f"/kept/{kept.pk}/").content.decode()
        answer = client.post(f"/kept/{kept.pk}/", {"action": "offer"}, follow=True)
        said.add("No other county has this child" in answer.content.decode())
        assert state(cast, kept) == "kept"
    assert said == {True}


def test_a_file_that_came_back_is_not_offered(cast: Cast, clock: dt.datetime) -> None:
    kept = gone(cast, 0)
    with system_scope(reason="test", log=False):
        Child.objects.filter(pk=kept.child_number).update(region_id=FAR_VILLAGE)
    post(cast, "supervisor", kept, "offer")
    assert state(cast, kept) == "kept"
    assert 'value="place"' in cast.client("clerk").get(f"/kept/{kept.pk}/").content.decode()


def test_a_county_that_no_longer_has_the_file_cannot_place_it(cast: Cast, clock: dt.datetime) -> None:
    kept = gone(cast, 0)
    post(cast, "clerk", kept, "offer")
    with system_scope(reason="test", log=False):
        Child.objects.filter(pk=kept.child_number).update(region_id=OTHER_VILLAGE)
    assert 'value="place"' not in cast.client("stranger").get(f"/kept/{kept.pk}/").content.decode()
    post(cast, "stranger", kept, "place")
    assert state(cast, kept) == "offered"


def test_a_later_version_of_an_offered_visit_takes_its_place(cast: Cast, clock: dt.datetime) -> None:
    kept = gone(cast, 0)
    post(cast, "clerk", kept, "offer")
    later = body(cast.children["own"], text="改过的话，另有一页。")
    assert put(cast.client("director"), kept.uuid, later).status_code == 202
    assert "另有一页" in cast.client("stranger").get(f"/kept/{kept.pk}/").content.decode()
    post(cast, "stranger", kept, "place")
    assert put(cast.client("director"), kept.uuid, body(cast.children["own"])).status_code == 422


def test_the_database_lets_nobody_hand_a_visit_to_a_county_of_their_choice(
    cast: Cast, clock: dt.datetime
) -> None:
    """The county that is asked cannot change whose it is; an offer without a county is none."""
    kept = gone(cast, 0)
    post(cast, "clerk", kept, "offer")
    with acting(cast, "stranger"):
        for change in ({"offered_to_id": COUNTY}, {"offered_to_id": None}):
            with pytest.raises(DatabaseError), transaction.atomic():
                KeptVisit._base_manager.filter(pk=kept.pk).update(**change)
    with acting(cast, "clerk"), pytest.raises(DatabaseError), transaction.atomic():
        KeptVisit._base_manager.filter(pk=kept.pk).update(offered_to_id=None)
