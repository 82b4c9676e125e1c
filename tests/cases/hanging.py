"""A child's file with something of every kind on it, drawn at random: what a merge has to move."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, transaction
from guardian.shortcuts import assign_perm

from cases import identity
from cases.duplicates.merge_rows import linked_models
from cases.enums import DisabilityKind
from cases.models import (
    CareContact,
    Case,
    CaseAction,
    CaseConference,
    CaseEntry,
    CaseGoal,
    Child,
    ChildAttribute,
    ChildToken,
    ConferenceParticipant,
    Defect,
    DefectStep,
    DisabilityCard,
    Discrepancy,
    EntrustedCare,
    Guardian,
    GuardianshipAssessment,
    Help,
    Illness,
    LateStep,
    ListImport,
    ListRow,
    MatchCandidate,
    MatchDecision,
    MatchRun,
    Need,
    NotSameChild,
    ParentAbsence,
    ParentSituation,
    Payee,
    PotentialChild,
    ProtectedFact,
    SpotCheck,
    Transfer,
    Visit,
    VisitMark,
    VisitPhoto,
    VisitTask,
    VisitTrace,
)
from referrals.models import Provider, Referral
from staff import files
from staff.models import StoredFile
from subsidies.models import (
    Application,
    ApplicationCheck,
    ApplicationEvidence,
    DisabilitySubsidy,
    Entitlement,
    EntitlementReview,
    InsuranceCover,
    Offset,
    Payment,
    PaymentBatch,
    Recovery,
    Scheme,
    SchoolProof,
    TemporaryRelief,
    WelfareService,
)
from tests.cast import COUNTY, FAR_VILLAGE, OTHER_VILLAGE, VILLAGE, Cast, make_child

AT = dt.datetime(2026, 10, 20, 2, 0, tzinfo=dt.UTC)
DAY = dt.date(2026, 10, 20)
MONTH = dt.date(2026, 10, 1)
FIRST = dt.date(2025, 1, 1)


class File:
    """Adds rows to one child's file, with numbers of ``rng`` and people of the cast."""

    def __init__(self, cast: Cast, child: Child, rng: random.Random) -> None:
        self.cast, self.child, self.rng = cast, child, rng
        self.own = {"child": child, "region_id": child.region_id}
        self.director, self.supervisor = cast.users["director"], cast.users["supervisor"]
        self.approver = cast.users["approver"]

    def day(self) -> dt.date:
        return FIRST + dt.timedelta(days=self.rng.randrange(600))

    def ended(self, start: dt.date) -> dt.date | None:
        return self.rng.choice([None, start + dt.timedelta(days=self.rng.randrange(1, 90))])

    def guardian(self) -> None:
        start = self.day()
        Guardian.objects.create(
            **self.own,
            kind="guardian",
            name="陶德海",
            relation="grandfather",
            start_date=start,
            end_date=self.ended(start),
        )

    def situation(self) -> None:
        start = self.day()
        parent, kind = self.rng.choice(["father", "mother"]), self.rng.choice(["imprisoned", "dead"])
        ParentSituation.objects.create(
            **self.own, parent=parent, kind=kind, start_date=start, end_date=self.ended(start)
        )

    def payee(self) -> None:
        start = self.day()
        Payee.objects.filter(child=self.child, end_date=None).update(end_date=DAY)
        Payee.objects.create(
            **self.own, name="陶德海", relation="grandfather", bank_name="x", account="62", start_date=start,
            end_date=self.ended(start),
        )  # fmt: skip

    def attribute(self) -> None:
        start = self.day()
        kind = self.rng.choice(["orphan", "disabled", "left_behind"])
        ChildAttribute.objects.create(**self.own, kind=kind, start_date=start, end_date=self.ended(start))

    def visit(self) -> None:
        state = self.rng.choice(["draft", "submitted", "approved"])
        visit = Visit.objects.create(
            **self.own, kind="door", visited_at=AT - dt.timedelta(days=self.rng.randrange(300)), risk_before="green",
            risk="green", state=state, conducted_by=self.director, submitted_at=None if state == "draft" else AT,
        )  # fmt: skip
        file = files.store(
            b"\xff\xd8\xff\xe0" + visit.uuid.bytes, kind=StoredFile.Kind.PHOTO, name="a.jpg", content_type="image/jpeg",
            region_id=self.child.region_id, at=AT, child_id=self.child.pk,
        )  # fmt: skip
        VisitPhoto.objects.create(**self.own, visit=visit, file=file)
        task = VisitTask.objects.create(**self.own, due_date=DAY, reason="x", asked_at=AT, visit=visit)
        LateStep.objects.create(
            **self.own, due_date=DAY, level="supervisor", act="assign", words="x", visitor=self.director, task=task, taken_at=AT
        )  # fmt: skip
        SpotCheck.objects.create(**self.own, visit=visit, visited_by=self.director, drawn_at=AT, due_date=DAY)
        VisitMark.objects.create(**self.own, visit=visit, code="same_text", created_at=AT)
        VisitTrace.objects.create(**self.own, visit=visit, key=self.rng.randrange(9))

    def case(self) -> None:
        case = Case.objects.create(
            **self.own,
            title="帮扶",
            level="yellow",
            opened_by=self.supervisor,
            opened_at=AT,
            owner=self.supervisor,
        )
        goal = CaseGoal.objects.create(**self.own, case=case, text="x", due_date=DAY)
        CaseAction.objects.create(**self.own, case=case, goal=goal, title="x", due_date=DAY)
        conference = CaseConference.objects.create(
            **self.own, case=case, held_at=AT, chair="x", called_by=self.supervisor, called_at=AT
        )
        ConferenceParticipant.objects.create(
            **self.own, conference=conference, case=case, role="police", name="x"
        )
        CaseEntry.objects.create(
            **self.own, case=case, goal=goal, kind="day", text="x", written_by=self.supervisor, written_at=AT
        )
        ProtectedFact.objects.create(
            **self.own, case=case, kind="x", text="x", created_at=AT, restricted=False
        )
        provider = Provider.objects.filter(region_id=COUNTY).first() or Provider.objects.create(
            name="彩虹桥", kind="organisation", region_id=COUNTY, post=self.cast.assignments["provider"].post
        )
        Referral.objects.create(
            **self.own, case=case, provider=provider, provider_post=provider.post, need="x", summary="x",
            sent_by=self.supervisor, sent_at=AT,
        )  # fmt: skip
        assign_perm("cases.view_limited_child", self.cast.users["provider"], self.child)

    def defect(self) -> None:
        state = self.rng.choice(["open", "followed", "solved", "closed", "void"])
        solved = {"solved_date": DAY} if state in ("solved", "closed") else {}
        defect = Defect.objects.create(
            **self.own, kind=self.rng.choice(["no_identity", "out_of_school"]), state=state, opened_date=DAY, due_date=DAY,
            **solved,
        )  # fmt: skip
        DefectStep.objects.create(**self.own, defect=defect, date=DAY, text="x", created_at=AT)

    def care(self) -> None:
        start = self.day()
        care = EntrustedCare.objects.create(
            **self.own, entrusted_by="father", carer_name="伯父", carer_relation="other", start_date=start,
            end_date=self.ended(start), created_at=AT,
        )  # fmt: skip
        CareContact.objects.create(**self.own, care=care, date=start, kind="phone", created_at=AT)

    def assessment(self) -> None:
        GuardianshipAssessment.objects.create(
            **self.own, instrument="x", definition={}, answers={}, parts={}, score="80.5", grade="normal",
            assessed_date=self.day(), created_at=AT,
        )  # fmt: skip

    def help(self) -> None:
        need = Need.objects.create(
            **self.own, area="schooling", text="书桌", noted_date=self.day(), created_at=AT
        )
        Help.objects.create(
            **self.own,
            need=need,
            area="schooling",
            form="money",
            date=DAY,
            giver="x",
            what="x",
            amount="200.00",
            created_at=AT,
        )

    def health(self) -> None:
        DisabilityCard.objects.create(
            **self.own, number="x", kind=DisabilityKind.values[0], level=2, start_date=self.day()
        )
        Illness.objects.create(**self.own, diagnosis="哮喘", start_date=self.day())

    def absence(self) -> None:
        start = self.day()
        parent = self.rng.choice(["father", "mother"])
        ParentAbsence.objects.create(**self.own, parent=parent, start_date=start, end_date=self.ended(start))

    def transfer(self) -> None:
        Transfer.objects.create(
            **self.own,
            to_region_id=FAR_VILLAGE,
            state="withdrawn",
            reason_code="other",
            effective_date=DAY,
            proposed_at=AT,
        )

    def matching(self) -> None:
        run, _new = MatchRun.objects.get_or_create(
            region_id=COUNTY, period=MONTH, defaults={"state": "review"}
        )
        sent, _new = ListImport.objects.get_or_create(
            region_id=COUNTY,
            kind="dibao",
            period=MONTH,
            sha256="0" * 64,
            defaults={"name": "x", "created_at": AT},
        )
        row, _new = ListRow.objects.get_or_create(
            list_import=sent,
            region_id=VILLAGE,
            kind="dibao",
            own_id=f"r{self.rng.randrange(2)}",
            defaults={"line": 1, "name": "x"},
        )
        decided = self.rng.random() < 0.5
        done: dict[str, Any] = {"decided_by": self.supervisor, "decided_at": AT} if decided else {}
        MatchCandidate.objects.create(
            **self.own, run=run, list_row=row, tier="review", score="0.8", state="pending"
        )
        MatchDecision.objects.create(
            **self.own, kind="dibao", row_digest=row.own_id.encode() * 4, same=True, at=AT
        )
        Discrepancy.objects.create(
            **self.own, run=run, list_row=row, kind="gone", list_kind=self.rng.choice(["dibao", "tekun"]), due_date=DAY,
            state="untrue" if decided else "to_check", **done,
        )  # fmt: skip
        PotentialChild.objects.create(
            **self.own, county=COUNTY, subject=uuid.uuid4().hex, run=run, list_row=row, name="x", due_date=DAY, created_at=AT,
            state=self.rng.choice(["applying", "brought_in"]),
        )  # fmt: skip

    def money(self) -> None:
        """An ended right with its application and a payment; a right in force is a matter of the tests of money."""
        scheme = Scheme.objects.order_by("code").first() or Scheme.objects.create(
            code="basic_living", clause="x"
        )
        application = Application.objects.create(
            **self.own,
            scheme=scheme,
            statement="x",
            applied_by=self.director,
            applied_at=AT,
            state="confirmed",
            decided_by=self.approver,
        )
        right = Entitlement.objects.create(
            **self.own, scheme=scheme, application=application, category="orphan", placement="scattered", start_month=FIRST,
            end_month=MONTH, state="ended", end_reason="other", confirmed_at=AT,
        )  # fmt: skip
        Offset.objects.create(
            **self.own, entitlement=right, kind="dibao", amount="100.00", start_month=FIRST, source="x"
        )
        ApplicationEvidence.objects.create(
            **self.own, application=application, item="x", source="on_file", note="x", added_by=self.director, added_at=AT
        )  # fmt: skip
        ApplicationCheck.objects.create(
            **self.own, application=application, method="home_visit", date=DAY, result="confirms", note="x",
            user=self.supervisor, at=AT,
        )  # fmt: skip
        EntitlementReview.objects.create(
            **self.own, entitlement=right, kind="recheck", cycle=FIRST, due_date=DAY, outcome="unchanged",
            done_by=self.supervisor, done_at=AT,
        )  # fmt: skip
        Recovery.objects.create(
            **self.own,
            entitlement=right,
            scheme=scheme,
            month=FIRST,
            amount="100.00",
            child_name="x",
            state="open",
        )
        batch = PaymentBatch.objects.filter(region_id=COUNTY).first() or PaymentBatch.objects.create(
            region_id=COUNTY,
            scheme=scheme,
            month=FIRST,
            number="1",
            prepared_by=self.cast.users["clerk"],
            prepared_at=AT,
        )
        Payment.objects.create(
            **self.own, batch=batch, entitlement=right, scheme=scheme, line=Payment._base_manager.count() + 1, month=FIRST,
            standard=1000, amount=1000, from_county=1000, child_name="x", category="orphan", placement="scattered", payee_name="x",
            payee_relation="other", bank_name="x", account="62",
        )  # fmt: skip

    def school(self) -> None:
        SchoolProof.objects.create(
            **self.own, school_year=2026, term=self.rng.choice([1, 2]), school="县一中", stage="senior", seen="x",
            user=self.director, at=AT,
        )  # fmt: skip

    def aid(self) -> None:
        by = {"user": self.cast.users["clerk"], "at": AT}
        InsuranceCover.objects.create(
            **self.own, **by, year=2026, kind="medical", payer="self", premium="400.00"
        )
        WelfareService.objects.create(
            **self.own, **by, programme="tomorrow", kind="checkup", date=DAY, provider="县医院"
        )
        DisabilitySubsidy.objects.create(
            **self.own, **by, kind="living", amount="80.00", start_month=FIRST, known_from="x"
        )
        TemporaryRelief.objects.create(
            **self.own,
            child_name="x",
            situation="x",
            route="county",
            form="money",
            asked_by=self.director,
            asked_at=AT,
        )

    def parting(self) -> None:
        third = self.cast.children["township"]
        first, second = sorted((self.child, third), key=lambda child: child.pk)
        NotSameChild.objects.create(first=first, second=second, region_id=first.region_id, at=AT)

    def share(self) -> None:
        assign_perm("cases.view_shared_child", self.cast.users["stranger"], self.child)

    def earlier_merge(self) -> None:
        """A file that was merged into this one before."""
        Child.objects.create(
            number=uuid.uuid4().hex[:12], name="旧档", birth_date=self.child.birth_date, sex="female",
            primary_category="orphan", region_id=self.child.region_id, registered_date=FIRST, left_date=DAY,
            left_reason="08", merged_into=self.child,
        )  # fmt: skip


