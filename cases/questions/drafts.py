"""What is written of a county's next form: kept at the office until it is published or discarded."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from cases.models import QuestionSetDraft
from cases.questions.definition import FormRef
from cases.questions.editing import Tree
from cases.questions.publishing import SetRefused, own_county
from staff.templatetags.look import moment
from staff.workflow import Actor


class DraftChanged(SetRefused):
    """A colleague has kept theirs meanwhile; the message says who, and that nothing was overwritten."""


def drafts_of(region_id: int) -> list[QuestionSetDraft]:
    """The county's drafts, the latest first. One query."""
    found = QuestionSetDraft.objects.filter(region_id=region_id).select_related("written_by")
    return list(found.order_by("-written_at", "pk"))


def draft_of(region_id: int, ref: FormRef) -> QuestionSetDraft | None:
    """What is written of the county's next version, begun from this one. One query."""
    found = QuestionSetDraft.objects.filter(region_id=region_id, code=ref.code, version=ref.version)
    return found.select_related("written_by").first()


def keep_draft(
    *, actor: Actor, at: dt.datetime, region_id: int, ref: FormRef, tree: Tree, seen: int
) -> QuestionSetDraft:
    """Keep a form as far as it has come. ``seen``: the revision that the writer's page began with, 0 for none.

    DraftChanged when a colleague has kept theirs since; SetRefused for another duty or county.
    """
    place = {"region_id": own_county(actor, region_id), "code": ref.code, "version": ref.version}
    with transaction.atomic():
        fresh = {"tree": tree, "written_by_id": actor.user_id, "written_at": at}
        draft, begun = (
            QuestionSetDraft.objects.select_for_update(of=("self",))
            .select_related("written_by")
            .get_or_create(**place, defaults=fresh)
        )
        if begun or draft.tree == tree:
            return draft
        _check_seen(actor, draft, seen)
        draft.tree, draft.written_by_id, draft.written_at = tree, actor.user_id, at
        draft.revision += 1
        draft.save(update_fields=["tree", "written_by", "written_at", "revision"])
    return draft


def discard_draft(*, actor: Actor, region_id: int, ref: FormRef, seen: int | None = None) -> None:
    """Forget what is written: it was published (``seen`` None), or whoever saw revision ``seen`` does not want it.

    DraftChanged as in :func:`keep_draft`. Nothing happens when there is no draft.
    """
    place = {"region_id": own_county(actor, region_id), "code": ref.code, "version": ref.version}
    with transaction.atomic():
        found = QuestionSetDraft.objects.select_for_update(of=("self",)).select_related("written_by")
        draft = found.filter(**place).first()
        if draft is not None:
            if seen is not None:
                _check_seen(actor, draft, seen)
            draft.delete()


def _check_seen(actor: Actor, draft: QuestionSetDraft, seen: int) -> None:
    if draft.revision == seen or draft.written_by_id == actor.user_id:
        return
    who = {"name": draft.written_by.name, "when": moment(draft.written_at)}
    raise DraftChanged(
        _(
            "%(name)s kept a draft of this form on %(when)s. Theirs stands. Open the page again to see it; any button puts yours in its place."
        )
        % who
    )
