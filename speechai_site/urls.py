"""Every address of the program. Each view answers "who may?" itself."""

from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

from calls import webhooks
from speechai_site import health
from speechai_site.api import api

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("api/v1/", api.urls),
    path(webhooks.PATH.removeprefix("/"), webhooks.receive),  # see webhooks_first
    path("healthz", health.healthz),
    path("readyz", health.readyz),
]
