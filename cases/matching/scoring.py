"""Pairs, evidence, rules and guards over the key tables: the temporary table `matched`."""

from collections.abc import Callable
from typing import Any, Final

from cases.matching import keys, passes
from cases.matching.normalise import compare_names, slips_apart
from cases.matching.rules import RULES

NEAR_DATE: Final = -1
FAR_DATE: Final = -2


def compare_dates(a: str, b: str) -> int:
    """-1 when two unequal dates are one wrong digit, or month and day swapped, apart; else -2."""
    if len(a) != 8 or len(b) != 8:
        return FAR_DATE
    one_digit = sum(x != y for x, y in zip(a, b, strict=True)) == 1
    return NEAR_DATE if one_digit or a[:4] + a[6:] + a[4:6] == b else FAR_DATE


def rule_statement() -> str:
    """The one statement that names the rule of every pair, and its tier and score."""
    branches = "\n        ".join(f"WHEN {r.when} THEN '{r.code}'" for r in RULES)
    values = ", ".join(f"('{r.code}', '{r.tier}', {r.score})" for r in RULES)
    # Only the constants of `rules` go into the text.
    return f"""
CREATE TEMP TABLE named ON COMMIT DROP AS
SELECT e.*, s.tier, s.score, s.rule
FROM (
    SELECT *, CASE
        {branches}
    END AS code FROM evidence
) e
JOIN (VALUES {values}) AS s (rule, tier, score) ON s.rule = e.code;
CREATE INDEX ON named (row);
CREATE INDEX ON named (child);
ANALYZE named;
"""  # noqa: S608


GUARDS: Final = """
CREATE TEMP TABLE matched ON COMMIT DROP AS
WITH doubted AS (
    SELECT n.*,
        -- Another row bears the child's very name, in this household or under this number: a sibling or twin.
        n.name IN (1, 2, 3) AND EXISTS (
            SELECT FROM named o
            WHERE o.child = n.child AND o.row <> n.row AND o.name = 0 AND (
                o.household = n.household
                OR (n.number = 'same' AND o.number = 'same' AND n.name = 3 AND n.same_length AND n.house = 0)
            )
        ) AS named_twice,
        -- The row bears the name of another child of the register more exactly.
        n.name >= 1 AND EXISTS (
            SELECT FROM evidence o
            WHERE o.row = n.row AND o.child <> n.child AND o.name < n.name AND o.name <= 1
                AND (o.number <> 'differs' OR o.house > 0 OR o.birth = 1 OR o.born = 1)
        ) AS named_as_another,
        -- Another row of the household is this child for certain.
        n.name >= 3 AND n.number <> 'same' AND EXISTS (
            SELECT FROM named o WHERE o.child = n.child AND o.household = n.household AND o.row <> n.row
                AND o.tier = 'auto' AND o.name <= 1
        ) AS seated
    FROM named n
),
counted AS (
    SELECT *,
        count(*) FILTER (WHERE tier = 'auto' AND NOT named_twice AND NOT named_as_another)
            OVER (PARTITION BY row) AS certain
    FROM doubted
),
tiered AS (
    SELECT *, CASE
        WHEN tier = 'auto' AND NOT named_twice AND NOT named_as_another AND certain = 1 THEN 'auto'
        ELSE 'review'
    END AS final
    FROM counted
)
SELECT row, child, final AS tier, CASE WHEN final = tier THEN score ELSE least(score, 600) END AS score, rule,
    ARRAY_REMOVE(ARRAY[
        'number_' || number,
        (ARRAY[
            'name_same', 'name_sound', 'name_legible', 'name_slip', 'name_surname', 'name_other'
        ])[name + 1],
        CASE birth WHEN 1 THEN 'birth_same' WHEN -1 THEN 'birth_slip' WHEN -2 THEN 'birth_conflict' END,
        CASE house WHEN 2 THEN 'household_number' WHEN 1 THEN 'household_head' END,
        CASE place
            WHEN 3 THEN 'same_village' WHEN 2 THEN 'same_township' WHEN 1 THEN 'same_township'
            WHEN -1 THEN 'other_township'
        END,
        CASE WHEN named_twice THEN 'named_twice' END,
        CASE WHEN named_as_another THEN 'named_as_another' END,
        CASE WHEN certain > 1 THEN 'two_candidates' END
    ], NULL) AS reasons
FROM tiered t
WHERE final = 'auto'
    OR NOT (seated OR EXISTS (SELECT FROM tiered o WHERE o.row = t.row AND o.final = 'auto'))
"""


def match(cursor: Any, tick: Callable[[str], None] = lambda step: None) -> None:
    """Fill the temporary table `matched` from the key tables of the open transaction."""
    cursor.execute(passes.HOUSES)
    tick("houses")
    cursor.execute(passes.PAIRS)
    tick("pairs")
    cursor.execute(passes.JUDGED)
    for what, statement, judge in (
        ("n", passes.UNJUDGED_NAMES, compare_names),
        ("i", passes.UNJUDGED_NUMBERS, slips_apart),
        ("d", passes.UNJUDGED_DATES, compare_dates),
    ):
        cursor.execute(statement)
        judged = [(what, a, b, int(judge(a, b))) for a, b in cursor.fetchall()]
        keys.copy_rows(cursor, "judged", judged)
    cursor.execute("ANALYZE judged")
    tick("judged")
    cursor.execute(passes.EVIDENCE)
    tick("evidence")
    cursor.execute(rule_statement())
    cursor.execute(GUARDS)
    tick("guards")
