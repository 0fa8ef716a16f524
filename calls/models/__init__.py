from calls.models.calls import Call, CallDetail, Promise, WebhookEvent
from calls.models.halts import Halt
from calls.models.suppression import ContactLedger, DoNotCall, RegistrySnapshot

__all__ = [
    "Call",
    "CallDetail",
    "ContactLedger",
    "DoNotCall",
    "Halt",
    "Promise",
    "RegistrySnapshot",
    "WebhookEvent",
]
