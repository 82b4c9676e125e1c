"""Codes of the register (儿童登记): what kind of child, in whose care, in which circumstances.

Values are stored codes and never change; labels are translated. Codes of visits and cases are in
``cases.visits.enums``. Where the national system (NAT) has its own number for a code, it is noted.
"""

from __future__ import annotations

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Sex(models.TextChoices):
    """性别. An identity number's 17th digit is odd for male."""

    MALE = "male", _("Male")
    FEMALE = "female", _("Female")


class PrimaryCategory(models.TextChoices):
    """The one category under which a child is counted (主类别), most protected first.

    A child may have many attributes but is counted once, so that categories add up to the total.
    The order is the precedence used when several apply (就高不就低).
    """

    ORPHAN = "orphan", _("Orphan")
    # A neutral code: the health condition behind it lives in the restricted compartment only.
    PROTECTED = "protected", _("Protected category")
    DE_FACTO_UNATTENDED = "de_facto_unattended", _("De facto unattended child")
    GUARDIANSHIP_LACKING = "guardianship_lacking", _("Guardianship lacking")
    GUARDIANSHIP_IMPROPER = "guardianship_improper", _("Guardianship improper or unable")
    SEVERE_ILLNESS = "severe_illness", _("Severe illness")
    SEVERE_DISABILITY = "severe_disability", _("Severe disability")
    TEKUN = "tekun", _("Extreme-poverty support (tekun)")
    DIBAO = "dibao", _("Minimum-living-allowance household (dibao)")
    LOW_INCOME = "low_income", _("Low-income household")
    REGISTERED_POOR = "registered_poor", _("Registered poor household")
    STREET_CHILD = "street_child", _("Street child")
    LEFT_BEHIND = "left_behind", _("Rural left-behind child")
    MIGRANT = "migrant", _("Migrant child")
    OTHER_DIFFICULTY = "other_difficulty", _("Other difficulty")


class Attribute(models.TextChoices):
    """Everything that is true of a child at once (属性): every category, and what is not counted alone."""

    ORPHAN = PrimaryCategory.ORPHAN.value, PrimaryCategory.ORPHAN.label
    PROTECTED = PrimaryCategory.PROTECTED.value, PrimaryCategory.PROTECTED.label
    DE_FACTO_UNATTENDED = (
        PrimaryCategory.DE_FACTO_UNATTENDED.value,
        PrimaryCategory.DE_FACTO_UNATTENDED.label,
    )
    GUARDIANSHIP_LACKING = (
        PrimaryCategory.GUARDIANSHIP_LACKING.value,
        PrimaryCategory.GUARDIANSHIP_LACKING.label,
    )
    GUARDIANSHIP_IMPROPER = (
        PrimaryCategory.GUARDIANSHIP_IMPROPER.value,
        PrimaryCategory.GUARDIANSHIP_IMPROPER.label,
    )
    SEVERE_ILLNESS = PrimaryCategory.SEVERE_ILLNESS.value, PrimaryCategory.SEVERE_ILLNESS.label
    SEVERE_DISABILITY = PrimaryCategory.SEVERE_DISABILITY.value, PrimaryCategory.SEVERE_DISABILITY.label
    TEKUN = PrimaryCategory.TEKUN.value, PrimaryCategory.TEKUN.label
    DIBAO = PrimaryCategory.DIBAO.value, PrimaryCategory.DIBAO.label
    LOW_INCOME = PrimaryCategory.LOW_INCOME.value, PrimaryCategory.LOW_INCOME.label
    LEFT_BEHIND = PrimaryCategory.LEFT_BEHIND.value, PrimaryCategory.LEFT_BEHIND.label
    MIGRANT = PrimaryCategory.MIGRANT.value, PrimaryCategory.MIGRANT.label
    OTHER_DIFFICULTY = PrimaryCategory.OTHER_DIFFICULTY.value, PrimaryCategory.OTHER_DIFFICULTY.label
    REGISTERED_POOR = PrimaryCategory.REGISTERED_POOR.value, PrimaryCategory.REGISTERED_POOR.label
    STREET_CHILD = PrimaryCategory.STREET_CHILD.value, PrimaryCategory.STREET_CHILD.label
    DISABILITY = "disability", _("Disability, not severe")
    FOUNDLING = "foundling", _("Foundling")
    NO_REGISTRATION = "no_registration", _("No household registration")
    OUT_OF_SCHOOL = "out_of_school", _("Out of school")
    KEY_MONITORING = "key_monitoring", _("Under close monitoring")


