"""Pages of defects: who sees what, what they cost, and that a number is the length of its list."""

from __future__ import annotations

import datetime as dt
import html
import io
import re
from typing import Any

import openpyxl
import pytest
from django.urls import reverse
from django.utils import timezone

from bench.lacking import lacking_children
from cases.circumstances.enums import DefectKind
from cases.defects import scan as defect_scan
from cases.defects import services as defects
from cases.defects.selectors import MEASURES
from cases.models import Child, Defect, DefectStep
from staff.models import AccessLog
from staff.scope import open_scope, system_scope
from tests.cases.test_defects import bare
from tests.cast import COUNTY, FAR_VILLAGE, OTHER_VILLAGE, TOWNSHIP, VILLAGE, Cast

PAGE_COST = 15 + 4  # inside a test's own transaction a request costs four statements more
AT = dt.datetime(2026, 10, 20, 2, 0, tzinfo=dt.UTC)
TODAY = dt.date(2026, 10, 20)


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: AT)


@pytest.fixture
def lacking(cast: Cast) -> Cast:
    """60 children without registration, 7 without guardian, over three villages of two townships; the cast complete."""
    with system_scope(reason="test", log=False):
        Child.objects.update(school_stage="primary")
        for number, child in enumerate(Child.objects.filter(id_digest=None)):
            Child.objects.filter(pk=child.pk).update(id_digest=bytes([number]) * 32)
        villages = (VILLAGE, OTHER_VILLAGE, FAR_VILLAGE)
        lacking_children({"no_registration": 60, "no_guardian": 7}, villages)
    defect_scan.scan_county(COUNTY, at=AT)
    return cast


def linked(page: Any) -> list[int]:
    """Keys of the defects that the table of a page links to."""
    return [int(pk) for pk in re.findall(r'<td class="k"><a href="/defects/(\d+)/"', page.content.decode())]


def test_the_list_shows_what_the_post_covers_page_by_page(lacking: Cast) -> None:
    for member in (
        "director",
        "other_director",
        "supervisor",
        "other_supervisor",
        "clerk",
        "leader",
        "stranger",
    ):
        client = lacking.client(member)
        with open_scope(lacking.scope(member)):
            expected = list(Defect.objects.order_by("due_date", "pk").values_list("pk", flat=True))
        found: list[int] = []
        address = reverse("cases:defects")
        while address:
            page = client.get(address)
            found += linked(page)
            later = re.search(r'href="(\?[^"]*after=[^"]*)" rel="next"', page.content.decode())
            address = reverse("cases:defects") + html.unescape(later.group(1)) if later else ""
        assert found == expected, member
        assert bool(expected) is (member != "stranger"), member
    assert lacking.client("releaser").get(reverse("cases:defects")).status_code == 403


def test_filters(lacking: Cast) -> None:
    client = lacking.client("clerk")
    url = reverse("cases:defects")
    with open_scope(lacking.scope("clerk")):
        late = list(Defect.objects.filter(kind="no_guardian").order_by("pk"))
        Defect.objects.filter(pk=late[0].pk).update(due_date=TODAY - dt.timedelta(days=1))
        Defect.objects.filter(pk=late[1].pk).update(due_date=TODAY - dt.timedelta(days=15))
        Defect.objects.filter(pk=late[2].pk).update(due_date=TODAY - dt.timedelta(days=16))
        Defect.objects.filter(pk=late[3].pk).update(due_date=TODAY)
        alone = set(Defect.objects.filter(kind="no_guardian").values_list("pk", flat=True))
        far = set(
            Defect.objects.filter(region_id=FAR_VILLAGE, kind="no_guardian").values_list("pk", flat=True)
        )
    assert set(linked(client.get(url, {"kind": "no_guardian"}))) == alone
    assert set(linked(client.get(url, {"kind": "no_guardian", "region": "500152002000"}))) == far
    # At once to the supervisor; to the county after one interval (15 days for a guardian) more.
    assert linked(client.get(url, {"show": "overdue"})) == [late[2].pk, late[1].pk, late[0].pk]
    assert linked(client.get(url, {"show": "climbed"})) == [late[2].pk]
    assert linked(client.get(url, {"show": "check"})) == []
    assert len(linked(client.get(url, {"kind": "nonsense", "region": "x", "after": "y"}))) == 50
    assert "show=climbed" not in lacking.client("supervisor").get(url).content.decode()


