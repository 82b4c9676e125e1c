from subsidies.models.aid import (
    DisabilitySubsidy,
    InsuranceCover,
    StaffPay,
    TemporaryRelief,
    WelfareService,
)
from subsidies.models.application import Application, ApplicationCheck, ApplicationEvidence
from subsidies.models.bank_layout import BankLayout
from subsidies.models.entitlement import Entitlement, Offset
from subsidies.models.ledger import JournalEntry, Posting
from subsidies.models.payment import BankFile, BankResult, BatchIssue, Payment, PaymentBatch
from subsidies.models.recovery import Recalculation, Recovery, RecoveryPart
from subsidies.models.report import MonthlyReport
from subsidies.models.review import EntitlementReview, SchoolProof
from subsidies.models.scheme import Rate, Scheme, SchemeRule

__all__ = [
    "Application",
    "ApplicationCheck",
    "ApplicationEvidence",
    "BankFile",
    "BankLayout",
    "BankResult",
    "BatchIssue",
    "DisabilitySubsidy",
    "Entitlement",
    "EntitlementReview",
    "InsuranceCover",
    "JournalEntry",
    "MonthlyReport",
    "Offset",
    "Payment",
    "PaymentBatch",
    "Posting",
    "Rate",
    "Recalculation",
    "Recovery",
    "RecoveryPart",
    "Scheme",
    "SchemeRule",
    "SchoolProof",
    "StaffPay",
    "TemporaryRelief",
    "WelfareService",
]
