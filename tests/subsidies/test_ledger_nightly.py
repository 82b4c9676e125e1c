"""The night compares each county's ledger with its lines and tells who answers for the money."""

from __future__ import annotations

import datetime as dt

from cases.models import Note
from staff.scope import system_scope
from subsidies.ledger.nightly import check_everywhere
from subsidies.ledger.tasks import check_ledgers
from subsidies.models import Payment
from tests.cast import COUNTY
from tests.subsidies.conftest import Office, moment

NIGHT = moment(10, 23)


def told() -> dict[str, str]:
    with system_scope(reason="test", log=False):
        return dict(Note.objects.order_by("pk").values_list("recipient__username", "text"))


def test_all_is_well_and_nobody_is_told(office: Office) -> None:
    office.entitle(office.child("own"))
    office.pay()
    assert check_everywhere(at=NIGHT) == {COUNTY: 0}
    assert told() == {}


def test_what_does_not_agree_is_told_once_a_day_to_those_who_answer_for_it(office: Office) -> None:
    office.entitle(office.child("own"))
    batch = office.pay()
    with system_scope(reason="test", log=False):
        Payment.objects.filter(batch=batch).update(state="paid", paid_date=dt.date(2026, 10, 22))
    assert check_everywhere(at=NIGHT) == {COUNTY: 2}
    here = [office.cast.users[who].username for who in ("approver", "releaser", "leader", "auditor")]
    assert sorted(told()) == sorted(here)
    assert {batch.number in text for text in told().values()} == {True}
    assert {"2" in text and "台账" in text for text in told().values()} == {True}
    assert check_everywhere(at=NIGHT + dt.timedelta(hours=1)) == {COUNTY: 2}
    with system_scope(reason="test", log=False):
        assert Note.objects.count() == len(here)


def test_the_task_of_the_night(office: Office) -> None:
    office.entitle(office.child("own"))
    office.pay()
    assert check_ledgers() == 0
