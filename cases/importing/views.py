"""Pages of an import: past ones, upload, columns, problems and changes, take-over, taking back."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cases.circumstances.enums import ImportState, RowOutcome
from cases.importing import corrections, preview, services
from cases.importing.forms import CorrectionsForm, RegisterFileForm, TakeBackForm, TakeOverForm
from cases.matching.reading.files import ListFileError
from cases.models import RegisterImport, RegisterImportRow
from cases.refusals import RegisterRefused
from staff.access import ActingRequest, roles
from staff.enums import Role

KEEPERS = (Role.SUPERVISOR, Role.CLERK)


def _import(pk: int) -> RegisterImport:
    found: RegisterImport = get_object_or_404(
        RegisterImport.objects.select_related("file", "user", "region", "job", "undone_by"), pk=pk
    )
    return found


def _key(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


@require_GET
@roles(*KEEPERS)
def imports(request: HttpRequest) -> HttpResponse:
    """What has been imported, with state and counts."""
    lines, later = preview.imports_of(_key(request.GET.get("after", "")))
    return render(request, "cases/imports.html", {"lines": lines, "later": later})


@roles(*KEEPERS)
def import_upload(request: ActingRequest) -> HttpResponse:
    """Take a file; what is wrong with it as a whole stands beside the field, and nothing is kept."""
    form = RegisterFileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        region = int(request.assignment.post.region_id)
        try:
            found = services.receive(data=file.read(), name=file.name, region_id=region, at=timezone.now())
        except (ListFileError, RegisterRefused) as error:
            form.add_error("file", str(error))
        else:
            return redirect("cases:import_file", found.pk)
    return render(request, "cases/import_upload.html", {"form": form})


@require_GET
@roles(*KEEPERS)
def import_template(request: HttpRequest) -> HttpResponse:
    """The empty workbook to fill in."""
    response = HttpResponse(corrections.template(), content_type=services.XLSX)
    response["Content-Disposition"] = 'attachment; filename="register-template.xlsx"'
    return response


@require_GET
@roles(*KEEPERS)
def import_file(request: HttpRequest, pk: int) -> HttpResponse:
    """One import, by its state: name the columns, look at the check, see what was done."""
    found = _import(pk)
    told = preview.summary(found)
    if told["state"] == ImportState.UPLOADED or (
        told["state"] == ImportState.CHECKED and "columns" in request.GET
    ):
        return _columns(request, found)
    shown = request.GET.get("show", "")
    shown = shown if shown in RowOutcome.values else preview.first_tab(found)
    lines, later = preview.rows_of(found, shown, _key(request.GET.get("after", "")))
    context = {
        "import": found,
        "told": told,
        "row_tabs": preview.tabs_of(found, shown),
        "shown": shown,
        "lines": lines,
        "later": later,
        "form": TakeOverForm(),
        "undo_form": TakeBackForm(),
        "corrections_form": CorrectionsForm(),
        "kept_days": services.KEPT_DAYS,
    }
    return render(request, "cases/import_file.html", context)


def _columns(
    request: HttpRequest, found: RegisterImport, error: ValidationError | None = None, status: int = 200
) -> HttpResponse:
    """The columns of the file, each with what it is taken for."""
    chosen = _chosen(request, found) if request.method == "POST" else None
    columns = preview.columns_of(found, chosen)
    by_key = error.message_dict if error is not None and hasattr(error, "error_dict") else {}
    for column in columns:
        column["error"] = " ".join(by_key.get(column["key"], ()))
    context = {
        "import": found,
        "told": preview.summary(found),
        "columns": columns,
        "choices": preview.field_choices(),
        "error": "" if error is None or by_key else " ".join(error.messages),
    }
    return render(request, "cases/import_columns.html", context, status=status)


def _chosen(request: HttpRequest, found: RegisterImport) -> dict[str, str]:
    columns = found.mapping.get("columns", ())
    return {c["key"]: request.POST.get(f"column-{place}", "") for place, c in enumerate(columns)}


@require_POST
@roles(*KEEPERS)
def import_check(request: HttpRequest, pk: int) -> HttpResponse:
    """The columns are named: check the file."""
    found = _import(pk)
    try:
        job = services.name_columns(found, _chosen(request, found), at=timezone.now())
    except ValidationError as error:
        return _columns(request, found, error)
    except RegisterRefused as refusal:
        return _refused(request, found, refusal)
    return redirect("staff:job", job.pk)


@require_POST
@roles(*KEEPERS)
def import_apply(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the checked rows over."""
    found, form = _import(pk), TakeOverForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose what is to be done."))
        return redirect("cases:import_file", pk)
    try:
        job = services.take_over(
            found,
            update=form.cleaned_data["update"] == "yes",
            all_or_nothing=form.cleaned_data["extent"] == "all",
            duplicates=form.cleaned_data["duplicates"],
            at=timezone.now(),
        )
    except RegisterRefused as refusal:
        return _refused(request, found, refusal)
    return redirect("staff:job", job.pk)


@require_POST
@roles(*KEEPERS)
def import_decide(request: HttpRequest, pk: int, row: int) -> HttpResponse:
    """Decide one row that may be a known child."""
    found = _import(pk)
    line = get_object_or_404(RegisterImportRow.objects, pk=row, register_import=found)
    try:
        services.decide(found, line, request.POST.get("decision", ""))
    except RegisterRefused as refusal:
        return _refused(request, found, refusal)
    after = _key(request.POST.get("after", ""))
    return redirect(
        f"{request.path.rsplit('rows/', 1)[0]}?show=duplicate" + (f"&after={after}" if after else "")
    )


@require_POST
@roles(*KEEPERS)
def import_discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Put the file aside."""
    found = _import(pk)
    try:
        services.discard(found)
    except RegisterRefused as refusal:
        return _refused(request, found, refusal)
    messages.success(request, _("The file was put aside. Nothing was changed."))
    return redirect("cases:imports")


@require_POST
@roles(*KEEPERS)
def import_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a whole import back."""
    found, form = _import(pk), TakeBackForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Write the reason in words."))
        return redirect("cases:import_file", pk)
    try:
        job = services.take_back(found, reason=form.cleaned_data["reason"], at=timezone.now())
    except RegisterRefused as refusal:
        return _refused(request, found, refusal)
    return redirect("staff:job", job.pk)


@require_POST
@roles(*KEEPERS)
def import_corrections(request: HttpRequest, pk: int) -> HttpResponse:
    """Have the rows that are not right made into a workbook."""
    found, form = _import(pk), CorrectionsForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("The reason is too long."))
        return redirect("cases:import_file", pk)
    try:
        job = corrections.start(found, reason=form.cleaned_data["reason"], at=timezone.now())
    except RegisterRefused as refusal:
        return _refused(request, found, refusal)
    return redirect("staff:job", job.pk)


def _refused(request: HttpRequest, found: RegisterImport, refusal: RegisterRefused) -> HttpResponse:
    messages.error(request, str(refusal))
    return redirect("cases:import_file", found.pk)
