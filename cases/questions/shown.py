"""What a visit says, by the form it answered: for its page, the review, the child's file, paper, exports and the API."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from cases.models import Visit
from cases.questions.choice import definition_of
from cases.questions.concern import flat
from cases.questions.definition import CHOOSING, Definition, Question, QuestionType
from cases.visits.enums import MET_NOBODY, FocusQuestion, Problem


def answers_shown(visit: Visit) -> list[dict[str, Any]]:
    """What was answered, in the order of the form: ``code``, ``question``, ``answer`` (words), ``yes`` (it gives cause for
    concern) and ``note`` (police first, or nothing). Questions without an answer are absent.
    """
    form = definition_of(visit)
    return [
        _row(question, visit.answers[code])
        for code, question in form.questions().items()
        if code in visit.answers
    ]


def _row(question: Question, answer: Any) -> dict[str, Any]:
    chosen = question.chosen(answer)
    worrying = any(one.concern or one.problem for one in chosen) or (
        question.code in FocusQuestion.values and answer is True
    )
    return {
        "code": question.code,
        "question": str(question.short),
        "answer": said(question, answer),
        "yes": worrying,
        "note": _("police first") if any(one.police_first for one in chosen) else "",
    }


def said(question: Question, answer: Any) -> str:
    """A stored answer in words."""
    if question.type in CHOOSING:
        return _(", ").join(str(one.text) for one in question.chosen(answer))
    return str(answer)


def answer_in_words(visit: Visit, code: str) -> str:
    """The answer to one question in words; empty when it was not asked or not answered."""
    question = definition_of(visit).questions().get(code)
    return said(question, visit.answers[code]) if question is not None and code in visit.answers else ""


def problem_codes(visit: Visit) -> list[str]:
    """The problems of a visit, in the order of its form; those that answers report follow (JSON keeps no order)."""
    found = flat(visit.problems)
    order = {code: number for number, code in enumerate([*definition_of(visit).problems(), *Problem.values])}
    return sorted(found, key=lambda code: order.get(code, len(order)))


def problems_shown(visit: Visit) -> list[str]:
    """The problems of a visit in the words of its form."""
    form = definition_of(visit)
    return [problem_text(form, code) for code in problem_codes(visit)]


def problem_text(form: Definition, code: str) -> str:
    """A problem in the words of a form; the register's own words for one that the form does not list."""
    listed = form.problems().get(code)
    if listed is not None:
        return str(listed.text)
    return str(Problem(code).label) if code in Problem.values else code


def findings(visit: Visit) -> str:
    """What a visit found, in one line: problems by name, else the answers that give cause for concern, or nothing."""
    words = problems_shown(visit)
    if not words:
        rows = (row for row in answers_shown(visit) if row["yes"])
        questions = definition_of(visit).questions()
        words = [
            row["question"]
            if questions[row["code"]].type == QuestionType.YES_NO and visit.answers[row["code"]] is True
            else f"{row['question']}{_(': ')}{row['answer']}"
            for row in rows
        ]
    return _(", ").join(words) or nothing(visit)


def nothing(visit: Visit) -> str:
    """What stands where a visit has no findings: there were none, or nobody could be asked."""
    return _("Nobody was met, nothing asked") if visit.people_met == MET_NOBODY else _("Nothing found")
