"""Administrative divisions. Public data, no policy."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.utils.translation import gettext_lazy as _

from staff.enums import RegionLevel

WIDTH = {
    RegionLevel.PROVINCE: 10**10,
    RegionLevel.PREFECTURE: 10**8,
    RegionLevel.COUNTY: 10**6,
    RegionLevel.TOWNSHIP: 10**3,
    RegionLevel.VILLAGE: 1,
}


class RegionQuerySet(models.QuerySet["Region"]):
    def in_force(self, on: dt.date) -> RegionQuerySet:
        """Regions that exist on a day."""
        return self.filter(valid_from__lte=on).filter(
            models.Q(valid_to__isnull=True) | models.Q(valid_to__gte=on)
        )

    def below(self, region: Region, level: str = "") -> RegionQuerySet:
        """The region itself and everything below it, or only one level of it."""
        found = self.filter(code__range=(region.lo, region.hi))
        return found.filter(level=level) if level else found


class Region(models.Model):
    """行政区划. ``code`` is the official 12-digit statistical code; a subtree is the contiguous range lo … hi."""

    code = models.BigIntegerField(_("division code"), primary_key=True)
    name = models.CharField(_("name"), max_length=60)
    level = models.CharField(_("level"), max_length=10, choices=RegionLevel.choices)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("parent")
    )
    valid_from = models.DateField(_("valid from"), default=dt.date(1949, 10, 1))
    valid_to = models.DateField(_("valid to"), null=True, blank=True)
    successor = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="predecessors",
        verbose_name=_("successor"),
    )

    objects = RegionQuerySet.as_manager()

    class Meta:
        ordering = ["code"]
        verbose_name = _("region")
        verbose_name_plural = _("regions")
        indexes = [models.Index(fields=["level", "code"])]

    def __str__(self) -> str:
        return self.name

    @property
    def lo(self) -> int:
        return self.code

    @property
    def hi(self) -> int:
        """Last code of the subtree."""
        return self.code + WIDTH[RegionLevel(self.level)] - 1

    @property
    def short_name(self) -> str:
        """The name without the committee's suffix: 长滩村民委员会 → 长滩村, 金龙社区居民委员会 → 金龙社区."""
        name = self.name
        for suffix in ("居民委员会", "村民委员会", "居委会", "村委会", "民委员会"):
            if name.endswith(suffix):
                stem = name.removesuffix(suffix)
                return (
                    stem
                    if stem.endswith(("村", "社区"))
                    else stem + ("社区" if suffix.startswith("居") else "村")
                )
        return name


def county_of(code: int) -> int:
    """The county's code for any code at or below a county."""
    return code // 1_000_000 * 1_000_000


def township_of(code: int) -> int:
    """The township's code for any code at or below a township."""
    return code // 1_000 * 1_000
