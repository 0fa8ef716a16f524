"""Which variables of an agent's script a workbook has to feed."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from batches.models import Agent, Batch, Job

# What the program itself sends with every call; higher apps add theirs in `ready()`.
SENT_ANYWAY: set[str] = set()
LOOKED_AT = 50  # cases, when a campaign starts: its page is to be quick


def needed_variables(agent: Agent | None) -> Sequence[str]:
    """The `{{names}}` of the script that only a case can fill. Empty without an agent,
    or when Retell does not say."""
    if agent is None:
        return []
    return [name for name in agent.variables if name not in SENT_ANYWAY]


def missing_from(batch: Batch) -> list[str]:
    """Why the script cannot be spoken: a sentence that names the variables which none
    of the first cases has. For `PREFLIGHT`."""
    needed = needed_variables(batch.agent)
    if not needed:
        return []
    jobs = Job.objects.filter(batch_id=batch.pk).order_by("-pk")
    told = list(jobs.values_list("variables", flat=True)[:LOOKED_AT])
    lacking = [name for name in needed if not any(said.get(name) for said in told)]
    if not told or not lacking:
        return []
    return [
        _("The agent's script needs variables that its cases lack: %(names)s.")
        % {"names": ", ".join(lacking)}
    ]
