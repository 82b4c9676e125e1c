"""Two files become one and two again: what moves, what is refused, and that undoing puts everything back."""

from __future__ import annotations

import datetime as dt
import json
import random
from dataclasses import replace
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.urls import reverse

from cases import register, search
from cases.casework import services as case_services
from cases.duplicates import merge_fields, merge_rows, merging
from cases.duplicates.services import part_children
from cases.models import (
    Case,
    CategoryPeriod,
    Child,
    ChildMerge,
    Defect,
    Guardian,
    Leaving,
    NotSameChild,
    ParentSituation,
    Payee,
    Transfer,
    Visit,
    VisitPhoto,
)
from cases.refusals import RegisterRefused
from staff.audit import ScopedEvent
from staff.scope import Scope, open_scope, system_scope
from staff.workflow import Actor
from subsidies.models import Application, Entitlement, Payment, Scheme
from tests.cases.hanging import AT, DAY, File, dump, fill, make_pair
from tests.cast import FAR_VILLAGE, OTHER_VILLAGE, STRANGE_VILLAGE, VILLAGE, Cast, make_child

LATER = AT + dt.timedelta(days=3)
STAMPS = frozenset({"updated_at"})
# Written by the database itself whenever something of money is touched: they may become more, never fewer.
MARKS = ("subsidies.Recalculation",)


@pytest.fixture
def pair(cast: Cast) -> tuple[Child, Child]:
    with system_scope(reason="test", log=False):
        kept = make_child(VILLAGE, "陶小雨", risk="green")
        merged = make_child(VILLAGE, "陶晓宇", risk="red", phone="13812345678", address="3 组")
        search.index_children()
    return kept, merged


def clerk(cast: Cast) -> Scope:
    return replace(cast.scope("clerk"), reason="test")


def merge(pair: tuple[Child, Child], **choices: str) -> ChildMerge:
    kept, merged = pair
    return merging.merge_children(kept, merged, choices, reason="同一儿童两份档案", at=AT)


def undo(done: ChildMerge) -> merging.Undone:
    return merging.undo_merge(done, reason="合错了", at=LATER)


# --- The lists are complete ------------------------------------------------------------------------------


def test_every_link_to_a_child_is_thought_of() -> None:
    """A new foreign key to a child is either called ``child``, and moves, or is one of those named here."""
    special = {
        ("cases.Child", "merged_into"),
        ("cases.ChildMerge", "kept"),
        ("cases.ChildMerge", "merged"),
        ("cases.NotSameChild", "first"),
        ("cases.NotSameChild", "second"),
    }
    found = {
        (model._meta.label, field.name)
        for model in apps.get_models()
        if not issubclass(model, ScopedEvent)
        for field in model._meta.fields
        if field.is_relation and field.related_model is Child and field.name != "child"
    }
    assert {pair for pair in found if "Event" not in pair[0]} == special


def test_every_field_of_a_child_is_chosen_worked_out_or_its_own() -> None:
    chosen = {name for group in merge_fields.GROUPS for name in group.fields}
    groups = (chosen, merge_fields.WORKED_OUT, merge_fields.OWN)
    every = {field.attname for field in Child._meta.concrete_fields}
    assert set().union(*groups) == every
    assert sum(map(len, groups)) == len(every)


def test_the_random_files_hold_something_of_every_kind(cast: Cast) -> None:
    """Otherwise the property below would say nothing of a new model."""
    with system_scope(reason="test", log=False):
        child = make_child(VILLAGE, "陶小雨")
        fill(cast, child, random.Random(1), everything=True)
        empty = [
            m._meta.label
            for m in merge_rows.moving_models()
            if not m._base_manager.filter(child=child).exists()
        ]
    assert empty == []


