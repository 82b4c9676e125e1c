"""An application that waits for documents, with a document and a check on record."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cases.models import Child
from staff import files
from staff.models import StoredFile
from subsidies.models import Application, ApplicationCheck, ApplicationEvidence, Scheme
from tests.cast import Cast

AT = dt.datetime(2026, 10, 20, 9, 40, tzinfo=dt.UTC)


def make(cast: Cast, own: Child) -> dict[str, Any]:
    """Keys: ``asked`` (the application), ``evidence``, ``evidence_file``, ``check``."""
    scheme = Scheme.objects.get_or_create(code="difficulty_living", defaults={"clause": "x"})[0]
    common: dict[str, Any] = {"child": own, "region_id": own.region_id}
    asked = Application.objects.create(
        **common,
        scheme=scheme,
        statement="x",
        applied_by=cast.users["director"],
        applied_at=AT,
        accepted_at=AT,
        state="supplement",
        supplement_asked_at=AT,
        supplement_text="x",
        clock_left=10,
    )
    file = files.store(
        b"a", kind=StoredFile.Kind.EVIDENCE, name="x.pdf", content_type="application/pdf",
        region_id=own.region_id, child_id=own.pk, at=AT,
    )  # fmt: skip
    evidence = ApplicationEvidence.objects.create(
        **common, application=asked, item="child_identity", source="uploaded", file=file,
        added_by=cast.users["director"], added_at=AT,
    )  # fmt: skip
    check = ApplicationCheck.objects.create(
        **common, application=asked, method="letter", date=AT.date(), person="x", result="confirms", note="x",
        user=cast.users["supervisor"], at=AT,
    )  # fmt: skip
    return {"asked": asked.pk, "evidence": evidence.pk, "evidence_file": file.pk, "check": check.pk}
