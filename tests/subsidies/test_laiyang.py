"""莱阳's year (O-16): 3,297 person-times and 4,696,300 yuan in the year to July, out of applications, batches and the report.

An invented county of 471 children at a time. 448 live with kin, 23 in an institution, which pays 23 × 7 = 161 person-times
at 1,900 yuan. The others make 7 × 448 = 3,136: 1,385 yuan from January to April, 1,430 from May (a standard that moved with
policy), less 192 yuan of dibao that ten of them receive: 1,792 × 1,385 + 1,344 × 1,430 − 70 × 192 = 4,390,400. Together
with 161 × 1,900 = 305,900 that is 4,696,300. Three children come of age in March and three are found and apply in March;
in February a line fails and is paid again with March's batch, so that its month is counted once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from cases import identity
from cases.models import Child, Guardian, Household, ParentSituation, Payee
from staff.enums import Role
from staff.models import Assignment, Post, Region, User
from staff.scope import open_scope, scope_of, system_scope
from staff.sign_in import Proof
from staff.workflow import Actor
from subsidies.applications import evidence
from subsidies.applications import services as applications
from subsidies.bank import files as bank_files
from subsidies.bank.results import import_result
from subsidies.batches import notes as batch_notes
from subsidies.batches import services as batches
from subsidies.budgets import services as budgets
from subsidies.ledger import checks as ledger_checks
from subsidies.ledger.enums import Source
from subsidies.models import (
    Application,
    BatchIssue,
    Entitlement,
    Offset,
    Payment,
    PaymentBatch,
    Rate,
    Scheme,
    SchemeRule,
)
from subsidies.reports import official_tables
from subsidies.reports import services as reports
from tests.subsidies.paying import bank_answer

SHANGHAI = ZoneInfo("Asia/Shanghai")
COUNTY = 990682000000
PLACES = [
    (990000000000, "某省", "province", None),
    (990600000000, "某市", "prefecture", 990000000000),
    (COUNTY, "莱山县", "county", 990600000000),
    *((COUNTY + 1000 * (100 + n), f"第{n + 1}镇", "township", COUNTY) for n in range(3)),
    *(
        (COUNTY + 1000 * (100 + n) + 200, f"第{n + 1}村村民委员会", "village", COUNTY + 1000 * (100 + n))
        for n in range(3)
    ),
]
VILLAGES = [code for code, _name, level, _parent in PLACES if level == "village"]
PEOPLE = [
    *((f"director{n}", Role.DIRECTOR, VILLAGES[n]) for n in range(3)),
    *((f"supervisor{n}", Role.SUPERVISOR, VILLAGES[n] // 1000 * 1000) for n in range(3)),
    ("clerk", Role.CLERK, COUNTY), ("approver", Role.APPROVER, COUNTY), ("releaser", Role.RELEASER, COUNTY),
]  # fmt: skip
KIN, INSTITUTION, WITH_DIBAO, LEAVING = 448, 23, 10, 3
JANUARY, MAY = dt.date(2024, 1, 1), dt.date(2024, 5, 1)
MONTHS = [dt.date(2024, month, 1) for month in range(1, 8)]
PERSON_TIMES, YUAN = 3297, Decimal("4696300.00")


def moment(month: int, day: int, year: int = 2024) -> dt.datetime:
    return dt.datetime(year, month, day, 10, tzinfo=SHANGHAI)


@dataclass
class County:
    """A county with its people, acting in their scopes."""

    held: dict[str, Assignment] = field(default_factory=dict)

    @contextmanager
    def as_(self, name: str) -> Iterator[Actor]:
        with system_scope(reason="test", log=False):
            scope = scope_of(self.held[name])
        with open_scope(scope):
            yield Actor.current()

    @property
    def region(self) -> Region:
        return Region.objects.get(pk=COUNTY)

    def pay(self, scheme: Scheme, month: dt.date, failed: set[str]) -> PaymentBatch:
        """A month from preparing to the bank's answer, by four acts of three people."""
        number = month.month
        with self.as_("clerk") as clerk:
            batch = batches.prepare_batch(
                actor=clerk, at=moment(number, 18), region=self.region, scheme=scheme, month=month
            )
            for kind in set(BatchIssue.objects.filter(batch=batch).values_list("kind", flat=True)):
                batch_notes.note_issues(
                    actor=clerk, at=moment(number, 18), batch=batch, kind=kind, note="已核实"
                )
        with self.as_("approver") as approver:
            batch = batches.approve(actor=approver, at=moment(number, 19), batch=batch)
        with self.as_("releaser") as releaser:
            at = moment(number, 20)
            batch = batches.release(
                actor=releaser, at=at, batch=batch, proof=Proof(releaser.user_id, "password", at)
            )
            bank_files.write_files(batch, at)
        with self.as_("clerk") as clerk:
            answer = bank_answer(batch, day=dt.date(2024, number, 21), failed=failed)
            import_result(actor=clerk, at=moment(number, 22), batch=batch, name="回盘.csv", data=answer)
        return batch


