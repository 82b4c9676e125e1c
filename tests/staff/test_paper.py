"""Papers: what a PDF holds when it is read back."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import re
import subprocess
from decimal import Decimal

import pytest
from django.utils.translation import gettext, override
from pypdf import PdfReader

from staff import paper
from staff.paper import Facts, Maker, PaperTooLong, Section, Table, Text, glyphs, making, paper_pdf, table_pdf
from tests.papers import page_texts, words

AT = dt.datetime(2026, 11, 22, 1, 30, 7, 123456, tzinfo=dt.UTC)
WHO = Maker("李守安", "桂林街道儿童督导员", "潼南区民政局")
WHY = "季度核查"


def made(*blocks: Facts | Table | Text | Section, why: str = WHY, title: str = "试页") -> bytes:
    return paper_pdf(title, blocks, who=WHO, why=why, at=AT)


def test_every_page_says_office_number_of_pages_who_when_and_why() -> None:
    rows = [(f"TN{number:04d}", "林小满", "双江镇长滩村", number) for number in range(200)]
    data = table_pdf("儿童名单", ["登记号", "姓名", "住址", "序号"], rows, who=WHO, why=WHY, at=AT)
    pages = page_texts(data)
    assert len(pages) > 2
    with override("zh-hans"):
        numbering = gettext("Page {n} of {m}")
    for number, text in enumerate(pages, start=1):
        assert words(numbering.replace("{n}", str(number)).replace("{m}", str(len(pages)))) in text
        assert "潼南区民政局" in text
        # Twice in the watermark of a page on its side, once at the foot.
        assert text.count("李守安桂林街道儿童督导员") == 3
        assert text.count("2026-11-2209:30") == 3
        assert text.count(WHY) == 3
        assert "登记号姓名住址序号" in text  # headings on each page
    found = re.findall(r"TN(\d{4})", "".join(pages))
    assert found == [f"{number:04d}" for number in range(200)]


def test_fonts_are_inside_and_it_is_a_tagged_archive_file() -> None:
    reader = PdfReader(io.BytesIO(made(Text("春眠不觉晓"))))
    fonts = []
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            descriptor = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
            fonts.append(descriptor["/FontName"])
            assert "/FontFile3" in descriptor or "/FontFile2" in descriptor
    assert fonts
    assert all("NotoSansCJKsc" in name for name in fonts)
    root = reader.trailer["/Root"]
    assert "/StructTreeRoot" in root  # type: ignore[operator]
    assert root["/Lang"].startswith("zh")  # type: ignore[index]
    assert b"<pdfaid:part>2</pdfaid:part>" in root["/Metadata"].get_object().get_data()  # type: ignore[index]
    width, height = (round(float(side) * 25.4 / 72) for side in reader.pages[0].mediabox[2:])
    assert (width, height) == (210, 297)


@pytest.mark.parametrize("name", ["璟", "㛃", "䶮", "𠮷", "𬭼", "𬍛", "·"])
def test_rare_characters_are_drawn(name: str) -> None:
    assert name in page_texts(made(Facts([("姓名", f"王{name}")])))[0]


def test_all_of_gbk_is_in_the_font() -> None:
    gbk = {code for code in range(0x3000, 0x10000) if chr(code).encode("gbk", "ignore")}
    assert len(gbk) > 20_000
    assert [hex(code) for code in sorted(gbk - glyphs.held())] == []


def test_a_character_the_font_lacks_is_printed_as_a_box_with_its_number(
    caplog: pytest.LogCaptureFixture,
) -> None:
    lacking = "\U00023471"
    assert ord(lacking) not in glyphs.held()
    text = page_texts(made(Facts([("姓名", f"王{lacking}芳")])))[0]
    assert "王U+23471芳" in text
    assert text.count("U+23471") == 2  # in the name, and in the note at the end
    assert "U+23471" in caplog.text
    assert "王" not in caplog.text


def test_nothing_is_lost_whatever_is_written() -> None:
    odd = '\ue000 \U0001f600 #strong[x] $a$ *b* <script> \\ "q" e\u0301 \x07'
    text = page_texts(made(Table(["内容"], [(odd,)]), title="#let"))[0]
    for piece in (
        "U+E000",
        "U+1F600",
        "#strong[x]",
        "$a$",
        "*b*",
        "<script>",
        "\\",
        '"q"',
        "U+0301",
        "U+0007",
        "#let",
    ):
        assert piece in text


def test_long_unbroken_texts_stay_in_their_columns() -> None:
    digest = hashlib.sha256(b"").hexdigest()
    text = page_texts(made(Table(["甲", "乙"], [(digest, "x")] * 3)))[0]
    assert text.replace("\u200b", "").count(digest) == 3


def test_values_are_written_as_offices_write_them() -> None:
    moment = dt.datetime(2026, 11, 22, 16, 5, tzinfo=dt.UTC)
    text = page_texts(
        made(Facts([("甲", Decimal("1450.5")), ("乙", moment), ("丙", moment.date()), ("丁", None)]))
    )[0]
    assert "1,450.50" in text
    assert "2026-11-2300:05" in text
    assert "丙2026-11-22" in text
    assert "丁—" in text


def test_the_same_paper_is_the_same_file() -> None:
    blocks = Section("走访", [Table(["日期"], [(dt.date(2026, 9, 1),)])])
    assert made(blocks) == made(blocks)
    assert made(blocks) != made(blocks, why="另一用途")


def test_a_paper_says_what_it_is_for() -> None:
    with pytest.raises(ValueError, match="what it is for"):
        made(Text("x"), why=" ")


def test_a_list_too_long_for_paper_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "MOST_CELLS", 10)
    with pytest.raises(PaperTooLong, match="6"):
        table_pdf("名单", ["甲", "乙"], [("1", "2")] * 6, who=WHO, why=WHY, at=AT)
    assert table_pdf("名单", ["甲", "乙"], [("1", "2")] * 5, who=WHO, why=WHY, at=AT).startswith(b"%PDF")


def test_a_setter_that_hangs_or_dies_is_a_refusal_not_a_broken_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "SECONDS", 0.01)
    with pytest.raises(PaperTooLong):
        made(Text("x"))
    monkeypatch.setattr(making, "SECONDS", 60)
    dying = subprocess.CompletedProcess([], -6, b"", b"memory allocation failed")
    monkeypatch.setattr(making.subprocess, "run", lambda *args, **kwargs: dying)
    with pytest.raises(PaperTooLong):
        made(Text("x"))


def test_the_font_is_the_one_on_record() -> None:
    for line in (glyphs.FONTS / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        assert hashlib.sha256((glyphs.FONTS / name).read_bytes()).hexdigest() == digest
    assert "SIL OPEN FONT LICENSE Version 1.1" in (glyphs.FONTS / "OFL.txt").read_text()
    assert glyphs.FONT.stat().st_size < 10_000_000


def test_the_response_is_shown_and_named_and_not_kept() -> None:
    response = paper.pdf_response(b"%PDF", "儿童档案-T1.pdf")
    assert response["Content-Disposition"].startswith("inline; filename*=utf-8''")
    assert response["Content-Type"] == "application/pdf"
    assert "no-store" in response["Cache-Control"]
