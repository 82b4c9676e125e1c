from cases.models.care import CareContact, EntrustedCare, GuardianshipAssessment
from cases.models.case import Case, CaseAction
from cases.models.category import CategoryPeriod
from cases.models.child import Child, ChildAttribute, ChildToken
from cases.models.circumstances import DisabilityCard, Illness, ParentAbsence
from cases.models.defect import Defect, DefectStep
from cases.models.exchange import DataRequest
from cases.models.family import Guardian, Household, ParentSituation, Payee
from cases.models.field import FieldDevice, FieldSecret, KeptPhoto, KeptVisit
from cases.models.help import Help, Need
from cases.models.identity_links import ChildMerge, NotSameChild
from cases.models.late import LateStep
from cases.models.lead import PotentialChild
from cases.models.leaving import Leaving
from cases.models.lists import ListImport, ListLayout, ListRow, RegisterKeys
from cases.models.matching import (
    Discrepancy,
    MatchCandidate,
    MatchDecision,
    MatchExecution,
    MatchRun,
    RuleDecision,
)
from cases.models.note import Note, PushSubscription
from cases.models.plan import CaseConference, CaseEntry, CaseGoal, ConferenceParticipant
from cases.models.protected import ProtectedFact
from cases.models.question_set import QuestionSet, QuestionSetDraft
from cases.models.register_import import RegisterImport, RegisterImportRow
from cases.models.saved_view import SavedView
from cases.models.spot_check import SpotCheck, VisitMark, VisitTrace
from cases.models.stack import VisitStack
from cases.models.sweep import Sweep, SweepCoverage
from cases.models.transfer import Transfer
from cases.models.visit import Visit, VisitPhoto, VisitTask

__all__ = [
    "CareContact",
    "Case",
    "CaseAction",
    "CaseConference",
    "CaseEntry",
    "CaseGoal",
    "CategoryPeriod",
    "Child",
    "ChildAttribute",
    "ChildMerge",
    "ChildToken",
    "ConferenceParticipant",
    "DataRequest",
    "Defect",
    "DefectStep",
    "DisabilityCard",
    "Discrepancy",
    "EntrustedCare",
    "FieldDevice",
    "FieldSecret",
    "Guardian",
    "GuardianshipAssessment",
    "Help",
    "Household",
    "Illness",
    "KeptPhoto",
    "KeptVisit",
    "LateStep",
    "Leaving",
    "ListImport",
    "ListLayout",
    "ListRow",
    "MatchCandidate",
    "MatchDecision",
    "MatchExecution",
    "MatchRun",
    "Need",
    "NotSameChild",
    "Note",
    "ParentAbsence",
    "ParentSituation",
    "Payee",
    "PotentialChild",
    "ProtectedFact",
    "PushSubscription",
    "QuestionSet",
    "QuestionSetDraft",
    "RegisterImport",
    "RegisterImportRow",
    "RegisterKeys",
    "RuleDecision",
    "SavedView",
    "SpotCheck",
    "Sweep",
    "SweepCoverage",
    "Transfer",
    "Visit",
    "VisitMark",
    "VisitPhoto",
    "VisitStack",
    "VisitTask",
    "VisitTrace",
]
