from typing import Any

import django_mongodb_backend.fields
from django.db import migrations, models

import speechai_site.runtime.clock


def fill_slots(apps: Any, schema_editor: Any) -> None:
    """Entries made before they had a slot: the first of each keeps it, its repetitions
    get their own id, as withdrawn ones do."""
    rows = schema_editor.connection.database["calls_donotcall"]
    taken = set()
    for row in rows.find({"slot": ""}).sort("_id", 1):
        whose = row.get("account_id") or "*"
        slot = f"{row['kind']}|{row['key']}||{whose}||{row['reason'][:64]}"
        if slot in taken:
            rows.delete_one({"_id": row["_id"]})
            continue
        taken.add(slot)
        rows.update_one({"_id": row["_id"]}, {"$set": {"slot": slot}})


def fill_columns(apps: Any, schema_editor: Any) -> None:
    """What old entries are: of no creditor, of no registry, not withdrawn."""
    rows = schema_editor.connection.database["calls_donotcall"]
    for name in ("creditor", "creditor_key", "phone_key", "registry", "withdrawn_by"):
        rows.update_many({name: {"$exists": False}}, {"$set": {name: ""}})
    rows.update_many(
        {"withdrawn_at": {"$exists": False}}, {"$set": {"withdrawn_at": None}}
    )


class Migration(migrations.Migration):
    dependencies = [
        ("batches", "0004_due_index"),
        ("calls", "0005_sparse_indexes"),
    ]

    operations = [
        migrations.AddField(
            model_name="donotcall",
            name="slot",
            field=models.CharField(default="", max_length=400),
            preserve_default=False,
        ),
        migrations.RunPython(fill_slots, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="donotcall",
            name="slot",
            field=models.CharField(max_length=400, unique=True),
        ),
        migrations.CreateModel(
            name="RegistrySnapshot",
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
                    "registry",
                    models.CharField(max_length=24, verbose_name="public registry"),
                ),
                ("country", models.CharField(max_length=2, verbose_name="country")),
                (
                    "file_name",
                    models.CharField(blank=True, max_length=255, verbose_name="file"),
                ),
                (
                    "loaded_by",
                    models.CharField(max_length=150, verbose_name="loaded by"),
                ),
                (
                    "started_at",
                    models.DateTimeField(default=speechai_site.runtime.clock.now),
                ),
                ("loaded_at", models.DateTimeField(null=True, verbose_name="loaded")),
                (
                    "count",
                    models.PositiveIntegerField(default=0, verbose_name="phones"),
                ),
            ],
            options={
                "verbose_name": "load of a public registry",
                "verbose_name_plural": "loads of public registries",
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(fields=["registry", "-id"], name="registry_newest")
                ],
            },
        ),
        migrations.AlterModelOptions(
            name="donotcall",
            options={
                "ordering": ["-pk"],
                "permissions": [
                    (
                        "withdraw_donotcall",
                        "Can withdraw entries of the do-not-call list",
                    )
                ],
                "verbose_name": "do-not-call entry",
                "verbose_name_plural": "do-not-call list",
            },
        ),
        migrations.AddField(
            model_name="donotcall",
            name="creditor",
            field=models.CharField(blank=True, max_length=120, verbose_name="creditor"),
        ),
        migrations.AddField(
            model_name="donotcall",
            name="creditor_key",
            field=models.CharField(blank=True, max_length=120),
        ),
        migrations.AddField(
            model_name="donotcall",
            name="phone_key",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name="donotcall",
            name="registry",
            field=models.CharField(
                blank=True, max_length=24, verbose_name="public registry"
            ),
        ),
        migrations.AddField(
            model_name="donotcall",
            name="withdrawn_at",
            field=models.DateTimeField(null=True, verbose_name="withdrawn"),
        ),
        migrations.AddField(
            model_name="donotcall",
            name="withdrawn_by",
            field=models.CharField(blank=True, max_length=150),
        ),
        migrations.AlterField(
            model_name="donotcall",
            name="kind",
            field=models.CharField(
                choices=[
                    ("phone", "Phone"),
                    ("person", "Person"),
                    ("pair", "Wrong phone of a person"),
                ],
                max_length=8,
                verbose_name="kind",
            ),
        ),
        migrations.AlterField(
            model_name="donotcall",
            name="masked",
            field=models.CharField(blank=True, max_length=64, verbose_name="ends in"),
        ),
        migrations.RunPython(fill_columns, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="donotcall",
            index=models.Index(fields=["account", "-id"], name="dnc_account"),
        ),
        migrations.AddIndex(
            model_name="donotcall",
            index=models.Index(fields=["registry", "-id"], name="dnc_registry"),
        ),
        migrations.AddIndex(
            model_name="donotcall",
            index=models.Index(fields=["source"], name="dnc_source"),
        ),
    ]
