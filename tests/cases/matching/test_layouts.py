"""Taking lists in: many at once, columns named and remembered per sender, wrong files refused, rows sent back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.urls import reverse

from cases.matching.intake import layouts
from cases.matching.intake import services as intake
from cases.matching.intake.shown import Shown
from cases.matching.intake.stage import frame_of
from cases.matching.reading import preview
from cases.matching.reading.files import ListFileError
from cases.matching.reading.tables import open_tables
from cases.models import ListImport, ListLayout, MatchRun
from staff.models import AccessLog, StoredFile
from staff.workflow import TransitionRefused
from tests.cases.matching.conftest import ADULT, AT, MINOR, OCTOBER, OWN, acting, csv_list, row
from tests.cases.matching.reading import number, packed, text, workbook
from tests.cast import COUNTY, Cast

LIST = csv_list(row("林小满", OWN, head="林桂芳"), row("林大海", "12345", relation="儿子"))
STRANGE = text(
    "甲,乙,丙,丁", f"林小满,{ADULT},{OWN},0.09", f"林大海,{ADULT},{MINOR},0.08", encoding="gb18030"
)
WORDS = ["name", "head_id", "id_number", "amount"]


def upload(cast: Cast, data: bytes, name: str = "桂林街道.csv", **more: Any) -> ListImport:
    with acting(cast, "clerk") as actor:
        found, _new = intake.take_list(
            **{"actor": actor, "at": AT, "data": data, "name": name, "kind": "dibao", "period": OCTOBER,
               "region_id": COUNTY, **more}
        )  # fmt: skip
    return found


def name_columns(cast: Cast, found: ListImport, columns: list[str], *, ten_thousands: bool = False) -> None:
    with acting(cast, "clerk") as actor:
        intake.name_columns(
            actor=actor, at=AT, list_import=found, sheet=0, columns=columns, ten_thousands=ten_thousands
        )


def post_files(cast: Cast, *files: tuple[str, bytes], kind: str = "dibao", month: str = "2026-10") -> Any:
    uploads = [SimpleUploadedFile(name, data) for name, data in files]
    return cast.client("clerk").post(
        reverse("cases:list_upload"), {"kind": kind, "period": month, "file": uploads}, follow=True
    )


# --- Columns --------------------------------------------------------------------------------------------


def test_a_list_whose_headers_say_nothing_waits_for_a_word(cast: Cast) -> None:
    found = upload(cast, STRANGE)
    client = cast.client("clerk")
    page = client.get(reverse("cases:list", args=[found.pk])).content.decode()
    assert reverse("cases:list_columns", args=[found.pk]) in page
    assert reverse("cases:list_confirm", args=[found.pk]) not in page
    refused = client.post(reverse("cases:list_confirm", args=[found.pk]))
    assert refused["Location"] == reverse("cases:list", args=[found.pk])
    with acting(cast, "clerk"):
        assert not MatchRun.objects.exclude(job=None).exists()


def test_named_columns_are_remembered_and_the_next_list_of_the_sender_needs_no_click(cast: Cast) -> None:
    found = upload(cast, STRANGE)
    address = reverse("cases:list_columns", args=[found.pk])
    client = cast.client("clerk")
    shown = client.get(address).content.decode()
    assert OWN not in shown
    assert f"500152********{OWN[-4:]}" in shown
    data = {"sheet": "0", "ten_thousands": "on"} | {f"column-{i}": field for i, field in enumerate(WORDS)}
    answer = client.post(address, data)
    assert answer["Location"] == reverse("cases:list", args=[found.pk])
    with acting(cast, "clerk"):
        found.refresh_from_db()
        layout = ListLayout.objects.get()
    assert (layout.sender, layout.user_id) == ("500152001000", cast.users["clerk"].pk)
    assert found.layout_id == layout.pk
    assert intake.is_certain(found)
    assert [c["by"] for c in found.mapping["sheets"][0]["columns"]] == ["clerk"] * 4
    later = STRANGE.replace("林大海".encode("gb18030"), "林大山".encode("gb18030"))
    november = upload(cast, later, period=dt.date(2026, 11, 1))
    assert intake.is_certain(november)
    with acting(cast, "clerk"):
        frame = frame_of(ListImport.objects.select_related("region", "file").get(pk=november.pk))
    assert frame["id_number"].to_list() == [OWN, MINOR]
    assert [str(a) for a in frame["amount"]] == ["900.00", "800.00"]


def test_what_is_remembered_of_one_sender_says_nothing_of_another(cast: Cast) -> None:
    name_columns(cast, upload(cast, STRANGE), WORDS)
    other = upload(cast, STRANGE + "\r\n林大江,1,2,3".encode("gb18030"), name="上和镇.csv")
    assert other.sender != "500152001000"
    assert not intake.is_certain(other)


@pytest.mark.parametrize("columns", [["name", "name", "id_number", ""], ["amount", "", "sex", ""]])
def test_columns_that_make_no_sense_are_refused(cast: Cast, columns: list[str]) -> None:
    found = upload(cast, STRANGE)
    with pytest.raises(layouts.LayoutRefused):
        name_columns(cast, found, columns)
    data = {"sheet": "0"} | {f"column-{i}": field for i, field in enumerate(columns)}
    page = cast.client("clerk").post(reverse("cases:list_columns", args=[found.pk]), data)
    assert page.status_code == 200
    assert page.context["error"]
    with acting(cast, "clerk"):
        assert not ListLayout.objects.exists()


def test_the_columns_of_an_imported_list_stay(cast: Cast, take: Callable[..., ListImport]) -> None:
    found = take(LIST)
    with pytest.raises(intake.IntakeRefused):
        name_columns(cast, found, ["name"])
    answer = cast.client("clerk").get(reverse("cases:list_columns", args=[found.pk]))
    assert answer["Location"] == reverse("cases:list", args=[found.pk])


# --- Many at once ---------------------------------------------------------------------------------------


def test_an_archive_and_files_become_imports_of_their_own_and_a_bad_one_stops_no_other(cast: Cast) -> None:
    second = csv_list(row("周白鹭", MINOR, head="周山"), title="上和镇2026年10月低保人员花名册")
    page = post_files(
        cast, ("全部.zip", packed({"桂林街道.csv": LIST, "坏.csv": b"x,y"})), ("上和镇.csv", second)
    )
    assert page.request["PATH_INFO"] == reverse("cases:lists_waiting")
    with acting(cast, "clerk"):
        kept = list(ListImport.objects.order_by("pk"))
    assert [(each.name, each.row_count) for each in kept] == [("桂林街道.csv", 2), ("上和镇.csv", 1)]
    text = page.content.decode()
    assert "坏.csv" in text
    assert "上和镇.csv" in text


def test_all_that_are_in_order_are_confirmed_at_once(
    cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    first, unsure = upload(cast, LIST), upload(cast, STRANGE, name="上和镇.csv")
    with django_capture_on_commit_callbacks(execute=True):
        cast.client("clerk").post(reverse("cases:lists_confirm"), {"month": "2026-10"})
    with acting(cast, "clerk"):
        first.refresh_from_db()
        unsure.refresh_from_db()
    assert (first.state, unsure.state) == ("staged", "preview")


def test_an_upload_of_which_nothing_can_be_read_says_why_beside_the_field(cast: Cast) -> None:
    page = post_files(cast, ("a.csv", b"x,y"), ("b.xlsx", b"PK\x03\x04 broken"))
    assert page.status_code == 200
    errors = page.context["form"].errors["file"]
    assert [e.split(":")[0] for e in errors] == ["a.csv", "b.xlsx"]
    with acting(cast, "clerk"):
        assert not ListImport.objects.exists()
        assert not StoredFile.objects.exists()


# --- Wrong files ----------------------------------------------------------------------------------------


def test_last_months_very_file_is_refused(cast: Cast) -> None:
    data = csv_list(row("林小满", OWN, head="林桂芳"), title="桂林街道低保人员花名册")
    upload(cast, data)
    with pytest.raises(ListFileError, match="2026-10"):
        upload(cast, data, period=dt.date(2026, 11, 1))


@pytest.mark.parametrize(
    ("title", "refused"),
    [
        ("桂林街道2026年9月低保人员花名册", True),
        ("桂林街道2026年10月低保人员花名册", False),
        ("桂林街道2026年1-9月低保人员花名册", False),
        ("桂林街道低保人员花名册（2026年9月28日制）", False),
        ("桂林街道2026-09低保人员花名册", True),
        ("桂林街道202609低保人员花名册", True),
        ("桂林街道2026 年 9 月低保人员花名册", True),
        ("桂林街道二〇二六年九月低保人员花名册", True),
        ("桂林街道二〇二六年十月低保人员花名册", False),
        ("桂林街道低保名单（2026年7月起执行新标准）", False),
        ("桂林街道低保名单（截至2026年9月底）", False),
        ("桂林街道低保名单 填报日期：2026-09-28", False),
        ("桂林街道2026年10月特困人员花名册", True),
        ("荣昌区2026年10月低保人员花名册", True),
    ],
)
def test_a_title_that_says_another_month_kind_or_county_refuses_the_file(
    cast: Cast, title: str, refused: bool
) -> None:
    with acting(cast, "clerk"):
        from staff.models import Region

        chongqing = Region.objects.get(pk=500_000_000_000)
    cast_region("荣昌区", 500_153_000_000, chongqing)
    data = csv_list(row("林小满", OWN, head="林桂芳"), title=title)
    if not refused:
        assert upload(cast, data).row_count == 1
        return
    with pytest.raises(ListFileError):
        upload(cast, data)
    with acting(cast, "clerk"):
        assert not ListImport.objects.exists()


def test_a_sheet_of_another_month_beside_the_right_one_refuses_the_workbook(cast: Cast) -> None:
    grid = [["姓名", "身份证号", "户主姓名"], ["林小满", OWN, "林桂芳"]]
    with pytest.raises(ListFileError, match="2026-09"):
        upload(cast, workbook(grid, grid, names=("2026年9月", "2026年10月")))


def cast_region(name: str, code: int, parent: Any) -> None:
    from staff.models import Region
    from staff.scope import system_scope

    with system_scope(reason="test", log=False):
        Region.objects.get_or_create(code=code, defaults={"name": name, "level": "county", "parent": parent})


def test_the_numbers_of_the_young_tell_another_county_but_old_area_codes_do_not(cast: Cast) -> None:
    with acting(cast, "clerk"):
        from staff.models import Region

        chongqing = Region.objects.get(pk=500_000_000_000)
    cast_region("荣昌区", 500_153_000_000, chongqing)
    young = [row(f"张{i}", number(f"500153201503{1 + i % 28:02d}{100 + i}"), head="张三") for i in range(30)]
    with pytest.raises(ListFileError, match="荣昌区"):
        upload(cast, csv_list(*young))
    old = [row(f"张{i}", number(f"510231195003{1 + i % 28:02d}{100 + i}"), head="张三") for i in range(30)]
    assert upload(cast, csv_list(*old)).row_count == 30


def test_codes_of_another_county_in_the_cells_refuse_the_file(cast: Cast) -> None:
    with pytest.raises(ListFileError):
        upload(cast, text("sender_code,姓名,身份证号", f"520281001,林小满,{OWN}"))


# --- Accounting and rows to correct ---------------------------------------------------------------------


def test_every_row_of_a_list_is_accounted_for_on_its_page(cast: Cast) -> None:
    found = upload(cast, LIST)
    assert (found.rows_in_file, found.row_count, found.rows_rejected, found.rows_other) == (5, 2, 0, 3)
    page = cast.client("clerk").get(reverse("cases:list", args=[found.pk]))
    (account,) = page.context["accounts"]
    assert account["rows"] == account["accepted"] + account["rejected"] + account["other"] == 5


def test_the_database_refuses_a_list_whose_rows_do_not_add_up(
    cast: Cast, take: Callable[..., ListImport]
) -> None:
    found = take(LIST)
    with acting(cast, "clerk"), pytest.raises(IntegrityError, match="list_rows_add_up"), transaction.atomic():
        ListImport.objects.filter(pk=found.pk).update(rows_rejected=7)


def test_the_page_names_row_field_and_remedy_and_masks_numbers(cast: Cast) -> None:
    found = upload(
        cast, csv_list(row("林小满", OWN, head="林桂芳"), row("林大海", OWN[:17]), ",,,,,,女,,莲花村,,")
    )
    page = cast.client("clerk").get(reverse("cases:list", args=[found.pk]))
    text_of = page.content.decode()
    assert OWN not in text_of
    assert OWN[:17] not in text_of
    wrong = {(r["line"], p.code, p.rejected) for r in page.context["peek"].wrong for p in r["problems"]}
    assert wrong == {(4, "number_length", False), (5, "nobody", True)}
    for code in ("number_length", "nobody"):
        assert str(preview.PROBLEMS[code][1]) in text_of


def test_rows_to_correct_are_the_same_sheet_with_the_reason_beside_each_and_are_logged(cast: Cast) -> None:
    found = upload(
        cast, csv_list(row("林小满", OWN, head="林桂芳"), row("林大海", OWN[:17]), ",,,,,,女,,莲花村,,")
    )
    address = reverse("cases:list_problems", args=[found.pk])
    client = cast.client("clerk")
    assert client.post(address, {"reason": ""})["Location"] == reverse("cases:list", args=[found.pk])
    answer = client.post(address, {"reason": "退回桂林街道更正"})
    (sheet,) = open_tables(answer.content)
    rows = sheet.frame.rows()
    header = csv_list().decode("gb18030").splitlines()[1].split(",")
    assert list(rows[1][: len(header)]) == header
    assert [(r[3], r[4], r[8], r[len(header)]) for r in rows[2:]] == [
        ("林大海", OWN[:17], "莲花社区居民委员会", "4"), ("", "", "莲花村", "5"),
    ]  # fmt: skip
    assert rows[2][len(header) + 1 :] == tuple(str(t) for t in preview.PROBLEMS["number_length"])
    assert cast.users["clerk"].name in rows[0][0]
    with acting(cast, "auditor"):
        logged = AccessLog.objects.filter(kind="export", subject="cases.listimport").latest("pk")
    assert (logged.reason, logged.detail["rows"], logged.subject_id) == ("退回桂林街道更正", 2, str(found.pk))


def test_a_list_of_households_says_that_its_children_are_elsewhere(cast: Cast) -> None:
    found = upload(
        cast, text("户主姓名,身份证号,低保证号,领取金额", f"林桂芳,{ADULT},5,900", f"林大海,{MINOR},6,800")
    )
    page = cast.client("clerk").get(reverse("cases:list", args=[found.pk]))
    assert found.mapping["sheets"][0]["households_only"]
    assert [n["kind"] for n in page.context["notices"]] == ["warn"]


def test_a_total_that_counts_more_persons_than_were_read_is_pointed_out(cast: Cast) -> None:
    found = upload(cast, text("姓名,身份证号,金额", f"林桂芳,{ADULT},5", "合计,3户7人,900"))
    page = cast.client("clerk").get(reverse("cases:list", args=[found.pk]))
    assert any("7" in n["text"] for n in page.context["notices"])


def test_a_list_is_taken_out_of_its_month_again(
    cast: Cast, take: Callable[..., ListImport], django_capture_on_commit_callbacks: Any
) -> None:
    found = take(LIST)
    with django_capture_on_commit_callbacks(execute=True):
        cast.client("clerk").post(reverse("cases:list_withdraw", args=[found.pk]))
    with acting(cast, "clerk"):
        found.refresh_from_db()
    assert found.state == "preview"


def test_only_the_clerk_takes_lists_in(cast: Cast) -> None:
    with acting(cast, "approver") as actor, pytest.raises(TransitionRefused):
        intake.take_files(
            actor=actor, at=AT, files=[("x.csv", LIST)], kind="dibao", period=OCTOBER, region_id=COUNTY
        )


def test_pages_of_taking_lists_in_stay_within_their_queries(cast: Cast, page_budget: Any) -> None:
    found = upload(cast, LIST)
    client = cast.client("clerk")
    for name, args in (("list", [found.pk]), ("list_columns", [found.pk]), ("lists_waiting", [])):
        with page_budget(15):
            assert client.get(reverse(f"cases:{name}", args=args), {"month": "2026-10"}).status_code == 200


# --- Looked at again ------------------------------------------------------------------------------------


def test_pages_of_a_list_read_its_file_once(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path
) -> None:
    """What the check and the columns page show is kept, encrypted; only naming the columns reads the file again."""
    parsed: list[str] = []
    usual = intake.read_list

    def counting(*args: Any, **kwargs: Any) -> Any:
        parsed.append(kwargs["name"])
        return usual(*args, **kwargs)

    monkeypatch.setattr(intake, "read_list", counting)
    settings.MEDIA_ROOT = tmp_path
    data = csv_list(row("林小满", OWN, head="林桂芳"), row("苏谷雨", ADULT[:-1], head="苏长林"))
    with acting(cast, "clerk") as actor:
        found, _new = intake.take_list(
            actor=actor, at=AT, data=data, name="低保.csv", kind="dibao", period=OCTOBER, region_id=COUNTY
        )
        alone = Shown.of(intake.read_again(found))
        assert intake.shown_of(found) == Shown.unpacked(alone.packed()) == alone
    parsed.clear()
    client = cast.client("clerk")
    columns = reverse("cases:list_columns", args=[found.pk])
    check = reverse("cases:list", args=[found.pk])
    pages = [client.get(address).content.decode() for address in (columns, columns, check, check)]
    assert parsed == []
    assert "林小满" in pages[0]
    assert all("林小满" in page and OWN not in page for page in pages)
    stored = [path.read_bytes() for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]
    assert stored
    assert not any(each.encode() in data for each in ("林小满", OWN) for data in stored)

    shown = client.get(columns).context
    posted = {each["name"]: each["field"] for each in shown["columns"]} | {"sheet": shown["chosen"].place}
    last = list(posted)[-2]
    posted[last] = ""
    assert client.post(columns, posted).status_code == 302
    assert parsed == ["低保.csv"], "the file is read anew when its columns are named"
    again = client.get(columns).context["columns"]
    assert [(each["field"], each["by"]) for each in again] == [
        (posted[each["name"]], "clerk" if posted[each["name"]] else "") for each in again
    ]
    assert len(parsed) == 1
