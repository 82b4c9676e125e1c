"""Changes of divisions: merge, rename, move, townships; what goes along, what stays, who sees it then."""

from __future__ import annotations

import datetime as dt
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from cases.matching.intake.stage import frame_of, stage_list
from cases.models import Child, Household, ListImport, Transfer, Visit
from cases.search import find, index_children
from staff import files, moving, posts, region_changes
from staff.enums import Role
from staff.models import Assignment, Job, Post, PostRegion, Region, RegionChange, StoredFile
from staff.moving import NEVER
from staff.region_changes import Line, RegionChangeRefused
from staff.regions import present_code, present_codes
from staff.scope import narrow, open_scope, scope_of, system_scope
from subsidies.models import MonthlyReport, Payment
from tests.access.world import World, make_world
from tests.cast import (
    COUNTY,
    FAR_VILLAGE,
    OTHER_TOWNSHIP,
    OTHER_VILLAGE,
    STRANGE_VILLAGE,
    TOWNSHIP,
    VILLAGE,
    Cast,
)

AT = timezone.now()
TODAY = timezone.localdate(AT)
NEW_CODE = 500152002009
PAPER = "潼府发〔2026〕21号"


@pytest.fixture(autouse=True)
def _english() -> Any:
    with translation.override("en"):
        yield


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def line(
    kind: str = "merge", code: int = VILLAGE, target: int = OTHER_VILLAGE, name: str = "", **more: Any
) -> Line:
    return Line(kind, code, target, name, more.pop("day", TODAY), more.pop("document", PAPER), **more)


def files_in(*regions: int) -> int:
    """How many children's files these divisions keep; other tests' objects live in this world too."""
    with system_scope(reason="test", log=False):
        return Child.objects.filter(region_id__in=regions).count()


def apply(cast: Cast, *lines: Line, who: str = "clerk") -> list[region_changes.Outcome]:
    with open_scope(cast.scope(who)):
        return region_changes.apply(lines, at=AT)


# --- What goes along ------------------------------------------------------------------------------------


def test_a_merger_takes_everything_that_follows_and_leaves_money_and_reports(world: World) -> None:
    with system_scope(reason="test", log=False):
        index_children()
        file = files.store(
            b"report", kind=StoredFile.Kind.REPORT, name="r.xlsx", content_type="x", region_id=COUNTY, at=AT
        )
        MonthlyReport.objects.update(
            figures={"townships": [TOWNSHIP]},
            locked_at=AT,
            locked_by=world.cast.users["clerk"],
            file=file,
            sha256=file.sha256,
        )
        before = (
            list(MonthlyReport.objects.values()),
            files.read(file),
            Child.objects.count(),
            Visit.objects.count(),
        )
        paid = list(Payment.objects.values())
    here = files_in(VILLAGE)
    (done,) = apply(world.cast, line())
    assert done.counts["cases.child"] == here > 0
    with system_scope(reason="test", log=False):
        narrow(named=frozenset(range(2000)))
        old = Region.objects.get(pk=VILLAGE)
        assert (old.valid_to, old.successor_id) == (TODAY - dt.timedelta(days=1), OTHER_VILLAGE)
        with connection.cursor() as cursor:
            looked = 0
            for one in moving.followers():
                if not one.follows_region:
                    continue
                also = f" AND {one.condition}" if one.condition else ""
                cursor.execute(
                    f"SELECT count(*) FROM {one.table} WHERE region_code = %s{also.replace('%', '%%')}",
                    [VILLAGE],
                )
                assert cursor.fetchone()[0] == 0, one.label
                looked += 1
            assert looked > 40
        own = Child.objects.get(pk=world.pk["own"])
        assert (own.household_region_id, own.residence_region_id) == (OTHER_VILLAGE, OTHER_VILLAGE)
        # What was paid and reported is untouched, byte for byte; nobody was lost.
        now = (
            list(MonthlyReport.objects.values()),
            files.read(file),
            Child.objects.count(),
            Visit.objects.count(),
        )
        assert now == before
        assert list(Payment.objects.values()) == paid
    change = RegionChange._base_manager
    with open_scope(world.cast.scope("leader")):
        kept = change.get()
        assert (kept.old_name, kept.target_code, kept.document) == (
            "莲花社区居民委员会",
            OTHER_VILLAGE,
            PAPER,
        )
        event = Child.pgh_event_model.objects.filter(pgh_obj_id=world.pk["own"]).latest("pgh_id")  # type: ignore[attr-defined]
        assert event.pgh_user == world.cast.users["clerk"].pk
        assert PAPER in event.pgh_reason


