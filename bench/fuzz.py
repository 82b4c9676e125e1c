"""``python -m bench fuzz``: thousands of damaged list files, none of which may crash, hang or lose a row.

Every mutation of a file is either refused with a sentence (`ListFileError`) or read with all its rows accounted for.
Deterministic for a seed: a failure names the number of its mutation.
"""

from __future__ import annotations

import io
import random
import signal
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import xlsxwriter

from cases.matching.reading.sniff import BROKEN_ARCHIVE

DATA: Final = Path(__file__).parent.parent / "tests" / "data" / "matching"
MUTATIONS: Final = 10_000
SEED: Final = 20261122
LONGEST: Final = 20  # seconds that one file may take, before it is said to hang
HEADER: Final = (
    "序号,户主姓名,户主身份证号,姓名,身份证号,与户主关系,性别,出生日期,家庭住址,保障金额（元）,享受起始年月"
)
ODD_CELLS: Final = (
    "", " ", "\u3000", "合计", "小计", "姓名", "身份证号", "-", "1e308", "-1", "９９", "0" * 40, "NaN", "=1/0", "\ufeff", "\x1f",
    "张三", "张三500152201503011010", "2015年3月", "99999-99-99", "0000-00-00", "制表人：", "莲花村", "12万", "1,2", '"', "\t", "x" * 400,
)  # fmt: skip
XML_BITS: Final = (
    b"<row ", b"</row>", b"<c ", b"</c>", b"<v>", b"</v>", b' t="s"', b' t="str"', b"<is><t>", b"&amp;", b"&#0;", b"\xff",
    b'r="ZZZ9"', b'r="A1048576"', b'<mergeCell ref="A1:Z99"/>', b'<mergeCell ref="C2:C9999999"/>', b'hidden="1"', b"1e999",
)  # fmt: skip


class Hung(BaseException):
    """A file took longer than any list does."""


def rows() -> list[str]:
    """The lines of a small list, with what offices put around it."""
    lines = [
        "某县桂林街道2026年10月低保花名册" + "," * 10,
        "填报单位：桂林街道民政办,,,,,,,,单位：元,,",
        HEADER,
    ]
    for i in range(1, 13):
        head = f"{i},李{i},50015219500101101{i % 10},李{i},50015219500101101{i % 10},户主,男,1950-01-01,莲花村,850,202601"
        lines += [head, f",,,李小{i},50015220150301{i:03d}X,孙子,男,2015.3.1,,,"]
    return [*lines, "合计,,,12户24人,,,,,,10200,", "制表人：,,审核人：,,,,,,,,"]


def workbook(*, hidden: bool = False) -> bytes:
    """The list as a workbook with merged cells, numbers stored as numbers, and a second sheet."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        for name in ("桂林街道", "上和镇"):
            sheet = book.add_worksheet(name)
            for y, line in enumerate(rows()):
                for x, cell in enumerate(line.split(",")):
                    if x == 4 and y % 5 == 0 and cell[:17].isdigit():
                        sheet.write_number(y, x, float(cell[:17] + "0"))
                    elif x == 9 and cell.isdigit():
                        sheet.write_number(y, x, float(cell))
                    elif cell:
                        sheet.write_string(y, x, cell)
            sheet.merge_range(3, 8, 6, 8, "莲花村")
            if hidden:
                sheet.set_row(5, None, None, {"hidden": True})
    return out.getvalue()


def archive() -> bytes:
    """A .zip of two lists."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("低保/桂林街道.csv", "\r\n".join(rows()).encode("gb18030"))
        packed.writestr("上和镇.xlsx", workbook())
    return out.getvalue()


def seeds() -> dict[str, bytes]:
    """A file of each format."""
    text = "\r\n".join(rows())
    quoted = "\n".join(",".join(f'"{c}"' for c in line.split(",")) for line in rows())
    return {
        "gb18030": text.encode("gb18030"),
        "utf-8": text.encode("utf-8-sig"),
        "utf-16": text.encode("utf-16"),
        "quoted": quoted.encode(),
        "xlsx": workbook(),
        "hidden": workbook(hidden=True),
        "xls": (DATA / "township.xls").read_bytes(),
        "zip": archive(),
    }


# ---- mutations: bytes in, bytes out ---------------------------------------------------------------------


def flip(data: bytes, draw: random.Random) -> bytes:
    """Some bytes are others."""
    raw = bytearray(data or b"x")
    for _each in range(draw.choice((1, 1, 2, 5, 20))):
        raw[draw.randrange(len(raw))] = draw.randrange(256)
    return bytes(raw)


def truncate(data: bytes, draw: random.Random) -> bytes:
    """The file stops."""
    return data[: draw.randrange(len(data))]


def splice(data: bytes, draw: random.Random) -> bytes:
    """A piece is gone, doubled or elsewhere."""
    data = data or b"x"
    a, b = sorted(draw.randrange(len(data)) for _each in range(2))
    piece = data[a:b]
    match draw.randrange(3):
        case 0:
            return data[:a] + data[b:] or b"x"
        case 1:
            return data[:b] + piece[:100_000] + data[b:]
        case _:
            return piece + data[:a] + data[b:]


