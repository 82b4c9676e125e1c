"""The documents: every command in them runs, every link and picture exists, every variable is read somewhere."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import time_machine
from django.core.management import call_command

from childwelfare.demo import posts
from childwelfare.environment import BASE_DIR
from staff.scope import system_scope

PAGES = [BASE_DIR / "README.md", *sorted((BASE_DIR / "docs").glob("*.md"))]
FENCE = re.compile(r"```sh\n(.*?)```", re.DOTALL)
# Commands that start, stop or install the whole product: tests/setup runs them for real.
LIFE = {
    "make run",
    "make test",
    "make stop",
    "make demo-reset",
    "make lint",
    "make format",
    "make bench",
    "make bench-matching",
    "make screenshots",
}
MANAGE = ".venv/bin/python manage.py "


def commands() -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        for block in FENCE.findall(page.read_text(encoding="utf-8")):
            for line in block.splitlines():
                if line := line.split("  #")[0].strip():
                    found.append((page.name, line))
    return found


def manage_lines() -> list[str]:
    return sorted({line.removeprefix(MANAGE) for _page, line in commands() if line.startswith(MANAGE)})


def test_every_command_is_known() -> None:
    unknown = [(page, line) for page, line in commands() if line not in LIFE and not line.startswith(MANAGE)]
    assert unknown == []


@pytest.mark.parametrize("line", sorted({line for _page, line in commands() if line in LIFE}))
def test_make_targets_exist(line: str) -> None:
    done = subprocess.run(
        ["make", "--dry-run", line.split()[1]], cwd=BASE_DIR, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@time_machine.travel(dt.datetime(2026, 10, 20, 2, tzinfo=dt.UTC), tick=False)
def test_the_commands_of_one_month_in_order(
    db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lines of docs/commands.md, as they stand there, on a register and a list of their headers."""
    written = [line for line in manage_lines() if line.split()[0] in ORDER]
    assert {line.split()[0] for line in written} == set(ORDER)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").symlink_to(BASE_DIR / "data")
    (tmp_path / "register.csv").write_text(
        "child_id,name,id_number,birth_date,sex,village_code,guardian_name,guardian_id,guardian_relation,head_name,head_id\n"
        "C0000001,林小满,50015220170520102X,2017-05-20,女,500152001001,林桂芳,,祖母,林桂芳,\n".replace(
            "50015220170520102X", number()
        ),
        encoding="utf-8",
    )
    (tmp_path / "list.csv").write_text(
        f"序号,户主姓名,姓名,身份证号,与户主关系,保障金额,家庭住址\n1,林桂芳,林小满,{number()},孙女,320,莲花社区\n",
        encoding="utf-8",
    )
    answers = {}
    for line in sorted(written, key=lambda line: ORDER.index(line.split()[0])):
        name, *arguments = shlex.split(line)
        out = io.StringIO()
        call_command(name, *arguments, stdout=out, stderr=io.StringIO())
        answers[name] = json.loads(out.getvalue())
        if name == "import_regions":
            with system_scope(reason="test", log=False):
                posts.load_posts()
    pairs = (tmp_path / "results.csv").read_text(encoding="utf-8").splitlines()
    assert pairs[0].split(",") == ["list_row_id", "child_id", "tier", "score", "rule"]
    assert pairs[1].split(",")[1:3] == ["C0000001", "auto"]
    assert answers["monthly_report"]["register"]["closing"] == 1
    assert answers["check_ledger"] == {"counties": 0, "problems": 0}
    assert (tmp_path / "report.xlsx").stat().st_size > 5000


ORDER = ("import_regions", "import_register", "import_list", "match", "monthly_report", "check_ledger")
RUN_ELSEWHERE = {
    "prepare": "tests/setup", "migrate": "tests/database.py", "collectstatic": "tests/setup", "compile_catalogues": "tests/setup",
    "collect_messages": "tests/test_catalogues.py", "change_regions": "tests/staff/test_region_changes.py",
    "index_search": "tests/cases/test_search.py", "fill_visit_concerns": "tests/cases/test_questions.py",
    "push_key": "tests/cases/notes/test_web_push.py",
}  # fmt: skip


def number() -> str:
    from cases.identity import check_character

    return "50015220170520102" + check_character("50015220170520102")


def test_the_other_commands_are_run_by_the_set_up_or_its_tests() -> None:
    assert {line.split()[0] for line in manage_lines()} - set(ORDER) == set(RUN_ELSEWHERE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_pictures_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = [t.split("#")[0] for t in re.findall(r"\]\(([^)]+)\)", text) if "://" not in t]
    assert [t for t in targets if t and not (page.parent / t).exists()] == []


def test_every_variable_in_the_documents_is_read_by_the_code() -> None:
    table = (BASE_DIR / "docs" / "configuration.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:CHILDWELFARE|DATABASE|REDIS)_[A-Z_]+|PORT|HOST)`", table))
    code = (
        "".join(p.read_text(encoding="utf-8") for p in (BASE_DIR / "childwelfare").rglob("*.py"))
        + (BASE_DIR / "Makefile").read_text()
    )
    assert [name for name in named if name not in code] == []


def test_files_that_the_documents_name_exist() -> None:
    for page in PAGES:
        for name in re.findall(
            r"`((?:staff|cases|subsidies|referrals|tests|bench|childwelfare|static)/[\w./]+)`",
            page.read_text(encoding="utf-8"),
        ):
            assert (BASE_DIR / name).exists(), (page.name, name)