def test_scope_follows(world: World) -> None:
    """The director who goes on sees the joined village, the search finds, the county's totals are the same."""
    cast = world.cast
    with system_scope(reason="test", log=False):
        index_children()
    with open_scope(cast.scope("clerk")):
        total = Child.objects.filter(left_date=None).count()
    both = files_in(VILLAGE, OTHER_VILLAGE)
    apply(cast, line())
    with open_scope(cast.scope("other_director")):
        assert Child.objects.count() == both
        assert {"林小满", "秦白露"} <= {child.name for child in Child.objects.all()}
        assert find("林小满").exists()
    with open_scope(cast.scope("clerk")):
        assert Child.objects.filter(left_date=None).count() == total
    with system_scope(reason="test", log=False):
        assert not Assignment.objects.on(TODAY).filter(user=cast.users["director"]).exists()


def test_a_village_moved_to_another_township_gets_its_new_code(world: World) -> None:
    cast = world.cast
    (done,) = apply(cast, line("move", target=NEW_CODE, name="莲花新村村民委员会"))
    new = Region.objects.get(pk=NEW_CODE)
    assert (new.name, new.parent_id, new.valid_from, new.level) == (
        "莲花新村村民委员会",
        OTHER_TOWNSHIP,
        TODAY,
        "village",
    )
    assert "goes on in 莲花新村" in done.posts[0]
    with open_scope(cast.scope("other_supervisor")):
        assert Child.objects.filter(pk=world.pk["own"], region=NEW_CODE).exists()
    with open_scope(cast.scope("supervisor")):
        assert not Child.objects.filter(pk=world.pk["own"]).exists()
        assert Payment.objects.filter(child_id=world.pk["own"]).exists()  # paid there, so read there
    with system_scope(reason="test", log=False):
        held = Assignment.objects.on(TODAY).select_related("post").get(user=cast.users["director"])
        assert (held.region_id, held.role) == (NEW_CODE, Role.DIRECTOR)
        scope = scope_of(held)
    with open_scope(scope):
        assert Child.objects.filter(pk=world.pk["own"]).exists()


def test_a_new_name_keeps_everything_in_place(world: World) -> None:
    (done,) = apply(world.cast, line("rename", target=0, name="莲花新社区居民委员会"))
    assert done.counts == {}
    village = Region.objects.get(pk=VILLAGE)
    assert (village.name, village.valid_to) == ("莲花新社区居民委员会", None)
    with open_scope(world.cast.scope("clerk")):
        assert RegionChange.objects.get().old_name == "莲花社区居民委员会"


def test_townships_are_merged_line_by_line(world: World) -> None:
    """Villages first, then the empty township; its supervisor's access ends because the other one has one."""
    first, second = files_in(VILLAGE), files_in(OTHER_VILLAGE)
    done = apply(
        world.cast,
        line("move", VILLAGE, NEW_CODE),
        line("merge", OTHER_VILLAGE, NEW_CODE),
        line("merge", TOWNSHIP, OTHER_TOWNSHIP),
    )
    assert [one.counts.get("cases.child", 0) for one in done] == [first, second, 0]
    assert "closed" in done[2].posts[0]
    assert Region.objects.get(pk=TOWNSHIP).successor_id == OTHER_TOWNSHIP
    with open_scope(world.cast.scope("other_supervisor")):
        assert Child.objects.filter(region=NEW_CODE).count() == first + second
    # Old codes find their way through two changes in a row.
    assert present_codes([VILLAGE, OTHER_VILLAGE, TOWNSHIP, FAR_VILLAGE, 1], TODAY) == {
        VILLAGE: NEW_CODE, OTHER_VILLAGE: NEW_CODE, TOWNSHIP: OTHER_TOWNSHIP, FAR_VILLAGE: FAR_VILLAGE, 1: 1,
    }  # fmt: skip


def test_an_old_code_means_the_old_village_until_the_day_before(world: World) -> None:
    apply(world.cast, line(day=TODAY - dt.timedelta(days=3)))
    assert present_code(VILLAGE, TODAY - dt.timedelta(days=4)) == VILLAGE
    assert present_code(VILLAGE, TODAY - dt.timedelta(days=3)) == OTHER_VILLAGE


