"""The fixed cast: one small world that every test of access uses.

Two counties. County A (潼南区 500152) has two townships with two villages each, county B (太和县 341222) one of each.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pgtrigger
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY
from django.contrib.auth import SESSION_KEY as USER_KEY
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.backends.cached_db import SessionStore
from django.test import Client

from cases import identity, pinyin
from cases.models import Child, Guardian, Household, Payee
from staff.enums import Role
from staff.models import Assignment, Post, Region, User
from staff.scope import Scope, scope_of, system_scope
from staff.sessions import SESSION_KEY

START = dt.date(2026, 1, 1)
PASSWORD = "Tongfu-2026"
UNUSABLE = make_password(None)
OWN_ID = "50015220170520102" + identity.check_character("50015220170520102")

REGIONS = [
    (500000000000, "重庆市", "province", None),
    (500100000000, "市辖区", "prefecture", 500000000000),
    (500152000000, "潼南区", "county", 500100000000),
    (500152001000, "桂林街道", "township", 500152000000),
    (500152001001, "莲花社区居民委员会", "village", 500152001000),
    (500152001002, "井田社区居民委员会", "village", 500152001000),
    (500152002000, "梓潼街道", "township", 500152000000),
    (500152002001, "外南街社区居民委员会", "village", 500152002000),
    (500152002002, "正兴街社区居民委员会", "village", 500152002000),
    (340000000000, "安徽省", "province", None),
    (341200000000, "阜阳市", "prefecture", 340000000000),
    (341222000000, "太和县", "county", 341200000000),
    (341222100000, "城关镇", "township", 341222000000),
    (341222100001, "民安社区居民委员会", "village", 341222100000),
]
COUNTY, TOWNSHIP, VILLAGE, OTHER_VILLAGE = 500152000000, 500152001000, 500152001001, 500152001002
OTHER_TOWNSHIP, FAR_VILLAGE, OTHER_COUNTY, STRANGE_VILLAGE = (
    500152002000,
    500152002001,
    341222000000,
    341222100001,
)

# user name, name, role, region
PEOPLE = [
    ("director", "王念慈", Role.DIRECTOR, VILLAGE),
    ("other_director", "杜月华", Role.DIRECTOR, OTHER_VILLAGE),
    ("supervisor", "李守安", Role.SUPERVISOR, TOWNSHIP),
    ("other_supervisor", "冯立新", Role.SUPERVISOR, OTHER_TOWNSHIP),
    ("clerk", "赵清和", Role.CLERK, COUNTY),
    ("approver", "钱知行", Role.APPROVER, COUNTY),
    ("releaser", "孙明远", Role.RELEASER, COUNTY),
    ("leader", "周秉文", Role.LEADER, COUNTY),
    ("auditor", "吴秋白", Role.AUDITOR, COUNTY),
    ("sysadmin", "郑一鸣", Role.SYSADMIN, COUNTY),
    ("viewer", "何省之", Role.VIEWER, 500000000000),
    ("provider", "彩虹桥关爱室", Role.PROVIDER, COUNTY),
    ("stranger", "许他乡", Role.CLERK, OTHER_COUNTY),
    ("nobody", "离任者", None, None),
]

# key, region, name, what differs from the usual
CHILDREN: list[tuple[str, int, str, dict[str, Any]]] = [
    ("own", VILLAGE, "林小满", {"id_number": OWN_ID}),
    ("neighbour", OTHER_VILLAGE, "秦白露", {}),
    ("township", FAR_VILLAGE, "田立夏", {}),
    ("strange", STRANGE_VILLAGE, "罗小寒", {}),
]


@dataclass
class Cast:
    """Users, assignments and children by name."""

    users: dict[str, User] = field(default_factory=dict)
    assignments: dict[str, Assignment] = field(default_factory=dict)
    children: dict[str, Child] = field(default_factory=dict)

    def scope(self, name: str) -> Scope:
        """The scope of a member, as the middleware would open it."""
        with system_scope(reason="test", log=False):
            return (
                scope_of(self.assignments[name])
                if name in self.assignments
                else Scope(user_id=self.users[name].pk)
            )

    def client(self, name: str, **defaults: Any) -> Client:
        """A browser signed in as the member; the session is written once, as signing in would leave it."""
        client, user = Client(**defaults), self.users[name]
        session = SessionStore()
        session[USER_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        if name in self.assignments:
            session[SESSION_KEY] = self.assignments[name].pk
        session.save()
        client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
        return client


def make_regions() -> None:
    rows = [
        Region(code=code, name=name, level=level, parent_id=parent) for code, name, level, parent in REGIONS
    ]
    Region.objects.bulk_create(rows, ignore_conflicts=True)


def make_child(region_id: int, name: str = "林小满", **fields: Any) -> Child:
    """A child with household, guardian and payee in a village. Call it inside a scope that covers the village."""
    return make_children([(region_id, name, fields)])[0]


def make_children(wanted: Sequence[tuple[int, str, Mapping[str, Any]]]) -> list[Child]:
    """Children by region, name and what differs from the usual; five statements, however many."""
    taken = Child._base_manager.count()
    households = Household.objects.bulk_create(
        Household(region_id=region_id, head_name="林桂芳") for region_id, _name, _fields in wanted
    )
    children = Child.objects.bulk_create(
        _child(region_id, name, dict(fields), household, f"T{taken + n:07d}")
        for n, ((region_id, name, fields), household) in enumerate(zip(wanted, households, strict=True), 1)
    )
    Guardian.objects.bulk_create(
        Guardian(
            child=child, region_id=child.region_id, kind="both", name="林桂芳", relation="grandmother", phone="13712345520",
            start_date=START,
        )
        for child in children
    )  # fmt: skip
    accounts = [fields.get("account", "6217001234567890") for _region_id, _name, fields in wanted]
    Payee.objects.bulk_create(
        Payee(
            child=child, region_id=child.region_id, name="林桂芳", relation="grandmother", bank_name="重庆农村商业银行",
            account=account, account_digest=identity.digest_account(account), start_date=START,
        )
        for child, account in zip(children, accounts, strict=True)
    )  # fmt: skip
    return children


def _child(region_id: int, name: str, fields: dict[str, Any], household: Household, number: str) -> Child:
    identity_number = fields.pop("id_number", "")
    fields.pop("account", None)
    values: dict[str, Any] = {
        "number": number,
        "name": name,
        "name_pinyin": pinyin.sort_key(name),
        "birth_date": dt.date(2017, 5, 20),
        "sex": "female",
        "primary_category": "de_facto_unattended",
        "registered_date": START,
        "registration": "local",
        "risk": "yellow",
        "next_visit_date": dt.date(2026, 10, 20),
        "household_region_id": region_id,
        "residence_region_id": region_id,
        "id_number": identity_number,
        "id_digest": identity.digest_identity(identity_number) if identity_number else None,
        "region_id": region_id,
        "household": household,
    } | fields
    return Child(**values)


def recolour(level: str, **which: Any) -> None:
    """Give children a colour as a start, past the rule that a better one needs a ground. Call it inside a scope."""
    with pgtrigger.ignore("cases.Child:better_colour_has_ground"):
        Child.objects.filter(**which).update(risk=level)


def make_cast() -> Cast:
    cast = Cast()
    with system_scope(reason="make the test cast", log=False):
        make_regions()
        # In bulk: thousands of tests begin with it.
        users = [User(username=username, name=name, password=UNUSABLE) for username, name, _, _ in PEOPLE]
        cast.users = {user.username: user for user in User.objects.bulk_create(users)}
        seats = [(username, name, role, region) for username, name, role, region in PEOPLE if role and region]
        posts = Post.objects.bulk_create(
            Post(region_id=region, role=role, title=f"{name} {role}") for _, name, role, region in seats
        )
        assignments = Assignment.objects.bulk_create(
            Assignment(
                user=cast.users[seat[0]],
                post=post,
                region_id=post.region_id,
                role=post.role,
                start_date=START,
            )
            for seat, post in zip(seats, posts, strict=True)
        )
        cast.assignments = {seat[0]: held for seat, held in zip(seats, assignments, strict=True)}
        made = make_children([(region, name, fields) for _key, region, name, fields in CHILDREN])
        cast.children = dict(zip((key for key, *_rest in CHILDREN), made, strict=True))
    return cast
