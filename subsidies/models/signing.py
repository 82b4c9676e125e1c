"""Who may write: the database knows who acts, signs no step with another's name, and lets no other write public rules."""

from __future__ import annotations

import pgtrigger

from staff.policies import envelope


def signed_by_themselves(name: str, *columns: str) -> pgtrigger.Trigger:
    """Nobody enters another's name as the one who took a step: a user id that is new in one of ``columns`` is that of whoever
    acts. The system (user 0) acts for whom it names."""
    others = " OR ".join(
        f"(OLD.{column} IS DISTINCT FROM NEW.{column} AND NEW.{column}::text <> current_setting('app.user', true))"
        for column in columns
    )
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Row,
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        func=f"""
            IF current_setting('app.user', true) IS DISTINCT FROM '0' AND ({others}) THEN
                RAISE EXCEPTION 'a step is signed by whoever takes it'
                    USING ERRCODE = 'check_violation', CONSTRAINT = '{name}';
            END IF;
            RETURN NEW;
        """,
    )


def written_by(name: str, *roles: str) -> pgtrigger.Trigger:
    """Of a table that everybody reads: whoever acts writes rows with one of ``roles`` and of their own regions alone. The
    system (user 0) writes what the product brings along."""
    of_roles = ", ".join(f"'{role}'" for role in roles)
    own = envelope("money", "region")
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Row,
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        declare=[("region", "bigint")],
        func=f"""
            FOREACH region IN ARRAY CASE TG_OP
                WHEN 'INSERT' THEN ARRAY[NEW.region_code] WHEN 'DELETE' THEN ARRAY[OLD.region_code]
                ELSE ARRAY[OLD.region_code, NEW.region_code] END
            LOOP
                IF coalesce(current_setting('app.user', true), '') NOT IN ('', '0') AND NOT (
                    coalesce(current_setting('app.role', true), '') IN ({of_roles}) AND coalesce({own}, false)
                ) THEN
                    RAISE EXCEPTION 'not for this role and region'
                        USING ERRCODE = 'check_violation', CONSTRAINT = '{name}';
                END IF;
            END LOOP;
            RETURN coalesce(NEW, OLD);
        """,
    )
