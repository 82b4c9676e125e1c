"""The templates, the components and the files that are served with them."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterator
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.apps import apps
from django.conf import settings
from django.db import models
from django.template import Context, Template, TemplateSyntaxError, engines
from django.template.loader import get_template
from django.test import RequestFactory
from django.utils import translation

from staff.charts import line_chart_of
from staff.differences import mark_differences
from staff.samples import SampleForm, samples
from staff.status import RISK_WORDS, STATUS, look_of
from staff.templatetags import asking, components, figures, look
from staff.workflow import Transition

ROOT = Path(settings.BASE_DIR)
TEMPLATES = ROOT / "templates"
STATIC = ROOT / "static"
VENDOR = STATIC / "vendor"
SPRITE = TEMPLATES / "components" / "sprite.html"
OURS = ("childwelfare", "staff", "cases", "referrals", "subsidies")

ALL_TEMPLATES = sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html"))
ALL_PYTHON = sorted(
    path for app in OURS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts
)
ALL_SCRIPTS = sorted((STATIC / "js").glob("*.js"))


def source(name: str) -> str:
    return (TEMPLATES / name).read_text()


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


def render(text: str, **context: Any) -> str:
    return Template("{% load look components asking figures %}" + text).render(Context(context))


# --- Every template -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL_TEMPLATES)
def test_compiles(name: str) -> None:
    get_template(name)


@pytest.mark.parametrize("name", ALL_TEMPLATES)
def test_obeys_the_content_security_policy(name: str) -> None:
    text = source(name)
    assert not re.search(r"\sstyle\s*=", text), "a style attribute is refused by the policy"
    assert not re.search(r"<style\b", text)
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", text), "an inline handler is refused by the policy"
    assert not re.search(r"\shx-on", text), "htmx would have to evaluate it"
    for script in re.findall(r"<script\b[^>]*>", text):
        assert "src=" in script
    assert not re.search(r"(?:src|href|action)=[\"'](?:https?:)?//", text), "everything is served by us"


def test_every_class_of_ours_is_in_the_style_sheet() -> None:
    css = "".join(path.read_text() for path in (STATIC / "css").glob("*.css"))
    known = set(re.findall(r"\.(cw-[a-z0-9-]+)", css))
    known |= {"cw-field"}  # found by form.js, nothing to draw
    missing = set()
    for path in [*TEMPLATES.rglob("*.html"), *ALL_PYTHON]:
        for value in re.findall(r"class=\\?\"([^\"]*)\"", path.read_text()):
            plain = re.sub(r"{%.*?%}", " ", value)
            missing |= {
                (path.name, name)
                for name in re.findall(r"(?<![\w{-])cw-[a-z0-9-]+(?![\w{-])", plain)
                if name not in known
            }
    assert not missing


# --- Icons ----------------------------------------------------------------------------------------------

SYMBOLS = re.findall(r'<symbol id="i-([a-z0-9-]+)"', SPRITE.read_text())


def test_symbols_are_sorted_and_named_once() -> None:
    assert sorted(set(SYMBOLS)) == SYMBOLS


def used_icons() -> set[str]:
    names = {look_of(state).icon for state in STATUS} | set(components.STRIP_ICONS.values())
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text()
        names |= set(re.findall(r"{%\s*icon\s+[\"']([a-z0-9-]+)[\"']", text))
        names |= set(re.findall(r"{%\s*(?:empty|strip)\b[^%]*\sname=[\"']([a-z0-9-]+)[\"']", text))
    for path in ALL_PYTHON:
        names |= set(re.findall(r"[\"']icon[\"']:\s*[\"']([a-z0-9-]+)[\"']", path.read_text()))
        names |= set(re.findall(r"\bicon\s*=\s*[\"']([a-z0-9-]+)[\"']", path.read_text()))
    return names


def test_no_unknown_icon() -> None:
    assert used_icons() <= set(SYMBOLS)


def test_no_unused_icon() -> None:
    texts = [path.read_text() for path in [*TEMPLATES.rglob("*.html"), *ALL_PYTHON] if path != SPRITE]
    everything = "\n".join(texts)
    assert not {name for name in SYMBOLS if not re.search(rf"[\"']{name}[\"']", everything)}


# --- Components -----------------------------------------------------------------------------------------


def test_every_component_is_used() -> None:
    texts = {path: path.read_text() for path in [*TEMPLATES.rglob("*.html"), *ALL_PYTHON]}
    for path in (TEMPLATES / "components").glob("*.html"):
        name = f"components/{path.name}"
        assert any(f'"{name}"' in text for other, text in texts.items() if other != path), name


@pytest.mark.parametrize("library", [look, components, asking, figures])
def test_the_living_page_shows_every_tag(library: Any) -> None:
    page = source("staff/components.html")
    for tag in library.register.tags:
        assert re.search(rf"{{%\s*{tag}\b", page), tag


def living_page(language: str) -> str:
    """The living page as a fault-finding engine renders it: an undefined variable leaves a mark."""
    options = {**settings.TEMPLATES[0], "NAME": "strict"}
    options["OPTIONS"] = {
        **options["OPTIONS"],
        "string_if_invalid": "UNDEFINED(%s)",
        "context_processors": [],
    }
    options.pop("BACKEND")
    options["APP_DIRS"] = True
    engine = type(engines["django"])(options)
    request = RequestFactory().get("/")
    request.user = None  # type: ignore[assignment]
    with translation.override(language):
        context = {
            "sample": samples(),
            "navigation": [{"label": "Queue", "icon": "checklist", "url": "/", "current": True, "count": 3}],
            "phone_tabs": [{"label": "Queue", "icon": "checklist", "url": "/"}],
            "post": {"person": "李守安", "role": "儿童督导员", "place": "双江镇"},
            "posts": [{"id": 1, "label": "a", "current": True}, {"id": 2, "label": "b"}],
            "request": request,
            "csrf_token": "token",
        }
        return engine.get_template("staff/components.html").render(context)


class Outline(HTMLParser):
    """Ids, references to ids, and unlabelled controls of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.references: set[str] = set()
        self.labelled: set[str] = set()
        self.controls: list[dict[str, str | None]] = []
        self.depth_of_label = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if values.get("id"):
            self.ids.append(str(values["id"]))
        for name in ("aria-describedby", "aria-labelledby"):
            self.references |= set(str(values.get(name) or "").split())
        if tag == "label":
            self.depth_of_label += 1
            if values.get("for"):
                self.labelled.add(str(values["for"]))
        if tag in {"input", "select", "textarea"} and values.get("type") != "hidden":
            values["wrapped"] = "yes" if self.depth_of_label else None
            self.controls.append(values)

    def handle_endtag(self, tag: str) -> None:
        if tag == "label":
            self.depth_of_label -= 1


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_living_page_is_sound(language: str) -> None:
    html = living_page(language)
    assert "UNDEFINED(" not in html
    outline = Outline()
    outline.feed(html)
    # the dialog's title stands in the dialog of base.html only when it is open
    assert outline.references <= set(outline.ids)
    assert len(outline.ids) == len(set(outline.ids))
    for control in outline.controls:
        named = control.get("aria-label") or control.get("wrapped") or control.get("id") in outline.labelled
        assert named, control