def test_a_chain_of_changes_is_followed_to_its_end(world: World) -> None:
    apply(world.cast, line(day=TODAY - dt.timedelta(days=3)))
    apply(world.cast, line("move", OTHER_VILLAGE, NEW_CODE))
    assert present_code(VILLAGE, TODAY) == NEW_CODE


def test_a_list_that_names_the_old_village_is_placed_in_the_new_one(world: World) -> None:
    apply(world.cast, line())
    with open_scope(world.cast.scope("clerk")):
        sent = ListImport.objects.create(
            region_id=COUNTY, kind="dibao", period=TODAY.replace(day=1), name="桂林街道低保.csv", sha256="1" * 64, created_at=AT
        )  # fmt: skip
        stage_list(
            sent, "户主姓名,姓名,身份证号,与户主关系,村（居）\n林桂芳,林小满,,孙女,莲花社区\n".encode()
        )
        assert frame_of(sent)["region"].to_list() == [OTHER_VILLAGE]


def test_children_who_live_or_are_registered_there_from_elsewhere(world: World) -> None:
    strange = world.cast.children["strange"]
    with system_scope(reason="test", log=False):
        Child.objects.filter(pk=strange.pk).update(household_region_id=VILLAGE)
    apply(world.cast, line())
    with system_scope(reason="test", log=False):
        found = Child.objects.get(pk=strange.pk)
    assert (found.household_region_id, found.region_id) == (OTHER_VILLAGE, STRANGE_VILLAGE)


def test_pending_transfers(world: World) -> None:
    cast = world.cast
    with system_scope(reason="test", log=False):
        inside = Transfer.objects.create(
            child=cast.children["neighbour"], region_id=OTHER_VILLAGE, to_region_id=VILLAGE, reason_code="other",
            effective_date=TODAY, proposed_at=AT,
        )  # fmt: skip
    apply(cast, line())
    with system_scope(reason="test", log=False):
        away = Transfer.objects.get(pk=world.pk["transfer_own"])
        inside.refresh_from_db()
    assert (away.region_id, away.to_region_id, away.state) == (OTHER_VILLAGE, FAR_VILLAGE, "proposed")
    assert inside.state == "withdrawn"
    assert inside.counts["words"]


# --- Posts ----------------------------------------------------------------------------------------------


def test_the_post_goes_on_where_nobody_holds_it(world: World) -> None:
    with open_scope(world.cast.scope("sysadmin")):
        posts.end_assignment(world.cast.assignments["other_director"], last_day=TODAY, at=AT, now=True)
    (done,) = apply(world.cast, line())
    assert [text for text in done.posts if "goes on in 井田社区" in text]
    with system_scope(reason="test", log=False):
        held = Assignment.objects.on(TODAY).get(user=world.cast.users["director"])
        assert held.region_id == OTHER_VILLAGE
        # The old post is on record as it was: past acts refer to it.
        old = Assignment.objects.get(pk=world.cast.assignments["director"].pk)
        assert (old.region_id, old.end_date) == (VILLAGE, TODAY - dt.timedelta(days=1))


def test_posts_that_cover_the_village_as_a_further_one(world: World) -> None:
    with system_scope(reason="test", log=False):
        post = Post.objects.create(region_id=FAR_VILLAGE, role=Role.DIRECTOR, title="two villages")
        post.further_regions.set([VILLAGE])
    apply(world.cast, line("move", target=NEW_CODE))
    with system_scope(reason="test", log=False):
        assert set(PostRegion.objects.filter(post=post).values_list("region_id", flat=True)) == {NEW_CODE}


