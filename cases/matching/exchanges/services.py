"""Exchanges with other departments (O-5): a list is asked for, approved by another person, made, handed over, answered
by a list that is matched as any other, and told what came of it.

This is the one place from which whole identity numbers leave for another office, because it cannot find anybody without
them. So it takes a purpose, a legal basis, an approval by somebody else, only the columns that the partner needs, and
every making and download stands in the access log with the purpose. Requests and their records are never deleted (to be
kept three years at least: 网络数据安全管理条例 art 12).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.matching.enums import RequestState
from cases.matching.exchanges import people as exchange_people
from cases.matching.exchanges.books import Mark, book
from cases.matching.exchanges.feedback import outcomes
from cases.matching.kinds import KINDS
from cases.models import DataRequest, ListImport
from cases.refusals import RegisterRefused, check_duty
from cases.workflows import DECIDERS
from staff import files, jobs, parameters, tables
from staff.audit import log_access
from staff.calendar import add_working_days
from staff.holidays import overrides
from staff.models import AccessLog, Job, StoredFile, User
from staff.scope import current
from staff.workflow import Actor, TransitionRefused, perform

LIST_JOB: Final = "request_list"
FEEDBACK_JOB: Final = "request_feedback"
BY_HAND: Final = ("submit", "approve", "refuse", "send")


class RequestRefused(RegisterRefused):
    """The step cannot be taken; the message says why and what to do instead."""


@dataclass(frozen=True)
class Wish:
    """What is asked of which partner: ``kind`` is the list that answers it, ``period`` the month asked about."""

    kind: str
    period: dt.date
    recipient: str
    purpose: str
    basis: str
    roles: tuple[str, ...]
    columns: tuple[str, ...]


def open_request(wish: Wish, *, region_id: int, at: dt.datetime, actor: Actor | None = None) -> DataRequest:
    """Write the request and ask for its approval. RequestRefused for whom or what the partner does not need."""
    actor = actor or Actor.current()
    check_duty(actor, DECIDERS)
    if not current().covers(region_id):
        raise RequestRefused(_("This place is not in your area."))
    asked = KINDS[wish.kind].asked if wish.kind in KINDS else None
    if asked is None:
        raise RequestRefused(_("Nothing is asked for this list: it comes by itself."))
    if not wish.roles or not set(wish.roles) <= set(asked.roles):
        raise RequestRefused(_("Choose whom the partner is asked about."))
    if not {"name"} < set(wish.columns) <= set(asked.columns):
        raise RequestRefused(
            _("Only the columns that this partner needs can be given, and a name alone finds nobody.")
        )
    if not wish.purpose.strip() or not wish.basis.strip() or not wish.recipient.strip():
        raise RequestRefused(_("Write the recipient, the purpose and the legal basis."))
    with transaction.atomic():
        made = DataRequest.objects.create(
            region_id=region_id,
            kind=wish.kind,
            period=wish.period.replace(day=1),
            recipient=wish.recipient.strip(),
            purpose=wish.purpose.strip(),
            basis=wish.basis.strip(),
            roles=[role for role in asked.roles if role in wish.roles],
            columns=[column for column in asked.columns if column in wish.columns],
            requested_by_id=actor.user_id,
            requested_at=at,
        )
        perform(made, "submit", at=at, actor=actor)
    return made


def act(
    request: DataRequest, name: str, *, reason: str, at: dt.datetime, actor: Actor | None = None
) -> DataRequest:
    """Approve, refuse, hand over. Handing over starts the partner's time."""
    if name not in BY_HAND:
        raise RequestRefused(_("Choose what is to be done."))
    fields: dict[str, Any] = {"reason": reason.strip()} if name == "refuse" else {}
    if name == "send":
        day = timezone.localdate(at)
        allowed = int(parameters.value(request.region_id, "request_answer_days", day))
        fields = {"sent_at": at, "due_date": add_working_days(day, allowed, overrides())}
    done: DataRequest = perform(request, name, at=at, actor=actor, reason=reason, fields=fields)
    return done


