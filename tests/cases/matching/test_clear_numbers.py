"""Identity numbers typed where none belongs: whatever cell, title or name they stand in, nothing kept shows them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from django.conf import settings
from django.urls import reverse

from cases import identity
from cases.matching.discrepancies.finding_data import key_of
from cases.matching.discrepancies.services import find_discrepancies
from cases.matching.reading.lists import read_list
from cases.models import Discrepancy, ListImport, ListRow, PotentialChild
from staff.models import StoredFile
from staff.scope import system_scope
from tests.cases.matching.conftest import AT, MINOR, OWN, Import, acting, month_run, number
from tests.cases.matching.test_worker_death import clear_in_files, clear_in_tables
from tests.cast import Cast

PLANTED = {
    place: number(f"500152198{n}0908{n}21")
    for n, place in enumerate(["title", "file", "name", "head", "village", "category", "note", "total"])
}
WIDE = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")
SPACED = " ".join((PLANTED["head"][:6], PLANTED["head"][6:14], PLANTED["head"][14:]))


def a_list() -> bytes:
    head = f"罗长河{SPACED}"
    village = f"莲花社区居民委员会（{PLANTED['village'].translate(WIDE)}）"
    kept = f"孤儿，{PLANTED['category']}"
    lines = [
        f"桂林街道低保花名册 经办人{PLANTED['title']}",
        "户主姓名,姓名,身份证号码,与户主关系,性别,出生日期,家庭住址,保障类别,备注",
        f"林桂芳,林小满{PLANTED['name']},{OWN},孙女,女,2017-05-20,{village},{kept},",
        f"{head},罗长河,{number('50015219500908321')},户主,男,1950-09-08,{village},{kept},",
        f"{head},罗小暑,{MINOR},孙女,女,2012-09-08,{village},{kept},见{PLANTED['note']}",
        f"合计,3人,核对人{PLANTED['total']},,,,,,",
        f"经办人：李某 {PLANTED['note']},,,,,,,,",
    ]
    return "\n".join(lines).encode("gb18030")


@pytest.mark.django_db
def test_numbers_in_other_cells_titles_and_file_names_are_kept_nowhere(cast: Cast, take: Import) -> None:
    take(a_list(), name=f"低保{PLANTED['file']}.csv")
    with system_scope(reason="test", log=False):
        # What is looked for had its occasion: rows, a report, a discrepancy and a potential child were written.
        rows = ListRow._base_manager.order_by("row")
        assert [row.name for row in rows] == [f"林小满{identity.HIDDEN}", "罗小暑"]
        assert {identity.HIDDEN in row.head_name for row in rows} == {True, False}
        assert all(identity.HIDDEN in row.village_name and identity.HIDDEN in row.category for row in rows)
        sheet = ListImport._base_manager.get().mapping["sheets"][0]
        assert identity.HIDDEN in sheet["title"]
        assert identity.HIDDEN in " ".join(p["text"] for p in sheet["passed"])
        assert Discrepancy._base_manager.count() == 1
        lead = PotentialChild._base_manager.get()
        assert (lead.name, lead.id_number, identity.HIDDEN in lead.address) == ("罗小暑", MINOR, True)
        assert not StoredFile._base_manager.filter(name__regex=r"\d{14}").exists()
    whole = (*PLANTED.values(), OWN, MINOR)
    # Nor most of one: area and birth date, or a mask, that a birth date completes.
    partly = {text for one in whole for text in (one[:13], one[:13].translate(WIDE), f"{one[:6]}****")}
    assert clear_in_tables(*whole, *partly, SPACED) == []
    assert clear_in_files(*whole, SPACED, folders=[Path(settings.MEDIA_ROOT)]) == []


@pytest.mark.django_db
def test_the_page_masks_the_number_of_the_row(cast: Cast, take: Import) -> None:
    take(a_list())
    with acting(cast, "clerk"):
        raised = Discrepancy.objects.get()
    address = reverse("cases:discrepancy", args=[raised.pk])
    assert identity.mask(MINOR) in cast.client("clerk").get(address).content.decode()
    with system_scope(reason="test", log=False):
        Discrepancy._base_manager.update(list_row=None)
    page = cast.client("clerk").get(address).content.decode()
    assert "罗小暑" in page
    assert identity.mask(MINOR)[6:] not in page


@pytest.mark.django_db
def test_a_number_that_differs_is_masked_on_the_page_and_not_stored(cast: Cast, take: Import) -> None:
    take(a_list())
    other = number("50015220170520122")
    with acting(cast, "clerk"):
        row = ListRow.objects.get(name__startswith="林小满")
        row.id_number = other
        row.save()
        find_discrepancies(month_run(cast), at=AT)
        raised = Discrepancy.objects.get(child=cast.children["own"])
    (told,) = raised.detail["differences"]
    assert (told["field"], told["list"], told["register"]) == ("id_number", "", "")
    with system_scope(reason="test", log=False):
        # As the township found it, so that the county may take the number over.
        Discrepancy._base_manager.filter(pk=raised.pk).update(state="verified")
    page = cast.client("clerk").get(reverse("cases:discrepancy", args=[raised.pk])).content.decode()
    for one in (other, OWN):
        assert page.count(identity.mask(one)) >= 2, "beside the other one, and as what to take over"


def test_keys_cannot_be_computed_without_the_key_of_the_ring(settings: pytest.FixtureRequest) -> None:
    before = key_of("not_registered", "dibao", MINOR)
    assert before == key_of("not_registered", "dibao", MINOR)
    settings.CHILDWELFARE_INDEX_KEY = "AAAA" * 8  # type: ignore[attr-defined]
    assert key_of("not_registered", "dibao", MINOR) != before


def test_a_long_title_is_cut_after_its_number_is_hidden() -> None:
    title = "桂林街道低保花名册" * 21 + MINOR
    read = read_list(
        a_list().replace("桂林街道低保花名册".encode("gb18030"), title.encode("gb18030")),
        name="x.csv",
        kind="dibao",
    )
    (sheet,) = read.as_mapping()["sheets"]
    assert identity.HIDDEN in sheet["title"]
    assert MINOR[:10] not in str(sheet)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"罗长河{MINOR}", "罗长河••••••"),
        (f"（{MINOR.translate(WIDE)}）", "（••••••）"),
        (f"{MINOR[:6]} {MINOR[6:14]}　{MINOR[14:]}号", "••••••号"),
        (f"{MINOR[:6]}-{MINOR[6:14]}-{MINOR[14:]}", "••••••"),
        ("证号50015219850908321x，", "证号••••••，"),
        ("500152850908321", "••••••"),
        (identity.mask(MINOR), "••••••"),
        (f"{MINOR}1", "••••••"),
        ("2026-05-01-2027-06-01", "2026-05-01-2027-06-01"),
        ("2026-10-31 08:15:00", "2026-10-31 08:15:00"),
        ("50015200100020", "50015200100020"),
        ("第12页 13800001234", "第12页 13800001234"),
        ("林*满", "林*满"),
    ],
)
def test_what_is_hidden_in_a_text_and_in_a_column(text: str, kept: str) -> None:
    assert identity.hide_numbers(text) == kept
    assert pl.Series([text]).str.replace_all(identity.NUMBERS_INSIDE, identity.HIDDEN).to_list() == [kept]
