"""What django-q2 workers run. Hints only: the database is the truth."""

from batches.imports import background, drafting


def load(upload_id: str) -> str:
    return background.run(upload_id)


def read_draft(token: str) -> str:
    return drafting.run(token)
