"""A question set as fields of a page and back. Pure.

A field's name is the path of its value in the definition: ``sections.0.questions.2.text.zh``. So nobody writes JSON by
hand, and the page works without scripts: each button posts the whole set and one change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from cases.questions.definition import QuestionType

LISTS = ("categories", "placements", "risks", "kinds")
FLAGS = ("required", "police_first", "alone")
NUMBERS = ("least", "most")
ROOTS = ("name", "document", "sections", "problems", "code", "valid_from", *LISTS)
PATH = re.compile(r"[a-z_]+(\.(\d{1,3}|[a-z_]+)){0,8}")
CHANGE = re.compile(r"(up|down|remove|add)@([a-z0-9_.]+)")

Tree = dict[str, Any]


def fields_of(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every value of a definition as (path, text), several of a path for lists of codes."""
    for key in ROOTS:
        if key in data:
            yield from _fields(data[key], key)


def _fields(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, below in value.items():
            yield from _fields(below, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for number, below in enumerate(value):
            yield from _fields(below, path if path in LISTS else f"{path}.{number}")
    elif isinstance(value, bool):
        if value:
            yield path, "on"
    elif value is not None:
        yield path, str(value)


def tree_of(pairs: Iterable[tuple[str, str]]) -> Tree:
    """The definition that such fields make up; what is empty is left out, gaps in numbering close.

    The inverse of :func:`fields_of`. It may be incomplete: :func:`cases.questions.reading.read_set` says what is wrong.
    """
    tree: Tree = {}
    for path, text in pairs:
        steps = path.split(".")
        if not PATH.fullmatch(path) or steps[0] not in ROOTS:
            continue
        value = text.replace("\r\n", "\n").replace("\0", "").strip()
        if steps[0] in LISTS:
            tree.setdefault(steps[0], []).append(value)
        elif value:
            _put(tree, steps, _typed(steps[-1], value))
    return {key: _closed(value) for key, value in tree.items()}


def _typed(key: str, value: str) -> Any:
    if key in FLAGS:
        return True
    if key in NUMBERS and re.fullmatch(r"-?\d{1,9}", value):
        return int(value)
    return value


def _put(tree: Tree, steps: list[str], value: Any) -> None:
    for step in steps[:-1]:
        below = tree.setdefault(step, {})
        if not isinstance(below, dict):
            return  # two fields contradict each other: no page sends that
        tree = below
    tree[steps[-1]] = value


def _closed(value: Any) -> Any:
    """Numbered keys become a list, in order."""
    if not isinstance(value, dict):
        return value
    if value and all(key.isdecimal() for key in value):
        return [_closed(value[key]) for key in sorted(value, key=int)]
    return {key: _closed(below) for key, below in value.items()}


# --- Changes --------------------------------------------------------------------------------------------


def changed(tree: Tree, change: str) -> Tree:
    """The tree after one button: ``up@``, ``down@``, ``remove@`` with the path of an entry, ``add@`` with that of a list.

    Anything else changes nothing. The tree itself is altered and returned.
    """
    asked = CHANGE.fullmatch(change)
    if not asked:
        return tree
    act, path = asked.groups()
    if act == "add":
        parent, key = _reach(tree, path.split(".")[:-1]), path.rpartition(".")[2]
        if isinstance(parent, dict) and key in NEW:
            parent.setdefault(key, []).append(NEW[key](tree))
        return tree
    place, number = _reach(tree, path.split(".")[:-1]), path.rpartition(".")[2]
    if not isinstance(place, list) or not number.isdecimal() or int(number) >= len(place):
        return tree
    at = int(number)
    if act == "remove":
        place.pop(at)
    else:
        other = at - 1 if act == "up" else at + 1
        if 0 <= other < len(place):
            place[at], place[other] = place[other], place[at]
    return tree


def _reach(tree: Any, steps: list[str]) -> Any:
    for step in steps:
        if isinstance(tree, list) and step.isdecimal() and int(step) < len(tree):
            tree = tree[int(step)]
        elif isinstance(tree, dict):
            tree = tree.get(step)
        else:
            return None
    return tree


def _codes(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(value.get("code"), str):
            yield value["code"]
        for below in value.values():
            yield from _codes(below)
    elif isinstance(value, list):
        for below in value:
            yield from _codes(below)


def _free(tree: Tree, stem: str) -> str:
    """A code that nothing in the set has."""
    taken = set(_codes(tree))
    return next(code for number in range(1, 10_000) if (code := f"{stem}_{number}") not in taken)


def _words() -> Tree:
    return {"zh": "", "en": ""}


def _question(tree: Tree) -> Tree:
    return {"code": _free(tree, "own"), "type": QuestionType.YES_NO.value, "text": _words()}


def _option(tree: Tree) -> Tree:
    return {"code": _free(tree, "answer"), "text": _words()}


def _domain(tree: Tree) -> Tree:
    return {"code": _free(tree, "group"), "name": _words(), "options": [_option(tree)]}


NEW: dict[str, Callable[[Tree], Tree]] = {
    "sections": lambda tree: {"title": _words(), "questions": [_question(tree)]},
    "questions": _question,
    "options": _option,
    "problems": _domain,
}
