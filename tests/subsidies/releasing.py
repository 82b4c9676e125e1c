"""A person's release as a process of its own, to be killed: ``python -m tests.subsidies.releasing ASSIGNMENT BATCH AT``.

Prints ``released`` or the refusal. The web process does the same in a request.
"""

from __future__ import annotations

import datetime as dt
import sys

import django


def main(assignment: str, batch: str, at: str) -> None:
    django.setup()
    from staff.scope import open_scope
    from staff.sessions import scope_for_assignment
    from staff.sign_in import Proof
    from staff.workflow import Actor, TransitionRefused
    from subsidies.batches import services as batches
    from subsidies.models import PaymentBatch

    moment = dt.datetime.fromisoformat(at)
    try:
        with open_scope(scope_for_assignment(int(assignment))):
            actor = Actor.current()
            found = PaymentBatch.objects.get(pk=int(batch))
            batches.release(
                actor=actor, at=moment, batch=found, proof=Proof(actor.user_id, "password", moment)
            )
        sys.stdout.write("released")
    except TransitionRefused as refusal:
        sys.stdout.write(f"refused: {refusal}")


if __name__ == "__main__":
    main(*sys.argv[1:])
