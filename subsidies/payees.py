"""Who receives the money for a child (领款人). A change counts from the next batch; lines already sent keep what they froze."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases import identity
from cases.enums import Relation
from cases.models import Child, Payee
from staff.enums import Role
from staff.workflow import Actor, TransitionRefused


class PayeeRefused(TransitionRefused):
    """The payee cannot be recorded; the message says why."""


def clean_account(text: str) -> str:
    """The digits of an account number as typed (spaces and hyphens dropped). Raises PayeeRefused."""
    digits = "".join(c for c in text if c not in " -\u3000\u00a0")
    if not (digits.isascii() and digits.isdigit() and 8 <= len(digits) <= 30):
        raise PayeeRefused(_("An account number has 8 to 30 digits."))
    return digits


def change_payee(
    *,
    actor: Actor,
    at: dt.datetime,
    child: Child,
    name: str,
    relation: str,
    bank_name: str,
    account: str,
    start_date: dt.date | None = None,
) -> Payee:
    """End the present payee the day before and record the new one. The same payee again changes nothing."""
    if actor.role != Role.CLERK:
        raise PayeeRefused(_("Your post does not have this duty."))
    name, bank_name = name.strip(), bank_name.strip()
    if not name or not bank_name or relation not in Relation.values:
        raise PayeeRefused(_("Name, relation and bank are needed."))
    digits = clean_account(account)
    start = start_date or timezone.localdate(at)
    digest = identity.digest_account(digits)
    with transaction.atomic():
        Child.objects.select_for_update(of=("self",)).get(pk=child.pk)
        present = Payee.objects.filter(child=child, end_date__isnull=True).first()
        if present is not None:
            if (present.name, present.relation, present.bank_name, bytes(present.account_digest or b"")) == (
                name,
                relation,
                bank_name,
                digest,
            ):
                return present
            if present.start_date > start:
                raise PayeeRefused(_("The present payee was recorded from a later day."))
            present.end_date = max(present.start_date, start - dt.timedelta(days=1))
            present.save(update_fields=["end_date"])
        return Payee.objects.create(
            child=child,
            region_id=child.region_id,
            name=name,
            relation=relation,
            bank_name=bank_name,
            account=digits,
            account_digest=digest,
            start_date=start,
        )