def account_of(number: int) -> str:
    """A sound account number of its own (Luhn)."""
    stem = f"62170099{number:010d}"
    digits = [int(character) for character in reversed(stem)]
    odd = sum(sum(divmod(2 * digit, 10)) for digit in digits[::2])
    return f"{stem}{-(odd + sum(digits[1::2])) % 10}"


def make_county() -> County:
    county = County()
    for code, name, level, parent in PLACES:
        Region.objects.get_or_create(code=code, defaults={"name": name, "level": level, "parent_id": parent})
    for name, role, region in PEOPLE:
        user = User.objects.create_user(f"ly-{name}", password=None, name=f"莱山{name}")
        post = Post.objects.create(region_id=region, role=role, title=name)
        county.held[name] = Assignment.objects.create(user=user, post=post, start_date=dt.date(2023, 1, 1))
    return county


def make_children(count: int, first: int, **fields: Any) -> list[Child]:
    """Children with household, guardian and payee, spread over the villages, each with a sound account."""
    numbers = range(first, first + count)
    places = [VILLAGES[number % 3] for number in numbers]
    households = Household.objects.bulk_create(
        [Household(region_id=place, head_name=f"户主{n}") for n, place in zip(numbers, places, strict=True)]
    )
    values: dict[str, Any] = {
        "birth_date": dt.date(2014, 3, 5), "sex": "female", "primary_category": "de_facto_unattended",
        "registered_date": dt.date(2023, 1, 1), "registration": "local", "risk": "green",
        "next_visit_date": dt.date(2024, 8, 1),
    } | fields  # fmt: skip
    children = Child.objects.bulk_create(
        [
            Child(
                number=f"LY{n:06d}", name=f"莱童{n}", region_id=place, household=household, household_region_id=place,
                residence_region_id=place, **values,
            )
            for n, place, household in zip(numbers, places, households, strict=True)
        ]
    )  # fmt: skip
    Guardian.objects.bulk_create(
        Guardian(
            child=child, region_id=child.region_id, kind="both", name=f"监护{n}", relation="grandmother",
            start_date=dt.date(2023, 1, 1),
        )
        for n, child in zip(numbers, children, strict=True)
    )  # fmt: skip
    institution = values.get("placement") == "institution"
    Payee.objects.bulk_create(
        Payee(
            child=child, region_id=child.region_id, name="莱山县儿童福利院" if institution else f"监护{n}",
            relation="institution" if institution else "grandmother", bank_name="农商银行",
            account=(account := account_of(0 if institution else n)), account_digest=identity.digest_account(account),
            account_sound=True, start_date=dt.date(2023, 1, 1),
        )
        for n, child in zip(numbers, children, strict=True)
    )  # fmt: skip
    return children


def entitle(county: County, scheme: Scheme, children: list[Child], **fields: Any) -> list[Entitlement]:
    """Rights confirmed last year on applications that four people handled."""
    users = {name: held.user_id for name, held in county.held.items()}
    asked = Application.objects.bulk_create(
        Application(
            child=child, scheme=scheme, region_id=child.region_id, statement="随祖母生活", state="confirmed",
            applied_by_id=users["director0"], applied_at=moment(11, 1, 2023), verified_by_id=users["supervisor0"],
            verified_at=moment(11, 10, 2023), checked_by_id=users["clerk"], checked_at=moment(11, 15, 2023),
            decided_by_id=users["approver"], decided_at=moment(12, 1, 2023),
        )
        for child in children
    )  # fmt: skip
    return Entitlement.objects.bulk_create(
        Entitlement(
            child=child, scheme=scheme, region_id=child.region_id, application=application, category=child.primary_category,
            placement=child.placement, start_month=JANUARY, confirmed_by_id=users["approver"],
            confirmed_at=moment(12, 1, 2023), **fields,
        )
        for child, application in zip(children, asked, strict=True)
    )  # fmt: skip