# --- There and back ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_undoing_a_merge_puts_everything_back(cast: Cast, seed: int) -> None:
    rng = random.Random(seed)
    with system_scope(reason="test", log=False):
        pair = make_pair(cast, rng)
        for child in pair:
            fill(cast, child, rng)
        search.index_children()
        before = dump(STAMPS)
    with open_scope(clerk(cast)):
        sides = {group.key: rng.choice(["kept", "merged"]) for group in merge_fields.GROUPS}
        done = merge(pair, **sides)
    with system_scope(reason="test", log=False):
        between = dump(STAMPS)
        stayed = {"cases.CategoryPeriod", "subsidies.Payment", *MARKS, *_stayed(done)}
        for label, rows in between.items():
            if label in {model._meta.label for model in merge_rows.moving_models()} - stayed:
                assert not [row for row in rows if row["child_id"] == pair[1].pk], label
        assert _counts(between) == _counts(before) | {
            "cases.CategoryPeriod": len(between["cases.CategoryPeriod"])
        }
    with open_scope(clerk(cast)):
        assert undo(done).edited == ()
    with system_scope(reason="test", log=False):
        after = dump(STAMPS)
    for label, rows in before.items():
        if label not in MARKS:
            assert after[label] == rows, label
    # Who waited to be reckoned again still does, from the same month or an earlier one; also while the files are one.
    files = {child.pk: child.pk for child in pair}
    assert _covered(before, after, files)
    assert _covered(before, between, files | {pair[1].pk: pair[0].pk})


def _counts(found: dict[str, Any]) -> dict[str, int]:
    return {label: len(rows) for label, rows in found.items() if label not in ("tokens", "shares", *MARKS)}


def _covered(earlier: dict[str, Any], later: dict[str, Any], files: dict[int, int]) -> bool:
    """Whether every mark is there later, on the file that its child's file has become."""
    label = "subsidies.Recalculation"
    waiting = {(row["child_id"], row["scheme_id"]): row["from_month"] for row in later[label]}
    return all(
        waiting[files.get(row["child_id"], row["child_id"]), row["scheme_id"]] <= row["from_month"]
        for row in earlier[label]
    )


def _stayed(done: ChildMerge) -> list[str]:
    return list(json.loads(done.before)["stayed"])


def test_the_chosen_values_and_the_fuller_ones(cast: Cast, pair: tuple[Child, Child]) -> None:
    kept, merged = pair
    with open_scope(clerk(cast)):
        defaults = merge_fields.default_choices(*pair)
        assert defaults == {
            "name": "kept",
            "risk": "merged",
            "phone": "merged",
            "address": "merged",
            "household": "merged",
        }
        done = merge(pair, risk="merged", phone="merged", address="kept")
        kept.refresh_from_db()
        merged.refresh_from_db()
        assert (kept.name, kept.risk, kept.phone, kept.address) == ("陶小雨", "red", "13812345678", "")
        assert (merged.left_date, merged.left_reason, merged.merged_into_id) == (DAY, "08", kept.pk)
        assert merged.next_visit_date is None
        assert done.choices["name"] == "kept"
        assert set(done.moved) >= {"cases.Guardian", "cases.Payee"}
        assert Guardian.objects.filter(child=kept).count() == 2


def test_the_number_of_the_other_file_can_be_taken_over(cast: Cast) -> None:
    """Both are on the register for a moment of the transaction: the number is never twice on it."""
    with system_scope(reason="test", log=False):
        kept, own = make_child(VILLAGE, "林小满"), cast.children["own"]
    with open_scope(clerk(cast)):
        done = merge((kept, own), id_number="merged")
        kept.refresh_from_db()
        assert kept.id_number == own.id_number
        assert kept.id_digest is not None
        assert bytes(kept.id_digest) == own.id_digest
        assert undo(done).edited == ()
        own.refresh_from_db()
        kept.refresh_from_db()
        assert (own.left_date, kept.id_number, kept.id_digest) == (None, "", None)


def test_of_two_open_ones_the_kept_wins(cast: Cast, pair: tuple[Child, Child]) -> None:
    kept, merged = pair
    with system_scope(reason="test", log=False):
        for child in pair:
            ParentSituation.objects.create(
                child=child, region_id=VILLAGE, parent="father", kind="dead", start_date=DAY
            )
            Defect.objects.create(
                child=child, region_id=VILLAGE, kind="no_identity", opened_date=DAY, due_date=DAY
            )
    with open_scope(clerk(cast)):
        open_before = Payee.objects.get(child=kept)
        merge(pair)
        assert list(Payee.objects.filter(child=kept, end_date=None)) == [open_before]
        assert Payee.objects.get(child=kept, end_date=DAY)
        assert sorted(Defect.objects.filter(child=kept).values_list("state", flat=True)) == ["open", "void"]
        # The same fact twice: the kept file says it already, the other one's row stays where it was written.
        assert ParentSituation.objects.filter(child=kept).count() == 1
        assert ParentSituation.objects.filter(child=merged).count() == 1


