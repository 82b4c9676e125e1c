"""The kinds of lists that the county may receive, what follows from each, and their empty templates."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from cases.matching import selectors
from cases.matching.intake.imports import XLSX
from cases.matching.kinds import KINDS, ListKind
from cases.matching.kinds.template import table_of, workbook
from staff.access import roles
from staff.enums import Role

READERS = (Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK, Role.APPROVER, Role.LEADER)


@require_GET
@roles(*READERS)
def list_kinds(request: HttpRequest) -> HttpResponse:
    """Every kind: who sends it and how often, its columns, what is found on it, and the template to send round."""
    return render(request, "cases/list_kinds.html", {"kinds": [_shown(kind) for kind in KINDS.values()]})


def _shown(kind: ListKind) -> dict[str, Any]:
    return {
        "kind": kind,
        "headers": table_of(kind)[0],
        "follows": list(
            dict.fromkeys(selectors.headline_of(rule.kind, kind.code, rule.role) for rule in kind.rules)
        ),
    }


@require_GET
@roles(*READERS)
def list_template(request: HttpRequest, code: str) -> HttpResponse:
    """The empty template of a kind. It holds no personal data."""
    if code not in KINDS:
        raise Http404
    kind = KINDS[code]
    response = HttpResponse(workbook(kind), content_type=XLSX)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(kind.name.zh)}.xlsx"
    return response
