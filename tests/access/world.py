"""The cast with one of everything: the objects that the addresses of the access matrix name.

Every object hangs on the child 林小满 of the director's village, unless its name says otherwise. Texts of
other children carry a mark, so that a page which shows one can be told.
"""

from __future__ import annotations

import datetime as dt
import importlib
import pkgutil
import uuid
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from django.utils import timezone
from guardian.shortcuts import assign_perm

import tests.access
from cases.models import (
    Case,
    CaseAction,
    Child,
    Discrepancy,
    Guardian,
    ListImport,
    ListRow,
    MatchCandidate,
    MatchRun,
    ParentSituation,
    ProtectedFact,
    Visit,
    VisitPhoto,
    VisitTask,
)
from cases.search import index_children
from referrals.models import Provider, Referral
from staff import files, jobs
from staff.api_tokens import make_token
from staff.enums import Role
from staff.models import Assignment, Job, Post, StoredFile, User
from staff.scope import current, narrow, open_scope, system_scope
from subsidies.models import (
    Application,
    BankFile,
    BatchIssue,
    Entitlement,
    MonthlyReport,
    Offset,
    Payment,
    PaymentBatch,
    Rate,
    Scheme,
)
from tests.cast import COUNTY, START, VILLAGE, Cast, make_cast

AT = dt.datetime(2026, 10, 20, 9, 40, tzinfo=dt.UTC)
MONTH = dt.date(2026, 10, 1)
# One pixel, as small as a JPEG can be told to be one.
PICTURE = b"\xff\xd8\xff\xe0" + b"\x00" * 16


def mark(name: str) -> str:
    """A text that appears on nothing but the objects of this child of the cast."""
    return f"记号{name}记号"


def money_mark(name: str) -> str:
    """The same for what belongs to a child's money, which those who only handle money see too."""
    return f"钱号{name}钱号"


@dataclass
class World:
    """``cast`` and the primary keys of the objects, by name."""

    cast: Cast
    pk: dict[str, Any]


def part_modules(prefix: str) -> list[ModuleType]:
    """The modules of this package whose names begin so, in order: ``rows_…`` and ``objects_…``."""
    names = sorted(found.name for found in pkgutil.iter_modules(tests.access.__path__))
    return [importlib.import_module(f"tests.access.{name}") for name in names if name.startswith(prefix)]


def make_world() -> World:
    """Everything once for the child ``own``, and a marked visit and case for every child of the cast."""
    cast = make_cast()
    with system_scope(reason="make the world of the access tests", log=False):
        pk = {name: child.pk for name, child in cast.children.items()}
        for name, child in cast.children.items():
            pk |= _case_work(cast, name, child)
        own = cast.children["own"]
        pk |= _family(own) | _matching(cast, own) | _money(cast, own) | _staff(cast, own)
        pk |= _referral(cast, own, pk["case_own"])
        for module in part_modules("objects_"):
            pk |= module.make(cast, own)
        index_children()
    return World(cast, pk)