def test_the_pages_stay_in_their_budget(lacking: Cast, page_budget: Any) -> None:
    client = lacking.client("clerk")
    with open_scope(lacking.scope("clerk")):
        one = Defect.objects.order_by("pk")[0]
    for address in (
        reverse("cases:defects"),
        reverse("cases:defects") + "?measure=open&kind=no_registration",
        reverse("cases:defect", args=[one.pk]),
        reverse("cases:defect_counts"),
        reverse("cases:child", args=[one.child_id]),
    ):
        client.get(address)
        with page_budget(PAGE_COST):
            assert client.get(address).status_code == 200, address
    director = lacking.client("director")
    with page_budget(PAGE_COST):
        assert "show=overdue" not in director.get("/").content.decode()


def test_the_page_tells_the_missing_field_and_links_to_it(lacking: Cast) -> None:
    with open_scope(lacking.scope("director")):
        child = bare()
        found = {one.kind: one for one in Defect.objects.filter(child=child)}
    client = lacking.client("director")
    anchors = {
        "no_identity": f"{reverse('cases:child_edit', args=[child.pk])}#id_id_number",
        "no_registration": f"{reverse('cases:child_edit', args=[child.pk])}#id_registration",
        "out_of_school": f"{reverse('cases:child_edit', args=[child.pk])}#id_school_stage",
        "no_guardian": reverse("cases:child_guardian", args=[child.pk]),
    }
    form = client.get(reverse("cases:child_edit", args=[child.pk])).content.decode()
    for kind, link in anchors.items():
        page = client.get(reverse("cases:defect", args=[found[kind].pk])).content.decode()
        assert f'href="{link}"' in page, kind
        if "#" in link:
            assert f'id="{link.partition("#")[2]}"' in form
    leader = lacking.client("leader").get(reverse("cases:defect", args=[found["no_identity"].pk]))
    assert leader.status_code == 200
    assert "id_id_number" not in leader.content.decode()
    with open_scope(lacking.scope("auditor")):
        read = AccessLog.objects.filter(subject="cases.defect", child_id=child.pk, kind="read")
        assert read.filter(user=lacking.users["leader"]).count() == 1
    assert (
        lacking.client("other_supervisor")
        .get(reverse("cases:defect", args=[found["no_identity"].pk]))
        .status_code
        == 404
    )


def test_followed_on_the_pages_from_opening_to_closing(lacking: Cast) -> None:
    own = lacking.children["own"]
    director, supervisor = lacking.client("director"), lacking.client("supervisor")
    url = reverse("cases:defect_open", args=[own.pk])
    assert "cw-error" in director.post(url, {"kind": "no_registration"}).content.decode()
    made = director.post(url, {"kind": "no_registration", "note": "户口被注销"})
    with open_scope(lacking.scope("director")):
        found = Defect.objects.get(child=own)
    here = reverse("cases:defect", args=[found.pk])
    assert made.headers["Location"] == here
    refused = director.post(reverse("cases:defect_step", args=[found.pk]), {"date": "2026-10-20", "text": ""})
    assert "cw-error" in refused.content.decode()
    director.post(
        reverse("cases:defect_step", args=[found.pk]), {"date": "2026-10-20", "text": "派出所答复三日内办结"}
    )
    page = director.get(here).content.decode()
    assert "派出所答复三日内办结" in page
    assert 'value="close"' not in page
    # The register says "local" all along: reported against it, so it is solved by hand, in words.
    act = reverse("cases:defect_transition", args=[found.pk])
    assert 'value="solve"' in page
    director.post(act, {"action": "solve", "reason": ""})
    with open_scope(lacking.scope("director")):
        assert Defect.objects.get(pk=found.pk).state == "followed"
    director.post(act, {"action": "solve", "reason": "户口已恢复，见户口簿"})
    item = supervisor.get(reverse("cases:work_item", args=["defects", found.pk])).content.decode()
    assert 'value="close"' in item
    assert linked(supervisor.get(reverse("cases:defects"), {"show": "check"})) == [found.pk]
    director.post(act, {"action": "close"})  # not the director's
    with open_scope(lacking.scope("director")):
        assert Defect.objects.get(pk=found.pk).state == "solved"
    supervisor.post(act, {"action": "close"})
    with open_scope(lacking.scope("director")):
        done = Defect.objects.get(pk=found.pk)
        assert (done.state, done.checked_by_id) == ("closed", lacking.users["supervisor"].pk)
        assert DefectStep.objects.filter(defect=done).count() == 1
    assert found.pk in linked(supervisor.get(reverse("cases:defects"), {"show": "closed"}))
    # Anew, with the former one shown.
    director.post(url, {"kind": "no_registration", "note": "又被注销"})
    with open_scope(lacking.scope("director")):
        again = Defect.objects.get(child=own, state="open")
    assert here in director.get(reverse("cases:defect", args=[again.pk])).content.decode()
    assert director.post(act, {"action": "nonsense"}).status_code == 302


