"""The register's keys: kept per county, refreshed where something changed, and always what a rebuild would make."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from cases.enums import LeaveReason
from cases.matching.engine import keys
from cases.matching.runs.register_keys import MARKED_SCHEMA, has_role, register_keys
from cases.models import Child, EntrustedCare, Guardian, Household, ParentSituation, RegisterKeys
from staff import crypto
from staff.models import Region
from staff.scope import open_scope, system_scope
from tests.cases.matching.conftest import ADULT, AT, number
from tests.cast import (
    COUNTY,
    FAR_VILLAGE,
    OTHER_COUNTY,
    OTHER_VILLAGE,
    START,
    STRANGE_VILLAGE,
    VILLAGE,
    Cast,
    make_child,
)

pytestmark = pytest.mark.django_db


def county() -> Region:
    return Region.objects.get(pk=COUNTY)


def rebuilt(region: Region) -> pl.DataFrame:
    """What the keys are when nothing was kept."""
    kept = list(RegisterKeys._base_manager.filter(region_id=region.pk))
    RegisterKeys._base_manager.filter(region_id=region.pk).delete()
    made = register_keys(region)
    RegisterKeys._base_manager.filter(region_id=region.pk).delete()
    RegisterKeys._base_manager.bulk_create(kept)
    return made


def test_everybody_of_a_file_is_a_person(cast: Cast) -> None:
    with open_scope(cast.scope("clerk")):
        child = cast.children["own"]
        Guardian.objects.create(
            child=child, region_id=VILLAGE, kind="legal", name="林建国", relation="father", id_number=ADULT,
            start_date=START, end_date=dt.date(2026, 5, 1),
        )  # fmt: skip
        for name, parent in (("", "father"), ("周秀英", "mother")):
            ParentSituation.objects.create(
                child=child,
                region_id=VILLAGE,
                parent=parent,
                parent_name=name,
                kind="missing",
                start_date=START,
            )
        EntrustedCare.objects.create(
            child=child, region_id=VILLAGE, entrusted_by="father", carer_name="林二叔", carer_relation="paternal_uncle",
            start_date=START, created_at=AT,
        )  # fmt: skip
        people = register_keys(county()).filter(child=child.pk)
        assert people.schema == MARKED_SCHEMA
        assert people["person"].n_unique() == people.height
        found = {(p["role"], p["name"], p["number"], p["relation"]) for p in people.iter_rows(named=True)}
        assert found == {
            ("child", "林小满", child.id_number, ""),
            ("guardian", "林桂芳", "", "grandmother"),
            # The father has ceased to be guardian, but his name and number are on record.
            ("parent", "林建国", ADULT, "father"),
            ("parent", "周秀英", "", "mother"),
            ("head", "林桂芳", "", ""),
            ("carer", "林二叔", "", "paternal_uncle"),
        }
        records = {p["role"]: p["record"] for p in people.iter_rows(named=True)}
        assert records["child"] == 0
        assert records["head"] == child.household_id
        assert records["guardian"] == Guardian.objects.get(child=child, end_date=None).pk


def test_a_guardian_who_is_the_mother_is_matched_as_a_parent(cast: Cast) -> None:
    with open_scope(cast.scope("clerk")):
        child = cast.children["own"]
        Guardian.objects.filter(child=child).update(relation="mother")
        people = register_keys(county()).filter(child=child.pk)
    assert people.filter(has_role(frozenset({"parent"})))["name"].to_list() == ["林桂芳"]
    assert people.filter(has_role(frozenset({"carer"}))).is_empty()


def test_only_who_changed_is_computed_again(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    computed: list[int] = []
    real = keys.person_keys

    def counting(persons: pl.DataFrame) -> pl.DataFrame:
        computed.append(persons.height)
        return real(persons)

    monkeypatch.setattr(keys, "person_keys", counting)
    with open_scope(cast.scope("clerk")):
        first = register_keys(county())
        assert computed == [first.height]
        stored = RegisterKeys.objects.get(region_id=COUNTY)
        register_keys(county())
        # A visit, a phone number, a risk: nothing of it is a key.
        Child.objects.filter(pk=cast.children["own"].pk).update(
            risk="red", next_visit_date=dt.date(2026, 12, 1)
        )
        register_keys(county())
        assert computed == [first.height]
        assert RegisterKeys.objects.get(region_id=COUNTY).watermark == stored.watermark
        Child.objects.filter(pk=cast.children["own"].pk).update(name="林小曼")
        again = register_keys(county())
    assert computed == [first.height, 1]
    assert again.filter(role="child", child=cast.children["own"].pk)["name"].to_list() == ["林小曼"]


def test_a_clear_number_is_in_no_stored_key(cast: Cast) -> None:
    with open_scope(cast.scope("clerk")):
        assert register_keys(county())["number"].to_list().count(cast.children["own"].id_number) == 1
    with system_scope(reason="test", log=False), connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(encode(frame, 'escape'), '') FROM cases_registerkeys")
        stored = cursor.fetchone()[0]
    assert stored
    assert cast.children["own"].id_number not in stored


def test_keys_of_another_version_are_made_anew(cast: Cast) -> None:
    with open_scope(cast.scope("clerk")):
        first = register_keys(county())
        nonsense = crypto.encrypt_bytes(b"not columns at all")
        RegisterKeys.objects.filter(region_id=COUNTY).update(version="old", frame=nonsense)
        assert_frame_equal(register_keys(county()), first)


def test_a_township_s_own_match_keeps_nothing(cast: Cast) -> None:
    with open_scope(cast.scope("supervisor")):
        people = register_keys(Region.objects.get(pk=VILLAGE // 1000 * 1000))
        assert set(people["village"]) == {VILLAGE, OTHER_VILLAGE}
    with system_scope(reason="test", log=False):
        assert not RegisterKeys.objects.exists()


def test_a_child_that_moves_to_another_county_is_in_the_keys_of_that_one(cast: Cast) -> None:
    with system_scope(reason="test", log=False):
        province = [county(), Region.objects.get(pk=OTHER_COUNTY)]
        before = [set(register_keys(each)["child"]) for each in province]
        child = cast.children["own"]
        for model in (Child, Guardian, Household):
            rows = model._base_manager.filter(**({"child": child} if model is Guardian else {}))
            if model is Child:
                rows = rows.filter(pk=child.pk)
            if model is Household:
                rows = rows.filter(pk=child.household_id)
            rows.update(region_id=STRANGE_VILLAGE)
        after = [set(register_keys(each)["child"]) for each in province]
    assert before[0] - after[0] == after[1] - before[1] == {child.pk}


# --- Whatever changes -------------------------------------------------------------------------------------

NAMES = ["林小满", "林晓满", "苏谷雨", "欧阳文", "王  芳", "李·明"]
NUMBERS = [
    "",
    *(number(f"5001522017052010{n}") for n in range(6)),
    ADULT,
    "500152201705201",
    "5001522017052012X5",
]
ACTS = st.lists(
    st.tuples(st.sampled_from(["name", "number", "leave", "back", "move", "guardian", "end", "drop", "head", "parent",
                               "situation_ends", "carer", "carer_ends", "new", "merge", "touch"]),
              st.integers(0, 5), st.sampled_from(NAMES), st.sampled_from(NUMBERS)),
    min_size=1, max_size=8,
)  # fmt: skip


def act(what: str, child: Child, name: str, id_number: str) -> None:
    """One change as any service, transfer, merge or hand-written SQL may make it."""
    mine = Child.objects.filter(pk=child.pk)
    if what == "name":
        mine.update(name=name)
    elif what == "number":
        mine.update(id_number=id_number, id_digest=None)
    elif what == "leave":
        mine.update(left_date=dt.date(2026, 9, 1), left_reason=LeaveReason.values[0])
    elif what == "back":
        mine.update(left_date=None, left_reason="")
    elif what == "move":
        for model in (Guardian, ParentSituation, EntrustedCare):
            model.objects.filter(child=child).update(region_id=FAR_VILLAGE)  # type: ignore[attr-defined]
        Household.objects.filter(pk=child.household_id).update(region_id=FAR_VILLAGE)
        mine.update(region_id=FAR_VILLAGE)
    elif what == "guardian":
        Guardian.objects.create(
            child=child, region_id=child.region_id, kind="legal", name=name, relation="father", id_number=id_number,
            start_date=START,
        )  # fmt: skip
    elif what == "end":
        Guardian.objects.filter(child=child).update(end_date=dt.date(2026, 9, 1))
    elif what == "drop":
        Guardian.objects.filter(child=child).delete()
    elif what == "head":
        Household.objects.filter(pk=child.household_id).update(head_name=name, head_id_number=id_number)
    elif what == "parent" and not ParentSituation.objects.filter(child=child).exists():
        ParentSituation.objects.create(
            child=child, region_id=child.region_id, parent="father", parent_name=name[: len(id_number)], kind="missing",
            start_date=START,
        )  # fmt: skip
    elif what == "situation_ends":
        ParentSituation.objects.filter(child=child).update(end_date=dt.date(2026, 9, 1), parent_name="")
    elif what == "carer" and not EntrustedCare.objects.filter(child=child, end_date=None).exists():
        EntrustedCare.objects.create(
            child=child, region_id=child.region_id, entrusted_by="father", carer_name=name, carer_relation="neighbour",
            carer_id_number=id_number, start_date=START, created_at=AT,
        )  # fmt: skip
    elif what == "carer_ends":
        EntrustedCare.objects.filter(child=child).update(end_date=dt.date(2026, 9, 1))
    elif what == "new":
        make_child(OTHER_VILLAGE, name)
    elif what == "merge":
        other = Child.objects.exclude(pk=child.pk).first()
        Guardian.objects.filter(child=child).update(child=other)
        mine.update(left_date=dt.date(2026, 9, 1), left_reason=LeaveReason.values[0], merged_into=other)
    elif what == "touch":
        mine.update(phone="13712345520")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(ACTS, min_size=1, max_size=3))
def test_refreshed_keys_equal_a_rebuild_whatever_changed(cast: Cast, steps: list[Any]) -> None:
    with open_scope(cast.scope("clerk")):
        mark = transaction.savepoint()
        children = [make_child(VILLAGE, name) for name in NAMES]
        register_keys(county())
        for acts in steps:
            for what, at, name, id_number in acts:
                act(what, Child.objects.get(pk=children[at].pk), name, id_number)
            assert_frame_equal(register_keys(county()), rebuilt(county()))
        transaction.savepoint_rollback(mark)
