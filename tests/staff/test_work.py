"""Revealing protected values, stored files, long work, API tokens."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client, TestCase
from django.utils import timezone

from staff import files, jobs
from staff.api_tokens import MOST_TOKENS, TokenRefused, make_token, revoke_token
from staff.models import AccessLog, ApiToken, Job, StoredFile, User
from staff.posts import end_assignment
from staff.reveal import revealable
from staff.scope import open_scope, system_scope
from tests.cast import COUNTY, OWN_ID, VILLAGE, Cast

AT = dt.datetime(2026, 10, 20, 1, 0, tzinfo=dt.UTC)


def log(kind: str) -> list[AccessLog]:
    with system_scope(reason="look at the log", log=False):
        return list(AccessLog._base_manager.filter(kind=kind).order_by("at"))


# --- Reveal ---------------------------------------------------------------------------------------------


def test_a_number_is_shown_after_a_reason_and_the_reason_is_kept(cast: Cast) -> None:
    client, address = cast.client("director"), f"/reveal/child-identity/{cast.children['own'].pk}/"
    asking = client.get(address)
    assert OWN_ID not in asking.content.decode()
    shown = client.post(address, {"reason_code": "verify", "reason": "核对户口簿"})
    assert OWN_ID in shown.content.decode()
    assert "no-store" in shown.headers["Cache-Control"]
    (line,) = log("reveal")
    assert (line.user_id, line.child_id, line.reason) == (
        cast.users["director"].pk,
        cast.children["own"].pk,
        "verify 核对户口簿",
    )
    assert OWN_ID not in str(line.__dict__)


@pytest.mark.parametrize("data", [{}, {"reason_code": "curiosity"}, {"reason_code": "other", "reason": "  "}])
def test_without_a_reason_nothing_is_shown(cast: Cast, data: dict[str, str]) -> None:
    response = cast.client("director").post(f"/reveal/child-identity/{cast.children['own'].pk}/", data)
    assert response.status_code == 422
    assert OWN_ID not in response.content.decode()
    assert log("reveal") == []


def test_out_of_scope_is_not_found_whatever_the_reason(cast: Cast) -> None:
    address = f"/reveal/child-identity/{cast.children['own'].pk}/"
    response = cast.client("other_director").post(address, {"reason_code": "verify"})
    assert response.status_code == 404
    assert log("reveal") == []


def test_the_dialog_gets_the_fragment_alone(cast: Cast) -> None:
    address = f"/reveal/child-identity/{cast.children['own'].pk}/"
    fragment = cast.client("director").get(address, headers={"HX-Request": "true"}).content.decode()
    assert "data-in-dialog" in fragment
    assert "<html" not in fragment


def test_a_key_is_registered_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        revealable("child-identity", label="x", roles=())(lambda pk: None)  # type: ignore[arg-type, return-value]


# --- Files ----------------------------------------------------------------------------------------------


def stored(cast: Cast, **more: Any) -> StoredFile:
    given: dict[str, Any] = {
        "kind": "photo", "name": "走访 照片.jpg", "content_type": "image/jpeg", "region_id": VILLAGE,
        "at": AT,
        "child_id": cast.children["own"].pk,
    }  # fmt: skip
    with system_scope(reason="keep a file", log=False):
        return files.store(b"\xff\xd8\xff\xe0 not a script", **(given | more))


def test_a_photo_is_shown_inline_and_logged(cast: Cast) -> None:
    file = stored(cast)
    response = cast.client("director").get(f"/files/{file.pk}/")
    assert response.content == b"\xff\xd8\xff\xe0 not a script"
    assert response.headers["Content-Disposition"].startswith("inline")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in response.headers["Cache-Control"]
    (line,) = log("download")
    assert (line.child_id, line.subject_id) == (cast.children["own"].pk, str(file.pk))


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [("photo", "text/html"), ("photo", "image/svg+xml"), ("list", "image/jpeg"), ("bank", "text/csv")],
)
def test_everything_else_is_saved_not_opened(cast: Cast, kind: str, content_type: str) -> None:
    file = stored(cast, kind=kind, content_type=content_type, name='x"\r\nSet-Cookie: a=b')
    response = cast.client("clerk" if kind == "bank" else "director").get(f"/files/{file.pk}/")
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert "\n" not in response.headers["Content-Disposition"]
    assert "Set-Cookie" not in response.headers


def test_a_file_whose_bytes_are_gone_is_not_found(cast: Cast) -> None:
    file = stored(cast)
    files._path(file.pk).unlink()
    assert cast.client("director").get(f"/files/{file.pk}/").status_code == 404


# --- Long work ------------------------------------------------------------------------------------------


@pytest.fixture
def work() -> Iterator[dict[str, Any]]:
    """A kind of job whose behaviour the test writes into the dict."""
    behaviour: dict[str, Any] = {"do": lambda job: {"answer": 42}}
    jobs.HANDLERS["test_work"] = lambda job: behaviour["do"](job)
    yield behaviour
    del jobs.HANDLERS["test_work"]


def begin(cast: Cast, member: str = "clerk", *, execute: bool = True, **more: Any) -> Job:
    with TestCase.captureOnCommitCallbacks(execute=execute), open_scope(cast.scope(member)):
        return jobs.start("test_work", region_id=COUNTY, arguments={}, at=timezone.now(), **more)


def state(cast: Cast, job: Job, member: str = "clerk") -> dict[str, Any]:
    return cast.client(member).get(f"/jobs/{job.pk}/", headers={"Accept": "application/json"}).json()


def test_a_job_says_how_far_it_is_and_leads_to_its_result(cast: Cast, work: dict[str, Any]) -> None:
    waiting = begin(cast, execute=False, done_url="/lists/1/")
    assert state(cast, waiting)["state"] == "queued"
    jobs.progress(waiting, 3, 10, "第三步")
    page = cast.client("clerk").get(f"/jobs/{waiting.pk}/").content.decode()
    assert 'hx-trigger="every 1s"' in page
    assert "第三步" in page
    jobs.run_job(str(waiting.pk))
    assert state(cast, waiting) == {
        "id": str(waiting.pk), "kind": "test_work", "state": "done", "done": 0, "total": 0,
        "result": {"answer": 42},
        "error": "", "done_url": "/lists/1/",
    }  # fmt: skip
    polled = cast.client("clerk").get(f"/jobs/{waiting.pk}/", headers={"HX-Request": "true"})
    assert polled.headers["HX-Redirect"] == "/lists/1/"
    opened = cast.client("clerk").get(f"/jobs/{waiting.pk}/")  # after it had ended
    assert (opened.status_code, opened.headers["Location"]) == (302, "/lists/1/")


def test_a_failure_shows_the_remedy_and_undoes_the_work(cast: Cast, work: dict[str, Any]) -> None:
    def fail(job: Job) -> dict[str, Any]:
        User.objects.filter(username="leader").update(name="改了")
        raise jobs.JobError("第 3 行缺少姓名")

    work["do"] = fail
    job = begin(cast)
    assert state(cast, job)["error"] == "第 3 行缺少姓名"
    assert User.objects.get(username="leader").name != "改了"
    assert "第 3 行缺少姓名" in cast.client("clerk").get(f"/jobs/{job.pk}/").content.decode()


def test_its_starter_stops_it_and_nobody_else(cast: Cast, work: dict[str, Any]) -> None:
    job = begin(cast, execute=False)
    assert cast.client("approver").post(f"/jobs/{job.pk}/cancel/").status_code == 403
    assert cast.client("director").post(f"/jobs/{job.pk}/cancel/").status_code == 404
    assert cast.client("clerk").post(f"/jobs/{job.pk}/cancel/").status_code == 302
    jobs.run_job(str(job.pk))
    assert state(cast, job)["state"] == "cancelled"


def test_work_of_somebody_who_left_is_refused(cast: Cast, work: dict[str, Any]) -> None:
    job = begin(cast, execute=False)
    with open_scope(cast.scope("sysadmin")):
        end_assignment(cast.assignments["clerk"], last_day=timezone.localdate(), now=True, at=timezone.now())
    ran = []
    work["do"] = lambda job: ran.append(job) or {}
    with pytest.raises(Exception, match="ended"):
        jobs.run_job(str(job.pk))
    assert ran == []


# --- Tokens ---------------------------------------------------------------------------------------------


def test_a_token_is_shown_once_and_works_under_its_assignment(cast: Cast) -> None:
    browser = cast.client("director")
    page = browser.post("/me/tokens/", {"name": "手机", "days": 30}).content.decode()
    secret = re.search(r"data-token>([^<]+)<", page).group(1)  # type: ignore[union-attr]
    assert secret not in browser.get("/me/").content.decode()
    with open_scope(cast.scope("director")):
        token = ApiToken.objects.get()
        assert secret not in token.digest
    api = Client(headers={"Authorization": f"Token {secret}"})
    names = {child["name"] for child in api.get("/api/v1/children/").json()["results"]}
    assert names == {"林小满"}
    browser.post(f"/me/tokens/{token.pk}/revoke/")
    assert api.get("/api/v1/children/").status_code == 401


@pytest.mark.parametrize("end", ["expired", "closed", "assignment", "wrong"])
def test_a_token_ends(cast: Cast, end: str) -> None:
    now = timezone.now()
    with open_scope(cast.scope("director")):
        _token, secret = make_token(
            cast.assignments["director"], name="x", days=1, at=now - dt.timedelta(hours=23)
        )
    api = Client(headers={"Authorization": f"Token {secret}"})
    assert api.get("/api/v1/children/").status_code == 200
    match end:
        case "expired":
            with open_scope(cast.scope("director")):
                ApiToken.objects.update(expires_at=now)
        case "closed":
            User.objects.filter(username="director").update(is_active=False)
        case "assignment":
            with open_scope(cast.scope("sysadmin")):
                end_assignment(cast.assignments["director"], last_day=timezone.localdate(), now=True, at=now)
        case "wrong":
            api = Client(headers={"Authorization": "Token x"})
    assert api.get("/api/v1/children/").status_code == 401


def test_tokens_are_few_and_short_lived(cast: Cast) -> None:
    with open_scope(cast.scope("director")):
        held = cast.assignments["director"]
        made = [make_token(held, name="x", days=1, at=timezone.now())[0] for _ in range(MOST_TOKENS)]
        with pytest.raises(TokenRefused):
            make_token(held, name="x", days=1, at=timezone.now())
        revoke_token(made[0], at=timezone.now())
        make_token(held, name="x", days=1, at=timezone.now())
        with pytest.raises(TokenRefused):
            make_token(held, name="x", days=366, at=timezone.now())
    assert cast.client("director").post("/me/tokens/", {"name": "x", "days": 366}).status_code == 422


def test_nobody_sees_or_revokes_the_token_of_another(cast: Cast) -> None:
    with open_scope(cast.scope("director")):
        token, _secret = make_token(cast.assignments["director"], name="x", days=1, at=timezone.now())
    for member in ("clerk", "sysadmin", "auditor"):
        assert cast.client(member).post(f"/me/tokens/{token.pk}/revoke/").status_code == 404


def test_a_token_is_no_session(cast: Cast) -> None:
    """Pages that change things ask for the value of the form, which no token has."""
    with open_scope(cast.scope("director")):
        _token, secret = make_token(cast.assignments["director"], name="x", days=1, at=timezone.now())
    api = Client(enforce_csrf_checks=True, headers={"Authorization": f"Token {secret}"})
    assert api.post("/me/tokens/", {"name": "x", "days": 1}).status_code == 403
    assert cache.get("seen:None") is None
