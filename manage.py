#!/usr/bin/env python
"""Every command of the program: `manage.py help`."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from pymongo.errors import ServerSelectionTimeoutError

NO_DATABASE = (
    "MongoDB does not answer: start `make run` (embedded MongoDB), or set MONGODB_URI."
)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "speechai_site.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    except ServerSelectionTimeoutError:
        sys.exit(NO_DATABASE)


if __name__ == "__main__":
    main()
