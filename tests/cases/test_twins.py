"""Whether somebody is on the register already: what counts, what is told of whom, and the form that asks."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cases import identity, register
from cases.duplicates import merging
from cases.duplicates.twins import Facts, Why, neutral_sentence, twins_among, twins_of
from cases.models import Child
from cases.refusals import AlreadyRegistered, NeedsConfirmation
from staff.models import AccessLog
from staff.scope import open_scope, system_scope
from tests.cases.test_register import DATA, NUMBER
from tests.cast import FAR_VILLAGE, OTHER_VILLAGE, OWN_ID, STRANGE_VILLAGE, VILLAGE, Cast, make_child

AT = dt.datetime(2026, 10, 20, 2, 0, tzinfo=dt.UTC)
DAY = dt.date(2026, 10, 20)
BORN = dt.date(2016, 3, 4)


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: AT)


def asked(cast: Cast, member: str, facts: Facts, but: int = 0) -> list[tuple[str, str]]:
    with open_scope(cast.scope(member)):
        return [(twin.child.name, twin.why.value) for twin in twins_of(facts, but=but).found]


@pytest.mark.parametrize(
    ("name", "born", "number", "expected"),
    [
        ("", None, OWN_ID, [("林小满", "identity")]),
        ("别人", None, OWN_ID.lower(), [("林小满", "identity")]),
        ("", None, OWN_ID[:9] + "8" + OWN_ID[10:], [("林小满", "slip")]),  # one digit wrong
        ("", None, OWN_ID[:16] + OWN_ID[17] + OWN_ID[16], [("林小满", "slip")]),  # two swapped
        ("", None, OWN_ID[:5] + OWN_ID[6:], [("林小满", "slip")]),  # one lost
        ("", None, OWN_ID[:10], []),
        ("曾子涵", BORN, "", [("曾子涵", "name")]),
        (" 曾 子 涵 ", BORN, "", [("曾子涵", "name")]),
        ("增子涵", BORN, "", [("曾子涵", "sound")]),  # 曾 is read zeng as a surname, ceng elsewhere
        ("曾子晗", BORN, "", [("曾子涵", "sound")]),
        ("层子涵", BORN, "", []),
        ("曾子涵", dt.date(2016, 3, 5), "", []),
        ("曾子涵", None, "", []),
    ],
)
def test_what_counts(
    cast: Cast, name: str, born: dt.date | None, number: str, expected: list[tuple[str, str]]
) -> None:
    with system_scope(reason="test", log=False):
        make_child(OTHER_VILLAGE, "曾子涵", birth_date=BORN)
    assert asked(cast, "clerk", Facts(name, born, number, VILLAGE)) == expected


def test_one_child_is_told_once_and_for_the_strongest_reason(cast: Cast) -> None:
    own = cast.children["own"]
    assert asked(cast, "clerk", Facts(own.name, own.birth_date, OWN_ID, VILLAGE)) == [("林小满", "identity")]
    assert asked(cast, "clerk", Facts(own.name, own.birth_date, OWN_ID, VILLAGE), but=own.pk) == []


def test_a_like_sounding_name_with_another_number_is_another_child(cast: Cast) -> None:
    born = cast.children["own"].birth_date
    body = "50015220170520107"
    other = body + identity.check_character(body)
    assert asked(cast, "clerk", Facts("林晓满", born, other, VILLAGE)) == []
    assert asked(cast, "clerk", Facts("林晓满", born, "", VILLAGE)) == [("林小满", "sound")]
    assert asked(cast, "clerk", Facts("林小满", born, other, VILLAGE)) == [("林小满", "name")]


def test_who_left_and_who_was_merged(cast: Cast) -> None:
    with system_scope(reason="test", log=False):
        kept = make_child(VILLAGE, "曾子涵", birth_date=BORN)
        merged = make_child(VILLAGE, "陶晓宇", birth_date=BORN)
        make_child(VILLAGE, "李小雨", birth_date=BORN, left_date=DAY, left_reason="07")
        merging.merge_children(kept, merged, {}, reason="x", at=AT)
    assert asked(cast, "clerk", Facts("李小雨", BORN, "", VILLAGE)) == [("李小雨", "name")]
    # The merged file leads to the kept one, under whichever name it is asked for.
    assert [name for name, _why in asked(cast, "clerk", Facts("陶晓宇", BORN, "", VILLAGE))] == ["曾子涵"]


def test_out_of_sight_nothing_but_the_neutral_sentence(cast: Cast) -> None:
    with system_scope(reason="test", log=False):
        make_child(OTHER_VILLAGE, "曾子涵", birth_date=BORN)
        make_child(STRANGE_VILLAGE, "曾子涵", birth_date=BORN)
    namesake = Facts("曾子涵", BORN, "", VILLAGE)
    assert asked(cast, "director", namesake) == []
    assert len(asked(cast, "clerk", namesake)) == 1  # within the county
    facts = Facts("别人", None, OWN_ID, VILLAGE)
    with open_scope(cast.scope("stranger")):
        found = twins_of(facts)
        assert (found.found, found.elsewhere, found.taken) == ((), True, True)
        assert [text for _field, text in found.warnings()] == [neutral_sentence()]
        # Somebody who asks for one number after another leaves a trace.
    with system_scope(reason="test", log=False):
        lines = AccessLog.objects.filter(user=cast.users["stranger"], kind="system")
        assert lines.count() == 1
        Child.objects.filter(pk=cast.children["own"].pk).update(left_date=DAY, left_reason="07")
    with open_scope(cast.scope("stranger")):
        found = twins_of(facts)
        assert (found.elsewhere, found.taken) == (True, False)
        assert not twins_of(Facts("别人", None, NUMBER, VILLAGE))


def test_a_whole_list_costs_what_one_row_costs(cast: Cast) -> None:
    rows = {key: Facts(f"童{key}", BORN, "", VILLAGE) for key in range(500)}
    rows[7] = Facts("别人", BORN, OWN_ID, VILLAGE)
    rows[8] = Facts("秦白露", cast.children["neighbour"].birth_date, "", VILLAGE)
    rows[9] = Facts("罗小寒", cast.children["strange"].birth_date, "", VILLAGE)
    with open_scope(cast.scope("clerk")), CaptureQueriesContext(connection) as queries:
        found = twins_among(rows)
    assert len(queries) <= 3
    assert found.keys() == rows.keys()
    hits = {key: [(t.child.name, t.why) for t in twins.found] for key, twins in found.items() if twins}
    assert hits == {7: [("林小满", Why.IDENTITY)], 8: [("秦白露", Why.NAME)]}


# --- Saving ----------------------------------------------------------------------------------------------


def test_adding_and_changing_ask_the_same(cast: Cast) -> None:
    with open_scope(cast.scope("director")):
        known = make_child(VILLAGE, "陶晓雨", birth_date=DATA.birth_date, left_date=DAY, left_reason="07")
        with pytest.raises(NeedsConfirmation) as caught:
            register.add_child(replace(DATA, id_number=""), region_id=VILLAGE, at=AT)
        assert caught.value.twins is not None
        assert [t.child for t in caught.value.twins.found] == [known]
        new = register.add_child(replace(DATA, id_number=""), region_id=VILLAGE, at=AT, confirmed=True)
        # Of the file itself nothing is said when it is changed.
        register.change_child(known, {"phone": "13812345678"}, at=AT)
        with pytest.raises(NeedsConfirmation) as caught:
            register.change_child(new, {"name": "林小满", "birth_date": dt.date(2017, 5, 20)}, at=AT)
        assert caught.value.twins is not None
        assert cast.children["own"] in [t.child for t in caught.value.twins.found]


def test_a_number_registered_elsewhere_is_refused_without_a_name(cast: Cast) -> None:
    with system_scope(reason="test", log=False):
        make_child(STRANGE_VILLAGE, "罗大寒", id_number=NUMBER)
    with open_scope(cast.scope("director")), pytest.raises(AlreadyRegistered) as caught:
        register.add_child(DATA, region_id=VILLAGE, at=AT)
    assert caught.value.child is None
    assert "罗" not in str(caught.value)


# --- The form --------------------------------------------------------------------------------------------


def test_the_fragment_while_typing(cast: Cast) -> None:
    client, own = cast.client("director"), cast.children["own"]
    typed = {"name": "林晓满", "birth_date": "2017-05-20", "id_number": "", "region": str(VILLAGE)}
    answer = client.post(reverse("cases:child_twins"), typed).content.decode()
    assert reverse("cases:child", args=[own.pk]) in answer
    assert own.number in answer
    assert (
        "cw-item" not in client.post(reverse("cases:child_twins"), typed | {"name": "别人"}).content.decode()
    )
    # The village may be chosen last: that of the post stands in.
    answer = client.post(reverse("cases:child_twins"), typed | {"region": ""}).content.decode()
    assert own.number in answer
    # Half a date, letters for a village: nothing is found, nothing breaks.
    odd = typed | {"birth_date": "2017-05-", "region": "x", "id_number": "50015220170520"}
    assert "cw-item" not in client.post(reverse("cases:child_twins"), odd).content.decode()
    # The date of birth may stand in the number alone.
    by_number = typed | {"birth_date": "", "name": "", "id_number": OWN_ID}
    assert own.number in client.post(reverse("cases:child_twins"), by_number).content.decode()
    assert client.get(reverse("cases:child_twins")).status_code == 405  # no number in an address


def test_the_fragment_says_nothing_of_strangers(cast: Cast) -> None:
    stranger = cast.client("stranger")
    answer = stranger.post(reverse("cases:child_twins"), {"id_number": OWN_ID}).content.decode()
    assert "林小满" not in answer
    assert "cw-strip" in answer
    assert stranger.post(reverse("cases:child_twins"), {"child": cast.children["own"].pk}).status_code == 404


def test_the_file_itself_is_not_its_own_twin(cast: Cast) -> None:
    own = cast.children["own"]
    typed = {"name": own.name, "birth_date": "2017-05-20", "id_number": OWN_ID, "child": own.pk}
    assert "cw-item" not in cast.client("director").post(reverse("cases:child_twins"), typed).content.decode()
    page = cast.client("director").get(reverse("cases:child_edit", args=[own.pk])).content.decode()
    assert f'id="twins-of" type="hidden" name="child" value="{own.pk}"' in page


def test_without_scripts_the_form_that_was_sent_shows_them(cast: Cast) -> None:
    client = cast.client("clerk")
    with system_scope(reason="test", log=False):
        known = make_child(FAR_VILLAGE, "陶小雨", birth_date=DATA.birth_date)
    form = {
        "region": VILLAGE, "primary_category": "orphan", "risk": "green", "name": "陶晓雨", "birth_date": "2015-03-04",
        "sex": "male", "placement": "scattered", "guardian-0-kind": "both",
    }  # fmt: skip
    asked = client.post(reverse("cases:child_add"), form).content.decode()
    assert reverse("cases:child", args=[known.pk]) in asked
    assert 'name="confirmed"' in asked
    done = client.post(reverse("cases:child_add"), form | {"confirmed": "1"})
    assert done.status_code == 302
