"""What django-q2 workers run. Hints only: the database is the truth."""

from batches.imports import background, changing, drafting, working

# whose steps are done
_STEPS = (changing, drafting)


def load(upload_id: str) -> str:
    return background.run(upload_id)


def go_on(token: str) -> str:
    return working.run(token)
