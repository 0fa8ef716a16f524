"""How a person is found: exact document, exact phone, whole words of the name.

By keyed hashes alone (`speechai_site/runtime/keys.py`), so that a search costs the
same among a million rows and can't feel its way along a masked name.
"""

import re

from django.db.models import Q

from batches.admin.filters import object_id
from batches.imports.normalizers.typed import read_documents, read_numbers
from speechai_site.runtime import keys


def jobs_of(term: str) -> Q | None:
    """The condition on `Job` that a search term means; None: it can't mean anybody."""
    term = term.strip()
    if pk := object_id(term):
        return Q(pk=pk)
    if len(re.sub(r"\D", "", term)) < 6:
        words = keys.name_keys(term)
        return Q(name_keys__contains=words) if words else None
    found = Q()
    for document in read_documents(term):
        found |= Q(document_key=keys.document_key(document))
    for e164 in read_numbers(term):
        found |= Q(phone_keys__contains=[keys.phone_key(e164)])
    return found or None