def apply_for(county: County, scheme: Scheme, child: Child) -> Application:
    """From the village to the confirmation, in March: the child is paid from April."""
    village = VILLAGES.index(child.region_id)
    with system_scope(reason="test", log=False):
        for parent, kind, document in (
            ("father", "imprisoned", "criminal_judgment"),
            ("mother", "dead", "death_certificate"),
        ):
            ParentSituation.objects.create(
                child=child, region_id=child.region_id, parent=parent, kind=kind, start_date=dt.date(2023, 5, 1),
                expected_end_date=dt.date(2030, 1, 1) if kind == "imprisoned" else None, evidence=document,
            )  # fmt: skip
    from subsidies.applications.applying import Applicant, apply

    with county.as_(f"director{village}") as director:
        application = apply(
            actor=director, at=moment(3, 1), child=child, scheme=scheme, statement="父亲服刑，母亲去世，随祖母生活。",
            applicant=Applicant("监护人", "grandmother"),
        )  # fmt: skip
    with county.as_(f"supervisor{village}") as supervisor:
        same: dict[str, Any] = {"actor": supervisor, "application": application}
        applications.act("accept", at=moment(3, 4), **same)
        evidence.add_check(
            **same,
            at=moment(3, 8),
            method="data_match",
            date=dt.date(2024, 3, 8),
            result="confirms",
            note="数据一致",
        )
        for item in evidence.items_of(application, application.child):
            if item.is_missing:
                evidence.add_evidence(
                    **same,
                    at=moment(3, 8),
                    given=evidence.Given(item.asked.code, "data_match", "部门数据比对"),
                )
        applications.act("verify", at=moment(3, 8), reason="属实", **same)
    for name, step, day in (("clerk", "check", 12), ("approver", "confirm", 15)):
        with county.as_(name) as actor:
            applications.act(step, actor=actor, at=moment(3, day), application=application)
    return application


@pytest.fixture
def year(db: None) -> Iterator[County]:
    """January to July, each month paid through the same services as in an office."""
    with time_machine.travel(dt.datetime(2024, 8, 6, 2, tzinfo=dt.UTC), tick=False):
        with system_scope(reason="test", log=False):
            county = make_county()
            scheme, _made = Scheme.objects.get_or_create(
                code="basic_living", defaults={"clause": "民发〔2019〕62号"}
            )
            for placement, amount, start, document in (
                ("scattered", "1385.00", dt.date(2023, 1, 1), "莱民〔2023〕1号"),
                ("scattered", "1430.00", MAY, "莱民〔2024〕9号"),
                ("institution", "1900.00", dt.date(2023, 1, 1), "莱民〔2023〕1号"),
            ):
                Rate.objects.create(
                    scheme=scheme, region_id=COUNTY, placement=placement, amount=Decimal(amount), valid_from=start,
                    source=document,
                )  # fmt: skip
            SchemeRule.objects.create(
                scheme=scheme, region_id=COUNTY, valid_from=dt.date(2023, 1, 1), document="莱财社〔2023〕2号",
                changes={
                    "funding": [
                        {"source": "provincial", "kind": "percent", "value": "60"}, {"source": "county", "kind": "rest"},
                    ]
                },
            )  # fmt: skip
            staying = make_children(KIN - LEAVING, 1)
            leaving = make_children(LEAVING, 1001, birth_date=dt.date(2006, 3, 20))
            housed = make_children(INSTITUTION, 2001, placement="institution", primary_category="orphan")
            found = make_children(LEAVING, 3001, registered_date=dt.date(2024, 2, 20))
            rights = entitle(county, scheme, staying)
            entitle(
                county, scheme, leaving, end_month=dt.date(2024, 3, 1), state="ended", end_reason="turned_18"
            )
            entitle(county, scheme, housed)
            Offset.objects.bulk_create(
                Offset(
                    entitlement=right, child_id=right.child_id, region_id=right.region_id, kind="dibao",
                    amount=Decimal("192.00"), start_month=JANUARY, source="低保名单",
                )
                for right in rights[:WITH_DIBAO]
            )  # fmt: skip
        for month in MONTHS:
            if month.month == 3:
                for child in found:
                    apply_for(county, scheme, child)
            if month.month == 3:
                corrected(staying[20])
            county.pay(scheme, month, failed={staying[20].name} if month.month == 2 else set())
        yield county


def corrected(child: Child) -> None:
    """The account that the bank refused is put right, so that March pays February again."""
    with system_scope(reason="test", log=False):
        payee = Payee.objects.get(child=child)
        payee.account = account_of(9001)
        payee.account_digest = identity.digest_account(payee.account)
        payee.save()


