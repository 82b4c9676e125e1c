"""Which children of the register the rows of a file may be: looked up for all rows at once."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, Q
from import_export.instance_loaders import BaseInstanceLoader

from cases import identity, pinyin
from cases.importing.problems import CellError
from cases.matching.engine.normalise import NameLikeness, clean_name, compare_names
from cases.models import Child, ChildAttribute, Guardian, ParentSituation, Payee
from staff.models.region import county_of
from staff.scope import current


@dataclass(slots=True)
class Keys:
    """What a row is known by. ``digest`` None without a valid identity number, ``birth`` None when unreadable."""

    number: str = ""
    digest: bytes | None = None
    name: str = ""
    sound: str = ""
    birth: dt.date | None = None
    village: int | None = None
    misplaced: str = ""  # why the village cannot be told, a code of problems.PROBLEMS


@dataclass(slots=True)
class Match:
    """``child`` is certain, or proposed when ``asked`` (a code of problems.ASKED); ``error`` (field, code) refuses."""

    child: Child | None = None
    asked: str = ""
    error: tuple[str, str] | None = None


NOBODY = Match()


class RegisterLoader(BaseInstanceLoader):
    """Instance loader: every child that a row of the file may be, with four queries and the family's prefetches.

    As import-export's own CachedInstanceLoader, but by identity digest, register number, and name with birth date.
    """

    def __init__(self, resource: Any, dataset: Any) -> None:
        super().__init__(resource, dataset)
        self.keys = [self._keys(dict(zip(dataset.headers, row, strict=True))) for row in dataset.bare_rows()]
        self._load(lock=not resource.trial)

    def get_instance(self, row: Any) -> Child | None:
        """The child that the row is, None for a new one. What was found beside it stands in ``resource.match``."""
        keys = self.keys[self.resource.place]
        self.resource.keys = keys
        return self.resource.settle_match(self.match(keys))

    def _keys(self, row: dict[str, Any]) -> Keys:
        def read(name: str) -> Any:
            try:
                return self.resource.fields[name].clean(row) if name in row else None
            except CellError:
                return None

        number = read("id_number") or read("certificate") or ""
        name = read("name") or ""
        birth = read("birth_date")
        valid = identity.is_valid(number)
        if valid and birth is None:
            birth = identity.birth_date_of(number)
        village: int | None = None
        misplaced = ""
        try:
            village = self.resource.village_of(row)
        except CellError as error:
            misplaced = str(error)
        return Keys(
            read("child_id") or "",
            identity.digest_identity(number) if valid else None,
            clean_name(name),
            pinyin.sort_key(name)[:200] if name else "",
            birth,
            village,
            misplaced,
        )

    def _load(self, *, lock: bool) -> None:
        digests = {k.digest for k in self.keys if k.digest}
        numbers = {k.number for k in self.keys if k.number}
        here = Child.objects.filter(left_date__isnull=True)
        wanted: set[int] = set()
        self.left: set[bytes] = set()
        self.by_digest: dict[bytes, Any] = {}
        self.by_number: dict[str, list[Any]] = defaultdict(list)
        self.by_sound: dict[tuple[str, dt.date], list[Any]] = defaultdict(list)
        found = Child.objects.filter(id_digest__in=digests).order_by("pk")
        for pk, digest, left, kept in found.values_list("pk", "id_digest", "left_date", "merged_into_id"):
            key = bytes(digest or b"")
            if left is None or kept is not None:
                self.by_digest[key] = pk if left is None else self.by_digest.get(key, kept)
            else:
                self.left.add(key)
        wanted.update(self.by_digest.values())
        for pk, number in here.filter(number__in=numbers).order_by("pk").values_list("pk", "number"):
            self.by_number[number].append(pk)
            wanted.add(pk)
        pairs = {
            (k.sound, k.birth)
            for k in self.keys
            if k.sound and k.birth and k.digest not in self.by_digest and k.number not in self.by_number
        }
        alike = here.filter(name_pinyin__in={p[0] for p in pairs}, birth_date__in={p[1] for p in pairs})
        for pk, sound, birth in alike.order_by("pk").values_list("pk", "name_pinyin", "birth_date"):
            if (sound, birth) in pairs:
                self.by_sound[sound, birth].append(pk)
                wanted.add(pk)
        children = self._children(wanted, lock=lock)
        self.by_digest = {k: children[pk] for k, pk in self.by_digest.items() if pk in children}
        for pks in (*self.by_number.values(), *self.by_sound.values()):
            pks[:] = [children[pk] for pk in pks if pk in children]

    @staticmethod
    def _children(wanted: set[int], *, lock: bool) -> dict[int, Child]:
        open_now = Q(end_date__isnull=True)
        found = (
            Child.objects.filter(pk__in=wanted, left_date__isnull=True)
            .select_related("household")
            .order_by("pk")
            .prefetch_related(
                Prefetch("guardians", Guardian.objects.filter(open_now), "open_guardians"),
                Prefetch("payees", Payee.objects.filter(open_now, purpose=""), "open_payees"),
                Prefetch("parent_situations", ParentSituation.objects.filter(open_now), "open_situations"),
                Prefetch("attributes", ChildAttribute.objects.filter(open_now), "open_attributes"),
            )
        )
        if lock:
            found = found.select_for_update(of=("self",))
        return {child.pk: child for child in found}

    def match(self, keys: Keys) -> Match:
        """The child of a row: by identity number, else register number; else one to ask about."""
        by_id = self.by_digest.get(keys.digest) if keys.digest else None
        by_number = self._numbered(keys)
        if by_id is not None and not current().covers(by_id.region_id):
            return Match(error=("id_number", "held_elsewhere"))
        if by_id is not None and by_number is not None and by_id.pk != by_number.pk:
            return Match(error=("child_id", "number_other_child"))
        if by_id is not None:
            alike = not keys.name or _alike(by_id.name, keys.name)
            return Match(by_id, "" if alike or by_number is not None else "same_number_other_name")
        if by_number is not None:
            alike = not keys.name or _alike(by_number.name, keys.name) or by_number.birth_date == keys.birth
            return Match(by_number, "" if alike else "same_own_number_other_name")
        if keys.digest in self.left:
            return Match(error=("id_number", "left"))
        return self._namesake(keys)

    def _numbered(self, keys: Keys) -> Any:
        found = [c for c in self.by_number.get(keys.number, ()) if current().covers(c.region_id)]
        if keys.village:
            found = [c for c in found if county_of(c.region_id) == county_of(keys.village)]
        return found[0] if len(found) == 1 else None

    def _namesake(self, keys: Keys) -> Match:
        if not keys.birth:
            return NOBODY
        for child in self.by_sound.get((keys.sound, keys.birth), ()):
            if not current().covers(child.region_id):
                continue
            if keys.village and county_of(child.region_id) != county_of(keys.village):
                continue
            same = clean_name(child.name) == keys.name
            # Two whole identity numbers that differ are two people, unless they also share every character.
            if keys.digest and child.id_digest and not same:
                continue
            return Match(child, "same_name_and_birth" if same else "same_sound_and_birth")
        return NOBODY


def _alike(first: str, second: str) -> bool:
    return compare_names(clean_name(first), clean_name(second)) <= NameLikeness.NEAR