def _case_work(cast: Cast, name: str, child: Child) -> dict[str, Any]:
    director = cast.users["director"]
    region = child.region_id
    Child._base_manager.filter(pk=child.pk).update(address=mark(name))
    visit = Visit.objects.create(
        child=child,
        region_id=region,
        kind="door",
        visited_at=AT,
        text=mark(name),
        risk_before="yellow",
        risk="yellow",
        state="submitted",
        conducted_by=director,
        submitted_at=AT,
    )
    case = Case.objects.create(
        child=child,
        region_id=region,
        title=mark(name),
        level="yellow",
        opened_by=cast.users["supervisor"],
        opened_at=AT,
        owner=cast.users["supervisor"],
    )
    action = CaseAction.objects.create(
        case=case, child=child, region_id=region, title=mark(name), due_date=dt.date(2026, 11, 1)
    )
    hidden = Case.objects.create(
        child=child,
        region_id=region,
        title=mark(f"restricted-{name}"),
        level="red",
        opened_by=cast.users["supervisor"],
        opened_at=AT,
    )
    # Only somebody named on it may restrict a case; afterwards nobody is named.
    narrow(named=current().named | {hidden.pk})
    Case.objects.filter(pk=hidden.pk).update(restricted=True)
    ProtectedFact.objects.create(
        child=child, region_id=region, case=hidden, kind="hiv", text=mark(f"fact-{name}"), created_at=AT
    )
    VisitTask.objects.create(child=child, region_id=region, due_date=MONTH, reason=mark(name), asked_at=AT)
    file = files.store(
        PICTURE,
        kind=StoredFile.Kind.PHOTO,
        name=f"{mark(name)}.jpg",
        content_type="image/jpeg",
        region_id=region,
        at=AT,
        child_id=child.pk,
    )
    photo = VisitPhoto.objects.create(visit=visit, child=child, region_id=region, file=file)
    return {
        f"visit_{name}": visit.pk,
        f"case_{name}": case.pk,
        f"action_{name}": action.pk,
        f"restricted_{name}": hidden.pk,
        f"file_{name}": file.pk,
        f"photo_{name}": photo.pk,
    }


def _family(own: Child) -> dict[str, Any]:
    situation = ParentSituation.objects.create(
        child=own, region_id=own.region_id, parent="father", kind="dead", start_date=START
    )
    return {"guardian": Guardian.objects.get(child=own).pk, "situation": situation.pk}


def _matching(cast: Cast, own: Child) -> dict[str, Any]:
    sent = ListImport.objects.create(
        region_id=COUNTY,
        kind="dibao",
        period=MONTH,
        name="dibao.csv",
        sha256="0" * 64,
        user=cast.users["clerk"],
        created_at=AT,
    )
    row = ListRow.objects.create(
        list_import=sent,
        region_id=VILLAGE,
        kind="dibao",
        own_id="r1",
        line=1,
        name=own.name,
        id_number="",
        head_id="",
    )
    run = MatchRun.objects.create(region_id=COUNTY, period=MONTH, state="review")
    candidate = MatchCandidate.objects.create(
        run=run, list_row=row, child=own, region_id=VILLAGE, tier="review", score="0.8000", state="pending"
    )
    discrepancy = Discrepancy.objects.create(
        run=run,
        child=own,
        list_row=row,
        region_id=VILLAGE,
        kind="gone",
        list_kind="dibao",
        due_date=dt.date(2026, 11, 3),
    )
    return {"list": sent.pk, "run": run.pk, "candidate": candidate.pk, "discrepancy": discrepancy.pk}


