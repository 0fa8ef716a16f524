from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CallsConfig(AppConfig):
    name = "calls"
    verbose_name = _("Calls")
    default_auto_field = "django_mongodb_backend.fields.ObjectIdAutoField"

    def ready(self) -> None:
        from batches.imports import payments, script
        from batches.models import batches
        from calls import hangups, paid_promises
        from calls.policies import disclosures

        batches.ON_STOP_NOW.append(hangups.at_once)
        payments.ON_PAYMENTS.append(paid_promises.close)
        payments.BEFORE_PAYMENTS.append(paid_promises.would_close)
        script.SENT_ANYWAY.update((*disclosures.VARIABLES, disclosures.ORDER))
