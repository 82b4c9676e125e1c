"""Posts and people of the demo county."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password

from childwelfare.demo.names import adult_name
from referrals.models import Provider
from staff.enums import Role
from staff.models import Assignment, Post, Region, User

DEMO_PASSWORD = "Tongfu-2026"  # noqa: S105 - printed at start, refused in production
COUNTY = 500152000000
NEIGHBOUR = 341222000000  # where parents work: children move there and back
START = dt.date(2026, 1, 1)


@dataclass(frozen=True)
class SignIn:
    """One demo account. ``at`` is the division: a code, or a township's name, or township and the village's number."""

    username: str
    name: str
    role: Role
    place: str
    village: int | None = None
    county: int = COUNTY


TOWN = "双江镇"
SIGN_INS = (
    SignIn("wangnianci", "王念慈", Role.DIRECTOR, TOWN, 0),
    SignIn("duyuehua", "杜月华", Role.DIRECTOR, TOWN, 1),
    SignIn("lishouan", "李守安", Role.SUPERVISOR, TOWN),
    SignIn("zhaoqinghe", "赵清和", Role.CLERK, "潼南区"),
    SignIn("qianzhixing", "钱知行", Role.APPROVER, "潼南区"),
    SignIn("sunmingyuan", "孙明远", Role.RELEASER, "潼南区"),
    SignIn("zhoubingwen", "周秉文", Role.LEADER, "潼南区"),
    SignIn("wuqiubai", "吴秋白", Role.AUDITOR, "潼南区"),
    SignIn("zhengyiming", "郑一鸣", Role.SYSADMIN, "潼南区"),
    SignIn("heshengzhi", "何省之", Role.VIEWER, "重庆市"),
    SignIn("caihongqiao", "罗虹", Role.PROVIDER, "潼南区"),
    SignIn("xutaxiang", "许他乡", Role.CLERK, "太和县", county=NEIGHBOUR),
)
TITLES = {
    Role.DIRECTOR: "儿童主任",
    Role.SUPERVISOR: "儿童督导员",
    Role.CLERK: "儿童福利科 经办",
    Role.APPROVER: "审批人",
    Role.RELEASER: "发放人",
    Role.LEADER: "局领导",
    Role.AUDITOR: "审计员",
    Role.SYSADMIN: "系统管理员",
    Role.VIEWER: "市民政局 儿童福利处",
    Role.PROVIDER: "彩虹桥关爱室",
}


def _place(person: SignIn) -> Region:
    region = Region.objects.filter(name=person.place).order_by("code").first()
    if region is None:
        raise LookupError(f"the divisions have no {person.place}")
    if person.village is None:
        return region
    return Region.objects.below(region, "village").order_by("code")[person.village]


def load_posts() -> dict[str, Assignment]:
    """Create posts, accounts and assignments: the sign-ins, and a supervisor or director for every other township and village.

    Returns the assignments of the sign-ins by user name. Everybody else has an account without a usable password.
    """
    password = make_password(DEMO_PASSWORD)
    found = {}
    taken: set[tuple[int, str]] = set()
    known = set(Region.objects.filter(level="county").values_list("code", flat=True))
    for person in SIGN_INS:
        if person.county not in known:
            continue  # the divisions of the neighbour are not loaded
        region = _place(person)
        user = User.objects.create(
            username=person.username, name=person.name, password=password, is_demo=True, home_region_id=person.county,
            is_staff=person.role == Role.SYSADMIN,
        )  # fmt: skip
        post = Post.objects.create(
            region=region, role=person.role, title=TITLES[person.role], unit=region.short_name
        )
        found[person.username] = Assignment.objects.create(
            user=user, post=post, start_date=START, phone="13700000000"
        )
        taken.add((region.code, person.role))
    # 杜月华 also looks after the next village: two posts, switched in the header.
    second = Region.objects.get(code=found["duyuehua"].region_id + 1)
    post = Post.objects.create(
        region=second, role=Role.DIRECTOR, title=TITLES[Role.DIRECTOR], unit=second.short_name
    )
    Assignment.objects.create(user=found["duyuehua"].user, post=post, start_date=START)
    taken.add((second.code, Role.DIRECTOR))
    _load_others(taken)
    Provider.objects.create(
        name="彩虹桥关爱室", kind=Provider.Kind.ORGANISATION, services="心理辅导、成长陪伴", region_id=COUNTY,
        post=found["caihongqiao"].post,
    )  # fmt: skip
    return found


def _load_others(taken: set[tuple[int, str]]) -> None:
    rng = random.Random(152)
    county = Region.objects.get(code=COUNTY)
    for level, role in (("township", Role.SUPERVISOR), ("village", Role.DIRECTOR)):
        regions = [r for r in Region.objects.below(county, level) if (r.code, role) not in taken]
        users = User.objects.bulk_create(
            [
                User(
                    username=f"{role}{region.code}",
                    name=adult_name(rng),
                    password="!",  # noqa: S106 - unusable
                    is_demo=True,
                    home_region_id=COUNTY,
                )
                for region in regions
            ]
        )
        posts = Post.objects.bulk_create(
            [Post(region=region, role=role, title=TITLES[role], unit=region.short_name) for region in regions]
        )
        Assignment.objects.bulk_create(
            [
                Assignment(user=user, post=post, region=region, role=post.role, start_date=START)
                for user, post, region in zip(users, posts, regions, strict=True)
            ]
        )
