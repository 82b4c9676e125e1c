"""Entrusted carers and death lists: refused when a list names them already, found when a later one does."""

from __future__ import annotations

import pytest

from cases.care import services as care
from cases.care.rules import CareFault
from cases.care.services import CareData, CareRefused
from cases.matching.discrepancies.deaths import is_recorded_dead
from cases.models import EntrustedCare, ListRow, MatchCandidate
from staff.scope import open_scope
from tests.cases.matching.conftest import ADULT, AT, Import, acting, number
from tests.cast import COUNTY, START, Cast

LIVING = number("50015219800101101")
DATA = CareData(
    entrusted_by="mother",
    carer_name="田秀莲",
    carer_relation="grandmother",
    carer_id_number=ADULT,
    start_date=START,
)
DEATHS = f"姓名,身份证号,死亡日期\n田秀莲,{ADULT},2026-09-20\n".encode("gb18030")


def test_who_stands_on_a_death_list_is_entrusted_with_nobody(cast: Cast, take: Import) -> None:
    take(DEATHS, kind="death", name="死亡人员.csv")
    with acting(cast, "clerk"):
        # A stranger then: the database holds no row of it, only the list's columns.
        assert not ListRow.objects.exists()
        assert is_recorded_dead(ADULT, lo=COUNTY, hi=COUNTY + 999_999)
        assert not is_recorded_dead(LIVING, lo=COUNTY, hi=COUNTY + 999_999)
    with open_scope(cast.scope("director")), pytest.raises(CareRefused) as refused:
        care.add_care(cast.children["own"], DATA, at=AT)
    assert [one.code for one in refused.value.findings] == [CareFault.DEAD]
    with open_scope(cast.scope("director")):
        assert not EntrustedCare.objects.exists()


def test_a_carer_who_dies_later_is_matched_as_carer(cast: Cast, take: Import) -> None:
    with open_scope(cast.scope("director")):
        made = care.add_care(cast.children["own"], DATA, at=AT)
    take(DEATHS, kind="death", name="死亡人员.csv")
    with acting(cast, "clerk"):
        (pair,) = MatchCandidate.objects.filter(role="carer").select_related("list_row")
        assert (pair.person_id, pair.tier, pair.list_row.id_number) == (made.pk, "auto", ADULT)
        assert ListRow.objects.filter(id_digest=made.carer_id_digest, kind="death").exists()