def test_the_childs_page_and_the_directors_home_mention_it(lacking: Cast) -> None:
    own, client = lacking.children["own"], lacking.client("director")
    with open_scope(lacking.scope("director")):
        made = defects.open_by_hand(own, "no_guardian", note="奶奶住院", at=AT)
    assert (
        reverse("cases:defect", args=[made.pk])
        in client.get(reverse("cases:child", args=[own.pk])).content.decode()
    )
    assert f'href="{reverse("cases:defects")}"' in client.get("/").content.decode()
    with open_scope(lacking.scope("director")):
        Defect.objects.filter(pk=made.pk).update(due_date=TODAY - dt.timedelta(days=1))
    assert f"{reverse('cases:defects')}?show=overdue" in client.get("/").content.decode()


def test_giving_it_to_another_person_on_the_page(lacking: Cast) -> None:
    with open_scope(lacking.scope("supervisor")):
        one = Defect.objects.filter(region_id=VILLAGE).order_by("pk")[0]
    url, client = reverse("cases:defect_owner", args=[one.pk]), lacking.client("supervisor")
    page = client.get(url).content.decode()
    assert "李守安" in page
    assert "赵清和" in page
    assert "杜月华" not in page  # director of another village
    client.post(url, {"owner": lacking.users["clerk"].pk})
    with open_scope(lacking.scope("clerk")):
        assert Defect.objects.get(pk=one.pk).owner_id == lacking.users["clerk"].pk
    assert lacking.client("director").get(url).status_code == 403


def test_every_number_is_the_length_of_its_list(lacking: Cast) -> None:
    with open_scope(lacking.scope("supervisor")):
        some = list(Defect.objects.filter(kind="no_registration").order_by("pk")[:9])
        Child.objects.filter(pk__in=[one.child_id for one in some]).update(registration="local")
        defects.follow_register([one.child_id for one in some], at=AT)
        Defect.objects.filter(
            pk__in=list(Defect.objects.order_by("-pk").values_list("pk", flat=True)[:5])
        ).update(due_date=TODAY - dt.timedelta(days=1))
    client = lacking.client("clerk")
    checked = 0
    for measure in MEASURES:
        page = client.get(reverse("cases:defect_counts"), {"measure": measure}).content.decode()
        for link, number in re.findall(r'<a class="drill" href="([^"]+)">([\d,]+)</a>', page):
            drilled = client.get(html.unescape(link)).content.decode()
            shown = re.search(r'cw-pager.*?cw-num">(.*?)<', drilled, re.DOTALL)
            assert shown, link
            assert re.search(r"\d+", shown.group(1)).group() == number, link  # type: ignore[union-attr]
            checked += 1
    assert checked > 30
    with open_scope(lacking.scope("clerk")):
        assert Defect.objects.filter(state="solved").count() == 9


def test_the_workbook_holds_the_same_numbers_and_is_logged(lacking: Cast) -> None:
    client = lacking.client("clerk")
    answer = client.get(reverse("cases:defect_counts_export"), {"start": "2026-10-01", "end": "2026-10-31"})
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    rows = [list(row) for row in sheet.iter_rows(min_row=5, values_only=True)]  # type: ignore[union-attr]
    kinds, measures = list(DefectKind), list(MEASURES)
    column = 1 + kinds.index(DefectKind.NO_REGISTRATION) * len(measures) + measures.index("opened")
    assert [row[column] for row in rows] == [40, 20, 60]
    with open_scope(lacking.scope("auditor")):
        logged = AccessLog.objects.filter(kind="export", subject="cases.defect").get()
        assert logged.detail["start"] == "2026-10-01"


def test_a_period_limits_what_was_opened(lacking: Cast) -> None:
    client = lacking.client("clerk")
    url = reverse("cases:defect_counts")
    before = client.get(
        url, {"start": "2026-01-01", "end": "2026-10-19", "measure": "opened"}
    ).content.decode()
    assert "measure=opened&amp;" not in "".join(re.findall(r'class="drill" href="([^"]+)"', before))
    turned = client.get(url, {"start": "2026-10-31", "end": "2026-10-01"}).content.decode()
    assert re.search(r'class="drill" href="[^"]*measure=opened[^"]*">67<', turned)
    assert client.get(url, {"start": "x", "measure": "x"}).status_code == 200


def test_the_supervisor_sees_the_own_township_alone(lacking: Cast) -> None:
    page = lacking.client("supervisor").get(reverse("cases:defect_counts")).content.decode()
    assert "桂林街道" in page
    assert "梓潼街道" not in page
    assert f"region={TOWNSHIP}" in page