def test_two_villages_become_one_place(cast: Cast) -> None:
    """What was written in the other village is seen by the director of the kept file, photos included."""
    with system_scope(reason="test", log=False):
        kept, merged = make_child(VILLAGE, "陶小雨"), make_child(OTHER_VILLAGE, "陶小雨")
        File(cast, merged, random.Random(0)).visit()
        photo = VisitPhoto.objects.get(child=merged)
    with open_scope(clerk(cast)):
        done = merge((kept, merged), household="merged")
    with open_scope(cast.scope("director")):
        assert VisitPhoto.objects.get(pk=photo.pk).file.region_id == VILLAGE
        assert Child.objects.get(pk=kept.pk).household is not None
    with open_scope(cast.scope("other_director")):
        assert not Visit.objects.filter(pk=photo.visit_id).exists()
    with open_scope(clerk(cast)):
        undo(done)
    with open_scope(cast.scope("other_director")):
        assert VisitPhoto.objects.get(pk=photo.pk).file.region_id == OTHER_VILLAGE


def test_the_days_before_are_counted_as_they_were(cast: Cast, pair: tuple[Child, Child]) -> None:
    kept, merged = pair
    with system_scope(reason="test", log=False):
        register_day = dt.date(2026, 6, 1)
        Child.objects.filter(pk=merged.pk).update(primary_category="orphan")
        merged.refresh_from_db()
    with open_scope(clerk(cast)):
        counted = _counted(register_day)
        merge(pair, category="merged")
        assert _counted(register_day) == counted
        kept.refresh_from_db()
        assert (kept.primary_category, kept.category_since) == ("orphan", DAY)
        assert _counted(DAY)[(kept.pk, "orphan")] == 1


def _counted(day: dt.date) -> dict[tuple[int, str], int]:
    rows = CategoryPeriod.objects.filter(start_date__lte=day).exclude(end_date__lt=day)
    return {(row.child_id, row.category): 1 for row in rows}


def test_search_finds_the_kept_child_by_what_the_other_was_called(
    cast: Cast, pair: tuple[Child, Child]
) -> None:
    kept, merged = pair
    with open_scope(clerk(cast)):
        done = merge(pair)
        for query in ("晓宇", merged.number, "xiaoyu"):
            assert list(search.find(query)) == [kept], query
        own = cast.children["own"]
        merge((kept, own), id_number="kept")
        assert list(search.find(own.id_number)) == [kept]
        undo(ChildMerge.objects.get(merged=own))
        undo(done)
        assert list(search.find("晓宇")) == [merged]
        assert list(search.find(own.id_number)) == [own]


def test_what_came_after_stays_and_what_was_edited_is_named(cast: Cast, pair: tuple[Child, Child]) -> None:
    kept, merged = pair
    with open_scope(clerk(cast)):
        done = merge(pair, address="merged", risk="merged")
        register.change_child(kept, {"address": "桂林街道 12 号"}, at=AT, confirmed=True)
        later = ParentSituation.objects.create(
            child=kept, region_id=VILLAGE, parent="mother", kind="dead", start_date=DAY
        )
        edited = undo(done).edited
        assert len(edited) == 1
        kept.refresh_from_db()
        assert (kept.address, kept.risk) == ("桂林街道 12 号", "green")
        later.refresh_from_db()
        assert later.child_id == kept.pk
        merged.refresh_from_db()
        assert (merged.address, merged.left_date, merged.merged_into_id) == ("3 组", None, None)
        with pytest.raises(merging.CannotMerge):
            undo(done)


def test_a_chain_is_undone_from_its_end(cast: Cast, pair: tuple[Child, Child]) -> None:
    kept, merged = pair
    with system_scope(reason="test", log=False):
        last = make_child(VILLAGE, "陶小玉")
    with open_scope(clerk(cast)):
        first, second = merge(pair), merge((last, kept))
        merged.refresh_from_db()
        assert merged.merged_into_id == last.pk
        assert merging.files_of(last.pk) == [last.pk, kept.pk, merged.pk]
        with pytest.raises(merging.CannotMerge):
            undo(first)
        undo(second)
        merged.refresh_from_db()
        assert merged.merged_into_id == kept.pk
        undo(first)


