"""Write the counties of a size into one folder."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.lists import noise, places
from bench.lists.county import LIST_HEADER, REGISTER_HEADER, TRUTH_HEADER, Maker


@dataclass(frozen=True, slots=True)
class Size:
    """How many children and list rows, and in how many counties under which prefix of made codes."""

    children: int
    rows: int
    prefix: str
    counties: int


SIZES: Final = {
    "small": Size(500, 5_000, "500152", 1),
    "county": Size(5_000, 60_000, "500152", 1),
    "city": Size(50_000, 600_000, "5301", 14),
    "province": Size(500_000, 5_000_000, "53", 129),
}


@dataclass(frozen=True, slots=True)
class Made:
    """What was written where."""

    folder: Path
    children: int
    rows: int

    @property
    def register(self) -> Path:
        return self.folder / "register.csv"

    @property
    def list(self) -> Path:
        return self.folder / "list_all.csv"

    @property
    def truth(self) -> Path:
        return self.folder / "truth.csv"

    @property
    def regions(self) -> Path:
        return self.folder / "regions.csv"


def counties_of(size: Size, regions: Path | None) -> list[places.County]:
    """The divisions: of the file where one is given and holds the prefix, else a real county or made ones."""
    if regions and (found := places.read_counties(regions, size.prefix)):
        return found
    if size.counties == 1:
        return places.read_counties(places.COUNTY_FILE, size.prefix)
    return places.made_counties(size.prefix, size.counties)


def make_lists(
    folder: Path,
    *,
    size: str = "county",
    seed: int = 1,
    profile: str = "typical",
    children: int | None = None,
    rows: int | None = None,
    regions: Path | None = None,
    files: bool = False,
) -> Made:
    """Write register.csv, list_all.csv, truth.csv and regions.csv (see the package) and, if asked, files/.

    County by county, so that memory does not grow with their number.
    """
    chosen = SIZES[size]
    made = Made(folder, children or chosen.children, rows or chosen.rows)
    folder.mkdir(parents=True, exist_ok=True)
    counties = counties_of(chosen, regions)
    places.write_divisions(made.regions, counties)
    taken: set[int] = set()
    with (
        made.register.open("w", encoding="utf-8", newline="") as register_stream,
        made.list.open("w", encoding="utf-8", newline="") as list_stream,
        made.truth.open("w", encoding="utf-8", newline="") as truth_stream,
    ):
        register, listed, truth = map(csv.writer, (register_stream, list_stream, truth_stream))
        register.writerow(REGISTER_HEADER)
        listed.writerow(LIST_HEADER)
        truth.writerow(TRUTH_HEADER)
        for place, county in enumerate(counties):
            first_child, last_child = _part(made.children, place, len(counties))
            first_row, last_row = _part(made.rows, place, len(counties))
            maker = Maker(
                county,
                seed=seed,
                scale=noise.PROFILES[profile],
                taken=taken,
                children=last_child - first_child,
                rows=last_row - first_row,
            )
            households, registered = maker.households(first_child)
            mistakes = {}
            for household in households:
                for kid in household.kids:
                    if kid.child_id:
                        row, mistake = maker.register_row(household, kid)
                        mistakes[kid.child_id] = mistake
                        register.writerow(row)
            for line, about in maker.lines(maker.seats(households, registered), mistakes, first_row + 1):
                listed.writerow(line)
                truth.writerow(about)
    if files:
        from bench.lists.files import write_files

        write_files(made.folder / "files", made.list, counties, seed)
    return made


def _part(total: int, place: int, parts: int) -> tuple[int, int]:
    return total * place // parts, total * (place + 1) // parts
