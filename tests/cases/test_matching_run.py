"""From files to candidates: staging, the month's run, commands, scope and survival."""

import csv
import datetime as dt
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from cases.importing.trusted import import_register
from cases.matching.intake.imports import open_run, receive_list, stage_received
from cases.matching.intake.stage import frame_of
from cases.matching.review.decisions import row_digest
from cases.matching.runs.match import export_candidates, run_match
from cases.models import Child, ListImport, ListRow, MatchCandidate, MatchDecision, MatchRun
from staff.models import Region, StoredFile
from staff.scope import open_scope, system_scope
from tests.cast import COUNTY, OTHER_COUNTY, Cast

DATA = Path(__file__).parent.parent / "data" / "matching"
OCTOBER = dt.date(2026, 10, 1)
AT = dt.datetime(2026, 11, 3, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))

pytestmark = pytest.mark.django_db


@pytest.fixture
def divisions(cast: Cast) -> None:
    """The townships and villages of the sample county."""
    with (DATA / "villages.csv").open(encoding="utf-8") as stream:
        for line in csv.DictReader(stream):
            township = int(line["township_code"]) * 1000
            Region.objects.get_or_create(
                code=township, defaults={"name": f"镇{township}", "level": "township", "parent_id": COUNTY}
            )
            Region.objects.update_or_create(
                code=int(line["code"]),
                defaults={"name": line["name"], "level": "village", "parent_id": township},
            )


@pytest.fixture
def county(divisions: None) -> Iterator[None]:
    """An open system scope over the county."""
    with system_scope(reason="test", ranges=[(COUNTY, COUNTY + 999_999)], log=False):
        yield


@pytest.fixture
def register(county: None) -> None:
    result = import_register(DATA / "register.csv", name="register.csv", at=AT)
    assert (result.rows, result.added, result.skipped) == (500, 500, 0)


def stage(name: str = "list_all.csv", kind: str = "dibao", data: bytes | None = None) -> ListImport:
    content = (DATA / name).read_bytes() if data is None else data
    received, _new = receive_list(data=content, name=name, kind=kind, period=OCTOBER, region_id=COUNTY, at=AT)
    stage_received(received)
    return received


def exported(run: MatchRun) -> list[dict[str, str]]:
    out = io.StringIO()
    export_candidates(run.pk, out)
    return list(csv.DictReader(io.StringIO(out.getvalue())))


def test_the_sample_is_matched_without_a_wrong_pair(register: None) -> None:
    stage()
    run = open_run(region_id=COUNTY, period=OCTOBER)
    counts = run_match(run.pk)
    assert (counts["rows"], counts["children"]) == (
        5000,
        503,
    )  # the sample and the three children of the cast
    with (DATA / "truth.csv").open(encoding="utf-8") as stream:
        truth = {t["list_row_id"]: t["child_id"] for t in csv.DictReader(stream)}
    results = exported(run)
    auto = [r for r in results if r["tier"] == "auto"]
    wrong = [r for r in auto if truth[r["list_row_id"]] != r["child_id"]]
    assert wrong == []
    true_rows = {k for k, v in truth.items() if v}
    assert len({r["list_row_id"] for r in auto}) >= 0.99 * len(true_rows)
    reached = {r["list_row_id"] for r in results if truth[r["list_row_id"]] == r["child_id"]}
    assert len(reached) >= 0.999 * len(true_rows)
    assert len({r["list_row_id"] for r in results if r["tier"] == "review"}) <= 1.5 * 5
    assert {r["rule"] for r in auto} >= {
        "same_number_and_name",
        "cut_number_and_name",
        "repaired_number_and_name",
    }


def test_office_files_give_the_same_pairs_as_the_flat_list(register: None) -> None:
    stage("500152003_tekun.xlsx", "tekun")
    stage("500152001_tekun.csv", "tekun")
    run = open_run(region_id=COUNTY, period=OCTOBER)
    run_match(run.pk)
    by_file = exported(run)
    assert all(
        r["list_row_id"].startswith(("500152003_tekun.xlsx:Sheet1:", "500152001_tekun.csv::"))
        for r in by_file
    )
    stage("500152_death.xlsx", "death")
    counts = run_match(run.pk)
    assert counts["lists"] == 3


