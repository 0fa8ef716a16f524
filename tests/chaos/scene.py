"""The scene of a chaos run: accounts, shared caller ids, campaigns, invented people.

`python -m tests.chaos.scene JOBS` makes it in the database that the environment
names, starts the campaigns, and prints their ids as JSON.
"""

import json
import os
import sys
from dataclasses import dataclass
from itertools import count

WORKSPACE_LIMIT = 18
# slug -> country, zone, most calls at once
ACCOUNTS = {
    "norte": ("CL", "America/Santiago", 13),
    "sur": ("AR", "America/Argentina/Buenos_Aires", 10),
}
# Caller ids that both accounts share -> most calls at once
NUMBERS = {"+566005550100": 13, "+56225550100": 9}
ROAD, CITY = NUMBERS


@dataclass(frozen=True)
class Campaign:
    name: str
    account: str
    number: str
    share: float  # of all jobs
    limit: int | None = None  # calls at once
    attempts: int = 1


CAMPAIGNS = (
    Campaign("one", "norte", ROAD, 0.30, limit=10, attempts=2),
    Campaign("paused", "norte", CITY, 0.25),
    Campaign("shared", "sur", ROAD, 0.20),
    Campaign("slow", "sur", CITY, 0.10, limit=4, attempts=2),
    Campaign("cancelled", "sur", ROAD, 0.15, limit=6),
)
VARIABLES = {
    "empresa": "Tienda Uno",
    "nombre": "Ana Prueba",
    "monto_total": "ciento cincuenta mil pesos",
    "cuotas_adeudadas": "tres",
    "fecha_limite": "fin de mes",
    "fecha_maxima": "31 de diciembre de 2030",
}


def make(jobs: int) -> dict[str, str]:
    """Make and start everything; campaign's name -> id."""
    from batches.models import Agent, Job, PhoneNumber
    from tests.builders import build_job, make_account, make_batch

    accounts = {
        slug: make_account(
            slug=slug,
            country=country,
            time_zone=zone,
            max_concurrent_calls=limit,
            # its policy lets any caller id be shown
            sector="retail_financiero",
        )
        for slug, (country, zone, limit) in ACCOUNTS.items()
    }
    for e164, limit in NUMBERS.items():
        PhoneNumber.objects.filter(e164=e164).update(max_concurrent_calls=limit)
    batches, left = {}, jobs
    for campaign in CAMPAIGNS:
        is_last = campaign is CAMPAIGNS[-1]
        mine = left if is_last else round(jobs * campaign.share)
        left -= mine
        batch = batches[campaign.name] = make_batch(
            accounts[campaign.account],
            name=campaign.name,
            agent=Agent.objects.get(retell_id="agent_sandbox_cobranza"),
            number=PhoneNumber.objects.get(e164=campaign.number),
            max_attempts=campaign.attempts,
            max_concurrent_calls=campaign.limit,
            rows=mine,
        )
        country = ACCOUNTS[campaign.account][0]
        Job.objects.bulk_create(
            build_job(batch, phones=_phones(country), variables=VARIABLES)
            for _ in range(mine)
        )
    for batch in batches.values():
        batch.start(by="command")
    return {name: str(batch.pk) for name, batch in batches.items()}


def _phones(country: str) -> list[dict[str, str]]:
    """Two invented mobiles of a person."""
    prefix = {"CL": "+5691", "AR": "+549111"}[country]
    return [
        {"e164": f"{prefix}{next(_number):07}", "kind": "mobile", "state": "ok"}
        for _ in range(2)
    ]


_number = count(1)

if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "speechai_site.settings")
    django.setup()
    print(json.dumps(make(int(sys.argv[1]))))  # noqa: T201
