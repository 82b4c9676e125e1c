"""The trigger that keeps a colour from becoming better unless what it rests on is named, also for bulk and raw SQL.

``app.lowered_by`` names the ground within the transaction (:mod:`cases.colours`): ``assessment:<id>`` one that another
person decided on, from this colour to this one; ``visit:<id>`` one that somebody approved who neither made nor entered it
(counties that ask for no assessment); ``merge:<id>`` one that is being undone. A worse colour needs none.

An approved visit stays in the file for ever. It carries a colour only if it found that one or a better one, when the file
had the present colour or a worse one; if it was approved on or after the day the present colour began; and if no later
visit speaks for the child (:func:`cases.colours.visit_carries` says the same before anything is written).
"""

from __future__ import annotations

import pgtrigger
from django.conf import settings

SETTING = "app.lowered_by"
NAME = "child_better_colour_has_ground"
# Better colours first.
_ORDER = "ARRAY['green', 'blue', 'yellow', 'red']::text[]"
_RANK = f"array_position({_ORDER}, {{row}}.risk::text)"
_BEFORE = f"array_position({_ORDER}, v.risk_before::text)"  # the colour in force when the visit was handed in

TRIGGERS = [
    pgtrigger.Trigger(
        name="better_colour_has_ground",
        level=pgtrigger.Row,
        when=pgtrigger.Before,
        operation=pgtrigger.UpdateOf("risk"),
        condition=pgtrigger.Condition(f"{_RANK.format(row='NEW')} < {_RANK.format(row='OLD')}"),
        declare=[("ground", "text"), ("named", "bigint"), ("holds", "boolean")],
        # Our own text, no value of anybody.
        func=f"""
            ground = split_part(current_setting('{SETTING}', true), ':', 1);
            named = nullif(split_part(current_setting('{SETTING}', true), ':', 2), '')::bigint;
            holds = CASE ground
                WHEN 'assessment' THEN EXISTS (
                    SELECT FROM cases_guardianshipassessment a
                    WHERE a.id = named AND a.child_id = NEW.id AND a.state = 'lowered'
                      AND a.risk_before = OLD.risk AND a.risk_after = NEW.risk
                      AND a.decided_by_id IS DISTINCT FROM a.assessed_by_id)
                WHEN 'visit' THEN EXISTS (
                    SELECT FROM cases_visit v
                    WHERE v.id = named AND v.child_id = NEW.id AND v.state = 'approved'
                      AND v.reviewed_by_id IS DISTINCT FROM v.conducted_by_id
                      AND v.reviewed_by_id IS DISTINCT FROM v.entered_by_id
                      AND {_RANK.format(row="v")} <= {_RANK.format(row="NEW")}
                      AND {_RANK.format(row="OLD")} <= {_BEFORE}
                      AND (OLD.risk_since IS NULL
                           OR (v.reviewed_at AT TIME ZONE '{settings.TIME_ZONE}')::date >= OLD.risk_since)
                      AND NOT EXISTS (
                          SELECT FROM cases_visit later
                          WHERE later.child_id = v.child_id AND later.visited_at > v.visited_at
                            AND later.state IN ('submitted', 'approved', 'escalated')))
                WHEN 'merge' THEN EXISTS (
                    SELECT FROM cases_childmerge m
                    WHERE m.id = named AND m.kept_id = NEW.id AND m.undone_at IS NULL)
                ELSE false
            END;
            IF NOT holds THEN
                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = '{NAME}',
                    MESSAGE = '{NAME}: a better colour needs an assessment and the approval of another person';
            END IF;
            RETURN NEW;
        """,  # noqa: S608
    ),
]