# --- What is refused ---------------------------------------------------------------------------------------


def test_a_reason_is_required(cast: Cast, pair: tuple[Child, Child]) -> None:
    with open_scope(clerk(cast)):
        with pytest.raises(ValidationError):
            merging.merge_children(*pair, {}, reason=" ", at=AT)
        done = merge(pair)
        with pytest.raises(ValidationError):
            merging.undo_merge(done, reason="", at=LATER)


@pytest.mark.parametrize(
    "member", ["director", "approver", "leader", "releaser", "stranger", "other_supervisor"]
)
def test_who_has_not_the_duty_or_the_place_is_refused(
    cast: Cast, pair: tuple[Child, Child], member: str
) -> None:
    with open_scope(cast.scope(member)), pytest.raises(RegisterRefused):
        merge(pair)


def test_the_supervisor_merges_within_the_township_only(cast: Cast, pair: tuple[Child, Child]) -> None:
    kept, _merged = pair
    with system_scope(reason="test", log=False):
        far = make_child(FAR_VILLAGE, "陶小雨")
    with open_scope(cast.scope("supervisor")), pytest.raises(merging.CannotMerge):
        merge((kept, far))
    with open_scope(clerk(cast)):
        merge((kept, far))
    with open_scope(cast.scope("supervisor")):
        assert merge(pair).pk


def test_counties_do_not_mix(cast: Cast, pair: tuple[Child, Child]) -> None:
    with system_scope(reason="test", log=False):
        strange = make_child(STRANGE_VILLAGE, "陶小雨")
        with pytest.raises(merging.CannotMerge):
            merge((pair[0], strange))


def test_standing_of_the_two_files(cast: Cast, pair: tuple[Child, Child]) -> None:
    kept, merged = pair
    with open_scope(clerk(cast)):
        with pytest.raises(merging.CannotMerge):
            merge((kept, kept))
        parting = part_children(kept, merged, at=AT)
        with pytest.raises(merging.CannotMerge):
            merge(pair)
        parting.delete()
        transfer = Transfer.objects.create(
            child=merged,
            region_id=VILLAGE,
            to_region_id=FAR_VILLAGE,
            reason_code="other",
            effective_date=DAY,
            proposed_at=AT,
        )
        with pytest.raises(merging.CannotMerge):
            merge(pair)
        transfer.delete()
        Child.objects.filter(pk=merged.pk).update(left_date=DAY, left_reason="07")
        with pytest.raises(merging.CannotMerge):
            merge((merged, kept))
        done = merge(pair)  # a file that left can be merged into one on the register
        with pytest.raises(merging.CannotMerge):
            merge(pair)
        undo(done)
        merged.refresh_from_db()
        assert (merged.left_date, merged.left_reason) == (DAY, "07")


def test_a_leaving_stays_with_its_file(cast: Cast, pair: tuple[Child, Child]) -> None:
    """Otherwise the kept child could never leave."""
    _kept, merged = pair
    with open_scope(clerk(cast)):
        Leaving.objects.create(child=merged, region_id=VILLAGE, day=DAY, reason_code="07", left_at=AT)
        Child.objects.filter(pk=merged.pk).update(left_date=DAY, left_reason="07")
        merge(pair)
        assert Leaving.objects.get().child_id == merged.pk


def test_the_number_taken_meanwhile_stands_against_undoing(cast: Cast) -> None:
    with system_scope(reason="test", log=False):
        kept = make_child(VILLAGE, "林小满")
    own = cast.children["own"]
    with open_scope(clerk(cast)):
        done = merge((kept, own))
        make_child(VILLAGE, "林小曼", id_number=own.id_number)
        with pytest.raises(merging.CannotMerge):
            undo(done)


