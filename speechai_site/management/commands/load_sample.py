"""`manage.py load_sample`: the first start's campaign, in the sandbox only."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from batches.models import Batch

SAMPLE = settings.BASE_DIR / "samples" / "cobranza.xlsx"


class Command(BaseCommand):
    help = "Import and start the sample workbook, unless there is a campaign already."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError(
                "The sample is for the sandbox: its people are invented."
            )
        if Batch.objects.exists():
            return
        call_command(
            "import_batch",
            str(SAMPLE),
            account="demo",
            use_case="debt_collection",
            option=["limit_days=7", "max_days=20"],  # its due dates are long past
            start=True,
        )
