from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RuntimeConfig(AppConfig):
    name = "speechai_site.runtime"
    label = "runtime"
    verbose_name = _("System")
    default_auto_field = "django_mongodb_backend.fields.ObjectIdAutoField"
