"""A form of county A's own beside the packaged ones."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from cases.models import Child, QuestionSet, QuestionSetDraft
from cases.questions.choice import definition
from tests.cast import COUNTY, START, Cast


def make(cast: Cast, own: Child) -> dict[str, Any]:
    """Codes and versions of a packaged form and of the county's own."""
    code = f"{COUNTY // 1_000_000}-access"
    data = {**definition("regular", 2).source, "code": code, "version": 1, "risks": ["red"]}
    QuestionSet.objects.create(
        region_id=COUNTY,
        code=code,
        version=1,
        definition=data,
        valid_from=START,
        document="潼民发〔2026〕9号",
        published_by=cast.users["clerk"],
    )
    QuestionSetDraft.objects.create(
        region_id=COUNTY,
        code=code,
        version=1,
        tree=data,
        written_by=cast.users["clerk"],
        written_at=timezone.now(),
    )
    return {"regular_form": "regular", "regular_version": 2, "own_form": code, "own_form_version": 1}
