from cases.models.care import CareContact, EntrustedCare, GuardianshipAssessment
from cases.models.case import Case, CaseAction
from cases.models.category import CategoryPeriod
from cases.models.child import Child, ChildAttribute, ChildToken
from cases.models.circumstances import DisabilityCard, Illness, ParentAbsence
from cases.models.defect import Defect, DefectStep
from cases.models.family import Guardian, Household, ParentSituation, Payee
from cases.models.help import Help, Need
from cases.models.identity_links import ChildMerge, NotSameChild
from cases.models.leaving import Leaving
from cases.models.matching import Discrepancy, ListImport, ListRow, MatchCandidate, MatchDecision, MatchRun
from cases.models.protected import ProtectedFact
from cases.models.register_import import RegisterImport, RegisterImportRow
from cases.models.saved_view import SavedView
from cases.models.transfer import Transfer
from cases.models.visit import Visit, VisitPhoto, VisitTask

__all__ = [
    "CareContact",
    "Case",
    "CaseAction",
    "CategoryPeriod",
    "Child",
    "ChildAttribute",
    "ChildMerge",
    "ChildToken",
    "Defect",
    "DefectStep",
    "DisabilityCard",
    "Discrepancy",
    "EntrustedCare",
    "Guardian",
    "GuardianshipAssessment",
    "Help",
    "Household",
    "Illness",
    "Leaving",
    "ListImport",
    "ListRow",
    "MatchCandidate",
    "MatchDecision",
    "MatchRun",
    "Need",
    "NotSameChild",
    "ParentAbsence",
    "ParentSituation",
    "Payee",
    "ProtectedFact",
    "RegisterImport",
    "RegisterImportRow",
    "SavedView",
    "Transfer",
    "Visit",
    "VisitPhoto",
    "VisitTask",
]
