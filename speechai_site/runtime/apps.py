from django.apps import AppConfig
from django.utils.translation import pgettext_lazy


class RuntimeConfig(AppConfig):
    name = "speechai_site.runtime"
    label = "runtime"
    verbose_name = pgettext_lazy("app", "System")
    default_auto_field = "django_mongodb_backend.fields.ObjectIdAutoField"
