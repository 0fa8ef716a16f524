"""System checks with stable ids. `manage.py check` and every start run them.

speechai.E001  live may not start: keys are missing, or the sandbox's
speechai.E002  there is no database
"""

from typing import Any

from django.conf import settings
from django.core.checks import Error, Tags, register

from speechai_site.runtime.environment import start_refusal


@register()
def live_is_refused(app_configs: Any, **kwargs: Any) -> list[Error]:
    refusal = start_refusal()
    return [Error(refusal, id="speechai.E001")] if refusal else []


@register(Tags.database)
def database_is_configured(
    app_configs: Any, databases: Any = None, **kwargs: Any
) -> list[Error]:
    """Only where a command is about to use one (migrate, check --database)."""
    if settings.MONGODB_URI or not databases:
        return []
    return [
        Error(
            "There is no database.",
            hint="Start `make run` (embedded MongoDB), or set MONGODB_URI.",
            id="speechai.E002",
        )
    ]