# --- Refusals -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (line(code=500152001099), "code: no division in force"),
        (line(code=COUNTY), "code: only villages and townships"),
        (line(code=STRANGE_VILLAGE), "code: this division is not in your area"),
        (line(target=STRANGE_VILLAGE), "target_code: this division is not in your area"),
        (line(target=VILLAGE), "target_code: name another division"),
        (line(target=TOWNSHIP), "target_code: a village is merged into a village"),
        (line(code=TOWNSHIP, target=OTHER_TOWNSHIP), "code: villages of this township are still in force"),
        (line(document=""), "document"),
        (line(day=TODAY + dt.timedelta(days=1)), "day: this day is still to come"),
        (line(day=dt.date(1949, 10, 1)), "day: the division is younger"),
        (line("rename", target=0), "new_name: write the new name"),
        (line("rename", target=0, name="莲花社区居民委员会"), "new_name: the division has this name"),
        (line("rename", name="x"), "target_code: a change of name keeps the code"),
        (line("move", TOWNSHIP, NEW_CODE), "kind: only a village is moved"),
        (line("move", target=12), "target_code: write the new code"),
        (line("move", target=OTHER_TOWNSHIP), "target_code: write the new code"),
        (line("move", target=500152077001), "target_code: no township in force"),
        (line("move", target=FAR_VILLAGE), "target_code: this code is taken"),
    ],
)
def test_refusals_name_line_field_and_remedy(cast: Cast, given: Line, named: str) -> None:
    with pytest.raises(RegionChangeRefused) as refused:
        apply(cast, given)
    assert f"Line 1, {named}" in str(refused.value)


def test_all_or_nothing(world: World) -> None:
    with pytest.raises(RegionChangeRefused, match="Line 3"):
        apply(world.cast, line(), line(code=OTHER_VILLAGE, target=VILLAGE, number=3))
    assert Region.objects.get(pk=VILLAGE).valid_to is None
    with open_scope(world.cast.scope("director")):
        assert Child.objects.filter(pk=world.pk["own"]).exists()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("code\n", "Line 1: the header"),
        ("kind,code,target_code,new_name,day,document\n", "no line"),
        ("kind,code,target_code,new_name,day,document\nmerge,1,2\n", "Line 2, –"),
        (
            "kind,code,target_code,new_name,day,document\nsplit,500152001001,500152001002,,2026-11-01,x\n",
            "Line 2, kind",
        ),
        (
            "kind,code,target_code,new_name,day,document\nmerge,50015200100,500152001002,,2026-11-01,x\n",
            "Line 2, code",
        ),
        (
            "kind,code,target_code,new_name,day,document\nmerge,500152001001,,,2026-11-01,x\n",
            "Line 2, target_code",
        ),
        (
            "kind,code,target_code,new_name,day,document\nmerge,500152001001,500152001002,,1 Nov,x\n",
            "Line 2, day",
        ),
    ],
)
def test_what_is_wrong_in_a_file(text: str, named: str) -> None:
    with pytest.raises(RegionChangeRefused, match=named.split(" the")[0]) as refused:
        region_changes.read_lines(text)
    assert named in str(refused.value)


def test_lines_survive_being_written_and_read() -> None:
    lines = [line(number=2), line("rename", target=0, name="甲,乙", number=3)]
    assert region_changes.read_lines(region_changes.write_lines(lines)) == lines


# --- Size -----------------------------------------------------------------------------------------------


def fill(region_id: int, count: int, first: int) -> None:
    homes = Household.objects.bulk_create(
        [Household(region_id=region_id, head_name="户") for _ in range(count)]
    )
    Child.objects.bulk_create(
        Child(
            number=f"M{first + n:07d}", name="童", birth_date=dt.date(2017, 5, 20), sex="female", region_id=region_id,
            primary_category="dibao", registered_date=dt.date(2026, 1, 1), household=home, household_region_id=region_id,
            residence_region_id=region_id,
        )
        for n, home in enumerate(homes)
    )  # fmt: skip


def test_a_thousand_children_take_as_many_statements_as_one(cast: Cast) -> None:
    with system_scope(reason="test", log=False):
        fill(OTHER_VILLAGE, 999, 5000)
    with CaptureQueriesContext(connection) as few:
        apply(cast, line(code=FAR_VILLAGE, target=FAR_VILLAGE + 1))
    with CaptureQueriesContext(connection) as many:
        (done,) = apply(cast, line(code=OTHER_VILLAGE, target=VILLAGE))
    assert done.counts["cases.child"] == 1000
    assert done.counts["cases.household"] == 1000
    # The one difference is the director of either village: one post to look at, one holder to end or to take on.
    assert len(many) <= len(few) + 25
    with CaptureQueriesContext(connection) as again:
        apply(cast, line("move", code=VILLAGE, target=NEW_CODE))
    assert len(again) <= len(many) + 25


# --- Command and pages ----------------------------------------------------------------------------------


