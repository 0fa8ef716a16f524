"""Compilers whose pipelines let MongoDB sort by an index."""

from typing import Any

from django_mongodb_backend import compiler
from django_mongodb_backend.query import MongoQuery


def without_identities(stage: dict[str, Any]) -> dict[str, Any]:
    """The `$addFields` entries of `stage` that change anything."""
    return {key: value for key, value in stage.items() if value != f"${key}"}


class IndexedMongoQuery(MongoQuery):
    """A query whose `$sort` stands where an index can serve it.

    1. `$addFields: {x: "$x"}` is dropped: it changes nothing, yet MongoDB takes
       x for a computed field and sorts in memory.
    2. A `$project` that only names columns moves behind `$sort`, `$skip` and
       `$limit`: the order and the rows stay the same.
    """

    def get_pipeline(self) -> list[dict[str, Any]]:
        if self.extra_fields:
            self.extra_fields = without_identities(self.extra_fields)
        late = self._late_projection()
        if late is None:
            return super().get_pipeline()
        self.project_fields = None
        try:
            return [*super().get_pipeline(), {"$project": late}]
        finally:
            self.project_fields = late

    def _late_projection(self) -> dict[str, Any] | None:
        plain = self.project_fields and all(
            value == 1 for value in self.project_fields.values()
        )
        computed = (
            self.extra_fields
            or self.combinator_pipeline
            or self.aggregation_pipeline
            or self.subquery_lookup
        )
        if plain and self.ordering and not computed:
            return self.project_fields
        return None


class SQLCompiler(compiler.SQLCompiler):
    query_class = IndexedMongoQuery


class SQLInsertCompiler(compiler.SQLInsertCompiler, SQLCompiler):
    pass


class SQLDeleteCompiler(compiler.SQLDeleteCompiler, SQLCompiler):
    pass


class SQLUpdateCompiler(compiler.SQLUpdateCompiler, SQLCompiler):
    pass


class SQLAggregateCompiler(compiler.SQLAggregateCompiler, SQLCompiler):
    pass
