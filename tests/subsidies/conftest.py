"""One office at work: the cast, the scheme with its standards, and acting as a member."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from cases import identity
from cases.children import family
from cases.models import Child, ParentSituation, Payee
from staff.models import Region
from staff.scope import open_scope, system_scope
from staff.sign_in import Proof
from staff.workflow import Actor
from subsidies.applications import evidence
from subsidies.applications import services as applications
from subsidies.applications.applying import Applicant, apply
from subsidies.bank import files as bank_files
from subsidies.batches import services as batches
from subsidies.models import Application, BatchIssue, Entitlement, Offset, Payment, PaymentBatch, Rate, Scheme
from tests.cast import COUNTY, Cast, make_child
from tests.workers import worker

__all__ = ["worker"]  # a fixture

SHANGHAI = ZoneInfo("Asia/Shanghai")
OCTOBER, NOVEMBER, DECEMBER = dt.date(2026, 10, 1), dt.date(2026, 11, 1), dt.date(2026, 12, 1)


def moment(month: int, day: int, hour: int = 10, *, year: int = 2026) -> dt.datetime:
    return dt.datetime(year, month, day, hour, tzinfo=SHANGHAI)


def card(ending: str) -> str:
    """A card number with these last four digits whose check digit is right."""
    return next(number for n in range(10) if family.passes_luhn(number := f"62170012345{n}{ending}"))


@dataclass
class Office:
    """The cast with money to give."""

    cast: Cast
    scheme: Scheme

    @contextmanager
    def as_(self, name: str) -> Iterator[Actor]:
        """Act as a member of the cast, inside the member's scope."""
        with open_scope(self.cast.scope(name)):
            yield Actor.current()

    def child(self, key: str) -> Child:
        return self.cast.children[key]

    def region(self) -> Region:
        return Region.objects.get(pk=COUNTY)

    def situations(self, child: Child) -> None:
        """Father in prison for years, mother dead: de facto unattended."""
        with system_scope(reason="test", log=False):
            for parent, kind, evidence, end in (
                ("father", "imprisoned", "criminal_judgment", dt.date(2030, 1, 1)),
                ("mother", "dead", "death_certificate", None),
            ):
                ParentSituation.objects.create(
                    child=child, region_id=child.region_id, parent=parent, kind=kind, start_date=dt.date(2024, 5, 1),
                    expected_end_date=end, evidence=evidence,
                )  # fmt: skip

    def entitle(self, child: Child, start: dt.date = OCTOBER, **fields: Any) -> Entitlement:
        """An entitlement as one that was confirmed (with ``application``) or taken over (without)."""
        with system_scope(reason="test", log=False):
            return Entitlement.objects.create(
                child=child, scheme=self.scheme, region_id=child.region_id, start_month=start, confirmed_at=moment(9, 20),
                **({"category": child.primary_category, "placement": child.placement} | fields),
            )  # fmt: skip

    def confirmed(self, child: Child, start: dt.date = OCTOBER, **fields: Any) -> Entitlement:
        """An entitlement that rests on an application, so that arrears reach back to its start."""
        users = self.cast.users
        with system_scope(reason="test", log=False):
            application = Application.objects.create(
                child=child, scheme=self.scheme, region_id=child.region_id, statement="x", state="confirmed",
                applied_by=users["director"], applied_at=moment(9, 1), verified_by=users["supervisor"],
                checked_by=users["clerk"], decided_by=users["approver"], decided_at=moment(9, 20),
            )  # fmt: skip
        return self.entitle(child, start, application=application, **fields)

    def offset(self, entitlement: Entitlement, amount: str, start: dt.date, **fields: Any) -> Offset:
        with system_scope(reason="test", log=False):
            return Offset.objects.create(
                entitlement=entitlement, child_id=entitlement.child_id, region_id=entitlement.region_id,
                kind=fields.pop("kind", "dibao"), amount=Decimal(amount), start_month=start, source="list", **fields,
            )  # fmt: skip

    def give_account(self, child: Child, account: str, **fields: Any) -> None:
        """Write another account on the child's payee."""
        with system_scope(reason="test", log=False):
            payee = Payee.objects.get(child=child)
            payee.account, payee.account_digest = (
                account,
                identity.digest_account(account) if account else None,
            )
            for name, value in fields.items():
                setattr(payee, name, value)
            payee.save()

    def another_child(self, name: str, **fields: Any) -> Child:
        from tests.cast import VILLAGE

        with system_scope(reason="test", log=False):
            return make_child(fields.pop("region_id", VILLAGE), name, **fields)

    def prepare(self, month: dt.date = OCTOBER, at: dt.datetime | None = None) -> PaymentBatch:
        with self.as_("clerk") as clerk:
            return batches.prepare_batch(
                actor=clerk,
                at=at or moment(month.month, 19, year=month.year),
                region=self.region(),
                scheme=self.scheme,
                month=month,
            )

    def explain(self, batch: PaymentBatch) -> None:
        """The clerk explains every exception and confirms every correction."""
        with self.as_("clerk") as clerk:
            for kind in set(BatchIssue.objects.filter(batch=batch, note="").values_list("kind", flat=True)):
                batches.note_issues(
                    actor=clerk,
                    at=moment(batch.month.month, 19, year=batch.month.year),
                    batch=batch,
                    kind=kind,
                    note="已核",
                )

    def approve(self, batch: PaymentBatch) -> PaymentBatch:
        self.explain(batch)
        with self.as_("approver") as approver:
            return batches.approve(
                actor=approver, at=moment(batch.month.month, 20, year=batch.month.year), batch=batch
            )

    def release(self, batch: PaymentBatch, at: dt.datetime | None = None) -> PaymentBatch:
        """Release, and write the files as the job does that a release queues."""
        at = at or moment(batch.month.month, 21, year=batch.month.year)
        with self.as_("releaser") as releaser:
            done = batches.release(
                actor=releaser, at=at, batch=batch, proof=Proof(releaser.user_id, "password", at)
            )
            bank_files.write_files(done, at)
            return done

    def pay(self, month: dt.date = OCTOBER) -> PaymentBatch:
        """Prepare, approve and release a month."""
        return self.release(self.approve(self.prepare(month)))

    def lines(self, batch: PaymentBatch, who: str = "clerk") -> list[Payment]:
        with self.as_(who):
            return list(Payment.objects.filter(batch=batch).select_related("entitlement").order_by("line"))

    def apply(self, child: Child, who: str = "director") -> Application:
        with self.as_(who) as actor:
            return apply(
                actor=actor,
                at=moment(9, 1),
                child=child,
                scheme=self.scheme,
                statement="父亲服刑，母亲去世，随祖母生活。",
                applicant=Applicant("林桂芳", "grandmother"),
            )

    def look_into(self, application: Application, at: dt.datetime) -> None:
        """The township compares data, and notes where every document of the list that is still missing was seen."""
        with self.as_("supervisor") as actor:
            same: dict[str, Any] = {"actor": actor, "at": at, "application": application}
            evidence.add_check(
                **same, method="data_match", date=at.date(), result="confirms", note="公安、残联数据一致"
            )
            for item in evidence.items_of(application, application.child):
                if item.is_missing:
                    given = evidence.Given(item.asked.code, "data_match", "部门数据比对 2026-09")
                    evidence.add_evidence(**same, given=given)

    def act(
        self, who: str, name: str, application: Application, at: dt.datetime | None = None, **kwargs: Any
    ) -> Application:
        """``verify`` by the supervisor looks into it first."""
        if name == "verify" and who == "supervisor" and application.state == "verifying":
            self.look_into(application, at or moment(9, 10))
        with self.as_(who) as actor:
            return applications.act(
                name, actor=actor, at=at or moment(9, 10), application=application, **kwargs
            )


@pytest.fixture
def office(cast: Cast) -> Office:
    scheme, _made = Scheme.objects.get_or_create(code="basic_living", defaults={"clause": "民发〔2019〕62号"})
    for placement, amount in (("scattered", "1550.00"), ("institution", "2000.00")):
        Rate.objects.create(
            scheme=scheme, region_id=COUNTY, placement=placement, amount=Decimal(amount),
            valid_from=dt.date(2025, 1, 1), source="渝民发〔2024〕88号",
        )  # fmt: skip
    office = Office(cast, scheme)
    for number, child in enumerate(cast.children.values(), start=1):
        office.give_account(child, card(f"780{number}"))
    return office


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """Messages are compared in their source language."""
    with translation.override("en"):
        yield
