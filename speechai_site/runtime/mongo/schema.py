"""Migrations that can be repeated: nothing on MongoDB undoes half a migration."""

from django.db import models
from django_mongodb_backend import schema


class DatabaseSchemaEditor(schema.DatabaseSchemaEditor):
    def create_model(self, model: type[models.Model]) -> None:
        """Create the collection unless it is there, then its indexes.

        It may be there because an earlier migrate was killed, or because a process
        wrote to it first (leases and the environment are written raw).
        """
        if model._meta.db_table not in self.connection.introspection.table_names():
            super().create_model(model)
            return
        self._create_model_indexes(model)
        for field in model._meta.local_many_to_many:
            if field.remote_field.through._meta.auto_created:
                self.create_model(field.remote_field.through)
