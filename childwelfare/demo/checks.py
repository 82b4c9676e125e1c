"""Notes of 李守安, calls to families, and a few visits that ask for a look, in the demo township."""

from __future__ import annotations

import datetime as dt
import uuid

from cases.checks.draws import draw_checks
from cases.checks.services import decide_check, look_at_mark
from cases.models import Child, Visit, VisitMark
from cases.notes.services import read_notes, send_note
from cases.visits import services as visit_services
from childwelfare.demo.acting import Office

COPIED = "进门时孩子正帮奶奶择菜，墙上新贴了奖状。问了学习和吃饭，都正常；奶奶说降压药还有半个月的量，下月再去镇上开。"
DENIED = "孩子舅舅说那天全家在镇上赶集，没有人来过，上一次有人来是一个多月前。"


def load_checks(office: Office, *, today: dt.date, own_village: int) -> None:
    """Two notes to 王念慈, three marked visits of another village (one looked at), and two calls that are decided."""
    low = own_village // 1000 * 1000
    _notes(office, own_village, today)
    children = Child.objects.on_register().filter(region_id__gt=low, region_id__lte=low + 999)
    busy = Visit.objects.filter(state="submitted").values("child_id")
    free = children.exclude(region_id=own_village).exclude(pk__in=busy).order_by("-region_id", "-pk")
    village = free.values_list("region_id", flat=True).first()
    _marked(office, list(free.filter(region_id=village)[:3]), today)
    _calls(office, low, own_village, today)


def _notes(office: Office, village: int, today: dt.date) -> None:
    child = Child.objects.on_register().filter(region_id=village).order_by("pk").first()
    with office.acting("lishouan"):
        sent = [
            send_note(
                actor=office.actor(), at=office.at(today - dt.timedelta(days=days), 8), recipient=office.user("wangnianci"),
                text=text, child=about,
            )
            for days, text, about in (
                (6, "下周镇里开例会，请带上本季度走访小结。", None),
                (1, "这家老人刚出院，请本周内再去一次，看看谁在照看。", child),
            )
        ]  # fmt: skip
    with office.acting("wangnianci"):
        read = [note.pk for note in sent[:1] if note is not None]
        read_notes(actor=office.actor(), at=office.at(today - dt.timedelta(days=6), 12), ids=read)


def _marked(office: Office, children: list[Child], today: dt.date) -> None:
    """The same words for two children, the second within minutes of a third, late in the evening."""
    made = []
    for number, (child, hour, text) in enumerate(
        zip(children, (15, 22, 22), (COPIED, COPIED.replace("奶奶", "爷爷"), ""), strict=False)
    ):
        at = office.at(today - dt.timedelta(days=2 if number == 0 else 1), hour)
        data = visit_services.VisitData(
            kind="door", visited_at=at, risk=child.risk, people_met=["child"], text=text,
            answers={"guardian": False, "living": False, "school": False, "harm": False},
        )  # fmt: skip
        with office.director_of(child.region_id):
            visit, _created = visit_services.create_visit(
                actor=office.actor(), at=at + dt.timedelta(minutes=50), child=child, data=data,
                uuid=uuid.uuid5(uuid.NAMESPACE_OID, f"marked {child.number}"),
            )  # fmt: skip
        made.append(visit)
    mark = VisitMark.objects.filter(visit=made[-1], code="at_night").first()
    if mark is not None:
        with office.supervisor_of(made[-1].region_id):
            look_at_mark(
                actor=office.actor(), at=office.at(today, 8), mark=mark, verdict="explained",
                words="孩子放学晚，家长约在晚上，已向班主任核实。",
            )  # fmt: skip


def _calls(office: Office, low: int, own_village: int, today: dt.date) -> None:
    """Of the accepted door visits two were drawn: one family confirms, one says otherwise."""
    accepted = Visit.objects.filter(
        kind="door", state="approved", spot_check=None, region_id__gt=low, region_id__lte=low + 999
    )
    drawn_at = office.at(today - dt.timedelta(days=8), 9)
    decisions = (
        (
            "confirm",
            "奶奶",
            {"came": "是", "when": "写的那天", "met": "奶奶和孩子", "about": "上学和吃药"},
            "来过，还拍了照片。",
        ),
        ("contradict", "舅舅", {"came": "否"}, DENIED),
    )
    for visit, (decision, whom, answers, words) in zip(
        accepted.exclude(region_id=own_village).order_by("visited_at", "pk")[:2], decisions, strict=False
    ):
        with office.supervisor_of(visit.region_id):
            (check,) = draw_checks([visit], at=drawn_at, random=lambda: 0.0)
            decide_check(
                actor=office.actor(), at=drawn_at + dt.timedelta(days=1), check=check, decision=decision, spoke_with=whom,
                answers=answers, words=words,
            )  # fmt: skip
