"""Question sets as data: what is refused, which one a child gets, what answers call for, and that old visits keep theirs."""

from __future__ import annotations

import copy
import datetime as dt
import hashlib
import io
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.http import QueryDict
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.desk.together import quiet_visits
from cases.enums import RiskLevel
from cases.models import Child, ChildAttribute, QuestionSet, Sweep, Visit
from cases.questions.choice import FOLDER, choose, definition, form_for_child, forms_for, packaged
from cases.questions.concern import concern_of, concern_of_visit, flat, suggestion
from cases.questions.counts import problem_counts
from cases.questions.definition import (
    FIRST_FORM,
    NO,
    SERVICE,
    YES,
    Definition,
    FormRef,
    Question,
    QuestionType,
)
from cases.questions.editing import changed, fields_of, tree_of
from cases.questions.fields import answer_name, stored
from cases.questions.publishing import SetRefused, publish_set, withdraw_set
from cases.questions.reading import SetError, read_set
from cases.questions.shown import answers_shown, findings, problems_shown
from cases.visits.enums import (
    PROBLEMS,
    FocusQuestion,
    Problem,
    ProblemDomain,
    VisitKind,
)
from cases.visits.forms import BlankVisitForm, VisitForm
from cases.visits.rules import DEFAULT_INTERVALS, ESCALATIONS
from cases.visits.services import create_visit
from tests.cases.visiting import NOW, TODAY, acting, fresh, submitted
from tests.cast import COUNTY, OTHER_COUNTY, START, VILLAGE, Cast, make_child

# Released files are never changed: a visit keeps the form it was written on. A change is a new version, a new line.
RELEASED = {
    "facility-1.json": "a22d51b395518b65f0d04e338ef72d29e7b3f17b7eb953636c34f7ee4fe15bab",
    "left_behind-1.json": "e818f4fe33b0fb24ca72a10c5150ee429064623df75e764376675a3f0fc83f38",
    "regular-1.json": "23bc82e503fc6bf3edd27092181c7fa0396de538a4f6b5312b6b499761215d45",
    "regular-2.json": "d236e13bd75dc6a2681b9b60f0b3478293b988c40034b949118dd2ac5450b832",
    "special-1.json": "eeb054552a7ccf049ea218a1d79b6857a2b787b439a10741e4e5c527c66887d7",
}
SETS = sorted(packaged(), key=lambda ref: (ref.code, ref.version))


def of(ref: FormRef) -> Definition:
    return packaged()[ref]


def name(ref: FormRef) -> str:
    return f"{ref.code}-{ref.version}"


# --- The packaged sets ----------------------------------------------------------------------------------


def test_released_sets_are_never_changed() -> None:
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in FOLDER.glob("*.json")}
    assert found == RELEASED
    assert {name(ref) + ".json" for ref in SETS} == set(found)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_first_form_asks_what_was_always_asked(language: str) -> None:
    first = of(FIRST_FORM)
    with translation.override(language):
        assert {code: str(one.text) for code, one in first.questions().items()} == {
            one.value: str(one.label) for one in FocusQuestion
        }
        assert [(domain.code, str(domain.name)) for domain in first.domains] == [
            (code, str(label)) for code, label in ProblemDomain.choices
        ]
        assert {code: str(one.text) for code, one in first.problems().items()} == {
            one.value: str(one.label) for listed in PROBLEMS.values() for one in listed
        }
    for kind in VisitKind:
        asked = [one for one in first.asked(kind) if one.required]
        assert [one.code for one in asked] == FocusQuestion.values[: 6 if kind == VisitKind.SPECIAL else 4]
    assert set(first.kinds) == set(VisitKind)


def test_the_second_form_has_the_problem_list_of_the_walking_system() -> None:
    second = of(FormRef("regular", 2)).questions()
    words = {code: [one.text.zh for one in second[code].options] for code in second}
    assert words["living_cover"] == [
        *("已全额保障", "符合政策但未保障", "已纳入保障但未足额", "不符合生活补助", "其他"),
    ]
    assert words[SERVICE] == ["协助争取保障", "志愿者定期探访", "社工结对服务", "强制报告"]
    assert {second[code].short.zh for code in second} >= {
        "生活保障",
        "医疗保障",
        "教育资助",
        "康复救助",
        "监护保护",
    }
    assert any("已报案" in text for text in words["guardianship_state"])
    assert any("未报案" in text for text in words["guardianship_state"])


