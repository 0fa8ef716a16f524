"""How a person is found: exact document, exact phone, whole words of the name.

By keyed hashes alone (`speechai_site/runtime/keys.py`), so that a search costs the
same among a million rows and can't feel its way along a masked name.
"""

import re

import phonenumbers
from django.db.models import Q

from batches.admin.filters import object_id
from batches.imports.normalizers import countries, documents, phones
from batches.imports.problems import Unreadable, WorkbookError
from batches.models import Account
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


def read_document(text: str) -> str | None:
    """A RUT, canonical, as people type it."""
    try:
        return documents.read_rut(text)
    except Unreadable:
        return None


def read_documents(text: str) -> set[str]:
    """The documents, canonical, that a typed text can be in any country served."""
    found = set()
    for country in Account.Country.values:
        try:
            found.add(countries.get(country).read_document(text))
        except (Unreadable, WorkbookError):
            continue
    return found


def read_numbers(text: str) -> set[str]:
    """The phones, in E.164, that a typed number can be in any country served."""
    found = set()
    for country in Account.Country.values:
        plan = countries.get(country).plan
        found.update(phones.read_phones(text, phones.MOBILE, plan).numbers)
    for country in Account.Country.values:
        try:
            number = phonenumbers.parse(text, country)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            found.add(
                phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            )
    return found
