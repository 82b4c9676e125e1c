"""What came of the rows of an answer, for the partner that gave it: an outcome in a word, and nothing of the files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from cases import identity
from cases.matching.engine.normalise import clean_id
from cases.matching.intake.stage import frame_of
from cases.models import Discrepancy, ListImport, ListRow, MatchCandidate

# In Chinese whoever makes the file: it is the partner's to read.
NOBODY: Final = "不在本县儿童名册"
WAITS: Final = "正在核对是否同一人"
KNOWN: Final = "已核对，在儿童名册"
OUTCOMES: Final = {
    Discrepancy.State.TO_CHECK.value: "正在核查",
    Discrepancy.State.VERIFIED.value: "正在核查",
    Discrepancy.State.TRUE.value: "核查属实，已处理",
    Discrepancy.State.UNTRUE.value: "核查不属实",
    Discrepancy.State.UNCHECKABLE.value: "无法核实",
    Discrepancy.State.CLOSED.value: "已办结",
}
# Of several outcomes of one row the one that is furthest from settled is told.
_FIRST: Final = tuple(OUTCOMES)
_OPEN: Final = (MatchCandidate.State.PENDING, MatchCandidate.State.UNSURE, MatchCandidate.State.PROPOSED)


def outcomes(answers: Iterable[ListImport]) -> Iterator[tuple[str, str, int, str, str, str]]:
    """File, sheet, line, name, masked number and outcome of each accepted row. Three queries a list."""
    for each in answers:
        said = _said(each)
        frame = frame_of(each).select("row", "sheet", "line", "name", "id_number", "certificate")
        for row, sheet, line, name, number, certificate in frame.iter_rows():
            text = clean_id(number or certificate or "").text
            masked = identity.mask(text) if text else ""
            yield each.name, sheet or "", line, name or "", masked, said.get(row, NOBODY)


def _said(answer: ListImport) -> dict[int, str]:
    """Place of a row in its list → its outcome, for rows that found somebody."""
    rows: dict[int, int | None] = dict(
        ListRow.objects.filter(list_import=answer, row__isnull=False).values_list("pk", "row")
    )
    found: dict[int, str] = {}
    pairs = MatchCandidate.objects.filter(list_row__list_import=answer, run__period=answer.period)
    for pk, state in pairs.order_by("pk").values_list("list_row_id", "state"):
        if state == MatchCandidate.State.ACCEPTED:
            found[pk] = KNOWN
        elif state in _OPEN:
            found.setdefault(pk, WAITS)
    states: dict[int, str] = {}
    raised = Discrepancy.objects.filter(list_row__list_import=answer)
    for pk, state in raised.order_by("pk").values_list("list_row_id", "state"):
        if pk is not None and (pk not in states or _FIRST.index(state) < _FIRST.index(states[pk])):
            states[pk] = state
    found |= {pk: OUTCOMES[state] for pk, state in states.items()}
    return {place: outcome for pk, outcome in found.items() if (place := rows.get(pk)) is not None}