def test_a_special_visit_asks_what_taizhou_asked() -> None:
    special = of(FormRef("special", 1))
    assert {"guardian", "living", "illness", "supplies"} <= {
        one.code for one in special.asked(VisitKind.SPECIAL) if one.required
    }
    assert special.kinds == (VisitKind.SPECIAL,)


@pytest.mark.parametrize("ref", SETS, ids=name)
def test_every_packaged_set_says_everything_in_both_languages(ref: FormRef) -> None:
    def words(value: Any) -> list[dict[str, str]]:
        if isinstance(value, dict):
            own = [value] if set(value) == {"zh", "en"} else []
            return own + [one for below in value.values() for one in words(below)]
        return [one for below in value for one in words(below)] if isinstance(value, list) else []

    found = words(of(ref).source)
    assert len(found) > 30
    assert [one for one in found if not one["zh"] or not one["en"] or one["zh"] == one["en"]] == []


# --- What is refused ------------------------------------------------------------------------------------


def broken(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    data = copy.deepcopy(dict(of(FormRef("regular", 2)).source))
    change(data)
    return data


def first(data: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = data["sections"][0]["questions"][0]
    return found


def several(data: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = data["sections"][1]["questions"][4]
    return found


WRONG: list[tuple[str, Callable[[dict[str, Any]], None], str]] = [
    ("no version", lambda d: d.pop("version"), "version"),
    ("a strange key", lambda d: d.update(colour="red"), "colour is no key"),
    ("a strange category", lambda d: d.update(categories=["elf"]), "'elf' is not known"),
    ("the protected category", lambda d: d.update(categories=["protected"]), "'protected' is not known"),
    ("a day that is none", lambda d: d.update(valid_from="soon"), "2026-10-31"),
    ("no questions", lambda d: d.update(sections=[]), "1 to 60 questions"),
    ("an empty section", lambda d: d["sections"].append({"title": "空"}), "空 has no question"),
    ("a code in capitals", lambda d: first(d).update(code="Guardian!"), "'Guardian!' will not do"),
    (
        "a code twice",
        lambda d: d["sections"][1]["questions"][0].update(code="guardian"),
        "guardian stands twice",
    ),
    ("no words", lambda d: first(d).update(text={"zh": " ", "en": "x"}), "guardian: write the Chinese words"),
    ("a strange type", lambda d: first(d).update(type="scale"), "guardian: 'scale' is not known"),
    (
        "a known question of another type",
        lambda d: first(d).update(type="text"),
        "guardian is a known question",
    ),
    (
        "required but not true or false",
        lambda d: first(d).update(required="yes"),
        "required is true or false",
    ),
    (
        "a kind that the form is not for",
        lambda d: d.update(kinds=["door"]),
        "illness is asked in a kind of visit",
    ),
    ("one answer", lambda d: several(d).update(options=several(d)["options"][:1]), "give 2 to 40 answers"),
    (
        "an answer twice",
        lambda d: several(d)["options"].append(several(d)["options"][0]),
        "normal stands twice",
    ),
    ("a strange level", lambda d: several(d)["options"][1].update(concern="green"), "concern: 'green'"),
    ("a strange problem", lambda d: several(d)["options"][1].update(problem="elf"), "problem: 'elf'"),
    (
        "alone among one",
        lambda d: d["sections"][1]["questions"][0]["options"][0].update(alone=True),
        "stand alone",
    ),
    (
        "police for nothing",
        lambda d: several(d)["options"][0].update(police_first=True),
        "give the level of concern",
    ),
    ("answers of a text", lambda d: several(d).update(type="text"), "has no answers to choose"),
    (
        "yes alone",
        lambda d: first(d).update(options=[{"code": "yes", "text": "有"}]),
        "two answers yes and no",
    ),
    (
        "a problem twice",
        lambda d: d["problems"][0]["options"].append({"code": "guardian_neglects", "text": "不履行"}),
        "guardian_neglects stands twice",
    ),
    (
        "a known problem elsewhere",
        lambda d: d["problems"][0]["options"].append({"code": "bullied", "text": "受欺负"}),
        "Move it to safety",
    ),
    (
        "an own problem without a level",
        lambda d: d["problems"][0]["options"].append({"code": "no_stove", "text": "没有取暖"}),
        "give its level of concern",
    ),
    (
        "bounds the wrong way",
        lambda d: d["sections"][1]["questions"].append(
            {"code": "rooms", "type": "number", "text": "房间", "least": 9, "most": 1}
        ),
        "rooms: least is more than most",
    ),
    ("text for a list", lambda d: d.update(sections="none"), "cannot be read|no key"),
]


@pytest.mark.parametrize(("change", "message"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_a_set_that_will_not_do_says_where_and_what_would(
    change: Callable[[dict[str, Any]], None], message: str
) -> None:
    with translation.override("en"), pytest.raises(SetError, match=message):
        read_set(broken(change))


# --- What answers call for ------------------------------------------------------------------------------


def any_answer(question: Question) -> st.SearchStrategy[Any]:
    codes = [one.code for one in question.options]
    match question.type:
        case QuestionType.YES_NO:
            return st.booleans()
        case QuestionType.ONE:
            return st.sampled_from(codes)
        case QuestionType.MANY:
            return st.lists(st.sampled_from(codes), unique=True, min_size=1)
        case QuestionType.NUMBER:
            return st.integers(question.least or 0, question.most or 9)
        case QuestionType.DATE:
            return st.dates(dt.date(2026, 1, 1), dt.date(2026, 12, 31)).map(dt.date.isoformat)
        case _:
            return st.text("平安", min_size=1, max_size=9)


OWN = read_set(
    {
        "code": "500152-winter",
        "version": 1,
        "name": {"zh": "冬季走访表", "en": "Winter visit"},
        "document": "潼民发〔2026〕40号",
        "valid_from": "2026-01-01",
        "sections": [
            {
                "title": {"zh": "过冬", "en": "Winter"},
                "questions": [
                    {"code": "harm", "type": "yes_no", "text": "有没有受伤？", "required": True},
                    {
                        "code": "heating",
                        "type": "yes_no",
                        "text": {"zh": "家里能取暖吗？", "en": "Can the home be heated?"},
                        "short": {"zh": "能取暖", "en": "Heating"},
                        "options": [
                            {"code": "yes", "text": {"zh": "能", "en": "Yes"}},
                            {"code": "no", "text": {"zh": "不能", "en": "No"}, "concern": "yellow"},
                        ],
                    },
                    {
                        "code": "stove",
                        "type": "one",
                        "text": "取暖方式",
                        "options": [
                            {"code": "electric", "text": "电"},
                            {"code": "coal", "text": "炭火", "concern": "red", "police_first": True},
                        ],
                    },
                    {"code": "rooms", "type": "number", "text": "房间数", "least": 1, "most": 20},
                    {"code": "note", "type": "text", "text": "补充"},
                ],
            }
        ],
        "problems": [
            {
                "code": "cold",
                "name": "过冬",
                "options": [{"code": "no_quilt", "text": "缺棉被", "concern": "blue"}],
            },
            {"code": "living", "name": "生活", "options": [{"code": "lacks_food", "text": "缺粮"}]},
        ],
    }
)
FORMS = [*packaged().values(), OWN]


@st.composite
def visits(draw: st.DrawFn) -> tuple[Definition, dict[str, Any], list[str], RiskLevel]:
    form = draw(st.sampled_from(FORMS))
    asked = list(form.questions().values())
    picked = draw(st.lists(st.sampled_from(asked), unique_by=lambda one: one.code))
    answers = {one.code: draw(any_answer(one)) for one in picked}
    problems = draw(st.lists(st.sampled_from(sorted(form.problems())), unique=True, max_size=4))
    return form, answers, problems, draw(st.sampled_from(RiskLevel))


@settings(max_examples=300, deadline=None)
@given(visits())
def test_no_concern_is_ever_lost(made: tuple[Definition, dict[str, Any], list[str], RiskLevel]) -> None:
    form, answers, problems, risk = made
    level = concern_of(form, answers, problems, risk)
    rank = RiskLevel(level).rank if level else 0
    suggested = suggestion(form, answers, problems, risk)
    picked = [option for _question, option in form.picked(answers)]
    codes = {*problems, *form.implied(answers)}
    declared = [one for one in [*picked, *(form.problems()[code] for code in problems)] if one.concern]
    standard = {trigger.found: trigger for trigger in ESCALATIONS}
    # Whatever the form or the table calls for is in the level, in the suggestion, and among its reasons.
    assert rank >= max((one.concern.rank for one in declared if one.concern), default=0)
    assert rank >= max(
        (standard[Problem(c)].level.rank for c in codes if c in Problem.values and Problem(c) in standard),
        default=0,
    )
    assert (suggested is None) <= (not declared)
    if suggested:
        assert rank >= suggested.level.rank == max(trigger.level.rank for trigger in suggested.triggers)
        assert suggested.police_first >= any(one.police_first for one in declared)
        assert len(suggested.triggers) >= len(declared)
    # A visit without a level found nothing: no problem, no focus question answered 有, nothing declared, not red.
    nothing = not codes and not declared and risk != RiskLevel.RED
    assert (level == "") == (nothing and not any(answers.get(code) is True for code in FocusQuestion))
    # More is never less.
    worse = (
        concern_of(form, {**answers, "harm": True}, problems, risk) if "harm" in form.questions() else "red"
    )
    assert worse == "red"
    grouped = form.grouped(problems, answers)
    assert set(flat(grouped)) == codes
    assert form.grouped(flat(grouped), answers) == grouped


def test_what_the_form_does_not_know_is_an_error_not_silence() -> None:
    second = of(FormRef("regular", 2))
    for answers, problems in (
        ({"ghosts": True}, []),
        ({"living_cover": "elf"}, []),
        ({}, ["elf"]),
        ({"service": ["elf"]}, []),
    ):
        with pytest.raises(ValueError, match=r"elf|ghosts"):
            concern_of(second, answers, problems, "green")
    with pytest.raises(ValueError, match="elf"):
        second.grouped(["elf"], {})


def test_a_countys_own_question_calls_for_a_case_in_its_own_words() -> None:
    suggested = suggestion(OWN, {"heating": False, "stove": "coal", "harm": False}, ["no_quilt"], "green")
    assert suggested is not None
    assert (suggested.level, suggested.police_first) == (RiskLevel.RED, True)
    with translation.override("zh-hans"):
        assert [str(one.reason.label) for one in suggested.triggers] == [
            "取暖方式：炭火",
            "能取暖：不能",
            "缺棉被",
        ]
    assert concern_of(OWN, {"heating": True, "harm": False}, [], "green") == ""


# --- Which form a child gets ----------------------------------------------------------------------------


def publish(
    cast: Cast, source: Definition, code: str, at: dt.datetime = NOW, day: dt.date = TODAY, **changes: Any
) -> QuestionSet:
    data = {**copy.deepcopy(dict(source.source)), "code": code, **changes}
    with acting(cast, "clerk") as actor:
        return publish_set(
            actor=actor, at=at, region_id=COUNTY, data=data, valid_from=day, document="潼民发〔2026〕9号"
        )


def test_packaged_sets_by_category_placement_and_kind(cast: Cast) -> None:
    with acting(cast, "director"):
        plain = cast.children["own"]
        left = make_child(VILLAGE, "留一", primary_category="left_behind")
        both = make_child(VILLAGE, "低保又留守", primary_category="dibao")
        ChildAttribute.objects.create(child=both, region_id=VILLAGE, kind="left_behind", start_date=START)
        once = make_child(VILLAGE, "曾留守", primary_category="dibao")
        ChildAttribute.objects.create(
            child=once,
            region_id=VILLAGE,
            kind="left_behind",
            start_date=START,
            end_date=TODAY - dt.timedelta(days=1),
        )
        home = make_child(VILLAGE, "院内", primary_category="left_behind", placement="institution")
        found = forms_for([plain, left, both, once, home], TODAY)
        assert {child.name: found[child.pk] for child in (plain, left, both, once, home)} == {
            plain.name: FormRef("regular", 2),
            "留一": FormRef("left_behind", 1),
            "低保又留守": FormRef("left_behind", 1),
            "曾留守": FormRef("regular", 2),
            "院内": FormRef("facility", 1),
        }
        assert form_for_child(plain, dt.date(2025, 12, 31)) == FIRST_FORM
        assert form_for_child(left, TODAY, "special") == FormRef("special", 1)
        assert form_for_child(left, TODAY, "phone") == FormRef("left_behind", 1)


def test_the_countys_own_goes_before_the_packaged_from_its_day_until_it_is_withdrawn(cast: Cast) -> None:
    tomorrow, later = TODAY + dt.timedelta(days=1), TODAY + dt.timedelta(days=30)
    second = of(FormRef("regular", 2))
    publish(cast, second, "500152-regular", day=tomorrow)
    publish(cast, OWN, "500152-red", day=tomorrow, risks=["red"])
    with acting(cast, "director"):
        own, red = cast.children["own"], make_child(VILLAGE, "红", risk="red")
        left = make_child(VILLAGE, "留", primary_category="left_behind")
        assert form_for_child(own, TODAY) == FormRef("regular", 2)
        assert form_for_child(own, tomorrow) == FormRef("500152-regular", 1)
        assert form_for_child(red, tomorrow) == FormRef("500152-red", 1)
        assert form_for_child(left, tomorrow) == FormRef("left_behind", 1)
    with acting(cast, "stranger"):
        assert form_for_child(cast.children["strange"], tomorrow) == FormRef("regular", 2)
    with acting(cast, "clerk") as actor:
        withdraw_set(
            actor=actor,
            at=NOW,
            region_id=COUNTY,
            code="500152-regular",
            day=later,
            document="潼民发〔2026〕10号",
        )
    with acting(cast, "director"):
        assert form_for_child(own, later - dt.timedelta(days=1)) == FormRef("500152-regular", 1)
        assert form_for_child(own, later) == FormRef("regular", 2)
        assert definition("500152-regular", 1).ref == FormRef("500152-regular", 1)


def test_while_a_sweep_asks_for_a_form_those_whom_it_is_about_get_it(cast: Cast) -> None:
    publish(cast, OWN, OWN.code, risks=["red"])
    with acting(cast, "clerk") as actor:
        Sweep.objects.create(
            region_id=COUNTY,
            title="冬季排查",
            start_date=TODAY,
            end_date=TODAY + dt.timedelta(days=30),
            whom={"categories": ["left_behind"]},
            form_code=OWN.code,
            asked_by_id=actor.user_id,
            asked_at=NOW,
        )
    with acting(cast, "director"):
        left, other = make_child(VILLAGE, "留", primary_category="left_behind"), cast.children["own"]
        own = FormRef(OWN.code, 1)
        assert forms_for([left, other], TODAY) == {left.pk: own, other.pk: FormRef("regular", 2)}
        assert form_for_child(left, TODAY, "special") == FormRef("special", 1)
        assert form_for_child(left, TODAY + dt.timedelta(days=31)) == FormRef("left_behind", 1)


def test_many_children_cost_three_queries(cast: Cast, django_assert_num_queries: Any) -> None:
    publish(cast, OWN, "500152-red", risks=["red"])
    with acting(cast, "director"):
        children = [make_child(VILLAGE, f"童{number}") for number in range(12)]
        with django_assert_num_queries(3):
            forms_for(children, TODAY)


def test_nothing_fitting_is_still_a_form() -> None:
    assert choose([OWN], categories=["dibao"], placement="scattered", risk="green", kind="phone") is OWN
    assert choose([], categories=[], placement="scattered", risk="green").ref == FormRef("regular", 2)


# --- Publishing -----------------------------------------------------------------------------------------


def test_publishing_is_refused_with_the_remedy(cast: Cast) -> None:
    second = of(FormRef("regular", 2))
    with translation.override("en"):
        for code, day, message in (
            ("regular", TODAY, "begins with 500152-"),
            ("341222-regular", TODAY, "begins with 500152-"),
            ("500152-regular", TODAY - dt.timedelta(days=1), "today or a later day"),
        ):
            with pytest.raises(SetRefused, match=message):
                publish(cast, second, code, day=day)
        assert publish(cast, second, "500152-regular").version == 1
        with pytest.raises(SetRefused, match="Nothing was changed since version 1"):
            publish(cast, second, "500152-regular", day=TODAY + dt.timedelta(days=3))
        assert publish(cast, second, "500152-regular", name={"zh": "新", "en": "New"}).version == 2
        for member, region in (("supervisor", COUNTY), ("clerk", OTHER_COUNTY)):
            with acting(cast, member) as actor, pytest.raises(SetRefused.__mro__[1]):
                publish_set(actor=actor, at=NOW, region_id=region, data={}, valid_from=TODAY, document="x")
        with acting(cast, "clerk") as actor, pytest.raises(SetRefused, match="Write the document"):
            publish_set(
                actor=actor,
                at=NOW,
                region_id=COUNTY,
                data={"code": "500152-x"},
                valid_from=TODAY,
                document=" ",
            )
        with acting(cast, "clerk") as actor, pytest.raises(SetRefused, match="not in use"):
            withdraw_set(actor=actor, at=NOW, region_id=COUNTY, code="500152-no", day=TODAY, document="x")


# --- Form → visit → shown -------------------------------------------------------------------------------


def filled(form: Definition, child: Child, worst: bool) -> QueryDict:
    """A form with every question answered: by its last answers, or by its first."""
    data = QueryDict(mutable=True)
    kind = form.kinds[-1] if worst else form.kinds[0]
    data.update(
        {
            "client_id": str(uuid4()),
            "form_code": form.code,
            "form_version": str(form.version),
            "kind": kind.value,
            "visited_at": "2026-10-20T09:40",
            "people_met": "child",
            "risk": "yellow",
            "text": "都好。",
        }
    )
    for one in form.asked(kind):
        codes = [option.code for option in one.options if not option.alone] or [""]
        value = {
            QuestionType.YES_NO: YES if worst else NO,
            QuestionType.ONE: codes[-1 if worst else 0],
            QuestionType.NUMBER: str(one.least or 3),
            QuestionType.DATE: "2026-10-01",
            QuestionType.TEXT: "补充说明",
        }
        if one.type == QuestionType.MANY:
            data.setlist(answer_name(one.code), codes if worst else codes[:1])
        else:
            data[answer_name(one.code)] = value[one.type]
    data.setlist("problems", list(form.problems()) if worst else [])
    return data


@pytest.mark.parametrize("worst", [False, True])
@pytest.mark.parametrize("form", FORMS, ids=lambda form: name(form.ref))
def test_every_set_goes_from_the_form_into_the_visit_and_out_again(
    cast: Cast, form: Definition, worst: bool
) -> None:
    if form is OWN:
        publish(cast, OWN, OWN.code)
    child = cast.children["own"]
    with acting(cast, "director") as actor:
        data = filled(form, child, worst)
        bound = VisitForm(data, None, child=child, at=NOW)
        assert bound.is_valid(), bound.errors
        visit, created = create_visit(
            actor=actor, at=NOW, uuid=bound.cleaned_data["client_id"], child=child, data=bound.visit_data()
        )
        assert created
        visit = Visit.objects.get(pk=visit.pk)
        assert FormRef(visit.form_code, visit.form_version) == form.ref
        asked = list(form.asked(visit.kind))
        assert set(visit.answers) == {one.code for one in asked}
        shown = answers_shown(visit)
        assert [row["code"] for row in shown] == [one.code for one in asked]
        assert all(row["answer"] and row["question"] for row in shown)
        assert set(flat(visit.problems)) == {
            *(form.problems() if worst else ()),
            *form.implied(visit.answers),
        }
        assert len(problems_shown(visit)) == len(flat(visit.problems))
        assert visit.concern == concern_of_visit(visit)
        assert (
            (findings(visit) == "未发现问题" or bool(visit.concern)) if not worst else visit.concern == "red"
        )
        again = VisitForm(child=child, at=NOW, visit=visit)
        for one in asked:
            field = again.fields[answer_name(one.code)]
            initial = again.get_initial_for_field(field, answer_name(one.code))
            assert stored(one, field.clean(initial)) == visit.answers[one.code]
        blank = BlankVisitForm(form, DEFAULT_INTERVALS)
        assert set(blank.fields) == set(again.fields)


def test_an_old_visit_keeps_its_form_after_a_new_version(cast: Cast) -> None:
    child = cast.children["own"]
    old = publish(cast, OWN, OWN.code)
    with acting(cast, "director") as actor:
        data = filled(OWN, child, worst=True)
        bound = VisitForm(data, None, child=child, at=NOW)
        assert bound.is_valid(), bound.errors
        visit, _created = create_visit(
            actor=actor, at=NOW, uuid=bound.cleaned_data["client_id"], child=child, data=bound.visit_data()
        )
        before = answers_shown(visit), problems_shown(visit), visit.concern
    sections = copy.deepcopy(OWN.source["sections"])
    sections[0]["questions"] = [
        {"code": "stove", "type": "text", "text": "怎样取暖", "required": True},
        {"code": "harm", "type": "yes_no", "text": "伤？"},
    ]
    new = publish(cast, OWN, OWN.code, sections=sections, problems=[])
    assert (old.version, new.version) == (1, 2)
    with acting(cast, "director"):
        assert form_for_child(child, TODAY) == FormRef(OWN.code, 2)
        again = fresh(cast, visit)
        assert (answers_shown(again), problems_shown(again), concern_of_visit(again)) == before
        # It is edited on the form it was written on, whatever the sender says.
        other = filled(definition(OWN.code, 2), child, worst=False)
        assert VisitForm(other, None, child=child, at=NOW, visit=again).definition.ref == FormRef(OWN.code, 1)
        # And one begun on the older form is handed in on it.
        late = filled(OWN, child, worst=False)
        begun = VisitForm(late, None, child=child, at=NOW)
        assert begun.is_valid()
        assert begun.visit_data().form == FormRef(OWN.code, 1)


def test_what_a_form_asks_is_checked_and_a_draft_may_lack_it(cast: Cast) -> None:
    child, second = cast.children["own"], of(FormRef("regular", 2))
    with acting(cast, "director"), translation.override("en"):
        data = filled(second, child, worst=False)
        del data["answer_harm"]
        data.setlist("answer_guardianship_state", ["normal", "mother_reported"])
        data["answer_living_cover"] = "elf"
        bound = VisitForm(data, None, child=child, at=NOW)
        assert set(bound.errors) == {"answer_harm", "answer_guardianship_state", "answer_living_cover"}
        assert "In order" in str(bound.errors["answer_guardianship_state"])
        draft = filled(second, child, worst=False)
        for key in ("answer_harm", "risk", "text", "people_met"):
            del draft[key]
        assert VisitForm(draft, None, child=child, at=NOW, draft=True).is_valid()
        for version in ("99", "x", ""):
            unknown = VisitForm({**data.dict(), "form_version": version}, None, child=child, at=NOW)
            assert "not known here" in str(unknown.non_field_errors())
        # Who sends no form code writes on the first form: the API as it always was.
        assert VisitForm({"kind": "door"}, None, child=child, at=NOW).definition.ref == FIRST_FORM


# --- Quiet visits, and counts ---------------------------------------------------------------------------


def test_a_quiet_visit_has_nothing_of_concern_on_its_form(cast: Cast) -> None:
    publish(cast, OWN, OWN.code)
    with acting(cast, "director"):
        child = make_child(VILLAGE, "青", risk="green")
    ref = FormRef(OWN.code, 1)
    warm = submitted(
        cast, child, risk="green", form=ref, answers={"harm": False, "heating": True, "rooms": 3}
    )
    cold = submitted(cast, child, risk="green", form=ref, answers={"harm": False, "heating": False})
    assert (warm.concern, cold.concern) == ("", "yellow")
    with acting(cast, "supervisor") as actor:
        assert list(quiet_visits(actor.user_id)) == [warm]
        Visit.objects.filter(pk=cold.pk).update(concern="")  # as visits from before there was a concern
        assert concern_of_visit(Visit.objects.get(pk=cold.pk)) == "yellow"


def test_the_concern_of_visits_from_before_is_filled_in_once(cast: Cast) -> None:
    child = cast.children["own"]
    found = submitted(cast, child, problems=["low_mood"], risk="green")
    calm = submitted(cast, child, risk="green")
    with acting(cast, "director"):
        Visit.objects.update(concern="")
    for filled_now in (1, 0):
        told = io.StringIO()
        call_command("fill_visit_concerns", stdout=told)
        assert json.loads(told.getvalue())["filled"] == filled_now
    assert (fresh(cast, found).concern, fresh(cast, calm).concern) == ("blue", "")


def test_problems_are_counted_by_code_in_visits_and_children(cast: Cast) -> None:
    publish(cast, OWN, OWN.code)
    child, neighbour = cast.children["own"], cast.children["neighbour"]
    submitted(cast, child, problems=["low_mood", "lacks_food"])
    submitted(cast, child, problems=["low_mood"])
    submitted(
        cast, neighbour, by="other_director", form=FormRef(OWN.code, 1), answers={}, problems=["no_quilt"]
    )
    with acting(cast, "clerk"), translation.override("en"):
        found = {
            one.code: (one.visits, one.children, one.label) for one in problem_counts(COUNTY, TODAY, TODAY)
        }
    assert found == {
        "low_mood": (2, 1, "Low in spirits"),
        "lacks_food": (1, 1, "Short of food"),
        "no_quilt": (1, 1, "缺棉被"),
    }
    with acting(cast, "supervisor"):
        assert problem_counts(COUNTY, TODAY + dt.timedelta(days=1), TODAY + dt.timedelta(days=2)) == []
    with acting(cast, "stranger"):
        assert problem_counts(OTHER_COUNTY, TODAY, TODAY) == []


# --- A set as fields of a page --------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS, ids=lambda form: name(form.ref))
def test_a_set_is_the_same_after_it_was_fields_of_a_page(form: Definition) -> None:
    tree = tree_of(fields_of(form.source)) | {"version": form.version}
    again = read_set(tree)
    assert (again.sections, again.domains, again.kinds, again.categories) == (
        form.sections,
        form.domains,
        form.kinds,
        form.categories,
    )
    assert json.loads(json.dumps(tree)) == tree


def test_one_button_changes_one_thing() -> None:
    def codes(tree: dict[str, Any]) -> list[str]:
        return [one["code"] for section in tree["sections"] for one in section["questions"]]

    def start() -> dict[str, Any]:
        return tree_of(fields_of(OWN.source))

    assert codes(changed(start(), "up@sections.0.questions.2")) == [
        "harm",
        "stove",
        "heating",
        "rooms",
        "note",
    ]
    assert codes(changed(start(), "down@sections.0.questions.4")) == codes(start())
    assert codes(changed(start(), "remove@sections.0.questions.0")) == ["heating", "stove", "rooms", "note"]
    assert codes(changed(start(), "add@sections.0.questions"))[-1] == "own_1"
    assert codes(changed(changed(start(), "add@sections"), "add@sections.1.questions"))[-2:] == [
        "own_1",
        "own_2",
    ]
    more = changed(start(), "add@sections.0.questions.2.options")
    assert [one["code"] for one in more["sections"][0]["questions"][2]["options"]] == [
        "electric",
        "coal",
        "answer_1",
    ]
    assert [one["code"] for one in changed(start(), "add@problems")["problems"]][-1] == "group_1"
    for nonsense in (
        "",
        "up@sections",
        "remove@sections.9",
        "add@name",
        "remove@name.zh",
        "drop@sections.0",
        "add@x.y",
    ):
        assert changed(start(), nonsense) == start()


@given(
    st.lists(
        st.tuples(st.text("sections.0123textzhname_options", max_size=24), st.text(max_size=6)), max_size=12
    )
)
def test_no_fields_break_the_page(pairs: list[tuple[str, str]]) -> None:
    tree = tree_of([*pairs, ("name.zh", "x"), ("sections.0.questions.0.code", "a")])
    assert isinstance(tree, dict)
    with pytest.raises(SetError, match=r"."):  # the one question there is has no type
        read_set({**tree, "version": 1, "valid_from": "2026-01-01", "code": "x"})