def test_a_decision_about_a_third_child_follows(cast: Cast, pair: tuple[Child, Child]) -> None:
    kept, merged = pair
    third = cast.children["neighbour"]
    with open_scope(clerk(cast)):
        part_children(merged, third, at=AT)
        done = merge(pair)
        assert {NotSameChild.objects.get().first_id, NotSameChild.objects.get().second_id} == {
            kept.pk,
            third.pk,
        }
        undo(done)
        assert {NotSameChild.objects.get().first_id, NotSameChild.objects.get().second_id} == {
            merged.pk,
            third.pk,
        }


# --- What is restricted to named people -------------------------------------------------------------------


def test_restricted_cases_go_along_whoever_merges_and_are_told_to_nobody(
    cast: Cast, pair: tuple[Child, Child]
) -> None:
    kept, merged = pair
    with open_scope(cast.scope("supervisor")):
        case = case_services.open_case(
            actor=Actor.current(), at=AT, child=merged, title="限制查阅", level="red", restricted=True
        )
    with open_scope(clerk(cast)):  # not named on it
        done = merge(pair)
        assert "cases.Case" not in done.moved
        assert not Case.objects.filter(pk=case.pk).exists()
    with open_scope(cast.scope("supervisor")):
        assert Case.objects.get(pk=case.pk).child_id == kept.pk
    with open_scope(clerk(cast)):
        assert undo(done).edited == ()
    with open_scope(cast.scope("supervisor")):
        assert Case.objects.get(pk=case.pk).child_id == merged.pk


# --- Money -------------------------------------------------------------------------------------------------


def right(child: Child, **changes: Any) -> Entitlement:
    scheme = Scheme.objects.order_by("code").first() or Scheme.objects.create(code="basic_living", clause="x")
    values = {
        "category": "orphan",
        "placement": "scattered",
        "start_month": dt.date(2026, 1, 1),
        "confirmed_at": AT,
    }
    return Entitlement.objects.create(
        child=child, region_id=child.region_id, scheme=scheme, **values | changes
    )


def apply_for(child: Child, cast: Cast) -> Application:
    scheme = Scheme.objects.order_by("code").first() or Scheme.objects.create(code="basic_living", clause="x")
    return Application.objects.create(
        child=child,
        region_id=child.region_id,
        scheme=scheme,
        statement="x",
        applied_by=cast.users["director"],
        applied_at=AT,
    )


def test_two_rights_in_force_are_never_merged(cast: Cast, pair: tuple[Child, Child]) -> None:
    kept, merged = pair
    with open_scope(clerk(cast)):
        right(kept)
        other = right(merged)
        with pytest.raises(merging.CannotMerge) as caught:
            merge(pair)
        assert kept.number in str(caught.value)
        assert merged.number in str(caught.value)
        assert "2026-01" in str(caught.value)
        Entitlement.objects.filter(pk=other.pk).update(
            state="ended", end_month=dt.date(2026, 9, 1), end_reason="other"
        )
        merge(pair)
        assert Entitlement.objects.filter(child=kept).count() == 2


def test_a_right_and_an_application_under_one_scheme_are_refused(
    cast: Cast, pair: tuple[Child, Child]
) -> None:
    kept, merged = pair
    with open_scope(clerk(cast)):
        right(kept)
        asked = apply_for(merged, cast)
        with pytest.raises(merging.CannotMerge):
            merge(pair)
        asked.delete()
        merge(pair)


def test_one_right_follows_the_child_and_paid_money_stays(cast: Cast, pair: tuple[Child, Child]) -> None:
    kept, merged = pair
    with system_scope(reason="test", log=False):
        File(cast, merged, random.Random(0)).money()
        paid = Payment.objects.get(child=merged)
    with open_scope(clerk(cast)):
        merge(pair)
        paid.refresh_from_db()
        assert (paid.child_id, paid.entitlement.child_id) == (merged.pk, kept.pk)
    panel = cast.client("clerk").get(reverse("subsidies:child_panel", args=[kept.pk])).content.decode()
    assert "1,000.00" in panel


def test_money_paid_twice_is_told(cast: Cast, pair: tuple[Child, Child]) -> None:
    with system_scope(reason="test", log=False):
        for child in pair:
            File(cast, child, random.Random(0)).money()
    with open_scope(clerk(cast)):
        notes = [text for kind, text in merging.findings(*pair) if kind == "note"]
        assert len(notes) == 1
        assert "1,000.00" in notes[0]
        assert merge(pair).pk
