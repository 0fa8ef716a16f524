"""Which variables of an agent's script a workbook has to feed."""

from collections.abc import Sequence

from batches.models import Agent

# What the program itself sends with every call; higher apps add theirs in `ready()`.
SENT_ANYWAY: set[str] = set()


def needed_variables(agent: Agent | None) -> Sequence[str]:
    """The `{{names}}` of the script that only a case can fill. Empty without an agent,
    or when Retell does not say."""
    if agent is None:
        return []
    return [name for name in agent.variables if name not in SENT_ANYWAY]
