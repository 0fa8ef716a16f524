"""The web process: admin, API and webhooks."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "speechai_site.settings")
application = get_wsgi_application()

from speechai_site.runtime.environment import verify_environment  # noqa: E402 needs apps

verify_environment()
