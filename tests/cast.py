"""The fixed cast: one small world that every test of access uses.

Two counties. County A (潼南区 500152) has two townships with two villages each, county B (太和县 341222) one of each.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from django.test import Client

from cases import identity
from cases.models import Child, Guardian, Household, Payee
from staff.enums import Role
from staff.models import Assignment, Post, Region, User
from staff.scope import Scope, scope_of, system_scope
from staff.sessions import SESSION_KEY

START = dt.date(2026, 1, 1)
PASSWORD = "Tongfu-2026"
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
        """A browser signed in as the member."""
        client = Client(**defaults)
        client.force_login(self.users[name])
        if name in self.assignments:
            session = client.session
            session[SESSION_KEY] = self.assignments[name].pk
            session.save()
        return client


def make_regions() -> None:
    for code, name, level, parent in REGIONS:
        Region.objects.get_or_create(code=code, defaults={"name": name, "level": level, "parent_id": parent})


def make_child(region_id: int, name: str = "林小满", **fields: Any) -> Child:
    """A child with household, guardian and payee in a village. Call it inside a scope that covers the village."""
    number = fields.pop("id_number", "")
    account = fields.pop("account", "6217001234567890")
    values: dict[str, Any] = {
        "number": f"T{Child._base_manager.count() + 1:07d}",
        "name": name,
        "birth_date": dt.date(2017, 5, 20),
        "sex": "female",
        "primary_category": "de_facto_unattended",
        "registered_date": START,
        "registration": "local",
        "risk": "yellow",
        "next_visit_date": dt.date(2026, 10, 20),
        "household_region_id": region_id,
        "residence_region_id": region_id,
        "id_number": number,
        "id_digest": identity.digest_identity(number) if number else None,
    } | fields
    household = Household.objects.create(region_id=region_id, head_name="林桂芳")
    child = Child.objects.create(region_id=region_id, household=household, **values)
    Guardian.objects.create(
        child=child,
        region_id=region_id,
        kind="both",
        name="林桂芳",
        relation="grandmother",
        phone="13712345520",
        start_date=START,
    )
    Payee.objects.create(
        child=child, region_id=region_id, name="林桂芳", relation="grandmother", bank_name="重庆农村商业银行",
        account=account, account_digest=identity.digest_account(account), start_date=START,
    )  # fmt: skip
    return child


def make_cast() -> Cast:
    cast = Cast()
    with system_scope(reason="make the test cast", log=False):
        make_regions()
        for username, name, role, region in PEOPLE:
            user = User.objects.create_user(username, password=None, name=name)
            cast.users[username] = user
            if role is not None and region is not None:
                post = Post.objects.create(region_id=region, role=role, title=f"{name} {role}")
                cast.assignments[username] = Assignment.objects.create(user=user, post=post, start_date=START)
        cast.children = {
            "own": make_child(VILLAGE, "林小满", id_number=OWN_ID),
            "neighbour": make_child(OTHER_VILLAGE, "秦白露"),
            "township": make_child(FAR_VILLAGE, "田立夏"),
            "strange": make_child(STRANGE_VILLAGE, "罗小寒"),
        }
    return cast
