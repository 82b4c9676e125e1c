"""Every address × every member of the cast: who gets an answer, who a 404, who may not."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from copy import copy
from functools import cache
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth.backends import ModelBackend
from django.db import transaction
from django.http import HttpResponse
from django.test import Client, TestCase
from django.urls import (
    NoReverseMatch,
    Resolver404,
    URLPattern,
    URLResolver,
    get_resolver,
    resolve,
    reverse,
)

from childwelfare.navigation import MENU
from staff import jobs, sessions
from staff.enums import Role
from staff.models import User
from staff.scope import ScopedQuerySet
from tests.access.matrix import ANYONE, Row, rows
from tests.access.world import World, make_world
from tests.cast import PEOPLE, Cast

# Addresses that are tested as a whole in modules of their own.
PREFIXES = ("admin:",)
LINK = re.compile(r'\b(?:href|action|hx-get|hx-post)="(/[^"#?]*)')
POSTS = {name: role for name, _name, role, _region in PEOPLE if role}
LOCAL = "django.core.cache.backends.locmem.LocMemCache"


def addresses(resolver: URLResolver | None = None, space: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every named address of the site with its namespaces."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern, f"{space}{pattern.namespace}:" if pattern.namespace else space)
        else:
            yield f"{space}{pattern.name}", pattern


def test_every_address_is_in_the_matrix() -> None:
    named = {name for name, _ in addresses() if not name.startswith(PREFIXES)}
    table = set(rows())
    assert named - table == set(), "addresses without a row in tests/access/rows_*.py"
    assert table - named == set(), "rows without an address"


def test_no_address_hides_another() -> None:
    """Two apps share one root: of two pages under the same path only the first would ever be seen."""
    found: dict[str, list[str]] = {}
    for name, _pattern in addresses():
        if name.startswith(PREFIXES):
            continue
        for one in rows().get(name, ()):
            kwargs = {key: 1 if key != "section" else value for key, value in one.kwargs.items()}
            try:
                path = reverse(name, kwargs=kwargs)
            except NoReverseMatch:
                continue  # a key of another form, such as a UUID
            found.setdefault(path, []).append(name)
            assert resolve(path).view_name == name, path
    assert len(found) > 100


def test_every_view_says_who_may_open_it() -> None:
    unmarked = [
        name
        for name, pattern in addresses()
        if not name.startswith((*PREFIXES, "api:", "set_language"))
        and not hasattr(pattern.callback, "allowed_roles")
    ]
    assert unmarked == []


def test_every_entry_of_the_menu_is_an_address() -> None:
    named = {name for name, _ in addresses()}
    assert {entry[2] for entries in MENU.values() for entry in entries} - named == set()


@pytest.mark.parametrize("member", sorted(ANYONE))
def test_a_refusal_is_a_page_for_everybody(cast: Cast, member: str) -> None:
    """What the matrix leaves out: the pages of refusals are drawn, with the member's own menu."""
    client = cast.client(member)
    closed = reverse("cases:children" if member == "sysadmin" else "staff:accounts")
    for address, status in ((closed, 403), ("/no-such-page/", 404)):
        response = client.get(address)
        assert response.status_code == status
        assert f"{status}.html" in {template.name for template in response.templates}


def refused_links(response: HttpResponse, role: Role) -> set[str]:
    """Addresses that a page offers although the reader's post may not open them: each is a dead end."""
    if not response.get("Content-Type", "").startswith("text/html") or response.streaming:
        return set()
    found = set(LINK.findall(response.content.decode()))
    return {path for path in found if (allowed := allowed_at(path)) is not None and role not in allowed}


@cache
def allowed_at(path: str) -> frozenset[Role] | None:
    """Who may open the page at a path; None for everybody, and for what is no view of ours."""
    try:
        return getattr(resolve(path).func, "allowed_roles", None)
    except Resolver404:
        return None


