"""Lists kept under a name: who sees them, who changes them, and that they lead back to the same list."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from cases.children import saved_views
from cases.models import SavedView
from staff.models import Assignment, Post
from staff.scope import open_scope, system_scope
from tests.cast import OWN_ID, START, TOWNSHIP, Cast

AT = dt.datetime(2026, 10, 20, 2, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: AT)


def save(cast: Cast, member: str, name: str, *, shared: bool = False, query: str = "risk=red") -> SavedView:
    with open_scope(cast.scope(member)):
        return saved_views.save_view(name, query, shared=shared, at=AT)


def seen(cast: Cast, member: str) -> list[str]:
    with open_scope(cast.scope(member)):
        return [view.name for view in saved_views.views_seen()]


def test_who_sees_which_list(cast: Cast) -> None:
    save(cast, "supervisor", "镇自用")
    save(cast, "supervisor", "镇共享", shared=True)
    save(cast, "clerk", "县自用")
    save(cast, "clerk", "县共享", shared=True)
    save(cast, "stranger", "外县共享", shared=True)
    found = {
        member: seen(cast, member)
        for member in (
            "supervisor", "other_supervisor", "director", "clerk", "approver", "leader", "stranger",
            "releaser", "viewer", "sysadmin",
        )
    }  # fmt: skip
    assert found == {
        "supervisor": ["镇自用", "镇共享"],
        "other_supervisor": [],
        "director": [],
        "clerk": ["县自用", "县共享", "镇共享"],
        "approver": ["县共享", "镇共享"],
        "leader": ["县共享", "镇共享"],
        "stranger": ["外县共享"],
        # No lens on children: no list of them either.
        "releaser": [],
        "viewer": [],
        "sysadmin": [],
    }


def test_a_colleague_of_the_same_township_sees_what_is_shared(cast: Cast) -> None:
    save(cast, "supervisor", "自用")
    save(cast, "supervisor", "共享", shared=True)
    with system_scope(reason="test", log=False):
        post = Post.objects.create(region_id=TOWNSHIP, role="supervisor", title="副岗")
        cast.assignments["nobody"] = Assignment.objects.create(
            user=cast.users["nobody"], post=post, start_date=START
        )
    assert seen(cast, "nobody") == ["共享"]


def test_the_row_policy_alone_decides(cast: Cast) -> None:
    """Without the filters of the selector: another county's people see neither row."""
    save(cast, "supervisor", "自用")
    save(cast, "supervisor", "共享", shared=True)
    for member, expected in {"stranger": set(), "clerk": {"共享"}, "supervisor": {"自用", "共享"}}.items():
        with open_scope(cast.scope(member)):
            assert set(SavedView._base_manager.values_list("name", flat=True)) == expected, member


def test_a_list_is_saved_and_leads_back_to_itself(cast: Cast) -> None:
    client = cast.client("clerk")
    query = "category=orphan&sort=-birth&cols=name.birth&after=x~1&nonsense=1"
    answer = client.post("/children/views/save/", {"name": " 孤儿 ", "query": query, "shared": "on"})
    assert answer["Location"] == "/children/?category=orphan&sort=-birth&cols=name.birth"
    with open_scope(cast.scope("clerk")):
        view = SavedView.objects.get()
        assert (view.name, view.shared, view.query) == (
            "孤儿",
            True,
            "category=orphan&sort=-birth&cols=name.birth",
        )
    page = client.get(answer["Location"]).content.decode()
    assert (
        'href="/children/?category=orphan&amp;sort=-birth&amp;cols=name.birth" aria-current="true"'
        in " ".join(page.split())
    )


@pytest.mark.parametrize("name", ["", "   ", "红色"])
def test_a_name_is_needed_once(cast: Cast, name: str) -> None:
    save(cast, "clerk", "红色")
    answer = cast.client("clerk").post("/children/views/save/", {"name": name, "query": "risk=blue"})
    assert answer.status_code == 200
    assert "_error" in answer.content.decode()
    assert seen(cast, "clerk") == ["红色"]
    # Somebody else may use the same name.
    save(cast, "approver", "红色")


def test_a_name_taken_under_another_post_is_told(cast: Cast) -> None:
    save(cast, "supervisor", "红色")
    with system_scope(reason="test", log=False):
        post = Post.objects.create(region_id=341222100000, role="supervisor", title="二岗")
        cast.assignments["supervisor"] = Assignment.objects.create(
            user=cast.users["supervisor"], post=post, start_date=START
        )
    assert seen(cast, "supervisor") == []
    answer = cast.client("supervisor").post("/children/views/save/", {"name": "红色", "query": ""})
    assert answer.status_code == 200
    assert "_error" in answer.content.decode()


def test_no_identity_number_is_kept(cast: Cast) -> None:
    with open_scope(cast.scope("clerk")):
        with pytest.raises(ValidationError, match=r"identity number|身份证号"):
            saved_views.save_view("号码", f"q={OWN_ID.lower()}&risk=red", shared=True, at=AT)
        assert saved_views.save_view("后四位", f"q={OWN_ID[-4:]}", shared=True, at=AT).pk


def test_there_is_an_end_to_them(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_views, "MOST", 1)
    save(cast, "clerk", "一")
    answer = cast.client("clerk").post("/children/views/save/", {"name": "二", "query": ""})
    assert answer.status_code == 200
    assert seen(cast, "clerk") == ["一"]


def test_only_the_owner_changes_and_deletes(cast: Cast) -> None:
    view = save(cast, "supervisor", "红色", shared=True)
    change = {f"{view.pk}-name": "改名"}
    for member in ("clerk", "leader", "stranger", "director"):
        client = cast.client(member)
        assert client.post(f"/children/views/{view.pk}/", change).status_code == 404
        assert client.post(f"/children/views/{view.pk}/delete/").status_code == 404
    assert "红色" in cast.client("clerk").get("/children/views/").content.decode()
    client = cast.client("supervisor")
    assert client.post(f"/children/views/{view.pk}/", change).status_code == 302
    assert seen(cast, "supervisor") == ["改名"]
    assert seen(cast, "clerk") == []  # the box "for everybody" was not ticked: no longer shared
    assert client.post(f"/children/views/{view.pk}/", {f"{view.pk}-name": ""}).status_code == 200
    assert client.post(f"/children/views/{view.pk}/delete/").status_code == 302
    assert seen(cast, "supervisor") == []
    assert cast.client("auditor").get("/children/views/").status_code == 403


def test_who_only_reads_may_save_too(cast: Cast) -> None:
    save(cast, "leader", "领导看", shared=True)
    assert seen(cast, "clerk") == ["领导看"]