def test_a_second_run_and_a_second_upload_change_nothing(register: None) -> None:
    first = stage()
    files_before = set(StoredFile.objects.values_list("pk", flat=True))
    again = stage()
    assert (again.pk, again.frame_id) == (first.pk, first.frame_id)
    assert set(StoredFile.objects.values_list("pk", flat=True)) == files_before
    assert not ListRow.objects.exists()
    run = open_run(region_id=COUNTY, period=OCTOBER)
    run_match(run.pk)
    rows = list(ListRow.objects.order_by("pk").values_list("pk", flat=True))
    before = list(MatchCandidate.objects.order_by("pk").values())
    history = event_count()
    fingerprint = MatchRun.objects.get(pk=run.pk).fingerprint
    run_match(run.pk)
    assert list(MatchCandidate.objects.order_by("pk").values()) == before
    assert list(ListRow.objects.order_by("pk").values_list("pk", flat=True)) == rows
    assert event_count() == history
    assert MatchRun.objects.get(pk=run.pk).fingerprint == fingerprint != ""


def event_count() -> int:
    return int(MatchCandidate.pgh_event_model._base_manager.count())  # type: ignore[attr-defined]


class Killed(Exception):
    """Stands for a worker that dies between two steps."""


@pytest.mark.parametrize("step", ["rows", "people", "pairs", "candidates", "adults", "keep"])
def test_a_run_that_dies_leaves_nothing_and_may_start_again(register: None, step: str) -> None:
    stage()
    run = open_run(region_id=COUNTY, period=OCTOBER)

    def die(done: int, total: int, text: str) -> None:
        if done and text == step:
            raise Killed

    with pytest.raises(Killed):
        run_match(run.pk, progress=die)
    assert MatchCandidate.objects.count() == 0
    counts = run_match(run.pk)
    assert MatchCandidate.objects.filter(role="child").count() == counts["auto"] + counts["review"] > 0


def test_what_a_person_decided_stays_and_is_remembered(register: None, cast: Cast) -> None:
    with (DATA / "register.csv").open(encoding="utf-8") as stream:
        known = next(csv.DictReader(stream))
    other_name = known["name"][0] + "改名"
    source = f"姓名,身份证号\n{other_name},{known['id_number']}\n".encode()
    stage("a.csv", data=source)
    run = open_run(region_id=COUNTY, period=OCTOBER)
    run_match(run.pk)
    pair = MatchCandidate.objects.get()
    assert (pair.tier, pair.state, pair.rule) == ("review", "pending", "same_number_other_name")
    MatchCandidate.objects.filter(pk=pair.pk).update(
        state="rejected", decided_by=cast.users["clerk"], decided_at=AT
    )
    run_match(run.pk)
    assert MatchCandidate.objects.get().state == "rejected"
    assert exported(run) == []
    row = ListRow.objects.get()
    MatchDecision.objects.create(
        child_id=pair.child_id, region_id=pair.region_id, kind=row.kind, same=True, user=cast.users["clerk"],
        at=AT, row_digest=row_digest(row.kind, row.name, row.id_number),
    )  # fmt: skip
    november, _new = receive_list(
        data=source, name="b.csv", kind="dibao", period=dt.date(2026, 11, 1), region_id=COUNTY, at=AT
    )
    stage_received(november)
    later = open_run(region_id=COUNTY, period=dt.date(2026, 11, 1))
    run_match(later.pk)
    again = MatchCandidate.objects.get(run=later)
    assert (again.state, again.remembered) == ("accepted", True)


