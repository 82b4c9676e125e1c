"""What decides a right, as one digest a part, for many entitlements in one statement.

A part is the same as long as nothing in it was written, and as long as no date in it was reached: the release of a
parent that is expected within the cycle, the 18th birthday, a card or a proof that runs out. No value can be read back.
"""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

PARTS: dict[str, Promise | str] = {
    "register": _("Registration of the file"),
    "category": _("Category"),
    "placement": _("Placement"),
    "parents": _("Parents' situations"),
    "guardian": _("Guardian or caregiver"),
    "school": _("Schooling"),
    "disability": _("Disability"),
    "illness": _("Illness"),
    "discrepancies": _("Discrepancies being checked"),
    "offsets": _("Benefits set off"),
    "subsidies": _("Disability subsidies"),
    "age": _("Age"),
}
FIRST = "first"
NO_PROOF = "no_proof"


def words(changes: list[str]) -> list[Promise | str]:
    """The names of what differs; a code of a later version shows itself."""
    named = PARTS | {FIRST: _("First re-check"), NO_PROOF: _("No proof of schooling for this term")}
    return [named.get(code, code) for code in changes]


def _rows(columns: str, source: str, key: str = "child_id") -> str:
    """Digest of the rows of a table that hang on the child, in order."""
    table, _space, condition = source.partition(" ")
    where = f" AND {condition}" if condition else ""
    return (
        f"(SELECT md5(coalesce(string_agg(row({columns})::text, ';' ORDER BY x.id), '')) "  # noqa: S608
        f"FROM {table} x WHERE x.child_id = e.{key}{where})"
    )


_PARTS = {
    "register": "md5(row(c.left_date, c.left_reason, c.registration, e.region_code / 1000000)::text)",
    "category": "md5(row(c.primary_category, c.category_detail, e.category, e.grade)::text)",
    "placement": "md5(row(c.placement, e.placement)::text)",
    "parents": _rows(
        "x.parent, x.kind, x.start_date, x.end_date, x.expected_end_date, x.expected_end_date <= w.until",
        "cases_parentsituation",
    ),
    "guardian": _rows(
        "x.kind, x.name, x.relation, x.id_digest",
        "cases_guardian (x.end_date IS NULL OR x.end_date > w.until)",
    ),
    "school": "md5(row(c.school_stage, c.school_name, c.enrolled_until <= w.until)::text)",
    "disability": _rows(
        "x.kind, x.level, x.number_digest, x.start_date, x.end_date, x.end_date <= w.until",
        "cases_disabilitycard",
    ),
    "illness": _rows("x.severe, x.start_date, x.end_date, x.end_date <= w.until", "cases_illness"),
    "discrepancies": _rows("x.id", "cases_discrepancy x.state IN ('to_check', 'verified')"),
    "offsets": _rows(
        "x.kind, x.amount, x.start_month, x.end_month", "subsidies_offset x.entitlement_id = e.id"
    ),
    "subsidies": _rows("x.kind, x.amount, x.start_month, x.end_month", "subsidies_disabilitysubsidy"),
    "age": "((c.birth_date + interval '18 years') <= w.until)::text",
}
# Our own text, no value of anybody. ``wanted``: rows (key, entitlement_id, until: last day of the cycle).
_OBJECT = ", ".join(f"'{part}', left({sql}, 12)" for part, sql in _PARTS.items())
FACTS = f"""
    SELECT w.key, jsonb_build_object({_OBJECT}) AS facts FROM wanted w
    JOIN subsidies_entitlement e ON e.id = w.entitlement_id JOIN cases_child c ON c.id = e.child_id
"""  # noqa: S608
# What differs from the last re-check that was done; jsonb of codes in order.
CHANGES = f"""
    CASE WHEN former.facts IS NULL THEN '["{FIRST}"]'::jsonb ELSE coalesce(
        (SELECT jsonb_agg(n.key ORDER BY n.key) FROM jsonb_each_text(found.facts) n
         WHERE former.facts ->> n.key IS DISTINCT FROM n.value), '[]'::jsonb) END
"""  # noqa: S608
