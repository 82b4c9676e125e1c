"""The rules that name a pair: what must hold, how sure that is, and in which tier the pair goes.

Predicates are SQL over one row of evidence (see `cases.matching.engine.evidence`). The first rule that holds
names the pair; a pair no rule holds for is not proposed. Tiers: `auto` certain, `review` for a person.

A score is how often the rule was right, in thousandths (mean of the Jeffreys posterior, at most 999), among the
children and guardians of twelve made-up counties: six of `bench.lists` (seeds 101 to 106, the last two with four
times the defects) and six of another generator. `python -m bench.matching.calibrate` measures it again.

number  same · repaired (one slip or 15 digits) · cut (first 15 digits) · masked · near (two slips)
        · kin (a relative's) · differs (both valid) · far · none (missing on a side)
        `few_slips`: two slips at most between two whole numbers
name    0 same · 1 same sound · 2 same where legible · 3 one slip · 4 surname only · 5 other
        `changed`: the slip is another character of another sound, as when a name is changed
        `told`: another name that the cell tells is the person's
birth   the column against the register: 1 equal, 0 not given, -1 a slip away, -2 conflict
born    the date inside the number: 1 equal, 0 none, -1 other
sex     the column against the register: 1 equal, 0 not given, -1 other
`elder` the row's relation to the head is none that a child can have, and a child is looked for
house   2 a member or the head bears a relative's number, 1 the head's name sounds as a relative's, 0 neither
        `head_same`: the head's name is a relative's to the character
place   3 same village, 2 same township and village unknown, 1 another village of the township,
        0 unknown, -1 another township
"""

from dataclasses import dataclass
from typing import Final

AUTO: Final = "auto"
REVIEW: Final = "review"


@dataclass(frozen=True, slots=True)
class Rule:
    """A named predicate with its tier and its score, a probability in thousandths."""

    code: str
    tier: str
    score: int
    when: str


# Homonyms are born on one day in one county more often than chance: name and birth date need a household,
# or a place where the list names no head that would contradict.
_AT_HOME: Final = "(house > 0 OR (place >= 1 AND NOT head_given))"
_NEAR_HOME: Final = "(house = 2 OR (house = 1 AND place >= 1))"

