"""Code lists of the register and of visits hold together."""

from cases.enums import (
    LOST_FOR_GOOD,
    RESTRICTED_LIBERTY,
    RISK_HINTS,
    UNABLE_TO_RAISE,
    Attribute,
    LeaveReason,
    ParentSituationKind,
    PrimaryCategory,
    RiskLevel,
)
from cases.visits.enums import (
    CASE_LEVELS,
    PROBLEMS,
    VISIT_KIND_SHORT,
    Problem,
    ProblemDomain,
    VisitKind,
    domain_of,
)


def test_every_category_is_also_an_attribute() -> None:
    assert set(PrimaryCategory.values) < set(Attribute.values)


def test_no_code_names_the_protected_condition() -> None:
    everything = " ".join([*PrimaryCategory.values, *Attribute.values, *ParentSituationKind.values]).lower()
    assert "hiv" not in everything
    assert "aids" not in everything


def test_risk_is_ordered_from_red_to_green() -> None:
    assert [level.value for level in sorted(RiskLevel, key=lambda level: -level.rank)] == [
        "red",
        "yellow",
        "blue",
        "green",
    ]
    assert RiskLevel.RED.is_worse_than(RiskLevel.YELLOW)
    assert not RiskLevel.GREEN.is_worse_than(RiskLevel.BLUE)
    assert not RiskLevel.BLUE.is_worse_than(RiskLevel.BLUE)
    assert set(RISK_HINTS) == set(RiskLevel)
    assert RiskLevel.GREEN not in CASE_LEVELS


def test_sets_of_parent_situations() -> None:
    assert len(LOST_FOR_GOOD) == 2
    assert len(UNABLE_TO_RAISE) == 8
    assert LOST_FOR_GOOD.isdisjoint(UNABLE_TO_RAISE)
    assert RESTRICTED_LIBERTY < UNABLE_TO_RAISE
    assert set(ParentSituationKind) - LOST_FOR_GOOD - UNABLE_TO_RAISE == {
        ParentSituationKind.ABLE,
        ParentSituationKind.UNKNOWN,
        ParentSituationKind.UNTRACEABLE,
    }


def test_every_problem_stands_in_exactly_one_domain() -> None:
    listed = [problem for problems in PROBLEMS.values() for problem in problems]
    assert sorted(listed) == sorted(Problem)
    assert list(PROBLEMS) == list(ProblemDomain)
    assert domain_of(Problem.DROPPED_OUT) is ProblemDomain.SCHOOLING
    assert domain_of(Problem.SELF_HARM) is ProblemDomain.PSYCHOLOGY


def test_short_wordings_are_complete() -> None:
    assert set(VISIT_KIND_SHORT) == set(VisitKind)


def test_leave_reasons_carry_the_national_numbers() -> None:
    assert LeaveReason.values == ["01", "02", "03", "04", "05", "06", "07", "08", "09", "99"]


def test_stored_codes_work_like_members() -> None:
    assert RiskLevel.RED.is_worse_than("yellow")  # type: ignore[arg-type]
