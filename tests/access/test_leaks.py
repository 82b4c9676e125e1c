"""The mutation test: views that forget everything still show no child beyond the reader's scope.

Each child of the cast has a name and a mark of its own on all that hangs on it. What a member may see is
stated by name, so that the test knows nothing of how the policies decide.
"""

from __future__ import annotations

from typing import Any

import pytest
from celery import shared_task
from django.apps import apps
from django.test import TestCase, override_settings
from django.utils import timezone

from cases.models import Child
from staff import jobs
from staff.models import Job
from staff.posts import end_assignment
from staff.scope import ScopedTask, open_scope, system_scope
from tests.access.matrix import ANYONE
from tests.access.world import World, make_world, mark, money_mark
from tests.cast import COUNTY, VILLAGE

NAMES = {"own": "林小满", "neighbour": "秦白露", "township": "田立夏", "strange": "罗小寒"}
COUNTY_A = {"own", "neighbour", "township"}
# Whose file, with all that hangs on it, a member may see.
FILES: dict[str, set[str]] = {
    "director": {"own"},
    "other_director": {"neighbour"},
    "supervisor": {"own", "neighbour"},
    "other_supervisor": {"township"},
    "clerk": COUNTY_A,
    "approver": COUNTY_A,
    "leader": COUNTY_A,
    "stranger": {"strange"},
}
# Whose name alone: the provider sees the child that was referred, releaser and auditor the one who is paid.
ONLY_NAMED: dict[str, set[str]] = {"provider": {"own"}, "releaser": {"own"}, "auditor": {"own"}}
# Whose money: also those who handle nothing else of a child.
MONEY: dict[str, set[str]] = FILES | {"releaser": COUNTY_A, "auditor": COUNTY_A}


@override_settings(ROOT_URLCONF="tests.access.forgetful")
class Forgetful(TestCase):
    world: World

    @classmethod
    def setUpTestData(cls) -> None:
        jobs.HANDLERS.setdefault("access_test", lambda job: {})
        cls.world = make_world()

    def test_every_row_by_manager_and_by_sql(self) -> None:
        for way in ("manager", "sql"):
            for member in sorted(ANYONE):
                with self.subTest(way=way, member=member):
                    text = (
                        self.world.cast.client(member)
                        .get(f"/forgetful/{way}/")
                        .content.decode("unicode_escape")
                    )
                    self.check_names(text, member)
                    self.check_marks(text, member)
                    self.check_money(text, member)
                    # Restricted cases and protected facts name nobody, so nobody sees them.
                    for child in NAMES:
                        assert mark(f"restricted-{child}") not in text

    def check_names(self, text: str, member: str) -> None:
        seen = {child for child, name in NAMES.items() if name in text}
        assert seen == FILES.get(member, set()) | ONLY_NAMED.get(member, set())

    def check_marks(self, text: str, member: str) -> None:
        seen = {child for child in NAMES if mark(child) in text}
        # The limited view of a referral is the child's own row; its texts are not on it, but the address is.
        assert seen == FILES.get(member, set()) | ({"own"} if member == "provider" else set())

    def check_money(self, text: str, member: str) -> None:
        seen = {child for child in NAMES if money_mark(child) in text}
        assert seen == MONEY.get(member, set())

    def test_a_guessed_key(self) -> None:
        """One row of every kind that hangs on the director's child, asked for by everybody."""
        pk = self.world.pk
        rows = {
            "cases.Visit": "visit_own",
            "cases.Case": "case_own",
            "cases.CaseAction": "action_own",
            "cases.Guardian": "guardian",
            "cases.ParentSituation": "situation",
            "cases.VisitPhoto": "photo_own",
            "staff.StoredFile": "file_own",
        }
        for model, name in rows.items():
            for member in sorted(ANYONE):
                with self.subTest(model=model, member=member):
                    answer = (
                        self.world.cast.client(member).get(f"/forgetful/{model}/{pk[name]}/").json()["row"]
                    )
                    assert (answer is not None) == ("own" in FILES.get(member, set()))

    def test_suggestions_and_search_find_only_ones_own(self) -> None:
        for member in sorted(FILES):
            client = self.world.cast.client(member)
            for child, name in NAMES.items():
                with self.subTest(member=member, child=child):
                    for address in ("/children/suggest/", "/children/", "/api/v1/children/"):
                        text = client.get(address, {"q": name}).content.decode()
                        # The page repeats the word that was looked for: the number or the address is the
                        # evidence.
                        number, pk = self.world.cast.children[child].number, self.world.pk[child]
                        found = number in text or f"/children/{pk}/" in text
                        assert found == (child in FILES[member]), address