def test_a_misspelt_parameter_is_refused() -> None:
    with pytest.raises(TemplateSyntaxError):
        Template('{% load components %}{% page_head "x" nota="y" %}')


def test_panel_keeps_its_parts_and_escapes_them() -> None:
    html = render(
        '{% panel title=name number=3 link="All" url="/x" foot="why" %}<p>{{ name }}</p>{% endpanel %}',
        name="<b>",
    )
    assert "<h2>&lt;b&gt;</h2>" in html
    assert '<span class="cw-count">3</span>' in html
    assert '<a class="cw-row-end cw-link" href="/x">All</a>' in html
    assert "<p>&lt;b&gt;</p>" in html
    assert '<p class="cw-panel-foot">why</p>' in html


def test_actions_post_or_ask_first() -> None:
    entries = [
        {"name": "approve", "label": "Approve", "key": "A"},
        {"name": "return", "label": "Return", "reasons": [("thin", "Too little")], "needs_text": True},
        {"name": "release", "label": "Release", "disabled": "released by another"},
    ]
    html = render('{% actions entries url="/go" %}', entries=entries, csrf_token="token")
    assert html.count('<form method="post" action="/go">') == 2
    assert html.count('name="csrfmiddlewaretoken" value="token"') == 2
    assert re.findall(r'name="action" value="(\w+)"', html) == ["approve", "return"]
    assert re.search(r'<button class="btn btn-primary"\s+type="submit"\s+data-key="A"', html)
    assert 'name="reason_code" value="thin" required' in html
    assert re.search(r'<textarea[^>]*name="reason"[^>]*required', html)
    assert "disabled" in html
    assert "released by another" in html


def test_actions_take_transitions_as_they_are() -> None:
    class Why(models.TextChoices):
        THIN = "thin", "Too little"

    table = [
        Transition("approve", ("submitted",), "approved", "Approve", frozenset(), icon="check"),
        Transition("return", ("submitted",), "returned", "Return", frozenset(), reasons=Why, needs_text=True),
        Transition("end", ("submitted",), "ended", "End", frozenset(), danger=True),
    ]
    html = render('{% actions table url="/go" keys="approve:A return:R" %}', table=table)
    assert re.findall(r'data-key="(\w)"', html) == ["A", "R"]
    assert 'value="thin" required' in html
    assert "btn-danger" in html
    assert html.count("btn-primary") == 2, "the first, and the one that sends the reason"