def number_of(request: DataRequest) -> str:
    """The number under which a request is filed, as 500152-20261001-17."""
    return f"{request.region_id // 1_000_000}-{request.period:%Y%m}-{request.pk}"


# --- The list that goes out ----------------------------------------------------------------------------------


def start_list(request: DataRequest, *, at: dt.datetime, done_url: str, actor: Actor | None = None) -> Job:
    """Make the list of an approved request, in a job; again replaces the one before, until it is handed over."""
    check_duty(actor or Actor.current(), DECIDERS)
    if request.state != RequestState.APPROVED:
        raise RequestRefused(_("A list is made after its approval, and before it is handed over."))
    return jobs.start(
        LIST_JOB, region_id=request.region_id, arguments={"request": request.pk}, at=at, done_url=done_url
    )


@jobs.handler(LIST_JOB, gettext_lazy("List for another department"))
def make_list(job: Job) -> dict[str, Any]:
    """Write the list of a request to an encrypted file that only its maker reads, and log it with the purpose."""
    request = (
        DataRequest.objects.select_for_update(of=("self",))
        .select_related("region")
        .get(pk=job.arguments["request"])
    )
    if request.state != RequestState.APPROVED:
        raise jobs.JobError(_("A list is made after its approval, and before it is handed over."))
    at = timezone.now()
    kind = KINDS[request.kind]
    answer = [heading for heading in _answer_headings(request) if heading]
    header = ["序号", *(exchange_people.HEADINGS[column] for column in request.columns), *answer]
    rows = exchange_people.people(request.region, request.roles, request.columns)
    numbered = ((place, *row) for place, row in enumerate(rows, start=1))
    data, count = book(_mark(request, at), kind.short.zh, header, numbered)
    jobs.progress(job, count, count)
    name = f"{request.recipient}{kind.short.zh}查询名单{number_of(request)}.xlsx"
    request.file, request.row_count = _kept(request, data, name, at), count
    request.save(update_fields=["file", "row_count"])
    _log(request, AccessLog.Kind.EXPORT, request.file, what=LIST_JOB, rows=count)
    return {"rows": count}


def _answer_headings(request: DataRequest) -> list[str]:
    """The empty columns in which the partner answers, headed as the reader knows them."""
    return [
        column.headers[0]
        for name, column in KINDS[request.kind].columns.items()
        if column.headers and name not in request.columns
    ]


def _mark(request: DataRequest, at: dt.datetime) -> Mark:
    maker = User.objects.filter(pk=current().user_id).values_list("name", flat=True).first() or ""
    return Mark(
        office=f"{request.region.short_name}民政局",
        recipient=request.recipient,
        purpose=request.purpose,
        basis=request.basis,
        number=number_of(request),
        maker=maker,
        at=timezone.localtime(at),
    )


def _kept(request: DataRequest, data: bytes, name: str, at: dt.datetime) -> StoredFile:
    # An export is its maker's alone: whoever else sees the request does not see whom it names.
    return files.store(
        data,
        kind=StoredFile.Kind.EXPORT,
        name=name,
        content_type=tables.XLSX,
        region_id=request.region_id,
        at=at,
    )


def _log(request: DataRequest, kind: str, file: StoredFile, **detail: Any) -> None:
    log_access(
        kind=kind,
        region_id=request.region_id,
        subject="cases.datarequest",
        subject_id=request.pk,
        reason=request.purpose,
        detail={
            "file": str(file.pk),
            "sha256": file.sha256,
            "recipient": request.recipient,
            "basis": request.basis,
            "columns": request.columns,
            "roles": request.roles,
            **detail,
        },
    )


def read_file(request: DataRequest, file_id: Any) -> tuple[StoredFile, bytes]:
    """A file of the request for its maker, after one line in the access log. RequestRefused for anybody else."""
    stored = StoredFile.objects.filter(pk=file_id).first() if file_id else None
    if stored is None:
        raise RequestRefused(
            _("Only the person who made the file can download it. Make it again, or ask that person.")
        )
    data = files.read(stored)
    _log(request, AccessLog.Kind.DOWNLOAD, stored)
    return stored, data