class AccessMatrix(TestCase):
    """One world for all requests; each request is rolled back, so that no order matters."""

    world: World

    @classmethod
    def setUpTestData(cls) -> None:
        jobs.HANDLERS.setdefault("access_test", lambda job: {})
        cls.world = make_world()

    def setUp(self) -> None:
        # Hundreds of refusals, each with its traceback, would bury the one that is wrong.
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)
        # Thousands of requests by a few people: who they are is looked up once for each, their sessions are kept in
        # memory, and a refusal is its status.
        for name in ("assignments_of", "scope_of"):
            self.enterContext(mock.patch.object(sessions, name, cache(getattr(sessions, name))))
        self.enterContext(mock.patch.object(ModelBackend, "get_user", a_copy_of(ModelBackend().get_user)))
        self.enterContext(self.settings(CACHES={"default": {"BACKEND": LOCAL}}))
        self.enterContext(
            mock.patch.object(URLResolver, "resolve_error_handler", lambda _self, status: bare(status))
        )
        # One session a member; whatever a request does to it is rolled back with the request.
        self.cookies = {member: self.world.cast.client(member).cookies for member in ANYONE}

    def test_reading(self) -> None:
        self.walk_all("get")

    def test_acting(self) -> None:
        self.walk_all("post")

    def walk_all(self, method: str) -> None:
        wrong = [
            line for name, row in self.all_rows() if row.method == method for line in self.walk(name, row)
        ]
        assert wrong == [], "\n" + "\n".join(wrong)

    def test_without_signing_in(self) -> None:
        wrong = []
        for name, row in self.all_rows():
            response = self.ask(name, row, Client(raise_request_exception=False))
            if row.open:
                right = response.status_code in {200, 302}
            elif row.api:
                right = response.status_code == 401
            else:
                right = response.status_code == 302 and response.headers["Location"].startswith(
                    reverse("staff:sign_in")
                )
            if not right:
                wrong.append(f"{name}: {response.status_code} without signing in")
        assert wrong == [], "\n" + "\n".join(wrong)

    def test_views_that_forget_every_filter_leak_nothing(self) -> None:
        """The explicit range of every queryset is taken away: the policies of the database alone give the
        same answers.
        """
        with mock.patch.object(ScopedQuerySet, "in_scope", lambda self: self):
            wrong = [
                line
                for name, row in self.all_rows()
                if row.method == "get" and not row.open
                # A post without the duty is refused before any row is read. One who may see shows that the page works.
                for line in self.walk(name, row, row.lost | frozenset(sorted(row.see)[:1]))
            ]
        assert wrong == [], "\n" + "\n".join(wrong)

    def all_rows(self) -> list[tuple[str, Row]]:
        return [(name, row) for name, given in rows().items() for row in given]

    def walk(self, name: str, row: Row, members: frozenset[str] = ANYONE) -> Iterator[str]:
        assert row.see | row.lost <= ANYONE, f"{name} names somebody who is not in the cast"
        assert not row.see & row.lost, f"{name}: a member both sees and does not"
        for member in sorted(members):
            with transaction.atomic():
                client = Client(raise_request_exception=False)
                client.cookies.update(self.cookies[member])
                response = self.ask(name, row, client)
                transaction.set_rollback(True)
            got = "answer" if row.open and response.status_code < 400 else outcome(response)
            if got != row.expected(member):
                asked = f"{name} {dict(row.kwargs)} {row.method}: {member}"
                yield f"{asked} got {got} ({response.status_code}), not {row.expected(member)}"
            elif got == "answer" and not row.open and member in POSTS:
                for link in refused_links(response, POSTS[member]):
                    yield f"{name} offers {member} ({POSTS[member]}) {link}, which is refused"

    def ask(self, name: str, row: Row, client: Client) -> HttpResponse:
        kwargs = {key: self.world.pk.get(value, value) for key, value in row.kwargs.items()}
        address = reverse(name, kwargs=kwargs) + (
            f"?{row.query.format(**self.world.pk)}" if row.query else ""
        )
        send: Any = getattr(client, row.method)
        return send(address, row.data)


def a_copy_of(get_user: Callable[[int], User | None]) -> Callable[..., User | None]:
    """Looks everybody up once; each request has an object of its own to change."""
    found = cache(get_user)
    return lambda _backend, user_id: copy(found(user_id))


def bare(status: int) -> Callable[..., HttpResponse]:
    """A handler of errors that answers with the status alone."""
    return lambda request, exception=None: HttpResponse(status=status)


def outcome(response: HttpResponse) -> str:
    """``answer`` for whatever is an answer, also a form sent back with errors; else the status."""
    if response.status_code in {403, 404} or response.status_code >= 500:
        return str(response.status_code)
    if response.status_code == 302 and response.headers["Location"].startswith(reverse("staff:sign_in")):
        return "sign in"
    return "answer"
