"""The register as django-import-export sees it: one row of a file is one child with those around it.

Every cell goes through the widget of its field; the instance loader finds all known children at once; the bulk
hooks write with COPY instead of row by row (:mod:`cases.importing.bulk`). ``dry_run`` is the check before.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import tablib
from django.core.exceptions import ValidationError
from import_export import resources
from import_export.fields import Field

from cases import identity
from cases.circumstances.enums import RowOutcome
from cases.enums import Relation
from cases.importing.changes import plan_for
from cases.importing.consistency import Consistency
from cases.importing.known import Keys, Match, RegisterLoader
from cases.importing.places import Places
from cases.importing.verdicts import Verdict
from cases.importing.widgets import (
    AccountCell,
    Cell,
    CodeCell,
    DayCell,
    HealthCell,
    IdentityCell,
    PhoneCell,
    SexCell,
    WordCell,
    WordsCell,
)
from cases.importing.writing import Trace, Writer
from cases.models import Child

BATCH = 2_000
PREFIX = "incoming__"
Progress = Callable[[int, int], None]


def _field(name: str, widget: Cell) -> Field:
    """A column whose cleaned cell is set on ``instance.incoming``; an empty cell is not set at all."""
    return Field(attribute=PREFIX + name, column_name=name, widget=widget, saves_null_values=False)


class Sheet(tablib.Dataset):
    """Rows by column; says how far it has been read. ``tell`` may raise to stop the import."""

    tell: Progress | None = None

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        total = len(self)
        for place, row in enumerate(self.bare_rows()):
            if self.tell is not None and place % 500 == 0:
                self.tell(place, total)
            yield row

    def bare_rows(self) -> Iterator[tuple[Any, ...]]:
        """The rows in order, telling nobody."""
        return (row.tuple for row in self._data)


class ChildResource(resources.Resource):
    """Import of a register. Make one for each import; afterwards ``verdicts`` has one entry for each row.

    ``decide`` says what to do with a row that may be a known child: skip, update or add; it gets the row's place
    and the code of problems.ASKED. ``lenient`` is for a trusted register: numbers that are not valid are kept.
    """

    child_id = _field("child_id", Cell(24))
    name = _field("name", Cell(60))
    id_number = _field("id_number", IdentityCell())
    certificate = _field("certificate", IdentityCell())
    sex = _field("sex", SexCell())
    birth_date = _field("birth_date", DayCell(whole=True))
    ethnicity = _field("ethnicity", Cell(20))
    township = _field("township", Cell(60))
    village = _field("village", Cell(120))
    village_code = _field("village_code", CodeCell())
    category = _field("category", WordsCell("category"))
    category_detail = _field("category_detail", WordCell("detail"))
    category_since = _field("category_since", DayCell())
    attributes = _field("attributes", WordsCell("attribute"))
    placement = _field("placement", WordCell("placement"))
    registration = _field("registration", WordCell("registration"))
    address = _field("address", Cell(200))
    phone = _field("phone", PhoneCell())
    school_stage = _field("school_stage", WordCell("stage"))
    school_name = _field("school_name", Cell(80))
    health_status = _field("health_status", WordCell("health"))
    health_note = _field("health_note", HealthCell(500))
    insurance = _field("insurance", WordCell("insurance"))
    head_name = _field("head_name", Cell(60))
    head_id = _field("head_id", IdentityCell())
    guardian_name = _field("guardian_name", Cell(60))
    guardian_relation = _field("guardian_relation", WordCell("relation", otherwise=Relation.OTHER))
    guardian_id = _field("guardian_id", IdentityCell())
    guardian_phone = _field("guardian_phone", PhoneCell())
    guardian2_name = _field("guardian2_name", Cell(60))
    guardian2_relation = _field("guardian2_relation", WordCell("relation", otherwise=Relation.OTHER))
    guardian2_id = _field("guardian2_id", IdentityCell())
    guardian2_phone = _field("guardian2_phone", PhoneCell())
    father_name = _field("father_name", Cell(60))
    father_situation = _field("father_situation", WordCell("situation"))
    father_since = _field("father_since", DayCell())
    mother_name = _field("mother_name", Cell(60))
    mother_situation = _field("mother_situation", WordCell("situation"))
    mother_since = _field("mother_since", DayCell())
    payee_name = _field("payee_name", Cell(60))
    payee_relation = _field("payee_relation", WordCell("relation", otherwise=Relation.OTHER))
    bank = _field("bank", Cell(80))
    account = _field("account", AccountCell())

    class Meta:
        model = Child
        import_id_fields: tuple[str, ...] = ()
        instance_loader_class = RegisterLoader
        use_bulk = True
        use_transactions = True
        batch_size = BATCH
        skip_diff = True
        report_skipped = False
        clean_model_instances = False

    def __init__(
        self,
        *,
        today: dt.date,
        trial: bool,
        decide: Callable[[int, str], str],
        update_known: bool = True,
        lenient: bool = False,
        lines: Mapping[int, int] | None = None,
    ) -> None:
        super().__init__()
        self.today, self.trial, self.update_known, self.lenient = today, trial, update_known, lenient
        self.decide, self.lines = decide, lines or {}
        self.columns: frozenset[str] = frozenset()
        self._import_fields: list[Field] = []
        self.places = Places()
        self.writer = Writer(today)
        self.verdicts: list[Verdict] = []
        self.create_instances: list[Any] = []
        self.update_instances: list[Any] = []
        self.place = -1
        self.match = Match()
        self.keys = Keys()
        self._consistency = Consistency(self)
        for each in self.fields.values():
            if hasattr(each.widget, "lenient"):
                each.widget.lenient = lenient

    # --- Hooks of import-export, in the order they are called -------------------------------------------

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        self.columns = frozenset(dataset.headers)
        self._import_fields = [each for name, each in self.fields.items() if name in self.columns]

    def get_import_fields(self) -> list[Field]:
        """The fields of the file's own columns, not looked up again for every row."""
        return self._import_fields

    def init_instance(self, row: Any = None) -> Child:
        return Child()

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        self.place = kwargs["row_number"] - 1
        self.verdicts.append(Verdict())

    def settle_match(self, match: Match) -> Child | None:
        """Called by the loader: the child to change, as decided; None for a new one."""
        self.match = match
        if match.child is None or not match.asked:
            return match.child
        return match.child if self.decide(self.place, match.asked) == "update" else None

    def after_init_instance(self, instance: Any, new: bool, row: Any, **kwargs: Any) -> None:
        instance.incoming, instance.trace = SimpleNamespace(), Trace()

    def import_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        """Clean every cell, then compare the cells with each other. ValidationError names the columns at fault."""
        verdict = self.verdicts[-1]
        try:
            super().import_instance(instance, row, **kwargs)
        except ValidationError as error:
            for name, messages in error.message_dict.items():
                for code in messages:
                    verdict.add(name.removeprefix(PREFIX), code)
        self._consistency.check(instance, row, verdict, self.match, self.place)
        if verdict.blocked:
            raise ValidationError({p.field or "name": p.code for p in verdict.problems if p.blocks})

    def skip_row(self, instance: Any, original: Any, row: Any, import_validation_errors: Any = None) -> bool:
        """Nothing is written of a row that is wrong, waits for a decision, or says what the register says."""
        verdict, match = self.verdicts[-1], self.match
        if verdict.blocked:
            return False
        instance.verdict = verdict
        verdict.trace = instance.trace
        asked = match.asked or next((p.code for p in verdict.problems if p.code == "twice_name"), "")
        if asked:
            verdict.add("id_number" if "number" in asked else "name", asked)
            verdict.child_id = match.child.pk if match.child is not None else None
            decision = self.decide(self.place, asked)
            if decision == "add" and asked == "same_number_other_name":
                verdict.add("id_number", "number_held")
                verdict.outcome = RowOutcome.ERROR
                return True
            if self.trial or decision == "skip" or (decision == "update" and match.child is None):
                verdict.outcome = RowOutcome.DUPLICATE
                if match.child is not None:
                    verdict.shown = plan_for(match.child, instance.incoming, self.today).shown()
                return True
        known = instance.pk is not None
        instance.plan = plan_for(instance if known else None, instance.incoming, self.today)
        if not known:
            verdict.outcome, verdict.child_id = RowOutcome.NEW, None
            instance.region_id = verdict.village
            return False
        self._note_known(instance, verdict)
        verdict.child_id = instance.pk
        verdict.outcome = RowOutcome.SAME if instance.plan.empty else RowOutcome.UPDATE
        verdict.shown = instance.plan.shown()
        return bool(instance.plan.empty or not self.update_known)

    def bulk_create(self, using_transactions: Any, dry_run: Any, raise_errors: Any, **kwargs: Any) -> None:
        drafts, self.create_instances = self.create_instances, []
        if self.trial:
            pairs = [(digest, d.region_id) for d in drafts if (digest := self._digest(d))]
            refused = self.writer.probe(pairs, self.today) if pairs else set()
            self._refuse([d for d in drafts if self._digest(d) in refused])
            return
        if drafts:
            failed = self.writer.add(drafts)
            self._refuse(failed)
            for draft in drafts:
                draft.verdict.written = draft.verdict.outcome == RowOutcome.NEW
                draft.verdict.child_id = draft.pk if draft.verdict.written else None

    def bulk_update(self, using_transactions: Any, dry_run: Any, raise_errors: Any, **kwargs: Any) -> None:
        drafts, self.update_instances = self.update_instances, []
        renumbered = [d for d in drafts if "id_number" in d.plan.fields and self._digest(d)]
        if renumbered:
            refused = self.writer.probe([(self._digest(d), d.region_id) for d in renumbered], self.today)  # type: ignore[misc]
            failed = [d for d in renumbered if self._digest(d) in refused]
            self._refuse(failed)
            drafts = [d for d in drafts if d not in failed]
        if not self.trial and drafts:
            self.writer.change(drafts)
            for draft in drafts:
                draft.verdict.written = True

    # --- What the hooks ask -----------------------------------------------------------------------------

    @staticmethod
    def _digest(draft: Any) -> bytes | None:
        number = getattr(draft.incoming, "id_number", None) or ""
        return identity.digest_identity(number) if identity.is_valid(number) else None

    @staticmethod
    def _refuse(drafts: list[Any]) -> None:
        for draft in drafts:
            draft.verdict.add("id_number", "held_elsewhere")
            draft.verdict.outcome, draft.verdict.child_id = RowOutcome.ERROR, None

    def village_of(self, row: Any) -> int | None:
        """The village of a row, None when it names none. Raises CellError."""

        def read(name: str) -> Any:
            return self.fields[name].clean(row) if name in row else None

        code = read("village_code")
        return self.places.find(code, read("township") or "", read("village") or "", read("address") or "")

    def _note_known(self, instance: Any, verdict: Verdict) -> None:
        former = instance.plan.former_payee
        if former is not None and former.start_date >= self.today:
            verdict.add("payee_name", "payee_today")
            instance.plan.payee = instance.plan.former_payee = None
