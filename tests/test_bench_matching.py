"""What `make bench-matching` measures runs, on a list small enough for a test; the targets hold on unseen seeds."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from bench.baselines import floor, normalising
from bench.lists.writing import Made, make_lists
from bench.matching import product
from bench.matching.frames import child_ids, list_frame, register_frames
from bench.matching.run import Plan
from bench.matching.score import GROUPS, Score, Share, read_results, read_truth, score
from cases.matching.engine.frames import LIST_SCHEMA, PERSON_SCHEMA


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make_lists(tmp_path_factory.mktemp("small"), size="small", seed=21, profile="stress")


def found_by(made: Made, out: Path, *, guardians: bool = False) -> Score:
    return score(read_truth(made.truth, guardians=guardians), read_results(out))


def test_the_floor_finds_what_is_the_same_after_cleaning(small: Made, tmp_path: Path) -> None:
    took = floor.measure(small.folder, tmp_path / "floor.csv")
    raw = floor.measure(small.folder, tmp_path / "raw.csv", raw=True)
    assert set(took["steps"]) == set(raw["steps"]) == {"copy", "join", "export"}
    facts = [fact for fact in read_truth(small.truth) if fact.children and "reg_id" not in fact.tags]
    right = {(fact.row, child) for fact in facts for child in fact.children}
    plain, cleaned = (
        {row for row, child, *_rest in read_results(tmp_path / f"{name}.csv") if (row, child) in right}
        for name in ("raw", "floor")
    )

    def having(kind: str) -> set[str]:
        """Rows whose number has this and nothing else done to it."""
        return {
            f.row
            for f in facts
            if {k for k in f.kinds if k.startswith(("id_", "wrong_"))} <= {kind} and kind in f.kinds
        }

    assert having("clean") <= plain <= cleaned
    for kind in ("id_fullwidth", "id_space", "id_apostrophe", "id_lower_x"):
        assert having(kind)
        assert having(kind) <= cleaned - plain
    assert having("id_missing").isdisjoint(cleaned)


def test_normalising_in_polars_and_in_postgresql_agree(small: Made) -> None:
    """DuckDB, which only the benchmark installs, is compared in its own run."""
    measured = normalising.measure(small.folder, ("polars", "PostgreSQL", "product"))
    assert measured["disagree"] == {"PostgreSQL": 0}
    assert measured["rows"] == small.rows


def test_the_frames_have_the_matcher_s_columns(small: Made) -> None:
    lists = list_frame(small.list)
    children, relatives = register_frames(small.register)
    assert lists.schema == LIST_SCHEMA
    assert children.schema == relatives.schema == PERSON_SCHEMA
    assert lists.height == small.rows
    assert (
        lists.filter(list_type="canlian")["household"].null_count()
        == lists.filter(list_type="canlian").height
    )
    with small.register.open(encoding="utf-8", newline="") as stream:
        assert child_ids(children["child"]).to_list() == [row["child_id"] for row in csv.DictReader(stream)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("profile", "seed", "precision", "recall", "reach"),
    [("typical", 901, 0.9999, 0.985, 0.998), ("stress", 902, 0.999, 0.9, 0.99)],
)
def test_targets_hold_on_unseen_lists(
    tmp_path: Path, profile: str, seed: int, precision: float, recall: float, reach: float
) -> None:
    """60,000 rows; .9999 of some 3,200 pairs means that none may be wrong."""
    made = make_lists(tmp_path, size="county", seed=seed, profile=profile)
    for guardians in (False, True):
        out = tmp_path / "pairs.csv"
        product.match(made.folder, out, guardians=guardians)
        found = found_by(made, out, guardians=guardians)
        assert found.precision >= precision
        assert found.recall >= recall
        assert found.reach >= reach
        assert found.hit_rate >= 0.35
        assert all(share.auto == 0 for share in found.never_automatic().values())
        if profile == "typical":
            assert found.wrong == []
            assert found.review_per_thousand <= 2


# What each kind of damage must reach, with the rows that wait for a person.
REACH = {
    "format noise": 0.995,
    "one edit in the number": 0.99,
    "number cut by a spreadsheet": 0.99,
    "number missing": 0.97,
    "guardian's number": 0.95,
}


@pytest.mark.slow
def test_targets_by_kind_of_damage_hold_on_unseen_lists(tmp_path: Path) -> None:
    """Four counties together: one alone has a dozen rows of some kinds."""
    assert REACH.keys() == GROUPS.keys()
    children: dict[str, list[Share]] = {name: [] for name in GROUPS}
    guardians: dict[str, list[Share]] = {name: [] for name in GROUPS}
    for seed in (4711, 4713, 4714, 4715):
        made = make_lists(tmp_path / str(seed), size="county", seed=seed)
        for shares, of_guardians in ((children, False), (guardians, True)):
            out = tmp_path / "pairs.csv"
            product.match(made.folder, out, guardians=of_guardians)
            found = found_by(made, out, guardians=of_guardians)
            assert all(share.auto == 0 for share in found.never_automatic().values())
            for name, kinds in GROUPS.items():
                shares[name].append(found.group(kinds))
    del guardians["guardian's number"]  # which a guardian's own row holds by right
    for shares in (children, guardians):
        for name, parts in shares.items():
            true, reached = sum(s.true for s in parts), sum(s.reached for s in parts)
            assert true > 30, name
            assert reached >= REACH[name] * true, f"{name}: {reached} of {true}"


def test_what_is_measured_is_chosen_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SIZES", "SEEDS", "NOISE"):
        monkeypatch.setenv(name, "")
    assert Plan.from_environment() == Plan(("county", "city"), (1, 2), ("typical", "stress"))
    monkeypatch.setenv("SIZES", "province")
    monkeypatch.setenv("SEEDS", "4 5")
    assert Plan.from_environment() == Plan(("province",), (4, 5), ("typical", "stress"))