EVERY: tuple[Callable[[File], None], ...] = (
    *(
        File.guardian,
        File.situation,
        File.payee,
        File.attribute,
        File.visit,
        File.case,
        File.defect,
        File.care,
    ),
    *(File.assessment, File.help, File.health, File.absence, File.transfer, File.matching, File.money),
    *(File.school, File.aid),
    *(File.parting, File.share, File.earlier_merge),
)


def fill(cast: Cast, child: Child, rng: random.Random, *, everything: bool = False) -> None:
    """Hang rows on the child: all kinds once, or some of them some times. What the database refuses is left out."""
    file = File(cast, child, rng)
    for add in EVERY:
        for _time in range(1 if everything else rng.choice([0, 1, 1, 2])):
            try:
                with transaction.atomic():
                    add(file)
            except IntegrityError:
                assert not everything, add


def make_pair(cast: Cast, rng: random.Random) -> tuple[Child, Child]:
    """Two files of one child with different things in them, in one village or in two of one township."""
    number = "50015220170520103" + identity.check_character("50015220170520103")

    def one(name: str, region: int, given: str) -> Child:
        return make_child(
            region,
            name,
            id_number=given,
            risk=rng.choice(["red", "yellow", "blue", "green"]),
            risk_since=FIRST,
            primary_category=rng.choice(["orphan", "de_facto_unattended", "left_behind"]),
            category_since=FIRST + dt.timedelta(days=rng.randrange(300)),
            address=rng.choice(["", "3 组", "桂林街道 12 号"]),
            phone=rng.choice(["", "13812345678"]),
            health_note=rng.choice(["", "哮喘"]),
            school_name=rng.choice(["", "中心小学"]),
            last_visit_date=rng.choice([None, dt.date(2026, 9, 1)]),
            next_visit_date=rng.choice([None, dt.date(2026, 11, 1)]),
            account=f"62{rng.randrange(10**14)}",
        )

    numbers = rng.choice([(number, ""), ("", number), ("", "")])
    kept = one("陶小雨", VILLAGE, numbers[0])
    merged = one(rng.choice(["陶小雨", "陶晓宇"]), rng.choice([VILLAGE, OTHER_VILLAGE]), numbers[1])
    return kept, merged


def dump(but: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Everything that hangs on any child, and the children, as the open scope shows it."""
    from guardian.models import UserObjectPermission

    found: dict[str, Any] = {}
    for model in [*linked_models(), Child, NotSameChild, StoredFile]:
        rows = model._base_manager.order_by("pk").values()
        found[model._meta.label] = [
            {name: bytes(v) if isinstance(v, memoryview) else v for name, v in row.items() if name not in but}
            for row in rows
        ]
    found["tokens"] = sorted(ChildToken._base_manager.values_list("token", "region_code", "child_id"))
    found["shares"] = sorted(
        UserObjectPermission.objects.values_list("user_id", "permission_id", "object_pk")
    )
    return found
