"""Posts and assignments: incompatible duties, ending, what the database refuses whoever asks."""

from __future__ import annotations

import datetime as dt
from itertools import combinations

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError, ProgrammingError
from django.utils import timezone
from guardian.shortcuts import assign_perm

from childwelfare.navigation import MENU
from staff.api_tokens import make_token
from staff.enums import INCOMPATIBLE, INCOMPATIBLE_CLIQUES, Role
from staff.models import AccessLog, ApiToken, Assignment, Post, Region, User
from staff.posts import PostRefused, assign, end_assignment, open_post, withdraw_ended
from staff.scope import open_scope, system_scope
from tests.cast import COUNTY, OTHER_COUNTY, OTHER_VILLAGE, START, STRANGE_VILLAGE, TOWNSHIP, VILLAGE, Cast

TODAY = dt.date(2026, 10, 20)
AT = dt.datetime(2026, 10, 20, 1, 0, tzinfo=dt.UTC)


def post(role: Role, region: int) -> Post:
    with system_scope(reason="a post for the test", log=False):
        return Post.objects.create(region_id=region, role=role, title=str(role))


def test_the_cliques_are_the_table() -> None:
    pairs = {frozenset(pair) for clique in INCOMPATIBLE_CLIQUES for pair in combinations(clique, 2)}
    assert pairs == set(INCOMPATIBLE)


def test_a_post_is_opened_where_its_role_exists_and_in_ones_own_region(cast: Cast) -> None:
    village, strange = Region.objects.get(code=VILLAGE), Region.objects.get(code=STRANGE_VILLAGE)
    with open_scope(cast.scope("sysadmin")):
        made = open_post(
            region=village,
            role=Role.DIRECTOR,
            title="x",
            further_regions=[Region.objects.get(code=OTHER_VILLAGE)],
            at=AT,
        )
        assert made.ranges() == [(VILLAGE, VILLAGE), (OTHER_VILLAGE, OTHER_VILLAGE)]
        with pytest.raises(PostRefused):
            open_post(region=village, role=Role.CLERK, title="x", at=AT)
        with pytest.raises(PostRefused):
            open_post(region=strange, role=Role.DIRECTOR, title="x", at=AT)
        with pytest.raises(PostRefused):
            open_post(region=village, role=Role.DIRECTOR, title="x", further_regions=[strange], at=AT)


@pytest.mark.parametrize(
    ("role", "region"),
    [
        (Role.SUPERVISOR, TOWNSHIP),
        (Role.CLERK, COUNTY),
        (Role.RELEASER, COUNTY),
        (Role.AUDITOR, COUNTY),
        (Role.SYSADMIN, COUNTY),
    ],
)
def test_incompatible_duties_are_refused(cast: Cast, role: Role, region: int) -> None:
    seat = post(role, region)
    with open_scope(cast.scope("sysadmin")), pytest.raises(PostRefused):
        assign(cast.users["director"], seat, start=TODAY, at=AT)


def test_compatible_duties_and_days_that_do_not_meet_are_allowed(cast: Cast) -> None:
    with open_scope(cast.scope("sysadmin")):
        assign(cast.users["director"], post(Role.DIRECTOR, OTHER_VILLAGE), start=TODAY, at=AT)
        end_assignment(cast.assignments["supervisor"], last_day=TODAY, at=AT)
        seat = post(Role.CLERK, COUNTY)
        with pytest.raises(PostRefused):
            assign(cast.users["supervisor"], seat, start=TODAY, at=AT)
        assign(cast.users["supervisor"], seat, start=TODAY + dt.timedelta(days=1), at=AT)


def test_a_post_in_another_county_counts(cast: Cast) -> None:
    """The county's administrator cannot see it; the answer is a refusal all the same, by service and by
    database.
    """
    seat = post(Role.APPROVER, COUNTY)
    with open_scope(cast.scope("sysadmin")):
        assert not Assignment.objects.filter(user=cast.users["stranger"]).exists()
        with pytest.raises(PostRefused):
            assign(cast.users["stranger"], seat, start=TODAY, at=AT)
        with pytest.raises(IntegrityError, match="assignment_duties_apart"), transaction.atomic():
            insert(cast.users["stranger"], seat, "approver")


