"""Applicant, verifier, checker, confirmer and releaser are different people: the database itself says so.

Raw SQL under the application's own role: no service, no form, no model stands between.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from staff.models import Assignment, Post
from staff.scope import open_scope, system_scope
from staff.workflow import Actor, TransitionRefused
from subsidies.applications import services as applications
from subsidies.models import Application, Payment
from tests.cast import START, TOWNSHIP
from tests.subsidies.conftest import OCTOBER, Office, moment

STEPS = ("applied_by_id", "verified_by_id", "checked_by_id", "decided_by_id")


def decided(office: Office) -> Application:
    office.confirmed(office.child("own"))
    with system_scope(reason="test", log=False):
        return Application.objects.get()


def set_user(office: Office, application: Application, column: str, user_id: int) -> int:
    """UPDATE as that person's own connection would send it; the number of rows changed."""
    member = next(name for name, user in office.cast.users.items() if user.pk == user_id)
    with office.as_(member), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE subsidies_application SET {column} = %s WHERE id = %s",
            [user_id, application.pk],
        )
        return cursor.rowcount


def release_by_sql(office: Office, batch_id: int, member: str) -> None:
    """UPDATE as the connection of somebody who has become the releaser would send it."""
    user = office.cast.users[member]
    scope = dataclasses.replace(office.cast.scope("releaser"), user_id=user.pk)
    with open_scope(scope), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE subsidies_paymentbatch SET state = 'released', released_by_id = %s, released_at = now(),"
            " release_proof = 'password' WHERE id = %s",
            [user.pk, batch_id],
        )
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_the_tests_connect_as_the_application_does() -> None:
    from django.conf import settings

    assert settings.DATABASES["default"]["USER"] != settings.DATABASES["owner"]["USER"]


@pytest.mark.parametrize(
    ("column", "earlier", "constraint"),
    [
        (later, earlier, constraint)
        for number, (later, constraint) in enumerate(
            zip(
                STEPS[1:],
                (
                    "application_verifier_is_another",
                    "application_checker_is_another",
                    "application_decider_is_another",
                ),
                strict=True,
            ),
            start=1,
        )
        for earlier in STEPS[:number]
    ],
)
def test_no_two_steps_by_one_person(office: Office, column: str, earlier: str, constraint: str) -> None:
    application = decided(office)
    with pytest.raises(IntegrityError, match=constraint):
        set_user(office, application, column, getattr(application, earlier))


def test_another_person_is_no_problem(office: Office) -> None:
    """The refusals above are about the person: any fourth person is accepted by the same statement."""
    application = decided(office)
    other = office.cast.users["releaser"].pk
    assert set_user(office, application, "decided_by_id", other) == 1


@pytest.mark.parametrize("step", ["director", "supervisor", "clerk", "approver"])
def test_who_had_a_part_in_an_application_does_not_release_its_money(office: Office, step: str) -> None:
    """Whatever post they hold by then, also the clerk who prepared nothing and the director who applied."""
    office.confirmed(office.child("own"))
    batch = office.approve(office.prepare(OCTOBER))
    with pytest.raises(DatabaseError, match="batch_releaser_apart"):
        release_by_sql(office, batch.pk, step)
    with office.as_("releaser"):
        assert not Payment.objects.filter(state="sent").exists()


def supervisor_too(office: Office, start: dt.date) -> Assignment:
    """王念慈, who is a village director, is made a supervisor of her township as well."""
    with system_scope(reason="test", log=False), transaction.atomic():
        post = Post.objects.create(region_id=TOWNSHIP, role="supervisor", title="代理督导员")
        return Assignment.objects.create(user=office.cast.users["director"], post=post, start_date=start)


def test_the_same_person_does_not_hold_both_posts_at_once(office: Office) -> None:
    with pytest.raises(IntegrityError, match="assignment_duties_apart"):
        supervisor_too(office, START)


def test_the_same_person_under_two_posts_one_after_the_other(office: Office) -> None:
    """Promoted between two steps: the second post does not let her verify what she applied for under the first."""
    application = office.apply(office.child("own"))
    with system_scope(reason="test", log=False):
        Assignment.objects.filter(pk=office.cast.assignments["director"].pk).update(
            end_date=dt.date(2026, 9, 1)
        )
    user = office.cast.users["director"]
    second = supervisor_too(office, dt.date(2026, 9, 2))
    office.cast.assignments["promoted"], office.cast.users["promoted"] = second, user
    with office.as_("promoted") as actor:
        assert actor == Actor(user.pk, second.pk, "supervisor")
        with pytest.raises(TransitionRefused, match="another person"):
            applications.act("accept", actor=actor, at=moment(9, 2), application=application)
    office.act("supervisor", "accept", application, moment(9, 2))
    with pytest.raises(IntegrityError, match="application_verifier_is_another"):
        set_user(office, application, "verified_by_id", user.pk)
