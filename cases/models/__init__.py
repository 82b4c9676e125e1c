from cases.models.case import Case, CaseAction
from cases.models.child import Child, ChildAttribute, ChildToken
from cases.models.family import Guardian, Household, ParentSituation, Payee
from cases.models.matching import Discrepancy, ListImport, ListRow, MatchCandidate, MatchDecision, MatchRun
from cases.models.protected import ProtectedFact
from cases.models.visit import Visit, VisitPhoto, VisitTask

__all__ = [
    "Case",
    "CaseAction",
    "Child",
    "ChildAttribute",
    "ChildToken",
    "Discrepancy",
    "Guardian",
    "Household",
    "ListImport",
    "ListRow",
    "MatchCandidate",
    "MatchDecision",
    "MatchRun",
    "ParentSituation",
    "Payee",
    "ProtectedFact",
    "Visit",
    "VisitPhoto",
    "VisitTask",
]