def test_progress_asks_again_only_while_it_waits() -> None:
    assert 'hx-trigger="every 1s"' in render('{% progress "x" 1 2 url="/p" %}')
    assert "hx-trigger" not in render('{% progress "x" 2 2 url="/p" finished=True %}')
    assert "hx-trigger" not in render('{% progress "x" 1 2 url="/p" failed="no" %}')


def test_table_formats_by_column_and_drills_down() -> None:
    html = render(
        "{% table columns rows totals %}",
        columns=[
            {"label": "Place"},
            {"label": "Yuan", "kind": "money"},
            {"label": "Change", "kind": "difference"},
        ],
        rows=[{"cells": ["柏梓镇", (Decimal("45170"), "/rows"), Decimal("-320")]}, {"cells": [None, 0, 0]}],
        totals=["", Decimal("45170"), Decimal("-320")],
    )
    assert '<a class="drill" href="/rows">45,170.00</a>' in html
    assert "−320.00" in html
    assert 'class="n zero"' in html
    assert "<tfoot>" in html
    with pytest.raises(ValueError, match="zip"):
        render("{% table columns rows %}", columns=[{"label": "a"}], rows=[{"cells": [1, 2]}])


def test_pager_keeps_the_filters_of_the_address() -> None:
    from django.core.paginator import Paginator

    request = RequestFactory().get("/children/?q=lin&page=2")
    html = render("{% pager page %}", page=Paginator(list(range(30)), 10).page(2), request=request)
    assert 'href="?q=lin&amp;page=1"' in html
    assert 'href="?q=lin&amp;page=3"' in html


# --- Words and values -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "shown", "signed"),
    [
        (Decimal("1550"), "1,550.00", "+1,550.00"),
        (Decimal("-320.5"), "−320.50", "−320.50"),
        (0, "0.00", "0.00"),
        (Decimal("0.005"), "0.01", "+0.01"),
        (Decimal("1234567.1"), "1,234,567.10", "+1,234,567.10"),
        (None, "—", "—"),
    ],
)
def test_money(amount: Any, shown: str, signed: str) -> None:
    assert look.money(amount) == shown
    assert look.signed(amount) == signed


TODAY = dt.date(2026, 10, 20)


@pytest.mark.parametrize(
    ("date", "css", "words"),
    [
        (dt.date(2026, 10, 18), "cw-due cw-due-over", "2 days overdue"),
        (dt.date(2026, 10, 19), "cw-due cw-due-over", "1 day overdue"),
        (TODAY, "cw-due cw-due-today", "Today"),
        (dt.date(2026, 10, 23), "cw-due", "10-23 Fri"),
        (dt.date(2026, 12, 1), "cw-due", "12-01"),
        (dt.date(2027, 1, 31), "cw-due", "2027-01-31"),
    ],
)
def test_due(date: dt.date, css: str, words: str) -> None:
    html = render("{% due date today %}", date=date, today=TODAY)
    assert html == f'<time class="{css}" datetime="{date.isoformat()}">{words}</time>'
    assert render("{% due date %}", date=date, today=TODAY) == html, "the page's own today"


def test_times_are_local() -> None:
    late = dt.datetime(2026, 10, 19, 17, 30, tzinfo=dt.UTC)
    assert look.moment(late) == "2026-10-20 01:30"
    assert look.day(late) == "2026-10-20"
    assert look.clock(late) == "01:30"


def test_identity_names_the_person_and_has_no_eye_without_an_address() -> None:
    assert "data-dialog" not in render('{% identity "500152********1013" %}')
    html = render('{% identity "500152********1013" "/reveal" "<林小满>" %}')
    assert 'href="/reveal" data-dialog' in html
    assert 'aria-label="Show the identity number of &lt;林小满&gt;, a reason is required"' in html


@pytest.mark.parametrize("level", RISK_WORDS)
def test_risk_is_written(level: str) -> None:
    html = render("{% risk level %}", level=level)
    assert f"cw-risk-{level}" in html
    assert str(RISK_WORDS[level]) in html


def test_every_state_of_every_model_has_a_word() -> None:
    for model in apps.get_models():
        if model.__module__.split(".")[0] not in OURS:
            continue
        for field in model._meta.get_fields():
            if getattr(field, "name", "") == "state" and getattr(field, "choices", None):
                name = model._meta.model_name.removesuffix("event")  # the history of a model speaks its words
                unknown = {
                    value
                    for value, _ in field.choices
                    if value not in STATUS and f"{name}.{value}" not in STATUS
                }
                assert not unknown, f"{model._meta.label}: staff/status.py lacks {sorted(unknown)}"


