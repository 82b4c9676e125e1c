"""Children of the demo county with their families, in bulk."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass

from cases import identity, pinyin, search
from cases.models import Child, ChildAttribute, Guardian, Household, ParentSituation, Payee
from childwelfare.demo import names
from staff.models import Region

CATEGORIES = (
    ("orphan", 14), ("de_facto_unattended", 32), ("severe_disability", 12), ("severe_illness", 4), ("dibao", 18),
    ("tekun", 3), ("low_income", 6), ("left_behind", 24), ("guardianship_improper", 3), ("other_difficulty", 4),
)  # fmt: skip
RISKS = (("green", 60), ("blue", 25), ("yellow", 11), ("red", 4))
INTERVAL = {"red": 7, "yellow": 15, "blue": 30, "green": 30}
ABSENCES = (
    ("imprisoned", "criminal_judgment", "（2025）渝演刑初18号", 700), ("lost_contact", "police_search_receipt", "演示回执0031号", 0),
    ("severe_disability", "disability_card", "演示残证5207号", 0), ("drug_rehabilitation", "rehabilitation_decision", "演示戒决字0126号", 400),
    ("severe_illness", "medical_record", "演示住院号20871", 0),
)  # fmt: skip
GUARDIANS = (
    ("grandmother", "female"),
    ("grandfather", "male"),
    ("maternal_grandmother", "female"),
    ("paternal_uncle", "male"),
)
BANKS = ("重庆农村商业银行潼南支行", "中国邮政储蓄银行潼南支行", "中国农业银行潼南支行")


@dataclass
class Family:
    """Everything that belongs to one child before it is saved."""

    child: Child
    household: Household
    guardian: Guardian
    payee: Payee | None
    parents: list[ParentSituation]
    attributes: list[ChildAttribute]


def load_children(
    *, today: dt.date, own_village: int, own: int = 18, others: int = 382, seed: int = 2026
) -> int:
    """Create ``own`` children in the demo director's village and ``others`` across the county; returns how many.

    The same seed and day give the same children.
    """
    rng = random.Random(seed)
    county = Region.objects.get(code=500152000000)
    villages = list(Region.objects.below(county, "village").values_list("code", flat=True))
    township = [code for code in villages if code // 1000 == own_village // 1000]
    places = [own_village] * own + [
        rng.choice(township if rng.random() < 0.2 else villages) for _ in range(others)
    ]
    families = [_family(rng, number, place, today) for number, place in enumerate(places, 1)]
    _save(families)
    return len(families)


def _pick(rng: random.Random, weighted: tuple[tuple[str, int], ...]) -> str:
    return rng.choices([value for value, _ in weighted], [weight for _, weight in weighted])[0]


def _family(rng: random.Random, number: int, place: int, today: dt.date) -> Family:
    category, risk = _pick(rng, CATEGORIES), _pick(rng, RISKS)
    age_days = rng.randrange(400, 16 * 365) if category != "left_behind" else rng.randrange(1200, 15 * 365)
    birth = today - dt.timedelta(days=age_days)
    sex = rng.choice(("female", "male"))
    name = names.child_name(rng)
    since = max(today - dt.timedelta(days=rng.randrange(200, 900)), birth + dt.timedelta(days=30))
    institution = category == "orphan" and rng.random() < 0.15
    last = today - dt.timedelta(days=rng.randrange(1, INTERVAL[risk] + (9 if rng.random() < 0.12 else 0)))
    id_number = names.identity_number(rng, birth, sex) if rng.random() > 0.01 else ""
    child = Child(
        number=f"500152{number:07d}", name=name, name_pinyin=pinyin.sort_key(name), id_number=id_number,
        id_digest=identity.digest_identity(id_number) if id_number else None, birth_date=birth, sex=sex,
        primary_category=category, category_since=since, placement="institution" if institution else "scattered",
        region_id=place, household_region_id=place, residence_region_id=place,
        registration="local" if id_number else "none", address=f"{rng.randrange(1, 9)}组{rng.randrange(1, 80)}号",
        school_stage=_stage(today.year - birth.year), risk=risk, risk_since=since, registered_date=since,
        last_visit_date=last, next_visit_date=last + dt.timedelta(days=INTERVAL[risk]),
    )  # fmt: skip
    relation, guardian_sex = rng.choice(GUARDIANS)
    guardian_birth = today - dt.timedelta(days=rng.randrange(48 * 365, 72 * 365))
    guardian_id = names.identity_number(rng, guardian_birth, guardian_sex)
    guardian_name = names.adult_name(rng, name[0] if "maternal" not in relation else "")
    household = Household(
        region_id=place, head_name=guardian_name, head_id_number=guardian_id,
        head_id_digest=identity.digest_identity(guardian_id), address=child.address,
    )  # fmt: skip
    guardian = Guardian(
        region_id=place, kind="both", name=guardian_name, relation=relation, id_number=guardian_id,
        id_digest=identity.digest_identity(guardian_id), phone=f"13{rng.randrange(10**8, 10**9)}", start_date=since,
    )  # fmt: skip
    account = names.account_number(rng)
    payee = Payee(
        region_id=place, name=guardian_name, relation=relation, bank_name=rng.choice(BANKS), account=account,
        account_digest=identity.digest_account(account), start_date=since,
    )  # fmt: skip
    attributes = (
        [ChildAttribute(region_id=place, kind="left_behind", start_date=since)]
        if category == "dibao" and rng.random() < 0.3
        else []
    )
    return Family(child, household, guardian, payee, _parents(rng, category, place, since, today), attributes)


def _parents(
    rng: random.Random, category: str, place: int, since: dt.date, today: dt.date
) -> list[ParentSituation]:
    def situation(
        parent: str, kind: str, evidence: str, document: str, end: dt.date | None = None
    ) -> ParentSituation:
        return ParentSituation(
            region_id=place, parent=parent, kind=kind, start_date=since - dt.timedelta(days=200), expected_end_date=end,
            evidence=evidence, document=document, verified_by="县民政局" if evidence else "", verified_date=since if evidence else None,
        )  # fmt: skip

    if category == "orphan":
        return [
            situation(parent, "dead", "death_certificate", "演示死证0416号")
            for parent in ("father", "mother")
        ]
    if category != "de_facto_unattended":
        return []
    found = []
    for parent in ("father", "mother"):
        kind, evidence, document, days = rng.choice(ABSENCES)
        end = today + dt.timedelta(days=rng.randrange(40, days)) if days else None
        found.append(situation(parent, kind, evidence, document, end))
    if rng.random() < 0.3:
        found[0] = situation("father", "dead", "death_certificate", "演示死证0416号")
    return found


def _stage(years: int) -> str:
    for limit, stage in ((3, "below_school_age"), (6, "kindergarten"), (12, "primary"), (15, "junior")):
        if years < limit:
            return stage
    return "senior"


def _save(families: list[Family]) -> None:
    Household.objects.bulk_create([family.household for family in families])
    for family in families:
        family.child.household = family.household
    children = Child.objects.bulk_create([family.child for family in families])
    for family in families:
        for row in (family.guardian, family.payee, *family.parents, *family.attributes):
            if row is not None:
                row.child = family.child
    Guardian.objects.bulk_create([family.guardian for family in families])
    Payee.objects.bulk_create([family.payee for family in families if family.payee])
    ParentSituation.objects.bulk_create([row for family in families for row in family.parents])
    ChildAttribute.objects.bulk_create([row for family in families for row in family.attributes])
    search.index_children([child.pk for child in children])
