"""Papers of a child: the file and an assessment, after the reason was given."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.assessments.paper import make_assessment_paper
from cases.children import paper as child_paper
from cases.children import selectors
from cases.children.paper_forms import ChildPaperForm, PaperForm
from cases.children.views import READERS, open_file, posted
from cases.models import Child, GuardianshipAssessment
from cases.refusals import RegisterRefused
from staff.access import roles
from staff.paper import PaperTooLong, pdf_response


def _whole_file(pk: int) -> Child:
    """The child, whose reading is logged; 404 for one that is seen only through a referral."""
    child = open_file(pk)
    if selectors.is_limited(child):
        raise Http404
    return child


@roles(*READERS)
def child_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """GET asks what the paper is for and what stands on it; POST is the paper, shown in the browser."""
    child = _whole_file(pk)
    form = ChildPaperForm(
        posted(request),
        may_full=child_paper.may_have_in_full(),
        may_protected=child_paper.has_protected(child),
    )
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        try:
            data = child_paper.make_child_paper(
                child,
                reason=asked["reason"],
                at=timezone.now(),
                parts=asked["parts"],
                full=asked.get("full", False),
                protected=asked.get("protected", False),
            )
            return pdf_response(data, _("Child's file-%(number)s.pdf") % {"number": child.number})
        except (PaperTooLong, RegisterRefused) as refused:
            form.add_error(None, str(refused))
    return render(
        request,
        "cases/paper_ask.html",
        {
            "form": form,
            "title": _("Print the file of %(name)s") % {"name": child.name},
            "back": reverse("cases:child", args=[pk]),
        },
    )


@roles(*READERS)
def assessment_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """GET asks what the paper is for; POST is the filled-in instrument as PDF."""
    found = get_object_or_404(
        GuardianshipAssessment.objects.select_related("child__region__parent", "assessed_by", "decided_by"),
        pk=pk,
    )
    form = PaperForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            data = make_assessment_paper(found, reason=form.cleaned_data["reason"], at=timezone.now())
            name = _("Assessment-%(number)s-%(day)s.pdf")
            values = {"number": found.child.number, "day": found.assessed_date.isoformat()}
            return pdf_response(data, name % values)
        except PaperTooLong as refused:
            form.add_error(None, str(refused))
    return render(
        request,
        "cases/paper_ask.html",
        {
            "form": form,
            "title": _("Print the assessment of %(name)s") % {"name": found.child.name},
            "back": reverse("cases:child_section", args=[found.child_id, "guardianship"]),
        },
    )
