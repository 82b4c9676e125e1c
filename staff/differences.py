"""Marking what differs between two texts, so that the eye goes to the characters and not to the line."""

from difflib import SequenceMatcher

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString


def mark_differences(left: str, right: str) -> tuple[SafeString, SafeString]:
    """Both texts with their differing characters in `mark`; where one lacks characters, a dashed gap
    stands.

    Characters are compared one by one, as ideographs are; both answers are safe HTML.
    """
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