def test_a_model_may_have_its_own_word_for_a_code() -> None:
    assert ">Approved</span>" in render('{% status "approved" of="visit" %}')
    assert ">Awaiting release</span>" in render('{% status "approved" of="paymentbatch" %}')


def test_an_unlisted_state_shows_itself() -> None:
    assert ">odd</span>" in render('{% status "odd" %}')


def test_differences_mark_only_what_differs() -> None:
    assert mark_differences("苏谷羽", "苏谷雨") == (
        '苏谷<mark class="cw-ch">羽</mark>',
        '苏谷<mark class="cw-ch">雨</mark>',
    )
    left, right = mark_differences("****2064", "****2046")
    assert left == '****20<mark class="cw-ch">64</mark>'
    assert right == '****20<mark class="cw-ch">46</mark>'
    left, right = mark_differences("50015220160420301", "500152201604203012")
    assert left.endswith('<mark class="cw-ch cw-ch-gap">\u2003</mark>')
    assert right.endswith('<mark class="cw-ch">2</mark>')
    assert "&lt;" in mark_differences("<a", "<b")[0]


@pytest.mark.parametrize(
    ("numbers", "grid"),
    [
        ([388, 411], ["380", "400", "420"]),
        ([7], ["7", "8", "9"]),
        ([], ["0", "1", "2"]),
        ([0, 5200], ["0", "5,000", "10,000"]),
    ],
)
def test_chart_stands_between_round_lines(numbers: list[int], grid: list[str]) -> None:
    chart = line_chart_of([(str(n), n) for n in numbers])
    assert [text for _, text in chart.grid] == grid
    lowest, highest = chart.grid[0][0], chart.grid[-1][0]
    assert all(highest <= dot.y <= lowest for dot in chart.dots)


# --- Forms ----------------------------------------------------------------------------------------------


def test_an_error_stands_beside_its_field() -> None:
    html = str(SampleForm({"account": "1", "holder": "x", "bank": "", "since": "", "relation": "1"}))
    outline = Outline()
    outline.feed(html)
    account = next(control for control in outline.controls if control.get("name") == "account")
    assert account["aria-invalid"] == "true"
    assert account["aria-describedby"] == "id_account_error"
    assert outline.references <= set(outline.ids)
    assert {"id_account", "id_holder", "id_note"} <= outline.labelled
    assert re.search(r'id="id_account_error"><p class="cw-error">', html)


def test_fields_say_required_or_optional() -> None:
    class Form(forms.Form):
        name = forms.CharField()
        note = forms.CharField(required=False)
        kind = forms.ChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)

    html = str(Form())
    assert html.count('<span class="cw-need">required</span>') == 2
    assert html.count('<span class="cw-opt">optional</span>') == 1
    assert html.count('class="cw-choice"') == 2
    assert '<div id="id_kind" class="cw-choices">' in html


# --- Pages without anyone -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["400.html", "403_csrf.html", "500.html"])
def test_error_pages_need_no_context(name: str) -> None:
    html = get_template(name).render()
    assert '<main id="main"' in html
    assert "/static/css/app" in html


# --- Files that are served ------------------------------------------------------------------------------


def test_vendored_files_are_the_ones_that_were_reviewed() -> None:
    listed = dict(reversed(line.split("  ")) for line in (VENDOR / "SHA256SUMS").read_text().splitlines())
    present = {path.relative_to(VENDOR).as_posix() for path in VENDOR.rglob("*") if path.is_file()}
    assert present - {"README.md", "SHA256SUMS"} == set(listed)
    for name, digest in listed.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest, name
    for folder in (path for path in VENDOR.iterdir() if path.is_dir()):
        assert (folder / "LICENSE").is_file(), folder
        for path in folder.iterdir():
            assert "sourceMappingURL" not in path.read_text()


@pytest.mark.parametrize("path", ALL_SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_plain(path: Path) -> None:
    text = path.read_text()
    code = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    assert not re.search(r"\beval\(|new Function|innerHTML\s*=|outerHTML\s*=|document\.write", code)
    # phones of 2019: neither optional chaining nor nullish coalescing
    assert "?." not in code
    assert "??" not in code
    assert text.startswith("/*"), "a script says what it does and by which attributes"


def test_every_script_is_loaded_by_a_page() -> None:
    pages = "\n".join(path.read_text() for path in TEMPLATES.rglob("*.html"))
    for path in ALL_SCRIPTS:
        assert f"js/{path.name}" in pages, path.name


def test_style_sheets_use_colours_that_old_phones_know() -> None:
    for path in (STATIC / "css").glob("*.css"):
        css = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
        assert not re.search(r"light-dark\(|oklch\(|color-mix\(|@import|url\(", css)
        assert not re.search(r"(?:margin|padding|border)-(?:inline|block)\b|\binset:", css)
        assert css.count("{") == css.count("}")
