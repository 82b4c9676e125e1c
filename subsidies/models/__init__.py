from subsidies.models.application import Application
from subsidies.models.entitlement import Entitlement, Offset
from subsidies.models.payment import BankFile, BankResult, BatchIssue, Payment, PaymentBatch
from subsidies.models.report import MonthlyReport
from subsidies.models.scheme import Rate, Scheme

__all__ = [
    "Application",
    "BankFile",
    "BankResult",
    "BatchIssue",
    "Entitlement",
    "MonthlyReport",
    "Offset",
    "Payment",
    "PaymentBatch",
    "Rate",
    "Scheme",
]
