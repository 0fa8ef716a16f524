from batches.admin import accounts, activity, batches, jobs, uploads, users

__all__ = ["accounts", "activity", "batches", "jobs", "uploads", "users"]