def insert(user: User, seat: Post, role: str, region: int | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO staff_assignment (user_id, post_id, region_code, role, start_date, phone) "
            "VALUES (%s, %s, %s, %s, '2026-06-01', '')",
            [user.pk, seat.pk, region or seat.region_id, role],
        )


@pytest.mark.parametrize("ignore", ["", "{staff_assignment}"])
def test_raw_sql_cannot_give_incompatible_duties(cast: Cast, ignore: str) -> None:
    clerk = post(Role.CLERK, COUNTY)
    with open_scope(cast.scope("sysadmin")), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pgtrigger.ignore', %s, true)", [ignore])
        with pytest.raises(IntegrityError, match="assignment_duties_apart"), transaction.atomic():
            insert(cast.users["director"], clerk, "clerk")
        # Nor by writing another role beside the post …
        with pytest.raises(IntegrityError, match="assignment_copies_post"), transaction.atomic():
            insert(cast.users["director"], clerk, "director")
        # … nor another region, which would show it to another county …
        with pytest.raises((IntegrityError, ProgrammingError)), transaction.atomic():
            insert(cast.users["nobody"], clerk, "clerk", OTHER_COUNTY)
        # … nor by changing the role of a post that is held.
        with pytest.raises(IntegrityError, match="assignment_copies_post"), transaction.atomic():
            cursor.execute(
                "UPDATE staff_post SET role = 'clerk' WHERE id = %s", [cast.assignments["director"].post_id]
            )


@pytest.mark.parametrize(
    "member", ["director", "clerk", "approver", "auditor", "viewer", "provider", "nobody"]
)
def test_nobody_but_an_administrator_writes_posts_or_assignments(cast: Cast, member: str) -> None:
    seat = post(Role.VIEWER, COUNTY)
    with open_scope(cast.scope(member)), connection.cursor() as cursor:
        with pytest.raises(ProgrammingError), transaction.atomic():
            insert(cast.users[member], seat, "viewer")
        with pytest.raises(ProgrammingError), transaction.atomic():
            cursor.execute(
                "INSERT INTO staff_postregion (post_id, region_code) VALUES (%s, %s)", [seat.pk, COUNTY]
            )
        cursor.execute("UPDATE staff_assignment SET end_date = NULL, phone = '1'")
        assert cursor.rowcount == 0
        cursor.execute("DELETE FROM staff_postregion")
        assert cursor.rowcount == 0


def test_an_administrator_writes_nothing_outside_the_own_region(cast: Cast) -> None:
    seat = post(Role.DIRECTOR, STRANGE_VILLAGE)
    own = cast.assignments["director"].post
    with open_scope(cast.scope("sysadmin")), connection.cursor() as cursor:
        with pytest.raises(ProgrammingError), transaction.atomic():
            insert(cast.users["nobody"], seat, "director")
        with pytest.raises(ProgrammingError), transaction.atomic():
            cursor.execute(
                "INSERT INTO staff_postregion (post_id, region_code) VALUES (%s, %s)",
                [own.pk, STRANGE_VILLAGE],
            )


def test_ending_at_once_takes_back_shares_and_tokens(cast: Cast) -> None:
    user, held = cast.users["director"], cast.assignments["director"]
    assign_perm("cases.view_shared_child", user, cast.children["strange"])
    with open_scope(cast.scope("director")):
        make_token(held, name="x", days=5, at=AT)
    with open_scope(cast.scope("sysadmin")):
        ended = end_assignment(held, last_day=TODAY, now=True, at=AT)
        assert (ended.end_date, ended.withdrawn_at) == (TODAY, AT)
        assert not ended.in_force(TODAY)
        with pytest.raises(PostRefused):
            end_assignment(held, last_day=TODAY, now=True, at=AT)
    with open_scope(cast.scope("director")):
        assert cast.scope("director").shared == frozenset()
        assert ApiToken.objects.filter(user=user, revoked_at=None).count() == 0
    with system_scope(reason="look", log=False):
        details = [
            line.detail["what"] for line in AccessLog._base_manager.filter(kind="account").order_by("at")
        ]
    assert details == ["ended at once", "withdrawn"]


