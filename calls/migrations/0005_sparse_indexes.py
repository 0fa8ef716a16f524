from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("calls", "0004_one_day_index"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="call", name="call_lease"),
        migrations.AddIndex(
            model_name="call",
            index=models.Index(
                condition=models.Q(("status__in", ["planned", "sending", "unknown"])),
                fields=["status", "lease_until_wall"],
                name="call_lease",
            ),
        ),
        migrations.RemoveIndex(model_name="webhookevent", name="webhook_waiting"),
        migrations.AddIndex(
            model_name="webhookevent",
            index=models.Index(
                condition=models.Q(("result", "")),
                fields=["result", "id"],
                name="webhook_waiting",
            ),
        ),
    ]
