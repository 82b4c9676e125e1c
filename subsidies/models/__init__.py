from subsidies.models.application import Application
from subsidies.models.entitlement import Entitlement, Offset
from subsidies.models.payment import BankFile, BankResult, Payment, PaymentBatch
from subsidies.models.report import MonthlyReport
from subsidies.models.scheme import Rate, Scheme

__all__ = [
    "Application",
    "BankFile",
    "BankResult",
    "Entitlement",
    "MonthlyReport",
    "Offset",
    "Payment",
    "PaymentBatch",
    "Rate",
    "Scheme",
]
