"""Posts, assignments and the handing over of a post."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Prefetch, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from staff import posts
from staff.access import ActingRequest, roles
from staff.enums import Role
from staff.forms import AssignForm, EndForm, PostFilter, PostForm
from staff.models import Assignment, Post, Region

PAGE = 50


@roles(Role.SYSADMIN)
@require_GET
def post_list(request: ActingRequest) -> HttpResponse:
    form = PostFilter(request.GET)
    holders = Assignment.objects.on(timezone.localdate())
    found = Post.objects.select_related("region").prefetch_related(
        Prefetch("assignments", holders.select_related("user"), to_attr="holders"),
        Prefetch("further_regions", Region.objects.all()),
    )
    if form.is_valid():
        found = _filtered(found, holders, form.cleaned_data)
    page = Paginator(found.order_by("region_id", "role", "pk"), PAGE).get_page(request.GET.get("page"))
    return render(request, "staff/posts.html", {"form": form, "page": page})


def _filtered(found: Any, holders: Any, asked: dict[str, Any]) -> Any:
    if text := asked["q"].strip():
        found = found.filter(
            Q(title__icontains=text) | Q(unit__icontains=text) | Q(region__name__icontains=text)
        )
    if asked["role"]:
        found = found.filter(role=asked["role"])
    if asked["vacant"]:
        found = found.exclude(pk__in=holders.values("post_id"))
    return found


@roles(Role.SYSADMIN)
@require_http_methods(["GET", "POST"])
def post_add(request: ActingRequest) -> HttpResponse:
    form = PostForm(request.POST or None)
    if form.is_valid():
        data = form.cleaned_data
        try:
            post = posts.open_post(
                region=data["region"],
                role=Role(data["role"]),
                title=data["title"],
                unit=data["unit"],
                further_regions=data["further"],
                at=timezone.now(),
            )
        except posts.PostRefused as refused:
            form.add_error(None, str(refused))
        else:
            return redirect("staff:post", post.pk)
    return render(request, "staff/post_add.html", {"form": form, "regions": _regions(request)})


@roles(Role.SYSADMIN)
@require_http_methods(["GET", "POST"])
def post(request: ActingRequest, pk: int) -> HttpResponse:
    """One post: who held it when; POST gives it to a person."""
    seat = get_object_or_404(Post.objects.select_related("region"), pk=pk)
    form = AssignForm(request.POST or None, initial={"start": timezone.localdate()})
    if form.is_valid():
        data = form.cleaned_data
        try:
            posts.assign(
                data["person"],
                seat,
                start=data["start"],
                end=data["end"],
                phone=data["phone"],
                at=timezone.now(),
            )
        except posts.PostRefused as refused:
            form.add_error(None, str(refused))
        else:
            return redirect("staff:post", pk)
    today = timezone.localdate()
    held = Assignment.objects.filter(post=seat).select_related("user").order_by("-start_date", "-pk")
    return render(
        request,
        "staff/post.html",
        {
            "seat": seat,
            "form": form,
            "held": [(a, a.in_force(today)) for a in held],
            "further": seat.further_regions.all(),
        },
    )


@roles(Role.SYSADMIN)
@require_http_methods(["GET", "POST"])
def assignment_end(request: ActingRequest, pk: int) -> HttpResponse:
    assignment = get_object_or_404(Assignment.objects.select_related("user", "post__region"), pk=pk)
    form = EndForm(request.POST or None)
    if form.is_valid():
        now = form.cleaned_data["when"] == "now"
        at = timezone.now()
        try:
            posts.end_assignment(
                assignment, last_day=form.cleaned_data["last_day"] or timezone.localdate(at), now=now, at=at
            )
        except posts.PostRefused as refused:
            form.add_error(None, str(refused))
        else:
            return redirect("staff:post", assignment.post_id)
    return render(request, "staff/assignment_end.html", {"assignment": assignment, "form": form})


@roles(*posts.HANDOVER_READERS)
@require_GET
def handover(request: ActingRequest, pk: int) -> HttpResponse:
    """What an assignment that ended or is ending leaves open, for the successor and for those above.

    The numbers come from the other apps' panels, under the reader's own scope. The administrator sees the
    people only.
    """
    assignment = get_object_or_404(Assignment.objects.select_related("user", "post__region"), pk=pk)
    if assignment.end_date is None:
        raise PermissionDenied
    return render(
        request,
        "staff/handover.html",
        {
            "assignment": assignment,
            "successors": posts.successors(assignment, timezone.localdate()),
            "sees_cases": request.assignment.post.role != Role.SYSADMIN,
            "ended": not assignment.in_force(timezone.localdate()),
        },
    )


def _regions(request: ActingRequest) -> list[Region]:
    """Names offered while typing: the administrator's counties and townships, and no village."""
    own = request.assignment.post.region
    return list(Region.objects.below(own).in_force(timezone.localdate()).exclude(level="village")[:500])