class RiskLevel(models.TextChoices):
    """四色风险等级, worst first. Always shown as word and shape, never by colour alone."""

    RED = "red", _("Red · high")
    YELLOW = "yellow", _("Yellow · medium")
    BLUE = "blue", _("Blue · low")
    GREEN = "green", _("Green · stable")

    @property
    def rank(self) -> int:
        """0 for green … 3 for red. The codes themselves must not be compared: they sort by letter."""
        return len(RiskLevel) - 1 - list(RiskLevel).index(self)

    def is_worse_than(self, other: RiskLevel) -> bool:
        """True when this level is nearer to red than ``other``."""
        return self.rank > RiskLevel(other).rank


# What a visitor should understand by each colour; shown beside the choice.
RISK_HINTS: dict[RiskLevel, Promise] = {
    RiskLevel.RED: _("Real danger now: act at once"),
    RiskLevel.YELLOW: _("A hidden danger: visit again within half a month"),
    RiskLevel.BLUE: _("Some difficulty: visit every month"),
    RiskLevel.GREEN: _("Everything is steady"),
}


class Placement(models.TextChoices):
    """养育方式. It chooses the standard: the institutional one is higher."""

    SCATTERED = "scattered", _("Living with kin or guardian")
    INSTITUTION = "institution", _("Raised in an institution")


class ParentSituationKind(models.TextChoices):
    """What has become of a parent (父母情形). Sets A and B below are those of 民发〔2019〕62号."""

    DEAD = "dead", _("Dead")
    DECLARED_MISSING = "declared_missing", _("Declared missing by a court")
    SEVERE_DISABILITY = "severe_disability", _("Severe disability")
    SEVERE_ILLNESS = "severe_illness", _("Severe illness")
    IMPRISONED = "imprisoned", _("Serving a sentence or in custody")
    DRUG_REHABILITATION = "drug_rehabilitation", _("Compulsory isolated drug rehabilitation")
    OTHER_RESTRICTION = "other_restriction", _("Other measure restricting personal liberty")
    LOST_CONTACT = "lost_contact", _("Out of contact")
    CUSTODY_REVOKED = "custody_revoked", _("Guardianship revoked by a court")
    DEPORTED = "deported", _("Deported or expelled")
    UNTRACEABLE = "untraceable", _("Birth parent cannot be found")
    ABLE = "able", _("Able to raise the child")
    UNKNOWN = "unknown", _("Unknown or not registered")


# Set A: the parent is gone for good. Set B: alive, but unable to raise the child.
LOST_FOR_GOOD: frozenset[ParentSituationKind] = frozenset(
    {ParentSituationKind.DEAD, ParentSituationKind.DECLARED_MISSING}
)
UNABLE_TO_RAISE: frozenset[ParentSituationKind] = frozenset(
    {
        ParentSituationKind.SEVERE_DISABILITY,
        ParentSituationKind.SEVERE_ILLNESS,
        ParentSituationKind.IMPRISONED,
        ParentSituationKind.DRUG_REHABILITATION,
        ParentSituationKind.OTHER_RESTRICTION,
        ParentSituationKind.LOST_CONTACT,
        ParentSituationKind.CUSTODY_REVOKED,
        ParentSituationKind.DEPORTED,
    }
)
# The three of set B that take the parent's liberty, so that a length of at least six months is asked.
RESTRICTED_LIBERTY: frozenset[ParentSituationKind] = frozenset(
    {
        ParentSituationKind.IMPRISONED,
        ParentSituationKind.DRUG_REHABILITATION,
        ParentSituationKind.OTHER_RESTRICTION,
    }
)