RULES: Final[tuple[Rule, ...]] = (
    # A relative who bears the child's number by mistake is not the child, also where both have one name.
    Rule(
        "same_number_and_name",
        AUTO,
        999,
        "number = 'same' AND name = 0 AND (birth >= -1 OR NOT namesake) AND NOT is_kin",
    ),
    Rule("same_number_and_sound", AUTO, 999, "number = 'same' AND name IN (1, 2) AND birth >= -1"),
    Rule(
        "same_number_name_slip",
        AUTO,
        997,
        "number = 'same' AND name = 3 AND NOT changed AND birth >= -1 AND NOT is_kin",
    ),
    Rule(
        "same_number_other_name",
        REVIEW,
        896,
        "number = 'same' AND (NOT is_kin OR name = 0) "
        "AND (name <= 3 OR told OR (NOT elder AND (birth > -2 OR house > 0)))",
    ),
    Rule("repaired_number_and_name", AUTO, 999, "number = 'repaired' AND name <= 2 AND birth >= -1"),
    Rule(
        "cut_number_and_name",
        AUTO,
        999,
        "number = 'cut' AND birth >= -1 AND sex >= 0 "
        f"AND ((name = 0 AND {_AT_HOME}) OR (name <= 2 AND house > 0))",
    ),
    Rule(
        "masked_number_and_name",
        AUTO,
        998,
        "number = 'masked' AND (name = 0 OR (name = 1 AND tail_legible) OR (name = 2 AND house > 0)) "
        "AND birth >= -1 AND sex >= 0 "
        f"AND ({_AT_HOME} OR (tail_legible AND (place >= 1 OR birth = 1 OR born = 1)))",
    ),
    Rule(
        "relative_s_number_and_name", AUTO, 998, "number = 'kin' AND name <= 1 AND birth >= -1 AND NOT is_kin"
    ),
    Rule(
        "near_number_and_name",
        AUTO,
        997,
        f"number = 'near' AND name <= 1 AND birth >= -1 AND sex >= 0 AND {_AT_HOME}",
    ),
    Rule(
        "name_and_birth_no_number",
        AUTO,
        999,
        "number = 'none' AND (birth = 1 OR born = 1) AND sex >= 0 "
        f"AND ((name = 0 AND {_AT_HOME}) OR (name = 1 AND house > 0))",
    ),
    Rule(
        "name_and_household_no_number",
        AUTO,
        999,
        "number = 'none' AND name <= 1 AND house = 2 AND birth >= -1 AND sex >= 0 AND NOT namesake AND NOT is_kin",
    ),
    Rule(
        "name_and_head_no_number",
        AUTO,
        986,
        "number = 'none' AND name = 0 AND house = 1 AND head_same AND place >= 2 "
        "AND birth >= -1 AND sex >= 0 AND NOT namesake AND NOT is_kin",
    ),
    Rule(
        "repaired_number_other_name",
        REVIEW,
        994,
        "number IN ('repaired', 'near') AND NOT is_kin "
        "AND (name <= 3 OR told OR house > 0 OR (name = 4 AND birth = 1))",
    ),
    Rule(
        "cut_number_other_name",
        REVIEW,
        958,
        "number = 'cut' AND NOT is_kin AND (name <= 3 OR told OR house > 0)",
    ),
    Rule(
        "masked_number_name_slip",
        REVIEW,
        944,
        "number = 'masked' AND NOT is_kin AND (name <= 3 OR told OR (name = 4 AND house > 0))",
    ),
    Rule(
        "name_and_household_other_number",
        REVIEW,
        925,
        f"number IN ('differs', 'kin') AND NOT is_kin AND NOT elder AND name = 0 AND birth >= -1 AND {_NEAR_HOME}",
    ),
    Rule(
        "name_and_near_valid_number",
        REVIEW,
        562,
        "number = 'differs' AND few_slips AND NOT is_kin AND name <= 1 AND birth >= -1 AND (house > 0 OR place >= 1)",
    ),
    Rule(
        "name_and_birth_other_number",
        REVIEW,
        917,
        "number = 'differs' AND name = 0 AND birth >= -1 "
        "AND ((birth = 1 AND born < 1 AND place >= 1) OR ((birth = 1 OR born = 1) AND place = 3))",
    ),
    Rule(
        "name_and_birth_only",
        REVIEW,
        674,
        "number IN ('none', 'far') AND (name <= 1 OR told) AND (birth = 1 OR born = 1)",
    ),
    Rule(
        "name_partly_lost_and_household",
        REVIEW,
        944,
        f"number IN ('none', 'far') AND name = 2 AND birth >= -1 AND {_NEAR_HOME}",
    ),
    Rule(
        "name_and_household_far_number",
        REVIEW,
        384,
        f"number IN ('none', 'far') AND NOT is_kin AND NOT elder AND (name <= 1 OR told) AND birth >= -1 AND {_NEAR_HOME}",
    ),
    Rule(
        "name_and_village_no_number",
        REVIEW,
        796,
        "number = 'none' AND name = 0 AND place = 3 AND birth >= -1 AND born >= 0 AND NOT head_given",
    ),
    Rule(
        "relative_s_number_name_slip",
        REVIEW,
        300,
        "number = 'kin' AND NOT is_kin AND name <= 3 AND birth >= -1 AND house > 0",
    ),
    Rule(
        "name_slip_and_household",
        REVIEW,
        641,
        f"number IN ('none', 'far') AND NOT is_kin AND NOT elder AND name = 3 AND birth >= -1 AND sex >= 0 AND {_NEAR_HOME}",
    ),
    Rule(
        "surname_and_household",
        REVIEW,
        250,
        "number IN ('none', 'far') AND NOT is_kin AND NOT elder AND name = 4 AND birth >= -1 AND sex >= 0 AND house = 2",
    ),
    Rule(
        "birth_and_household",
        REVIEW,
        400,
        "number IN ('none', 'far') AND NOT is_kin AND NOT elder AND house > 0 AND (birth = 1 OR born = 1)",
    ),
    Rule(
        "birth_name_slip_and_village",
        REVIEW,
        700,
        "number IN ('none', 'far') AND NOT is_kin AND name <= 3 AND place = 3 AND (birth = 1 OR born = 1)",
    ),
)