# --- The answer that comes in --------------------------------------------------------------------------------


def link_answer(
    request: DataRequest, list_import: ListImport, *, at: dt.datetime, actor: Actor | None = None
) -> DataRequest:
    """Say that a list which came in answers the request. A partner may answer in several lists."""
    if (list_import.kind, list_import.region_id) != (request.kind, request.region_id):
        raise RequestRefused(_("The list is of another kind than the request asks for."))
    with transaction.atomic():
        locked = ListImport.objects.select_for_update(of=("self",)).get(pk=list_import.pk)
        if locked.request_id == request.pk:
            return request
        if locked.request_id is not None:
            raise RequestRefused(_("The list answers another request already."))
        answered: DataRequest = perform(request, "answer", at=at, actor=actor)
        locked.request = answered
        locked.save(update_fields=["request"])
        list_import.request = answered
    return answered


def lose_answer(request: DataRequest, *, at: dt.datetime, actor: Actor | None = None) -> None:
    """A list that answered the request was taken back: without another answer the request waits for one again.

    A request that was closed stays so: its feedback tells of the lists that were matched.
    """
    if request.state == RequestState.ANSWERED and not request.answers.exists():
        perform(request, "await", at=at, actor=actor)


def link_uploads(given: str, came: Iterable[ListImport], *, at: dt.datetime) -> list[str]:
    """Link lists that were uploaded as the answer to the request whose key ``given`` is; returns the refusals."""
    request = (
        DataRequest.objects.filter(pk=int(given)).first() if given.isdecimal() and len(given) < 19 else None
    )
    if request is None:
        return [_("The record is no longer in your area.")]
    refused = []
    for each in came:
        try:
            request = link_answer(request, each, at=at)
        except TransitionRefused as why:
            refused.append(f"{each.name}: {why}")
    return refused


def answers_of(request: DataRequest) -> Sequence[ListImport]:
    """The lists that answer a request, in the order in which they came."""
    return list(ListImport.objects.filter(request=request).order_by("created_at", "pk"))


def start_feedback(
    request: DataRequest, *, at: dt.datetime, done_url: str, actor: Actor | None = None
) -> Job:
    """Make the feedback on an answer and close the request, in a job. The answer must have been matched."""
    check_duty(actor or Actor.current(), DECIDERS)
    if request.state != RequestState.ANSWERED:
        raise RequestRefused(_("Feedback is returned after an answer has come in."))
    if not any(each.state == ListImport.State.STAGED for each in answers_of(request)):
        raise RequestRefused(
            _("Confirm the list that came in first: nothing is known of it before it is matched.")
        )
    arguments = {"request": request.pk}
    return jobs.start(
        FEEDBACK_JOB, region_id=request.region_id, arguments=arguments, at=at, done_url=done_url
    )


@jobs.handler(FEEDBACK_JOB, gettext_lazy("Feedback to another department"))
def make_feedback(job: Job) -> dict[str, Any]:
    """What came of each answered row, in outcome words alone; the request is closed with it."""
    request = DataRequest.objects.select_related("region").get(pk=job.arguments["request"])
    at = timezone.now()
    answers = [each for each in answers_of(request) if each.state == ListImport.State.STAGED]
    header = ("序号", "文件", "工作表", "行", "姓名", "身份证号", "核查结果")
    told = outcomes(answers)
    numbered = ((place, *row) for place, row in enumerate(told, start=1))
    data, count = book(_mark(request, at), "反馈", header, numbered)
    name = f"{request.recipient}核查结果反馈{number_of(request)}.xlsx"
    file = _kept(request, data, name, at)
    perform(request, "close", at=at, fields={"feedback_id": file.pk, "closed_at": at})
    _log(request, AccessLog.Kind.EXPORT, file, what=FEEDBACK_JOB, rows=count)
    return {"rows": count}
