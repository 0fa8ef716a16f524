"""`manage.py qcluster`: the workers, in django-q2's cluster as cluster.py hardens it."""

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from speechai_site.runtime.environment import EnvironmentMismatch, verify_environment


class Command(BaseCommand):
    help = _("Run the workers. As many clusters as wanted, on as many hosts.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            verify_environment()
        except EnvironmentMismatch as error:
            raise CommandError(str(error)) from None
        from speechai_site.runtime import cluster  # forks nothing, but patches

        # Leaves without Python's ending, which would wait for a frozen cluster.
        code = cluster.run()
        self.stdout.flush()
        os._exit(code)