def test_the_command_shows_and_applies(world: World, tmp_path: Path) -> None:
    file = tmp_path / "changes.csv"
    file.write_text(region_changes.write_lines([line()]), encoding="utf-8")
    out, err = StringIO(), StringIO()
    call_command("change_regions", str(file), stdout=out, stderr=err)
    shown = json.loads(out.getvalue())
    assert shown["applied"] is False
    assert shown["changes"][0]["counts"]["cases.child"] == files_in(VILLAGE)
    assert "--apply" in err.getvalue()
    assert Region.objects.get(pk=VILLAGE).valid_to is None
    out = StringIO()
    call_command("change_regions", str(file), "--apply", stdout=out, stderr=err)
    assert json.loads(out.getvalue())["changes"] == shown["changes"]
    assert Region.objects.get(pk=VILLAGE).successor_id == OTHER_VILLAGE
    with pytest.raises(CommandError, match="no division in force"):
        call_command("change_regions", str(file), "--apply", stdout=StringIO(), stderr=err)


def form(**fields: Any) -> dict[str, Any]:
    return {
        "kind": "merge",
        "code": VILLAGE,
        "target": OTHER_VILLAGE,
        "day": TODAY,
        "document": PAPER,
    } | fields


def test_the_page_shows_first_and_applies_when_confirmed(world: World) -> None:
    client = world.cast.client("clerk")
    address = reverse("staff:region_change_add")
    shown = client.post(address, form())
    text = shown.content.decode()
    assert "杜月华" in text
    assert Region.objects.get(pk=VILLAGE).valid_to is None
    done = client.post(address, {"lines": shown.context["lines"]})
    assert done.headers["Location"] == reverse("staff:region_changes")
    assert Region.objects.get(pk=VILLAGE).successor_id == OTHER_VILLAGE
    listed = client.get(reverse("staff:region_changes")).content.decode()
    assert "莲花社区居民委员会" in listed
    assert PAPER in listed
    twice = client.post(address, {"lines": shown.context["lines"]}, follow=True)
    assert "500152001001" not in twice.request["PATH_INFO"]
    with open_scope(world.cast.scope("clerk")):
        assert RegionChange.objects.count() == 1


def test_a_file_on_the_page(world: World) -> None:
    data = region_changes.write_lines(
        [line("move", target=NEW_CODE), line(code=OTHER_VILLAGE, target=NEW_CODE)]
    )
    client, address = world.cast.client("clerk"), reverse("staff:region_change_add")
    shown = client.post(address, {"file": SimpleUploadedFile("c.csv", data.encode())})
    assert len(shown.context["outcomes"]) == 2
    wrong = client.post(address, {"file": SimpleUploadedFile("c.csv", "甲".encode("gb18030"))})
    assert wrong.context["form"].errors.keys() == {"file"}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"target": ""}, "target"),
        ({"kind": "move"}, "new_code"),
        ({"kind": "rename"}, "new_name"),
        ({"day": ""}, "day"),
    ],
)
def test_what_the_form_asks_for(cast: Cast, fields: dict[str, Any], field: str) -> None:
    answer = cast.client("clerk").post(reverse("staff:region_change_add"), form(**fields))
    assert field in answer.context["form"].errors


def test_a_long_one_is_a_job(
    world: World, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    monkeypatch.setattr("staff.views.region_changes.JOB_FROM", 0)
    client: Client = world.cast.client("clerk")
    here = files_in(VILLAGE)
    with django_capture_on_commit_callbacks(execute=True):
        sent = client.post(
            reverse("staff:region_change_add"), {"lines": region_changes.write_lines([line()])}
        )
    with open_scope(world.cast.scope("clerk")):
        job = Job.objects.get(kind=region_changes.JOB)
        assert (job.state, job.error) == ("done", "")
        assert sent.headers["Location"] == reverse("staff:job", args=[job.pk])
        assert job.result["changes"][0]["counts"]["cases.child"] == here
        assert Child.objects.filter(pk=world.pk["own"], region=OTHER_VILLAGE).exists()


def test_query_budget(world: World, page_budget: Any) -> None:
    apply(world.cast, *[line("rename", target=0, name=f"莲花{n}社区") for n in range(35)])
    client = world.cast.client("clerk")
    with page_budget(15):
        listed = client.get(reverse("staff:region_changes"))
    assert "before=" in listed.content.decode()
    with page_budget(15):
        client.get(reverse("staff:region_change_add"))


def test_modes_are_known() -> None:
    assert {one.mode for one in moving.followers()} <= {*moving.MODES}
    assert NEVER in {one.mode for one in moving.followers() if one.follows_region}