def _money(cast: Cast, own: Child) -> dict[str, Any]:
    scheme = Scheme.objects.get_or_create(
        code=Scheme._meta.get_field("code").choices[0][0], defaults={"clause": "x"}
    )[0]
    rate = Rate.objects.create(
        scheme=scheme,
        region_id=COUNTY,
        placement=own.placement,
        amount=1200,
        valid_from=dt.date(2026, 1, 1),
        source="x",
    )
    application = Application.objects.create(
        child=own,
        scheme=scheme,
        region_id=own.region_id,
        statement="x",
        applied_by=cast.users["director"],
        applied_at=AT,
    )
    refused = Application.objects.create(
        child=own,
        scheme=scheme,
        region_id=own.region_id,
        statement="x",
        applied_by=cast.users["director"],
        applied_at=AT,
        state="refused",
        refusal_code="other",
        refusal_text="x",
        decided_by=cast.users["approver"],
        decided_at=AT,
    )
    entitlement = Entitlement.objects.create(
        child=own,
        scheme=scheme,
        region_id=own.region_id,
        category=own.primary_category,
        placement=own.placement,
        start_month=dt.date(2026, 9, 1),
        confirmed_at=AT,
    )
    batch = PaymentBatch.objects.create(
        region_id=COUNTY,
        scheme=scheme,
        month=MONTH,
        number="500152-202610-1",
        prepared_by=cast.users["clerk"],
        prepared_at=AT,
    )
    payment = Payment.objects.create(
        batch=batch,
        entitlement=entitlement,
        child=own,
        region_id=own.region_id,
        scheme=scheme,
        line=1,
        month=MONTH,
        standard=1200,
        amount=1200,
        from_county=1200,
        child_name=own.name,
        category=own.primary_category,
        placement=own.placement,
        payee_name="林桂芳",
        payee_relation="grandmother",
        bank_name="x",
        account="6217001234567890",
    )
    issue = BatchIssue.objects.create(
        batch=batch,
        payment=payment,
        entitlement=entitlement,
        region_id=own.region_id,
        child_name=own.name,
        kind=BatchIssue._meta.get_field("kind").choices[0][0],
    )
    offset = Offset.objects.create(
        entitlement=entitlement,
        child=own,
        region_id=own.region_id,
        amount=300,
        start_month=MONTH,
        source="x",
        kind=Offset._meta.get_field("kind").choices[0][0],
    )
    file = files.store(
        b"a", kind=StoredFile.Kind.BANK, name="bank.csv", content_type="text/csv", region_id=COUNTY, at=AT
    )
    bank_file = BankFile.objects.create(
        batch=batch, region_id=COUNTY, format="csv", file=file, line_count=1, total=1200, made_at=AT
    )
    report = MonthlyReport.objects.create(region_id=COUNTY, month=MONTH, computed_at=AT)
    return {
        "scheme": scheme.pk,
        "application": application.pk,
        "entitlement": entitlement.pk,
        "batch": batch.pk,
        "payment": payment.pk,
        "bank_file": bank_file.pk,
        "rate": rate.pk,
        "bank_stored": file.pk,
        "report": report.pk,
        "refused": refused.pk,
        "issue": issue.pk,
        "offset": offset.pk,
    }


def _staff(cast: Cast, own: Child) -> dict[str, Any]:
    post = Post.objects.create(region_id=VILLAGE, role=Role.DIRECTOR, title="second seat")
    left = Assignment.objects.create(
        user=cast.users["nobody"],
        post=post,
        start_date=START,
        end_date=timezone.localdate() - dt.timedelta(days=1),
    )
    export = StoredFile.Kind.EXPORT
    clerk = cast.assignments["clerk"]
    with open_scope(cast.scope("clerk")):
        job = jobs.start("access_test", region_id=COUNTY, arguments={}, at=timezone.now())
        exported = files.store(
            b"a", kind=export, name="x.csv", content_type="text/csv", region_id=COUNTY, at=AT
        )
        token, _secret = make_token(clerk, name="script", days=30, at=timezone.now())
    return {
        "vacant_post": post.pk,
        "left": left.pk,
        "job": job.pk,
        "export": exported.pk,
        "token": token.pk,
        "director_user": cast.users["director"].pk,
        "director_assignment": cast.assignments["director"].pk,
    }


def _referral(cast: Cast, own: Child, case_id: int) -> dict[str, Any]:
    provider = Provider.objects.create(
        name="彩虹桥", kind="organisation", region_id=COUNTY, post=cast.assignments["provider"].post
    )
    referral = Referral.objects.create(
        case_id=case_id,
        child=own,
        region_id=own.region_id,
        provider=provider,
        provider_post=provider.post,
        need="x",
        summary="x",
        sent_by=cast.users["supervisor"],
        sent_at=AT,
    )
    # What sending a referral gives its provider: the limited view of this one child.
    assign_perm("cases.view_limited_child", cast.users["provider"], own)
    return {"referral": referral.pk}


NO_SUCH = uuid.UUID(int=0)
__all__ = ["AT", "MONTH", "NO_SUCH", "Job", "User", "World", "make_world", "mark", "money_mark"]
