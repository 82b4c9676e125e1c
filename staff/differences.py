"""Marking what differs between two texts, so that the eye goes to the characters and not to the line."""

from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import groupby

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString


def mark_differences(
    left: str, right: str, *, shown: tuple[str, str] | None = None
) -> tuple[SafeString, SafeString]:
    """Both texts with their differing characters in `mark`; where one lacks characters, a dashed gap
    stands.

    Texts of one length that agree in most places are compared place by place, so that two swapped digits are
    marked as what they are; others are aligned first. ``shown``: texts of the same lengths to be shown in place of
    those compared, so that masked numbers can be marked where the numbers differ. Both answers are safe HTML.
    """
    ours, theirs = shown or (left, right)
    parts = list(_parts(left, right))
    return (
        format_html_join(
            "", "{}", ((ours[a:b] if same else _mark(ours[a:b]),) for same, a, b, _c, _d in parts)
        ),
        format_html_join(
            "", "{}", ((theirs[c:d] if same else _mark(theirs[c:d]),) for same, _a, _b, c, d in parts)
        ),
    )


def _parts(left: str, right: str) -> Iterator[tuple[bool, int, int, int, int]]:
    """Whether they agree, and from where to where in each text, part by part."""
    unequal = sum(a != b for a, b in zip(left, right, strict=False))
    if len(left) == len(right) and unequal <= max(2, len(left) // 3):
        place = 0
        for same, run in groupby(zip(left, right, strict=True), lambda pair: pair[0] == pair[1]):
            end = place + len([*run])
            yield same, place, end, place, end
            place = end
        return
    for kind, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        yield kind == "equal", a, b, c, d


def _mark(text: str) -> SafeString:
    if text:
        return format_html('<mark class="cw-ch">{}</mark>', text)
    return format_html('<mark class="cw-ch cw-ch-gap">{}</mark>', "\u2003")