class Evidence(models.TextChoices):
    """The paper, or the department's record, that proves a parent's situation (证明材料)."""

    DEATH_CERTIFICATE = "death_certificate", _("Medical death certificate")
    REGISTRATION_CANCELLED = "registration_cancelled", _("Household registration cancelled")
    CREMATION_CERTIFICATE = "cremation_certificate", _("Cremation certificate")
    COURT_DECLARATION = "court_declaration", _("Court declaration of death or disappearance")
    DISABILITY_CARD = "disability_card", _("Disability card")
    MEDICAL_RECORD = "medical_record", _("Hospital or medical-insurance record")
    CRIMINAL_JUDGMENT = "criminal_judgment", _("Criminal judgment")
    DETENTION_NOTICE = "detention_notice", _("Notice of arrest or detention")
    REHABILITATION_DECISION = "rehabilitation_decision", _("Decision on compulsory drug rehabilitation")
    RESTRICTION_DECISION = "restriction_decision", _("Decision restricting personal liberty")
    POLICE_SEARCH_RECEIPT = "police_search_receipt", _("Police receipt on the search for missing parents")
    REVOCATION_JUDGMENT = "revocation_judgment", _("Judgment revoking guardianship")
    DEPORTATION_DOCUMENT = "deportation_document", _("Court or police document of deportation")
    FOUNDLING_CERTIFICATE = "foundling_certificate", _("Police certificate of a child found abandoned")
    DEPARTMENT_MATCH = "department_match", _("Confirmed by another department's data")


class DisabilityKind(models.TextChoices):
    """残疾类别: digit 19 of the disability card number."""

    VISUAL = "1", _("Visual disability")
    HEARING = "2", _("Hearing disability")
    SPEECH = "3", _("Speech disability")
    PHYSICAL = "4", _("Physical disability")
    INTELLECTUAL = "5", _("Intellectual disability")
    MENTAL = "6", _("Mental disability")
    MULTIPLE = "7", _("Multiple disabilities")


class GuardianKind(models.TextChoices):
    """In law, in fact, or both (监护人 / 实际照料人)."""

    LEGAL = "legal", _("Legal guardian")
    CAREGIVER = "caregiver", _("Actual caregiver")
    BOTH = "both", _("Legal guardian and actual caregiver")


class Relation(models.TextChoices):
    """Who somebody is to the child (与儿童关系)."""

    FATHER = "father", _("Father")
    MOTHER = "mother", _("Mother")
    GRANDFATHER = "grandfather", _("Paternal grandfather")
    GRANDMOTHER = "grandmother", _("Paternal grandmother")
    MATERNAL_GRANDFATHER = "maternal_grandfather", _("Maternal grandfather")
    MATERNAL_GRANDMOTHER = "maternal_grandmother", _("Maternal grandmother")
    BROTHER = "brother", _("Elder brother")
    SISTER = "sister", _("Elder sister")
    PATERNAL_UNCLE = "paternal_uncle", _("Father's brother")
    PATERNAL_AUNT = "paternal_aunt", _("Father's sister")
    MATERNAL_UNCLE = "maternal_uncle", _("Mother's brother")
    MATERNAL_AUNT = "maternal_aunt", _("Mother's sister")
    STEPFATHER = "stepfather", _("Stepfather")
    STEPMOTHER = "stepmother", _("Stepmother")
    OTHER_RELATIVE = "other_relative", _("Other relative")
    NEIGHBOUR = "neighbour", _("Neighbour")
    COMMITTEE = "committee", _("Village or residents' committee")
    INSTITUTION = "institution", _("Child-welfare institution")
    CHILD = "child", _("The child")
    OTHER = "other", _("Another person")


class HouseholdRegistration(models.TextChoices):
    """户口分类 (NAT)."""

    LOCAL = "local", _("Registered in this county")
    ELSEWHERE = "elsewhere", _("Registered elsewhere")
    INSTITUTION_COLLECTIVE = "institution_collective", _("Institution's collective household")
    NONE = "none", _("Not registered")


class SchoolStage(models.TextChoices):
    """就学情况, after NAT; the stages above 18 decide whether payment may continue."""

    BELOW_SCHOOL_AGE = "below_school_age", _("Below school age")
    KINDERGARTEN = "kindergarten", _("Kindergarten")
    PRIMARY = "primary", _("Primary school")
    JUNIOR = "junior", _("Junior middle school")
    SENIOR = "senior", _("Senior middle school")
    VOCATIONAL = "vocational", _("Secondary vocational school")
    TECHNICAL = "technical", _("Skilled-workers' school")
    SPECIAL = "special", _("Special-education school")
    HIGHER = "higher", _("University or college")
    POSTGRADUATE = "postgraduate", _("Postgraduate study")
    NOT_IN_SCHOOL = "not_in_school", _("Of school age, not in school")
    LEFT_SCHOOL = "left_school", _("Finished compulsory schooling, not studying")
    UNSTATED = "unstated", _("Not stated")


