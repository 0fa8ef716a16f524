import django.db.models.deletion
import django_mongodb_backend.fields
from django.db import migrations, models

import batches.use_cases
import speechai_site.runtime.clock


class Migration(migrations.Migration):
    dependencies = [
        ("batches", "0007_reason_index"),
    ]

    operations = [
        migrations.CreateModel(
            name="LayoutProfile",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "use_case",
                    models.CharField(
                        choices=batches.use_cases.choices,
                        max_length=32,
                        verbose_name="use case",
                    ),
                ),
                ("signature", models.CharField(editable=False, max_length=64)),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("headers", models.JSONField(default=list, editable=False)),
                (
                    "sheet",
                    models.CharField(
                        blank=True, editable=False, max_length=64, verbose_name="sheet"
                    ),
                ),
                (
                    "header_row",
                    models.CharField(blank=True, editable=False, max_length=8),
                ),
                ("columns", models.JSONField(default=list, editable=False)),
                ("variables", models.JSONField(default=list, editable=False)),
                ("fixed", models.JSONField(default=list, editable=False)),
                ("filters", models.JSONField(default=list, editable=False)),
                ("answers", models.JSONField(default=list, editable=False)),
                ("options", models.JSONField(default=list, editable=False)),
                ("figures", models.JSONField(default=dict, editable=False)),
                (
                    "used_at",
                    models.DateTimeField(
                        default=speechai_site.runtime.clock.now,
                        editable=False,
                        verbose_name="last used",
                    ),
                ),
                (
                    "used_by",
                    models.CharField(
                        editable=False, max_length=150, verbose_name="last used by"
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="batches.account",
                        verbose_name="account",
                    ),
                ),
            ],
            options={
                "verbose_name": "layout profile",
                "verbose_name_plural": "layout profiles",
                "ordering": ["-used_at"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("account", "use_case", "signature"), name="one_layout"
                    )
                ],
            },
        ),
    ]
