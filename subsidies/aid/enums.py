"""Codes of help in money and kind beside the allowances: insurance, services, disability subsidies, relief, staff pay."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class InsuranceKind(models.TextChoices):
    """险种 (O-7, O-38)."""

    MEDICAL = "medical", _("Residents' medical insurance")
    SUPPLEMENTARY = "supplementary", _("Supplementary insurance bought by the county")
    ACCIDENT = "accident", _("Accident insurance")


class InsurancePayer(models.TextChoices):
    """参保情况: 政府资助参保, 自费参保, 未参保."""

    GOVERNMENT = "government", _("Paid by the government")
    SELF = "self", _("Paid by the family")
    NONE = "none", _("Not insured")


class ServiceKind(models.TextChoices):
    """明天计划's services (2019 rules), and check-ups."""

    TREATMENT = "treatment", _("Treatment")
    REHABILITATION = "rehabilitation", _("Rehabilitation")
    MEDICINE = "medicine", _("Special medicine")
    DEVICE = "device", _("Assistive device")
    CHECKUP = "checkup", _("Medical check-up")
    INPATIENT = "inpatient", _("Care in hospital")


class ServiceProgramme(models.TextChoices):
    TOMORROW = "tomorrow", _("Tomorrow Plan")
    COUNTY = "county", _("County programme")


class DisabilitySubsidyKind(models.TextChoices):
    """残疾人两项补贴 (国发〔2015〕52号)."""

    LIVING = "living", _("Living subsidy for disabled persons in difficulty")
    NURSING = "nursing", _("Nursing subsidy for severely disabled persons")


class ReliefRoute(models.TextChoices):
    """临时救助: who answers for a family, above all one whose registration is elsewhere (O-25)."""

    COUNTY = "county", _("Temporary relief of this county")
    STREET_GOODS = "street_goods", _("Goods from the township or street office")
    CITY_CENTRE = "city_centre", _("One-off aid of the city's protection centre")
    HOME_COUNTY = "home_county", _("Passed on to the county of registration")


class ReliefState(models.TextChoices):
    ASKED = "asked", _("Asked for")
    GRANTED = "granted", _("Granted")
    GIVEN = "given", _("Given")
    REFUSED = "refused", _("Refused")


class StaffPayState(models.TextChoices):
    APPRAISED = "appraised", _("Appraised")
    APPROVED = "approved", _("Approved")
    PAID = "paid", _("Paid out")


class EvidenceSource(models.TextChoices):
    """How a piece of evidence came in."""

    UPLOADED = "uploaded", _("File added")
    DATA_MATCH = "data_match", _("Comparison with a department's data")
    ON_FILE = "on_file", _("Already in the child's file")


class CheckMethod(models.TextChoices):
    """查验方式 (rules.md 2.1): data first; in a dispute the home, the neighbours, a letter."""

    DATA_MATCH = "data_match", _("Comparison with departments' data")
    HOME_VISIT = "home_visit", _("Visit to the home")
    NEIGHBOURS = "neighbours", _("Neighbours asked")
    LETTER = "letter", _("Letter to the office that knows")


class CheckResult(models.TextChoices):
    CONFIRMS = "confirms", _("Confirms")
    CONTRADICTS = "contradicts", _("Contradicts")
    UNCLEAR = "unclear", _("Unclear")


class Channel(models.TextChoices):
    """How the application came in."""

    LOCAL = "local", _("At the township of registration")
    ELSEWHERE = "elsewhere", _("At a township elsewhere (all-provinces service)")


class Cadence(models.TextChoices):
    """发放周期: what a standard is for and how often it is paid; a period is named by its first month."""

    MONTH = "month", _("Monthly")
    QUARTER = "quarter", _("Quarterly")
    SCHOOL_YEAR = "school_year", _("By school year")
    YEAR = "year", _("Yearly")
    ONCE = "once", _("Once")


class PayeeKind(models.TextChoices):
    """Who is paid."""

    CHILD = "child", _("The account recorded for the child")
    GUARDIAN = "guardian", _("The guardian")
    INSTITUTION = "institution", _("The institution")
    STUDENT = "student", _("The student's own account")
    STAFF = "staff", _("The member of staff")