@pytest.fixture
def world(db: None) -> World:
    jobs.HANDLERS.setdefault("access_test", lambda job: {})
    return make_world()


def everything() -> list[str]:
    """Which children of the cast are seen; the world holds others beside them."""
    return sorted(set(Child._base_manager.values_list("name", flat=True)) & set(NAMES.values()))


@shared_task(base=ScopedTask, name="tests.access.names_seen")
def names_seen(into: str) -> None:
    SEEN[into] = everything()


SEEN: dict[str, list[str]] = {}


def test_a_task_sees_what_the_person_who_queued_it_sees(world: World) -> None:
    SEEN.clear()
    for member in ("director", "clerk", "releaser", "stranger"):
        with TestCase.captureOnCommitCallbacks(execute=True), open_scope(world.cast.scope(member)):
            names_seen.delay_scoped(member)
    assert {member: set(seen) for member, seen in SEEN.items()} == {
        member: {NAMES[child] for child in FILES.get(member, set())}
        for member in ("director", "clerk", "releaser", "stranger")
    }


def test_a_task_outside_any_scope_sees_nothing(world: World) -> None:
    names_seen.delay("alone")
    assert SEEN["alone"] == []


def test_a_task_of_somebody_who_left_meanwhile_is_refused(world: World) -> None:
    SEEN.clear()
    with TestCase.captureOnCommitCallbacks() as waiting, open_scope(world.cast.scope("director")):
        names_seen.delay_scoped("late")
    with open_scope(world.cast.scope("sysadmin")):
        held = world.cast.assignments["director"]
        end_assignment(held, last_day=timezone.localdate(), now=True, at=timezone.now())
    (run,) = waiting
    with pytest.raises(Exception, match="ended"):
        run()
    assert SEEN == {}


def test_a_job_sees_what_the_person_who_started_it_sees(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(jobs.HANDLERS, "forgetful", lambda job: {"names": everything()})
    for member in ("director", "supervisor", "viewer"):
        with TestCase.captureOnCommitCallbacks(execute=True), open_scope(world.cast.scope(member)):
            job = jobs.start("forgetful", region_id=COUNTY, arguments={}, at=timezone.now())
        with open_scope(world.cast.scope(member)):
            found = set(Job._base_manager.get(pk=job.pk).result["names"])
        assert found == {NAMES[child] for child in FILES.get(member, set())}


def test_bulk_writes_touch_only_ones_own(world: World) -> None:
    with system_scope(reason="test", log=False):
        of_the_village = Child._base_manager.filter(region_id=VILLAGE).count()
        assert of_the_village < Child._base_manager.count()
    with open_scope(world.cast.scope("director")):
        assert Child._base_manager.update(address="geändert") == of_the_village
        visit = apps.get_model("cases", "Visit")
        assert visit._base_manager.update(text="x") == 1
        strange = world.cast.children["strange"]
        strange.address = "x"
        assert Child._base_manager.bulk_update([strange], ["address"]) == 0


def test_marks_are_found_at_all(world: World) -> None:
    """So that a test which finds none has looked in the right place."""
    with open_scope(world.cast.scope("clerk")):
        texts: set[Any] = set(Child._base_manager.values_list("address", flat=True))
    assert texts - {""} == {mark(child) for child in COUNTY_A}