def test_ending_on_a_day_to_come_leaves_access_until_then(cast: Cast) -> None:
    held = cast.assignments["director"]
    last = timezone.localdate() + dt.timedelta(days=3)
    with open_scope(cast.scope("sysadmin")):
        ending = end_assignment(held, last_day=last, at=timezone.now())
        with pytest.raises(PostRefused):
            end_assignment(held, last_day=timezone.localdate() - dt.timedelta(days=1), at=timezone.now())
    assert [ending.in_force(last), ending.in_force(last + dt.timedelta(days=1))] == [True, False]
    assert cast.client("director").get("/me/").status_code == 200


def test_the_night_takes_back_what_an_ended_assignment_left(cast: Cast) -> None:
    user, held = cast.users["director"], cast.assignments["director"]
    assign_perm("cases.view_shared_child", user, cast.children["strange"])
    with system_scope(reason="end", log=False):
        Assignment.objects.filter(pk=held.pk).update(end_date=TODAY)
    assert withdraw_ended(at=AT) == 0, "the last day is not over"
    assert withdraw_ended(at=AT + dt.timedelta(days=1)) == 1
    assert withdraw_ended(at=AT + dt.timedelta(days=1)) == 0
    assert not user.userobjectpermission_set.exists()


def test_pages_of_the_administrator(cast: Cast) -> None:
    client = cast.client("sysadmin")
    made = client.post(
        "/posts/add/",
        {"role": "director", "region": str(VILLAGE), "title": "副主任", "further": str(OTHER_VILLAGE)},
    )
    assert made.status_code == 302
    address = made.headers["Location"]
    assert "副主任" in client.get("/posts/?vacant=on").content.decode()
    refused = client.post(address, {"person": "clerk", "start": "2026-06-01"})
    assert refused.status_code == 200
    assert Assignment._base_manager.filter(user=cast.users["clerk"]).count() <= 1
    assert client.post(address, {"person": "nobody", "start": str(START)}).status_code == 302
    with open_scope(cast.scope("sysadmin")):
        assignment = Assignment.objects.get(user=cast.users["nobody"])
    assert client.post(f"/assignments/{assignment.pk}/end/", {"when": "now"}).status_code == 302
    assert client.get(f"/assignments/{assignment.pk}/handover/").status_code == 200
    foreign = client.post("/posts/add/", {"role": "director", "region": str(STRANGE_VILLAGE), "title": "x"})
    assert foreign.status_code == 200
    assert "region" in foreign.context["form"].errors


@pytest.mark.parametrize("address", ["/accounts/", "/posts/", "/trail/", "/me/"])
def test_pages_keep_to_their_budget(cast: Cast, django_assert_max_num_queries: object, address: str) -> None:
    client = cast.client("auditor" if address == "/trail/" else "sysadmin")
    client.get(address)
    with django_assert_max_num_queries(15):  # type: ignore[operator]
        assert client.get(address).status_code == 200


def test_a_phone_reaches_every_page_of_the_menu(cast: Cast) -> None:
    """The tab bar holds five; the page "Me" leads to the others, and only to them."""
    page = cast.client("director").get("/me/").content.decode()
    more = page.split("cw-pages", 1)[1].split("</nav>", 1)[0]
    for address in ("/defects/", "/cares/", "/assessments/", "/transfers/"):
        assert f'href="{address}"' in more
    assert 'href="/children/"' not in more
    # A role with no more pages than tabs has no such panel.
    assert "cw-pages" not in cast.client("sysadmin").get("/me/").content.decode()


def test_a_long_menu_is_folded_but_for_the_group_of_the_page(cast: Cast) -> None:
    def menu(member: str, address: str) -> str:
        page = cast.client(member).get(address).content.decode()
        return page.split('<aside class="cw-side', 1)[1].split("</nav>", 1)[0]

    clerk = menu("clerk", "/month/")
    assert clerk.count("<details") == 6
    assert '<details class="cw-side-group" open' not in clerk
    assert clerk.split("<details", 1)[0].count("<a ") <= 8
    inside = menu("clerk", "/holidays/")
    assert inside.count(" open>") == 1
    assert 'aria-current="page"' in inside.split(" open>", 1)[1].split("</details>", 1)[0]
    assert inside.count("<a ") == clerk.count("<a ") == len(MENU["clerk"]) + 1  # and the brand
    assert "<details" not in menu("director", "/")
