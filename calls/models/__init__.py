from calls.models.calls import Call, CallDetail, Promise, WebhookEvent
from calls.models.contact_imports import ContactImport
from calls.models.halts import Halt
from calls.models.incidents import Incident
from calls.models.policies import (
    Decision,
    Holiday,
    HolidayYear,
    Policy,
    RulesStamp,
)
from calls.models.staff import StaffCall, StaffPhone
from calls.models.suppression import ContactLedger, DoNotCall, RegistrySnapshot

__all__ = [
    "Call",
    "CallDetail",
    "ContactImport",
    "ContactLedger",
    "Decision",
    "DoNotCall",
    "Halt",
    "Holiday",
    "HolidayYear",
    "Incident",
    "Policy",
    "Promise",
    "RegistrySnapshot",
    "RulesStamp",
    "StaffCall",
    "StaffPhone",
    "WebhookEvent",
]