def test_no_identity_number_is_stored_in_the_clear(register: None) -> None:
    stage()
    run_match(open_run(region_id=COUNTY, period=OCTOBER).pk)
    with (DATA / "list_all.csv").open(encoding="utf-8") as stream:
        numbers = [c for line in csv.reader(stream) for c in line if len(c) == 18 and c[:17].isdigit()]
    assert len(numbers) > 50
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(r::text, ' ') FROM cases_listrow r")
        stored = cursor.fetchone()[0]
        cursor.execute(
            "SELECT string_agg(encode(id_number, 'escape') || encode(head_id, 'escape'), ' ') "
            "FROM cases_listrow"
        )
        stored += cursor.fetchone()[0]
    assert not [n for n in numbers if n in stored]
    assert len(set(numbers) & {r.id_number for r in ListRow.objects.all() if r.id_digest}) > 250


def test_a_number_cut_by_a_spreadsheet_stays_marked_as_cut(register: None) -> None:
    with (DATA / "register.csv").open(encoding="utf-8") as stream:
        known = next(line for line in csv.DictReader(stream) if line["head_name"])
    cut = known["id_number"][:15] + "000"
    source = f"姓名,身份证号,户主姓名\n{known['name']},{cut},{known['head_name']}\n"
    received = stage("a.csv", data=source.encode())
    assert frame_of(received)["id_number"].to_list() == [cut]
    run_match(open_run(region_id=COUNTY, period=OCTOBER).pk)
    row = ListRow.objects.get()
    assert row.id_number == f"{cut[0]}.{cut[1:15]}E+17"
    assert row.id_digest is None


def test_rows_lie_in_the_region_their_cells_name(register: None) -> None:
    with (DATA / "villages.csv").open(encoding="utf-8") as stream:
        village = next(csv.DictReader(stream))
    received = stage("a.csv", data=f"姓名,身份证号,住址\n张三,,{village['name']}\n李四,,别处\n".encode())
    assert frame_of(received)["region"].to_list() == [int(village["code"]), COUNTY]


def test_problems_are_counted_and_carry_no_personal_data(register: None) -> None:
    received = stage("a.csv", data="姓名,身份证号,出生日期,保障金额\n张三,11010519491231,x,八百\n".encode())
    assert received.mapping["problem_counts"] == {
        "amount_unreadable": 1, "birth_unreadable": 1, "number_unreadable": 1,
    }  # fmt: skip
    assert {p["code"] for p in received.problems} == set(received.mapping["problem_counts"])
    assert "张三" not in json.dumps([received.problems, received.mapping], ensure_ascii=False)


def test_the_clerk_runs_it_and_a_stranger_sees_none_of_it(divisions: None, cast: Cast) -> None:
    with open_scope(cast.scope("clerk")):
        import_register(DATA / "register.csv", name="register.csv", at=AT)
        stage()
        run = open_run(region_id=COUNTY, period=OCTOBER)
        assert run_match(run.pk)["auto"] > 250
    with open_scope(cast.scope("stranger")):
        assert [m.objects.count() for m in (ListImport, ListRow, MatchRun, MatchCandidate)] == [0, 0, 0, 0]
    with open_scope(cast.scope("stranger")), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM cases_listrow")
        assert cursor.fetchone() == (0,)


def test_a_stranger_cannot_stage_into_another_county(divisions: None, cast: Cast) -> None:
    with open_scope(cast.scope("stranger")):
        result = import_register(DATA / "register.csv", name="register.csv", at=AT)
    assert (result.added, result.skipped) == (0, 500)


def test_a_register_imported_twice_changes_nothing(register: None) -> None:
    before = list(Child.objects.order_by("pk").values_list("pk", "updated_at"))
    again = import_register(DATA / "register.csv", name="register.csv", at=AT)
    assert (again.added, again.updated, again.unchanged) == (0, 0, 500)
    assert list(Child.objects.order_by("pk").values_list("pk", "updated_at")) == before


