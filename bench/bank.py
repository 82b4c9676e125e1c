"""A bank's file of 100,000 lines in the national layout, beside the xlsx writer alone writing the same cells."""

from __future__ import annotations

import datetime as dt
import time
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import xlsxwriter

from bench.memory import PeakMemory

SIZES: Final = (10_000, 100_000)
COUNTY: Final = 500152000000
RATIO_LIMIT: Final = 1.5
MEMORY_LIMIT_MB: Final = 300
ROUNDS: Final = 3

GROW = """
INSERT INTO subsidies_payment ({columns})
SELECT {values} FROM subsidies_payment p, fresh f WHERE p.batch_id = %s AND p.line = 1"""


def _released(size: int) -> Any:
    """A released batch of ``size`` lines, each with a ciphertext of its own account: one line is made by the models,
    the others are its copies in other months (so that each is allowed), accounts encrypted one by one.
    """
    from django.db import connection

    from cases.matching.runs.copying import copy_rows
    from staff import crypto
    from staff.models import Region, User
    from subsidies.models import Entitlement, Payment, PaymentBatch, Scheme
    from tests.cast import make_child

    scheme = Scheme.objects.get_or_create(code="basic_living", defaults={"clause": "x"})[0]
    village = Region.objects.filter(pk__gt=COUNTY, pk__lt=COUNTY + 1_000_000, level="village").order_by("pk")[
        0
    ]
    child = make_child(village.pk, f"柳清明{size}")
    entitlement = Entitlement.objects.create(
        child=child, scheme=scheme, region=village, start_month=dt.date(2026, 1, 1), category="orphan",
        placement="scattered", confirmed_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    )  # fmt: skip
    users = [User.objects.create_user(f"bench-{size}-{n}", password=None, name=f"x{n}") for n in range(3)]
    at = dt.datetime(2026, 10, 21, 2, tzinfo=dt.UTC)
    batch = PaymentBatch.objects.create(
        region_id=COUNTY, scheme=scheme, month=dt.date(2026, 10, 1), number=f"PB-{size}", kind="repair",
        state="prepared", prepared_by=users[0], prepared_at=at, line_count=size, child_count=size,
        total=Decimal(1550) * size,
    )  # fmt: skip
    Payment.objects.create(
        batch=batch, entitlement=entitlement, child=child, region=village, scheme=scheme, line=1,
        month=dt.date(2026, 10, 1), kind="arrears", sequence=1, standard=1550, amount=1550, from_county=1550,
        child_name=child.name, identity_number="500152201705201023", category="orphan", placement="scattered",
        payee_name="柳桂芳", payee_relation="grandmother", bank_name="重庆农村商业银行", account="6217001234567890",
        state="sent",
    )  # fmt: skip
    columns = [f.column for f in Payment._meta.concrete_fields if f.column != "id"]
    # Each line is another arrears line of the child: a sequence of its own, and another month when those are used up.
    own = {
        "line": "f.line",
        "sequence": "f.line %% 30000 + 2",
        "month": "(date '2026-10-01' - f.line / 30000 * interval '1 month')::date",
        "account": "f.account",
        "identity_number": "f.number",
    }
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE fresh (line integer, account bytea, number bytea)")
        copy_rows(
            cursor,
            "fresh",
            (
                (
                    line,
                    "\\x" + crypto.encrypt(f"62170012{line:08d}").hex(),
                    "\\x" + crypto.encrypt("500152201705201023").hex(),
                )
                for line in range(2, size + 1)
            ),
        )
        cursor.execute(
            GROW.format(columns=", ".join(columns), values=", ".join(own.get(c, f"p.{c}") for c in columns)),
            [batch.pk],
        )
        cursor.execute("DROP TABLE fresh")
    batch.released_at = at
    return batch


def _writer_alone(rows: list[list[Any]], folder: Path) -> float:
    """Seconds that xlsxwriter takes for the same cells, in constant memory, with the same formats."""
    started = time.perf_counter()
    with xlsxwriter.Workbook(
        str(folder / "alone.xlsx"), {"constant_memory": True, "tmpdir": str(folder)}
    ) as book:
        sheet = book.add_worksheet()
        money, text = book.add_format({"num_format": "#,##0.00"}), book.add_format({"num_format": "@"})
        for number, row in enumerate(rows):
            for place, value in enumerate(row):
                if isinstance(value, Decimal):
                    sheet.write_number(number, place, value, money)
                elif value:
                    sheet.write_string(number, place, value, text)
    return time.perf_counter() - started


def measure() -> dict[str, Any]:
    """For each size: seconds of the file and of the writer alone, their ratio (the fastest of several), where the time
    goes, and the memory that writing adds.
    """
    from django.db import transaction
    from django.utils import timezone

    from bench.county import analyse
    from childwelfare.environment import BASE_DIR
    from staff.regions import import_regions
    from staff.scope import system_scope
    from subsidies.bank import files as bank_files
    from subsidies.bank import writing as bank_writing
    from subsidies.bank.layouts import parse
    from subsidies.bank.packaged import PACKAGED
    from subsidies.bank.writing import About

    name, _used, data = PACKAGED["nat-xlsx"]
    layout = parse("nat-xlsx", name, data)
    results: dict[str, Any] = {}
    with system_scope(reason="bench"):
        import_regions(BASE_DIR / "data" / "regions" / "500152-tongnan.csv")
        made = {size: _released(size) for size in SIZES}
    analyse()
    for size, batch in made.items():
        released = timezone.localtime(batch.released_at).replace(tzinfo=None)
        about = About(batch.number, released.date(), batch.line_count, batch.total)
        getters = [bank_writing.getter(column, about) for column in layout.of("line")]
        with TemporaryDirectory() as name_of, system_scope(reason="bench"), transaction.atomic():
            folder = Path(name_of)
            started = time.perf_counter()
            rows = sum(1 for _line in bank_files.stream(batch))
            reading = time.perf_counter() - started
            assert rows == size
            with PeakMemory() as memory:
                bank_writing.write(
                    layout, about, bank_files.stream(batch), folder / "file.xlsx", made_at=released
                )
            ours, alone = [], []
            cells = [[get(line) for get in getters] for line in bank_files.stream(batch)]
            for _round in range(ROUNDS):
                started = time.perf_counter()
                bank_writing.write(
                    layout, about, bank_files.stream(batch), folder / "file.xlsx", made_at=released
                )
                ours.append(time.perf_counter() - started)
                alone.append(_writer_alone(cells, folder))
            del cells
        ratio = min(ours) / min(alone)
        results[f"{size} lines"] = {
            "seconds": round(min(ours), 2),
            "writer_alone_seconds": round(min(alone), 2),
            "ratio": round(ratio, 2),
            "within_limit": ratio <= RATIO_LIMIT,
            "reading_and_decrypting_seconds": round(reading, 2),
            "memory_growth_mb": memory.growth,
            "memory_peak_mb": memory.peak,
            "memory_within_limit": memory.peak <= MEMORY_LIMIT_MB,
        }
    return results
