"""App configurations: the site's own, and third-party apps on ObjectIds."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.contrib.auth.apps import AuthConfig
from django.contrib.contenttypes.apps import ContentTypesConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _
from django_q.apps import DjangoQConfig

OBJECT_ID = "django_mongodb_backend.fields.ObjectIdAutoField"


class SpeechAIConfig(AppConfig):
    """Must stand last in INSTALLED_APPS: roles need every app's permissions."""

    name = "speechai_site"
    verbose_name = "SpeechAI"
    default_auto_field = OBJECT_ID

    def ready(self) -> None:
        from speechai_site import (  # noqa: F401 both register themselves
            api_key_admin,
            checks,
        )
        from speechai_site.roles import apply_roles

        post_migrate.connect(apply_roles, sender=self)


class MongoAdminConfig(AdminConfig):
    default_auto_field = OBJECT_ID
    default_site = "speechai_site.admin.SpeechAISite"


class MongoAuthConfig(AuthConfig):
    default_auto_field = OBJECT_ID


class MongoContentTypesConfig(ContentTypesConfig):
    default_auto_field = OBJECT_ID


class MongoDjangoQConfig(DjangoQConfig):
    default_auto_field = OBJECT_ID
    verbose_name = _("Task queue")
