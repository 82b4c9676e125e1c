"""The scorer of the matcher's benchmark, and its tables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.matching import tables
from bench.matching.score import Fact, Pair, Share, main, score, wilson_low
from cases.matching.engine.rules import RULES


def fact(row: str, child: str, kinds: str = "clean", tags: str = "") -> Fact:
    return Fact(row, frozenset(child.split()), tuple(kinds.split()), tuple(tags.split()))


TRUTH = [
    fact("1", "A"),
    fact("2", "B", "id_typo1"),
    fact("3", "C", "id_missing name_typo", "twin"),
    fact("4", "D", "wrong_sibling"),
    fact("5", "E", "wrong_sibling id_missing"),
    fact("6", "", "id_space"),
    fact("7", "F"),
    fact("8", ""),
]
RESULTS = [
    Pair("1", "A", "auto", RULES[0].code),
    Pair("1", "A", "review", "name_and_birth_only"),  # the better of two tiers counts
    Pair("2", "B", "review", "repaired_number_and_name"),
    Pair("2", "Z", "review", "repaired_number_and_name"),
    Pair("3", "Z", "review", "name_and_birth_only"),
    Pair("4", "D", "review", "name_and_birth_only"),
    Pair("5", "E", "auto", RULES[0].code),
    Pair("6", "A", "auto", RULES[0].code),
]


def test_what_is_found_wrong_and_left() -> None:
    found = score(TRUTH, RESULTS)
    assert (found.rows, found.true, found.auto, found.auto_right) == (8, 6, 3, 2)
    assert found.precision == pytest.approx(2 / 3)
    assert found.recall == pytest.approx(2 / 6)
    assert found.reach == pytest.approx(4 / 6)
    assert (found.review_rows, found.review_right) == (3, 2)
    assert found.review_per_thousand == 375
    assert [f.row for f in found.missed] == ["3", "7"]
    assert [(row, child) for row, child, _fact in found.wrong] == [("6", "A")]
    assert found.kinds["id_missing"] == Share(2, 1, 1)
    assert found.kinds["two defects"] == Share(2, 1, 1)
    assert found.tags["twin"] == Share(1, 0, 0)
    assert found.summary()["wrong"] == {"id_space": 1}
    assert found.rules[f"auto {RULES[0].code}"] == (3, 2)
    assert found.rules["review repaired_number_and_name"] == (2, 1)


def test_a_hidden_defect_is_not_held_against_the_matcher() -> None:
    """Row 5 has no number, so nobody can see that it was a sibling's."""
    never = score(TRUTH, RESULTS).never_automatic()
    assert never["a sibling's number"] == Share(1, 0, 1)


def test_one_of_a_guardian_s_children_is_enough() -> None:
    found = score([fact("1", "A B C")], [Pair("1", child, "auto") for child in "ABX"])
    assert (found.true, found.auto, found.auto_right, found.auto_found) == (1, 3, 2, 1)


def test_the_interval_is_wilson_s() -> None:
    assert wilson_low(3200, 3200) == pytest.approx(0.998801, abs=1e-6)
    assert wilson_low(90, 100) == pytest.approx(0.825633, abs=1e-6)


def test_the_command_reads_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "truth.csv").write_text(
        "list_row_id,child_id,kind,tags,guardian_of\n1,A,clean,,B;C\n2,,clean,,\n", encoding="utf-8"
    )
    (tmp_path / "results.csv").write_text("list_row_id,child_id,tier,score\n1,B,auto,990\n", encoding="utf-8")
    for arguments, line in (([], "precision 0.00000"), (["--guardians"], "precision 1.00000")):
        monkeypatch.setattr(
            "sys.argv", ["score", str(tmp_path / "truth.csv"), str(tmp_path / "results.csv"), *arguments]
        )
        main()
        assert line in capsys.readouterr().out


def results() -> dict[str, object]:
    summary = json.loads(json.dumps(score(TRUTH, RESULTS).summary()))
    took = {"seconds": 2.0, "memory_mb": 300, "steps": {"read": 0.5, "pairs": 1.5}}
    normalising = {
        "rows": 10, "distinct_numbers": 9, "distinct_names": 8, "disagree": {"DuckDB": 0},
        "seconds": {"polars": {"load": 0.0, "normalise": 1.0, "hand back": 0.5}},
    }  # fmt: skip
    names = ("raw", "floor", "children", "guardians", "splink", "splink_trained", "chain")
    times = {
        **dict.fromkeys(names, took),
        "floor": {**took, "seconds": 0.5},
        "reading": {**took, "archive": 1.0, "alone": 3.0, "files": 49, "rows": 60_000},
        "parsing": took,
        "chain": {**took, "rows": 60_000},
        "normalising": normalising,
    }
    quality = {"typical, seed 1": {"children": summary, "guardians": summary, "floor": summary}}
    machine = {"cores": 2, "python": "3.11.7", "load": 0.4, "packages": {"polars": "2.1.0"}}
    return {
        "before": machine,
        "sizes": {"city": {"quality": quality, "times": times}},
        "linear": [{"children": 5, "rows": 1_000_000, **took}],
    }


def test_the_tables_hold_the_figures() -> None:
    text = tables.markdown(results())
    assert "| city | **this matcher** | 2.00 | 4.0 (≤ 3) | 1.0 | 300 |" in text
    assert (
        "| city, typical, seed 1 | **this matcher** | .66667 (.20765) | 1 | .3333 | .6667 | 375.00 | .67 |"
        in text
    )
    assert "| number missing | typical | 2 | .5000 | .5000 | ≥ .970 reach |" in text
    assert "| a sibling's number | typical | 1 | .0000 | 1.0000 | never automatic |" in text
    assert "- city, typical, seed 1, guardians: id_space (1)" in text
    assert "| 1,000,000 | 5 | 2.00 | 2.00 | 300 |" in text
    assert f"| `{RULES[0].code}` | auto | {RULES[0].score / 1000:.3f} | 6 | .6667 | 0 | – |" in text
    assert "| polars | 0.00 | 1.00 | 0.50 | 1.50 |" in text


def test_only_what_stands_between_the_markers_is_written(tmp_path: Path) -> None:
    page = tmp_path / "matching.md"
    page.write_text(f"before\n\n{tables.BEGIN}\n\nlast month\n\n{tables.END}\n\nafter\n", encoding="utf-8")
    tables.write(page, results())
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"before\n\n{tables.BEGIN}\n\n2 cores, Python 3.11.7, polars 2.1.0, ")
    assert text.endswith(f"{tables.END}\n\nafter\n")
    assert "last month" not in text
    tables.write(page, results())
    assert page.read_text(encoding="utf-8") == text
