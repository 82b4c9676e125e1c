"""People who ask for pages, and how long an answer takes: the fastest of many, the median and the slow end."""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from staff.models import Assignment
from staff.sessions import SESSION_KEY

WARM = 5


@dataclass(frozen=True)
class Taken:
    """Milliseconds of one address, and its queries."""

    best: float
    p50: float
    p95: float
    queries: int


def client_of(assignment: Assignment) -> Client:
    """A browser signed in under an assignment."""
    settings.ALLOWED_HOSTS = ["*"]
    client = Client()
    client.force_login(assignment.user)
    session = client.session
    session[SESSION_KEY] = assignment.pk
    session.save()
    return client


def time_of(client: Client, address: str, rounds: int) -> Taken:
    """Whole requests through all middleware, with templates. AssertionError when one is not answered."""
    for _each in range(WARM):
        response = client.get(address)
        assert response.status_code == 200, (address, response.status_code)
    taken = []
    for _each in range(rounds):
        started = time.perf_counter()
        client.get(address)
        taken.append((time.perf_counter() - started) * 1000)
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    taken.sort()
    return Taken(
        round(taken[0], 1),
        round(taken[len(taken) // 2], 1),
        round(taken[min(len(taken) - 1, len(taken) * 95 // 100)], 1),
        len(captured),
    )
