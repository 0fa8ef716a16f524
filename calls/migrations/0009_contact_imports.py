import django.db.models.deletion
import django_mongodb_backend.fields
import speechai_site.runtime.clock
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('batches', '0005_no_dial_fence'),
        ('calls', '0008_policies'),
    ]

    operations = [
        migrations.CreateModel(
            name='ContactImport',
            fields=[
                ('id', django_mongodb_backend.fields.ObjectIdAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slot', models.CharField(max_length=100, unique=True)),
                ('file_name', models.CharField(blank=True, max_length=255, verbose_name='file')),
                ('rows', models.PositiveIntegerField(default=0, verbose_name='rows')),
                ('added', models.PositiveIntegerField(default=0, verbose_name='contacts added')),
                ('reaches', models.DateTimeField(verbose_name='reaches until')),
                ('imported_by', models.CharField(max_length=150, verbose_name='imported by')),
                ('imported_at', models.DateTimeField(default=speechai_site.runtime.clock.now, verbose_name='imported')),
                ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='batches.account', verbose_name='account')),
            ],
            options={
                'verbose_name': 'import of outside contacts',
                'verbose_name_plural': 'outside contacts',
                'ordering': ['-pk'],
                'indexes': [models.Index(fields=['account', '-imported_at'], name='contact_import')],
            },
        ),
    ]
