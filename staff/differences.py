"""Marking what differs between two texts, so that the eye goes to the characters and not to the line."""

from difflib import SequenceMatcher
from itertools import groupby

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString


def mark_differences(left: str, right: str) -> tuple[SafeString, SafeString]:
    """Both texts with their differing characters in `mark`; where one lacks characters, a dashed gap
    stands.

    Texts of one length that agree in most places are compared place by place, so that two swapped digits are
    marked as what they are; others are aligned first. Both answers are safe HTML.
    """
    unequal = sum(a != b for a, b in zip(left, right, strict=False))
    if len(left) == len(right) and unequal <= max(2, len(left) // 3):
        runs = [
            (same, [*pairs])
            for same, pairs in groupby(zip(left, right, strict=True), lambda pair: pair[0] == pair[1])
        ]
        texts = [(same, "".join(a for a, _ in pairs), "".join(b for _, b in pairs)) for same, pairs in runs]
        return (
            format_html_join("", "{}", ((a if same else _mark(a),) for same, a, _ in texts)),
            format_html_join("", "{}", ((b if same else _mark(b),) for same, _, b in texts)),
        )
    ours: list[tuple[SafeString | str]] = []
    theirs: list[tuple[SafeString | str]] = []
    for kind, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if kind == "equal":
            ours.append((left[a:b],))
            theirs.append((right[c:d],))
        else:
            ours.append((_mark(left[a:b]),))
            theirs.append((_mark(right[c:d]),))
    return format_html_join("", "{}", ours), format_html_join("", "{}", theirs)


def _mark(text: str) -> SafeString:
    if text:
        return format_html('<mark class="cw-ch">{}</mark>', text)
    return format_html('<mark class="cw-ch cw-ch-gap">{}</mark>', "\u2003")
