"""A county's register of 20,000 children as an xlsx, from upload to children that can be found, beside plain COPY + INSERT.

The file is messy as offices' are: titles, a total, text dates, words of several kinds, and one row in fifty wrong.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
import time
from typing import Any, Final

import xlsxwriter

from bench.lists.names import GIVEN, SURNAMES
from bench.memory import PeakMemory

ROWS: Final = 20_000
LIMIT_SECONDS: Final = 60
SEED: Final = 11
COUNTY: Final = 500152000000
DAY: Final = dt.date(2026, 10, 20)
HEADERS: Final = (
    *(
        "序号",
        "姓名",
        "性别",
        "身份证号码",
        "出生日期",
        "所属乡镇",
        "所属村居",
        "家庭住址",
        "保障类别",
        "养育方式",
    ),
    *(
        "监护人姓名",
        "与儿童关系",
        "监护人身份证号",
        "联系电话",
        "就学状况",
        "健康状况",
        "开户银行",
        "银行账号",
        "开户人",
        "备注",
    ),
)
CATEGORIES: Final = ("孤儿", "事实无人抚养", "低保家庭", "重残", "留守儿童", "困境儿童", "特困供养")
RELATIONS: Final = ("祖父", "祖母", "外公", "外婆", "父亲", "母亲")
STAGES: Final = ("小学", "初中", "幼儿园", "学龄前", "高中")


def _number(draw: random.Random, low: int, high: int) -> tuple[str, dt.date]:
    from cases.identity import check_character

    birth = dt.date(low, 1, 1) + dt.timedelta(days=draw.randrange((high - low) * 365))
    first17 = f"500152{birth:%Y%m%d}{draw.randrange(1000):03d}"
    return first17 + check_character(first17), birth


def make_rows(count: int, villages: list[tuple[str, str]], seed: int = SEED) -> list[list[str]]:
    """Rows under HEADERS. One in fifty is wrong in one cell; identity numbers are all different."""
    draw = random.Random(seed)
    taken: set[str] = set()
    rows = []
    for line in range(count):
        number, birth = _number(draw, 2010, 2024)
        while number in taken:
            number, birth = _number(draw, 2010, 2024)
        taken.add(number)
        male = int(number[16]) % 2
        surname = draw.choice(SURNAMES)
        township, village = draw.choice(villages)
        guardian, _born = _number(draw, 1950, 1990)
        dates = (f"{birth:%Y-%m-%d}", f"{birth.year}.{birth.month}.{birth.day}", f"{birth:%Y%m%d}")
        account = "6217" + "".join(str(draw.randrange(10)) for _digit in range(15))
        row = [
            str(line + 1),
            surname + "".join(draw.sample(GIVEN, 2)),
            "男" if male else "女",
            number,
            draw.choice(dates),
            township,
            village,
            f"{township}{village}{draw.randrange(1, 9)}组{draw.randrange(1, 90)}号",
            draw.choice(CATEGORIES),
            draw.choice(("散居", "社会散居", "")),
            surname + draw.choice(GIVEN),
            draw.choice(RELATIONS),
            guardian,
            f"139{draw.randrange(10**8):08d}",
            draw.choice(STAGES),
            draw.choice(("健康", "良好", "残疾", "")),
            "重庆农村商业银行",
            account,
            surname + draw.choice(GIVEN),
            "",
        ]
        if line % 50 == 7:
            _spoil(row, draw)
        rows.append(row)
    return rows


def _spoil(row: list[str], draw: random.Random) -> None:
    match draw.randrange(5):
        case 0:
            row[3] = row[3][:17] + ("1" if row[3][17] != "1" else "2")
        case 1:
            row[3] = row[3][:6] + "********" + row[3][14:]
        case 2:
            row[6] = "不存在的村"
        case 3:
            row[4] = "去年"
        case _:
            row[8] = "某类"


def workbook(rows: list[list[str]]) -> bytes:
    """The rows as an office sends them: a title, the header below it, a total at the end."""
    data = io.BytesIO()
    with xlsxwriter.Workbook(data, {"constant_memory": True, "strings_to_numbers": False}) as book:
        sheet = book.add_worksheet("花名册")
        sheet.write_string(0, 0, "潼南区儿童花名册")
        for line, row in enumerate([list(HEADERS), *rows], 1):
            for place, cell in enumerate(row):
                if cell:
                    sheet.write_string(line, place, cell)
        sheet.write_string(len(rows) + 2, 0, f"合计 {len(rows)} 人")
    return data.getvalue()


def floor(rows: list[list[str]]) -> float:
    """Seconds for the least that must be done: COPY the rows as text, INSERT … SELECT them into a plain table."""
    from django.db import connection, transaction

    text = io.StringIO()
    csv.writer(text).writerows(rows)
    text.seek(0)
    columns = ", ".join(f"c{n} text" for n in range(len(HEADERS)))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE floor_in ({columns}) ON COMMIT DROP")
        cursor.execute(f"CREATE TEMP TABLE floor_out ({columns}, id bigserial PRIMARY KEY) ON COMMIT DROP")
        started = time.perf_counter()
        cursor.copy_expert("COPY floor_in FROM STDIN (FORMAT csv)", text)
        cursor.execute("INSERT INTO floor_out SELECT * FROM floor_in")
        return time.perf_counter() - started


def measure() -> dict[str, Any]:
    """Upload, naming of columns, check and take-over of the file, and the same file once more; seconds, MB, ratio."""
    from django.db import connection, transaction
    from django.utils import timezone

    from cases.importing import running, services
    from cases.models import RegisterImport
    from childwelfare.environment import BASE_DIR
    from staff.enums import Role
    from staff.models import Assignment, Post, Region, User
    from staff.regions import import_regions
    from staff.scope import open_scope, scope_of, system_scope

    with system_scope(reason="bench"):
        import_regions(BASE_DIR / "data" / "regions" / "500152-tongnan.csv")
        user = User.objects.create_user("bench", password=None, name="bench")
        post = Post.objects.create(region_id=COUNTY, role=Role.CLERK, title="bench")
        clerk = scope_of(Assignment.objects.create(user=user, post=post, start_date=dt.date(2026, 1, 1)))
    villages = [
        (str(parent), Region(name=name).short_name)
        for name, parent in Region.objects.filter(code__range=(COUNTY, COUNTY + 999_999), level="village")
        .order_by("code")
        .values_list("name", "parent__name")
    ]
    rows = make_rows(ROWS, villages)
    data = workbook(rows)
    seconds: dict[str, float] = {}
    own_seconds: dict[str, float] = {}
    found: dict[str, Any] = {}

    def timed(name: str, work: Any) -> None:
        started, used = time.perf_counter(), time.process_time()
        with open_scope(clerk), transaction.atomic():
            found[name] = work()
        seconds[name] = round(time.perf_counter() - started, 2)
        own_seconds[name] = round(time.process_time() - used, 2)

    def received() -> RegisterImport:
        with open_scope(clerk):
            return RegisterImport.objects.order_by("-pk").select_related("file")[0]

    def round_of(prefix: str) -> None:
        timed(
            f"{prefix}upload and columns",
            lambda: services.receive(data=data, name="r.xlsx", region_id=COUNTY, at=timezone.now()),
        )
        timed(f"{prefix}check", lambda: running.check(received(), today=DAY))
        timed(f"{prefix}take-over", lambda: running.apply(received(), at=timezone.now(), today=DAY))

    with PeakMemory() as memory:
        round_of("")
    first = sum(seconds.values())
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    round_of("again: ")
    floor_seconds = min(floor(rows) for _each in range(3))
    return {
        "rows": ROWS,
        "file_mb": round(len(data) / 2**20, 1),
        "seconds": seconds,
        # Of this process: the rest is the database's, and whoever else uses the machine.
        "own_cpu_seconds": own_seconds,
        "first_import_seconds": round(first, 2),
        "within_limit": first < LIMIT_SECONDS,
        "rows_per_second": round(ROWS / first),
        "dominated_by": max(list(seconds)[:3], key=lambda name: seconds[name]),
        "counts": {name: found["take-over"][name] for name in ("new", "error", "duplicate", "written")},
        "again": {name: found["again: take-over"][name] for name in ("same", "update", "error", "written")},
        "peak_memory_mb": memory.peak,
        "memory_growth_mb": memory.growth,
        "copy_and_insert_seconds": round(floor_seconds, 3),
        "ratio_to_copy_and_insert": round(first / floor_seconds, 1),
    }