def test_a_register_with_chinese_headers_is_corrected_row_by_row(county: None) -> None:
    village = Region.objects.filter(level="village", code__gte=COUNTY).first()
    assert village is not None
    header = (
        "儿童编号,姓名,身份证号,出生日期,性别,村代码,监护人姓名,监护人身份证号,"
        "与儿童关系,户主姓名,户主身份证号"
    )
    rows = [
        f"A1,李小一,,2015.3.1,男,{village.code},李大山,,祖父,李大山,",
        f"A2,李小二,,20160401,女,{village.code},李大山,,祖父,李大山,",
        f"A3,李小三,,,女,{village.code},,,,,",
        ",李小四,,2015-03-01,男,1,,,,,",
        "A5,李小五,,2015-03-01,男,999999999999,,,,,",
        f"A1,李小六,,2015-03-01,男,{village.code},,,,,",
    ]
    result = import_register("\n".join([header, *rows]).encode("gb18030"), name="r.csv", at=AT)
    assert (result.added, result.skipped) == (2, 4)
    assert [(p.line, p.field) for p in result.problems] == [
        (4, "birth_date"), (5, "village_code"), (6, "village_code"), (7, "child_id"),
    ]  # fmt: skip
    first, second = Child.objects.filter(number__startswith="A").order_by("number")
    assert (first.birth_date, first.sex, second.sex) == (dt.date(2015, 3, 1), "male", "female")
    assert first.household_id == second.household_id is not None
    assert first.guardians.get().relation == "grandfather"
    changed = import_register(
        "\n".join([header, rows[0].replace("李小一", "李改名")]).encode(), name="r.csv", at=AT
    )
    assert (changed.added, changed.updated) == (0, 1)
    first.refresh_from_db()
    assert (first.name, first.name_pinyin) == ("李改名", "li gai ming")


def call(name: str, *arguments: str) -> dict[str, Any]:
    out, err = io.StringIO(), io.StringIO()
    call_command(name, *arguments, stdout=out, stderr=err)
    assert out.getvalue().count("\n") == 1
    return dict(json.loads(out.getvalue()))


def test_the_commands_print_one_object_each(divisions: None, cast: Cast, tmp_path: Path) -> None:
    out = tmp_path / "results.csv"
    arguments = ["--period", "2026-10", "--region", "500152000000"]
    assert call("import_register", str(DATA / "register.csv"), "--as", "clerk")["added"] == 500
    first = call("import_list", str(DATA / "list_all.csv"), "--kind", "dibao", *arguments)
    assert (first["rows"], first["new"]) == (5000, True)
    assert call("import_list", str(DATA / "list_all.csv"), "--kind", "dibao", *arguments)["new"] is False
    matched = call("match", *arguments, "--out", str(out))
    with out.open(encoding="utf-8") as stream:
        reader = csv.DictReader(stream)
        assert reader.fieldnames == ["list_row_id", "child_id", "tier", "score", "rule"]
        lines = list(reader)
    assert len(lines) == matched["candidates"] > 250
    assert {line["tier"] for line in lines} <= {"auto", "review"}
    assert all(line["list_row_id"].isdigit() and line["child_id"].startswith("C") for line in lines)


@pytest.mark.parametrize(
    "arguments",
    [
        ["import_list", "missing.csv", "--kind", "dibao", "--period", "2026-10", "--region", "500152000000"],
        ["import_list", __file__, "--kind", "dibao", "--period", "2026-10", "--region", "500152000000"],
        ["import_list", __file__, "--kind", "dibao", "--period", "October", "--region", "500152000000"],
        ["match", "--period", "2026-10", "--region", "500152000000", "--out", "x.csv"],
        ["match", "--period", "2026-10", "--region", "999999000000", "--out", "x.csv"],
        ["import_register", "missing.csv"],
        ["import_register", str(DATA / "register.csv"), "--as", "nobody"],
        ["import_register", str(DATA / "register.csv"), "--as", "auditor"],
        ["import_register", str(DATA / "register.csv"), "--as", "stranger"],
    ],
)
def test_a_command_that_fails_prints_nothing_and_says_why(cast: Cast, arguments: list[str]) -> None:
    out = io.StringIO()
    with pytest.raises(CommandError) as caught:
        call_command(*arguments, stdout=out, stderr=io.StringIO())
    assert str(caught.value)
    assert out.getvalue() == ""
    assert OTHER_COUNTY != COUNTY
