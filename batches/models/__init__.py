from batches.models.accounts import Account, Agent, Membership, PhoneNumber
from batches.models.batches import Batch
from batches.models.jobs import Job
from batches.models.layouts import LayoutProfile
from batches.models.payments import Payment
from batches.models.uploads import Upload, UploadError

__all__ = [
    "Account",
    "Agent",
    "Batch",
    "Job",
    "LayoutProfile",
    "Membership",
    "Payment",
    "PhoneNumber",
    "Upload",
    "UploadError",
]
