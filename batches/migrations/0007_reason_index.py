from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("batches", "0006_sectors"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                condition=models.Q(
                    ("status__in", ["queued", "denied"]), ("status_reason__gt", "")
                ),
                fields=["batch", "status", "status_reason", "next_attempt_at"],
                name="job_reason",
            ),
        ),
    ]
