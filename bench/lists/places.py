"""The divisions the made-up lists lie in: a divisions file, or made codes with the names of real villages."""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

REGIONS: Final = Path(__file__).resolve().parent.parent.parent / "data" / "regions"
COUNTY_FILE: Final = REGIONS / "500152-tongnan.csv"
ENDINGS: Final = ("社区居民委员会", "村民委员会", "居民委员会", "社区居委会", "居委会", "村委会")
NEW_NAMES: Final = (
    "新民",
    "团结",
    "幸福",
    "红旗",
    "永兴",
    "双龙",
    "石坝",
    "大河",
    "青龙",
    "白云",
    "五星",
    "光明",
)


@dataclass(slots=True)
class Village:
    """`written` is what lists call it: its own name, the name before a renaming, or a merged neighbour's."""

    code: str
    name: str
    township_name: str
    written: str
    changed: str = ""
    clans: str = ""


@dataclass(slots=True)
class County:
    code: str
    name: str
    townships: dict[str, list[Village]] = field(default_factory=dict)

    @property
    def villages(self) -> list[Village]:
        return [village for each in self.townships.values() for village in each]


def read_counties(path: Path, prefix: str = "") -> list[County]:
    """Counties of a divisions file (`code,name,level,parent`) whose code begins with the prefix."""
    counties: dict[str, County] = {}
    townships: dict[str, str] = {}
    with path.open(encoding="utf-8-sig", newline="") as stream:
        for line in csv.DictReader(stream):
            code, name = line["code"], line["name"]
            if not code.startswith(prefix):
                continue
            if line["level"] == "county":
                counties[code[:6]] = County(code[:6], name)
            elif line["level"] == "township":
                townships[code[:9]] = name
                counties[code[:6]].townships[code[:9]] = []
            elif line["level"] == "village":
                counties[code[:6]].townships[code[:9]].append(Village(code, name, townships[code[:9]], name))
    for county in counties.values():
        county.townships = {code: villages for code, villages in county.townships.items() if villages}
    return [county for county in counties.values() if county.townships]


def made_counties(prefix: str, count: int) -> list[County]:
    """As many counties under a made prefix, built like those of data/regions in turn."""
    models = [county for path in sorted(REGIONS.glob("*.csv")) for county in read_counties(path)]
    result = []
    for number in range(count):
        model = models[number % len(models)]
        prefecture = prefix if len(prefix) == 4 else f"{prefix}{number // 12 + 1:02d}"
        code = f"{prefecture}{number % (12 if len(prefix) == 2 else count) + 2:02d}"
        county = County(code, f"{model.name[:-1]}{number + 1}{model.name[-1]}")
        for township, villages in model.townships.items():
            county.townships[code + township[6:]] = [
                Village(code + v.code[6:], v.name, v.township_name, v.name) for v in villages
            ]
        result.append(county)
    return result


def write_divisions(path: Path, counties: list[County]) -> None:
    """The divisions as a file that `import_regions` accepts."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("code", "name", "level", "parent"))
        parents = sorted({c.code[:2] for c in counties})
        writer.writerows((f"{p:0<12}", f"省{p}", "province", "") for p in parents)
        parents = sorted({c.code[:4] for c in counties})
        writer.writerows((f"{p:0<12}", f"市{p}", "prefecture", f"{p[:2]:0<12}") for p in parents)
        for county in counties:
            writer.writerow((f"{county.code:0<12}", county.name, "county", f"{county.code[:4]:0<12}"))
            for township, villages in county.townships.items():
                own = f"{township:0<12}"
                writer.writerow((own, villages[0].township_name, "township", f"{county.code:0<12}"))
                writer.writerows((v.code, v.name, "village", own) for v in villages)


def bare(name: str) -> str:
    """A village's name without what kind of committee it has."""
    for ending in ENDINGS:
        if name.endswith(ending) and len(name) > len(ending):
            return name.removesuffix(ending).removesuffix("村").removesuffix("社区")
    return name


def change_some(county: County, draw: random.Random, share: float) -> None:
    """Let lists call some villages by a name the register does not use: before a renaming, or a merger."""
    for villages in county.townships.values():
        for village in villages:
            dice = draw.random()
            ending = village.name[len(bare(village.name)) :]
            if dice < share / 2:
                village.written, village.changed = draw.choice(NEW_NAMES) + ending, "village_renamed"
            elif dice < share and len(villages) > 1:
                other = draw.choice(villages)
                if other is not village:
                    village.written, village.changed = other.name, "village_merged"


def as_written(village: Village, style: int, group: int) -> str:
    """A village in an address column, in one of an office's five styles."""
    name, short = village.written, bare(village.written)
    kind = "社区" if "居" in name[len(short) :] else "村"
    return (name, short + kind, short, f"{village.township_name}{short}{kind}", f"{short}{kind}{group}组")[
        style
    ]
