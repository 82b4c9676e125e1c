"""Every rule and reason that the matcher can write has words."""

from cases.matching.engine import rules, verdicts
from cases.matching.review import reasons


def test_every_rule_has_words_and_no_other() -> None:
    assert set(reasons.RULES) == {r.code for r in rules.RULES}
    assert len({r.code for r in rules.RULES}) == len(rules.RULES)


def test_every_reason_of_the_engine_has_words() -> None:
    numbers = {"same", "repaired", "cut", "masked", "near", "kin", "differs", "far", "none"}
    assert set(verdicts.WORDS) | {f"number_{n}" for n in numbers} == set(reasons.REASONS)


def test_reasons_are_told_in_reading_order_with_doubts_marked() -> None:
    told = reasons.described(["birth_conflict", "number_same", "unknown"])
    assert [(str(label), doubt) for label, doubt in told] == [
        (str(reasons.REASONS["number_same"]), False),
        (str(reasons.REASONS["birth_conflict"]), True),
    ]