class HealthStatus(models.TextChoices):
    """健康状况. Diagnoses are free text behind the same mask as identity numbers."""

    HEALTHY = "healthy", _("Healthy")
    FREQUENTLY_ILL = "frequently_ill", _("Frail or often ill")
    CHRONIC = "chronic", _("Chronic illness")
    SEVERE = "severe", _("Severely ill")
    DISABLED = "disabled", _("Disabled")


class LeaveReason(models.TextChoices):
    """Why a child leaves the register (减员原因). The values are NAT's own numbers."""

    ADOPTED_IN_PROVINCE = "01", _("Adopted within the province")
    ADOPTED_OTHER_PROVINCE = "02", _("Adopted into another province")
    ADOPTED_ABROAD = "03", _("Adopted abroad, Hong Kong, Macao or Taiwan")
    PARENTS_FOUND = "04", _("Birth parents found")
    INDEPENDENT = "05", _("Living independently")
    DEATH = "06", _("Death of the child")
    MOVED_AWAY = "07", _("Household registration moved away")
    ENTERED_IN_ERROR = "08", _("Entered in error")
    OVER_AGE = "09", _("Over the age limit")
    OTHER = "99", _("Other leaving reason")


class CategoryDetail(models.TextChoices):
    """Sub-types (细类) of the primary category; which belongs to which is ``DETAILS``."""

    BOTH_DEAD = "both_dead", _("Both parents dead")
    ONE_DEAD_ONE_MISSING = "one_dead_one_missing", _("One parent dead, the other declared missing")
    BOTH_MISSING = "both_missing", _("Both parents declared missing")
    PARENTS_UNTRACEABLE = "parents_untraceable", _("Birth parents cannot be found")
    INSTITUTION_RAISED = "institution_raised", _("Orphan or foundling raised by a welfare institution")
    INSTITUTION_ENTRUSTED = "institution_entrusted", _("Child in difficulty kept by a welfare institution")
    PRIVATE_INSTITUTION = "private_institution", _("Orphan or foundling raised by a private institution")
    ONE_LOST_ONE_UNABLE = "one_lost_one_unable", _("One parent dead or missing, the other unable")
    BOTH_UNABLE = "both_unable", _("Both parents unable to raise the child")
    BOTH_AWAY = "both_away", _("Both parents work away")
    ONE_AWAY_ONE_UNABLE = "one_away_one_unable", _("One parent works away, the other cannot act as guardian")
    NEITHER_ABLE = "neither_able", _("Neither parent can act as guardian")
    CROSS_COUNTY = "cross_county", _("Moved across counties for six months or more")
    WITHIN_COUNTY = "within_county", _("Left the township only, for statistics")
    SUPPORTED_AT_HOME = "supported_at_home", _("Supported at home")
    SUPPORTED_IN_CARE = "supported_in_care", _("Supported in an institution")
    URBAN = "urban", _("Urban")
    RURAL = "rural", _("Rural")


DETAILS: dict[PrimaryCategory, tuple[CategoryDetail, ...]] = {
    PrimaryCategory.ORPHAN: (
        CategoryDetail.BOTH_DEAD,
        CategoryDetail.ONE_DEAD_ONE_MISSING,
        CategoryDetail.BOTH_MISSING,
        CategoryDetail.PARENTS_UNTRACEABLE,
        CategoryDetail.INSTITUTION_RAISED,
        CategoryDetail.PRIVATE_INSTITUTION,
    ),
    PrimaryCategory.DE_FACTO_UNATTENDED: (
        CategoryDetail.ONE_LOST_ONE_UNABLE,
        CategoryDetail.BOTH_UNABLE,
        CategoryDetail.INSTITUTION_ENTRUSTED,
    ),
    PrimaryCategory.TEKUN: (CategoryDetail.SUPPORTED_AT_HOME, CategoryDetail.SUPPORTED_IN_CARE),
    PrimaryCategory.DIBAO: (CategoryDetail.URBAN, CategoryDetail.RURAL),
    PrimaryCategory.LEFT_BEHIND: (
        CategoryDetail.BOTH_AWAY,
        CategoryDetail.ONE_AWAY_ONE_UNABLE,
        CategoryDetail.NEITHER_ABLE,
    ),
    PrimaryCategory.MIGRANT: (CategoryDetail.CROSS_COUNTY, CategoryDetail.WITHIN_COUNTY),
}


class Insurance(models.TextChoices):
    """医保 (TZ)."""

    FUNDED = "funded", _("Insured, paid by the government")
    OWN = "own", _("Insured, paid by the family")
    NONE = "none", _("Not insured")
