from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('batches', '0004_due_index'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='batch',
            name='dial_fence',
        ),
    ]
