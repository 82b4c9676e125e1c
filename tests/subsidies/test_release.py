"""Who releases, how they prove who they are, and what the release leaves behind."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.urls import reverse

from staff.jobs import run_job
from staff.models import AccessLog, Job, TransitionRecord
from staff.scope import open_scope, system_scope
from staff.sign_in import MOST_FAILURES, Proof
from staff.workflow import Actor, TransitionRefused
from subsidies.bank import files as bank_files
from subsidies.bank.packaged import PACKAGED
from subsidies.batches import services as batches
from subsidies.enums import BatchState
from subsidies.models import Application, BankFile, BankLayout, JournalEntry, Payment, PaymentBatch
from tests.cast import COUNTY, PASSWORD
from tests.subsidies.conftest import OCTOBER, Office, moment


@pytest.fixture(autouse=True)
def _october() -> Any:
    with time_machine.travel(dt.datetime(2026, 10, 21, 2, tzinfo=dt.UTC), tick=False):
        yield


def approved(office: Office) -> PaymentBatch:
    office.entitle(office.child("own"))
    office.entitle(office.child("township"))
    return office.approve(office.prepare(OCTOBER))


def with_password(office: Office) -> None:
    user = office.cast.users["releaser"]
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])


def page(office: Office, batch: PaymentBatch, who: str = "releaser", **data: str) -> Any:
    client = office.cast.client(who)
    address = reverse("subsidies:batch_release", args=[batch.pk])
    headers = {"Accept-Language": "en"}
    return client.post(address, data, headers=headers) if data else client.get(address, headers=headers)


def seen(job: Job) -> Job:
    with system_scope(reason="test", log=False):
        return Job._base_manager.get(pk=job.pk)


def state(office: Office) -> str:
    with office.as_("clerk"):
        return str(PaymentBatch.objects.get().state)


def test_the_page_says_what_will_happen_and_asks_for_the_password(office: Office) -> None:
    batch = approved(office)
    with_password(office)
    text = page(office, batch).content.decode()
    for expected in ("3,100.00", "County funds", "2 lines, 2 children", "全国系统发放列表", "GB18030"):
        assert expected in text
    answer = page(office, batch, password=PASSWORD)
    assert answer.status_code == 302
    with office.as_("releaser"):
        found = PaymentBatch.objects.get()
        assert (found.state, found.release_proof, found.released_by_id) == (
            BatchState.RELEASED,
            "password",
            office.cast.users["releaser"].pk,
        )
        job = Job.objects.get(kind=bank_files.JOB)
        assert answer["Location"] == reverse("staff:job", args=[job.pk])
        assert {line.state for line in Payment.objects.all()} == {"sent"}
        # The release has posted and sent; the files are the job's.
        assert not BankFile.objects.exists()
        assert sorted(JournalEntry.objects.values_list("kind", flat=True)) == ["commitment", "release"]


def test_a_wrong_password_releases_nothing_is_logged_and_counts_towards_the_lock(office: Office) -> None:
    batch = approved(office)
    with_password(office)
    for _attempt in range(MOST_FAILURES - 1):
        assert "The password is wrong" in page(office, batch, password="wrong").content.decode()
    assert "Too many wrong attempts" in page(office, batch, password="wrong").content.decode()
    # Locked now: the right password does not help, neither here nor at the door.
    assert "Too many wrong attempts" in page(office, batch, password=PASSWORD).content.decode()
    signing = office.cast.client("nobody").post(
        reverse("staff:sign_in"), {"username": "releaser", "password": PASSWORD}
    )
    assert signing.status_code == 200
    assert state(office) == BatchState.APPROVED
    with system_scope(reason="test", log=False):
        lines = AccessLog._base_manager.filter(kind=AccessLog.Kind.SIGN_IN_FAILED)
        assert lines.filter(detail__proof=True).count() == MOST_FAILURES + 1
        assert lines.filter(user_id=office.cast.users["releaser"].pk).count() == MOST_FAILURES + 1
    cache.clear()


def test_no_release_without_the_page(office: Office) -> None:
    """The button of other steps leads to the page; nothing is released on the way."""
    batch = approved(office)
    with office.as_("releaser") as releaser, pytest.raises(TransitionRefused, match="does not exist"):
        batches.act("release", actor=releaser, at=moment(10, 21), batch=batch)
    answer = office.cast.client("releaser").post(
        reverse("subsidies:batch_transition", args=[batch.pk]), {"action": "release"}
    )
    assert answer["Location"] == reverse("subsidies:batch_release", args=[batch.pk])
    assert state(office) == BatchState.APPROVED


@pytest.mark.parametrize(
    ("who", "minutes"), [("clerk", 0), ("releaser", 6), ("releaser", -1)], ids=["another's", "stale", "later"]
)
def test_a_proof_is_the_releasers_own_and_fresh(office: Office, who: str, minutes: int) -> None:
    batch = approved(office)
    at = moment(10, 21)
    proof = Proof(office.cast.users[who].pk, "password", at - dt.timedelta(minutes=minutes))
    with office.as_("releaser") as releaser, pytest.raises(TransitionRefused, match="password again"):
        batches.release(actor=releaser, at=at, batch=batch, proof=proof)
    assert state(office) == BatchState.APPROVED


def test_the_releaser_took_no_earlier_step_for_a_child_of_the_batch(office: Office) -> None:
    """The database refuses; the releaser reads why, and nothing is posted or sent."""
    office.confirmed(office.child("own"))
    with system_scope(reason="test", log=False):
        Application.objects.update(verified_by=office.cast.users["releaser"])
    batch = office.approve(office.prepare(OCTOBER))
    with_password(office)
    answer = office.cast.client("releaser").post(
        reverse("subsidies:batch_release", args=[batch.pk]),
        {"password": PASSWORD},
        headers={"Accept-Language": "en"},
        follow=True,
    )
    assert "another releaser must release it" in answer.content.decode()
    assert state(office) == BatchState.APPROVED
    with office.as_("releaser"):
        assert list(JournalEntry.objects.values_list("kind", flat=True)) == ["commitment"]
        assert {line.state for line in Payment.objects.all()} == {"prepared"}


def test_every_step_is_recorded_with_who_took_it(office: Office) -> None:
    """prepare, approve, release, and return before and after the approval: the workflow of a batch."""
    batch = approved(office)
    with office.as_("releaser") as releaser:
        batches.send_back(actor=releaser, at=moment(10, 20, 11), batch=batch, reason="账户不符")
    again = office.prepare(OCTOBER, at=moment(10, 20, 12))
    with office.as_("approver") as approver:
        batches.send_back(actor=approver, at=moment(10, 20, 13), batch=again, reason="重算")
    third = office.prepare(OCTOBER, at=moment(10, 20, 14))
    with office.as_("approver") as approver:
        batches.approve(actor=approver, at=moment(10, 20, 15), batch=third)
    office.release(third)
    with system_scope(reason="test", log=False):
        steps = list(
            TransitionRecord._base_manager.filter(subject="subsidies.paymentbatch")
            .order_by("at")
            .values_list("name", "role")
        )
        kinds = list(JournalEntry._base_manager.order_by("at").values_list("kind", flat=True))
    assert steps == [
        *(("prepare", "clerk"), ("approve", "approver"), ("stop", "releaser")),
        *(("prepare", "clerk"), ("return", "approver")),
        *(("prepare", "clerk"), ("approve", "approver"), ("release", "releaser")),
    ]
    assert kinds == ["commitment", "cancellation", "commitment", "release"]


def test_a_clock_that_went_back_is_refused(office: Office) -> None:
    """No step is dated before the one it follows; the next try with a right clock goes through."""
    office.entitle(office.child("own"))
    batch = office.prepare(OCTOBER, at=moment(10, 19))
    with office.as_("approver") as approver:
        with pytest.raises(TransitionRefused, match="clock"):
            batches.approve(actor=approver, at=moment(10, 18), batch=batch)
        with pytest.raises(TransitionRefused, match="clock"):
            batches.send_back(actor=approver, at=moment(10, 18), batch=batch, reason="x")
        batches.approve(actor=approver, at=moment(10, 20), batch=batch)
    with office.as_("releaser") as releaser:
        early = moment(10, 19, 12)
        proof = Proof(releaser.user_id, "password", early)
        with pytest.raises(TransitionRefused, match="clock"):
            batches.release(actor=releaser, at=early, batch=batch, proof=proof)
    assert state(office) == BatchState.APPROVED
    office.release(batch)
    assert state(office) == BatchState.RELEASED


def test_files_that_could_not_be_written_are_written_after_the_layout_was_corrected(office: Office) -> None:
    """A name that the bank's encoding lacks: the job names line and remedy; state and ledger stand meanwhile."""
    layout = {**PACKAGED["csv"][2], "encoding": "gbk"}
    with system_scope(reason="test", log=False):
        own = BankLayout.objects.create(
            region_id=COUNTY, code="csv", name="农商行", layout=layout, at=moment(10, 1)
        )
    office.give_account(office.child("own"), "6217001234567801", name="林\U00020bb7")
    office.entitle(office.child("own"))
    batch = office.prepare(OCTOBER)
    with office.as_("clerk") as clerk:
        batches.note_issues(actor=clerk, at=moment(10, 19), batch=batch, kind="holder_not_payee", note="已核")
    batch = office.approve(batch)
    at = moment(10, 21)
    with open_scope(office.cast.scope("releaser")):
        releaser = Actor.current()
        batches.release(actor=releaser, at=at, batch=batch, proof=Proof(releaser.user_id, "password", at))
        job = Job.objects.get(kind=bank_files.JOB)
    run_job(str(job.pk))
    job = seen(job)
    assert job.state == "failed"
    for words in ("1", "林小满", "GBK", "\U00020bb7"):
        assert words in job.error
    with office.as_("releaser"):
        assert not BankFile.objects.exists()
        assert PaymentBatch.objects.get().state == "released"
    with system_scope(reason="test", log=False):
        own.layout = {**layout, "replacement": "?"}
        own.save(update_fields=["layout"])
    with office.as_("releaser") as releaser:
        again = bank_files.write_again(actor=releaser, at=moment(10, 21, 11), batch=batch)
    run_job(str(again.pk))
    again = seen(again)
    assert again.state == "done"
    assert len(again.result["replaced"]) == 2  # payee and account holder of the one line
    with office.as_("releaser") as releaser:
        assert BankFile.objects.count() == 2
        with pytest.raises(TransitionRefused, match="has been written"):
            bank_files.write_again(actor=releaser, at=moment(10, 21, 12), batch=batch)