def rewrite_rows(data: bytes, draw: random.Random) -> bytes:
    """Text: lines and cells are others, in any order. A workbook: the same within its sheets."""
    if data.startswith(b"PK"):
        return rezip(data, draw)
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else draw.choice(("utf-8", "gb18030"))
    lines = data.decode(encoding, errors="replace").splitlines() or [""]
    for _each in range(draw.choice((1, 3, 10))):
        at = draw.randrange(len(lines))
        cells = lines[at].split(",")
        match draw.randrange(6):
            case 0:
                cells[draw.randrange(len(cells))] = draw.choice(ODD_CELLS)
                lines[at] = ",".join(cells)
            case 1:
                draw.shuffle(cells)
                lines[at] = ",".join(cells)
            case 2:
                lines.insert(at, ",".join(draw.choice(ODD_CELLS) for _c in range(draw.randrange(1, 14))))
            case 3:
                del lines[at]
                lines = lines or [""]
            case 4:
                lines += [lines[at]] * draw.choice((1, 50))
            case _:
                lines[at] = lines[at] + "," * draw.choice((1, 10, 300))
    return "\n".join(lines).encode(encoding, errors="replace")


def rezip(data: bytes, draw: random.Random) -> bytes:
    """Parts of an archive swapped, gone, renamed, or damaged within and packed again."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            parts = [(i.filename, packed.read(i)) for i in packed.infolist()]
    except BROKEN_ARCHIVE:
        return flip(data, draw)
    for _each in range(draw.choice((1, 2, 4))):
        at = draw.randrange(len(parts))
        name, content = parts[at]
        match draw.randrange(6):
            case 0:
                other = draw.randrange(len(parts))
                parts[at], parts[other] = (name, parts[other][1]), (parts[other][0], content)
            case 1 if len(parts) > 1:
                del parts[at]
            case 2:
                parts[at] = (
                    draw.choice(("xl/x.xml", "a.csv", "../x", "xl/vbaProject.bin", name.upper())),
                    content,
                )
            case 3 if content:
                tags = [i for i in range(len(content)) if content[i : i + 1] == b"<"]
                place = draw.choice(tags) if tags else draw.randrange(len(content))
                parts[at] = (
                    name,
                    content[:place] + draw.choice(XML_BITS) * draw.choice((1, 5)) + content[place:],
                )
            case 4 if content:
                parts[at] = (name, flip(content, draw))
            case _ if len(content) > 1:
                parts[at] = (name, truncate(content, draw))
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        warnings.simplefilter("ignore")  # the same name twice is part of the damage
        for name, content in parts:
            packed.writestr(name or "x", content)
    return out.getvalue()


_Mutator = Callable[[bytes, random.Random], bytes]
_OF_TEXTS: Final[tuple[_Mutator, ...]] = (flip, truncate, splice, rewrite_rows, rewrite_rows)
# Damage outside the packed parts is found by their sums; most of it happens within.
_OF_ARCHIVES: Final[tuple[_Mutator, ...]] = (flip, truncate, splice, rezip, rezip, rezip, rezip, rezip)


def mutations(count: int, seed: int = SEED) -> Iterator[tuple[int, str, bytes]]:
    """Number, description and bytes of each damaged file."""
    originals = seeds()
    names = sorted(originals)
    for number in range(count):
        draw = random.Random(f"{seed} {number}")
        name = names[number % len(names)]
        data, how = originals[name], []
        for _each in range(draw.choice((1, 1, 2, 3))):
            mutate = draw.choice(_OF_ARCHIVES if name in ("xlsx", "hidden", "zip") else _OF_TEXTS)
            data = mutate(data, draw) or b"\n"
            how.append(mutate.__name__)
        yield number, f"{name}: {' '.join(how)}", data


@contextmanager
def _alarm(seconds: int) -> Iterator[None]:
    def ring(_signal: int, _frame: object) -> None:
        raise Hung

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def run(count: int = MUTATIONS, seed: int = SEED) -> dict[str, Any]:
    """Read every mutation. Raises AssertionError that names the first which crashes, hangs or loses a row."""
    from cases.matching.reading.files import ListFileError
    from cases.matching.reading.lists import read_list

    outcomes: Counter[str] = Counter()
    slowest, people = 0.0, 0
    for number, how, data in mutations(count, seed):
        started = time.perf_counter()
        try:
            with _alarm(LONGEST):
                read = read_list(data, name="fuzz", kind="dibao")
        except ListFileError as error:
            if not str(error):
                raise AssertionError(f"mutation {number} ({how}) is refused without a word") from error
            outcomes["refused"] += 1
        except Hung as error:
            raise AssertionError(f"mutation {number} ({how}) hangs") from error
        except Exception as error:
            raise AssertionError(f"mutation {number} ({how}) crashes: {error!r}") from error
        else:
            accounted = read.rows_accepted + read.rows_rejected + read.rows_other
            assert read.rows_in_file == accounted, f"mutation {number} ({how}) loses rows"
            assert read.frame.height == read.rows_accepted, f"mutation {number} ({how}) loses persons"
            assert all(s.adds_up for s in read.sheets), f"mutation {number} ({how}) loses rows of a sheet"
            outcomes["read"] += 1
            people += read.frame.height
        slowest = max(slowest, time.perf_counter() - started)
    return {"files": count, **outcomes, "persons": people, "slowest_seconds": round(slowest, 2)}


def measure() -> dict[str, Any]:
    """The whole run, for ``python -m bench fuzz``."""
    started = time.perf_counter()
    return {**run(), "seconds": round(time.perf_counter() - started, 1)}