def test_laiyang_3297_person_times_and_4696300_yuan(year: County) -> None:
    """One test, because the year is made once: the report, the statistics of funds and the ledger say the same."""
    with year.as_("clerk"):
        figures = [reports.compute(year.region, month) for month in MONTHS]
        times = sum(reports.total(one, "money", "times") for one in figures)
        yuan = sum(reports.total(one, "money", "paid") for one in figures)
        assert (times, yuan) == (PERSON_TIMES, YUAN)
        assert (yuan / times).quantize(Decimal("0.1")) == Decimal("1424.4")
        # Each month's equation, and what failed in February was paid with March.
        for one in figures:
            assert all(check["ok"] for check in reports.checks(one, None)), reports.checks(one, None)
        assert [reports.total(one, "money", "times") for one in figures] == [
            471,
            470,
            472,
            471,
            471,
            471,
            471,
        ]
        assert [reports.total(one, "money", "failed") for one in figures] == [0, 1, 0, 0, 0, 0, 0]
        assert reports.total(figures[2], "money", "arrears") == Decimal("1385.00")
        assert [reports.total(one, "entitled", "new") for one in figures] == [471, 0, 0, 3, 0, 0, 0]
        assert [reports.total(one, "entitled", "left") for one in figures] == [0, 0, 0, 3, 0, 0, 0]
        # The lines themselves, the national statistics, and Baoshan's table.
        lines = Payment.objects.filter(state="paid")
        assert (lines.count(), sum(line.amount for line in lines.defer("account", "explanation"))) == (
            PERSON_TIMES,
            YUAN,
        )
        assert sum(official_tables.funds_rows(year.region, month)[-1][2] for month in MONTHS) == YUAN
        assert sum(official_tables.baoshan_row(year.region, month)[6] for month in MONTHS) == Decimal(
            "469.63"
        )
        # Every yuan stands in the ledger, by the source that the county's document names.
        paid = {balance.source: balance.paid for balance in budgets.balances(COUNTY, 2024)}
        assert sum(paid.values()) == YUAN
        assert paid[Source.PROVINCIAL] == sum(line.from_provincial for line in lines)
        assert ledger_checks.check(COUNTY) == []
        # Found and applied in March, paid from April.
        assert Application.objects.filter(applied_at__year=2024, state="confirmed").count() == LEAVING


# --- 太和 and 云南: totals of one month, by placement -------------------------------------------------------


def one_month(
    county: County, scattered: str, institution: str, people: dict[tuple[str, str], int]
) -> dict[str, Any]:
    """January paid at two standards to so many children (category, placement); the figures of the report."""
    with system_scope(reason="test", log=False):
        scheme, _made = Scheme.objects.get_or_create(
            code="basic_living", defaults={"clause": "民发〔2019〕62号"}
        )
        for placement, amount in (("scattered", scattered), ("institution", institution)):
            Rate.objects.create(
                scheme=scheme, region_id=COUNTY, placement=placement, amount=Decimal(amount),
                valid_from=dt.date(2023, 1, 1), source="本省标准",
            )  # fmt: skip
        first = 1
        for (category, placement), count in people.items():
            entitle(
                county, scheme, make_children(count, first, primary_category=category, placement=placement)
            )
            first += count
    county.pay(scheme, JANUARY, set())
    with county.as_("clerk"):
        figures = reports.compute(county.region, JANUARY)
        assert all(check["ok"] for check in reports.checks(figures, None))
        return figures


@pytest.fixture
def county(db: None) -> Iterator[County]:
    with time_machine.travel(dt.datetime(2024, 8, 6, 2, tzinfo=dt.UTC), tick=False):
        with system_scope(reason="test", log=False):
            made = make_county()
        yield made


def test_taihe_575_children_are_186_orphans_and_389_unattended(county: County) -> None:
    """O-37: 1,550 yuan in institutions, 1,100 with kin. How many live where was not reported: 36 orphans in the institution."""
    figures = one_month(
        county, "1100.00", "1550.00",
        {("orphan", "institution"): 36, ("orphan", "scattered"): 150, ("de_facto_unattended", "scattered"): 389},
    )  # fmt: skip
    closing = {
        category: reports.total(figures, "entitled", "closing", category=category)
        for category in ("orphan", "de_facto_unattended")
    }
    assert closing == {"orphan": 186, "de_facto_unattended": 389}
    assert reports.total(figures, "entitled", "closing") == 575 == reports.total(figures, "money", "people")
    assert reports.total(figures, "money", "paid") == 36 * Decimal("1550.00") + 539 * Decimal("1100.00")
    with county.as_("clerk"):
        row = official_tables.baoshan_row(county.region, JANUARY)
    assert (row[1:6], row[11]) == ([575, 36, 150, 389, 0], "机构1550.00/散居1100.00")


def test_yunnan_by_placement_a_hundredth_of_it(county: County) -> None:
    """O-45: 22,000 and more at 1,074 yuan with kin, 1,687 at 1,774 in institutions; here a hundredth, 220 and 17."""
    figures = one_month(
        county, "1074.00", "1774.00",
        {
            ("orphan", "scattered"): 120, ("protected", "scattered"): 4, ("de_facto_unattended", "scattered"): 96,
            ("orphan", "institution"): 17,
        },
    )  # fmt: skip
    assert reports.total(figures, "money", "people") == 237
    assert reports.total(figures, "money", "paid") == 220 * Decimal("1074.00") + 17 * Decimal("1774.00")
    with county.as_("clerk"):
        by_placement = {
            placement: Payment.objects.filter(state="paid", placement=placement).count()
            for placement in ("scattered", "institution")
        }
    assert by_placement == {"scattered": 220, "institution": 17}
