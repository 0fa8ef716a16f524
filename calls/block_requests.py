"""What people and integrations ask to be blocked, checked and made into entries."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from batches import formats
from batches.imports.normalizers.text import Cell, squash
from batches.imports.normalizers.typed import read_document, read_numbers, read_who
from calls.block_reasons import BY_HAND, WRONG_PAIR
from calls.models import DoNotCall
from calls.suppression import Entry
from speechai_site.runtime import clock, keys

Kind = DoNotCall.Kind


@dataclass
class BlockRequest:
    """A phone (E.164), a document (canonical), or both; each becomes an entry.

    With the reason `wrong_number` both are needed: then it is their pair. Phone and
    document are never shown by repr, and never stored.
    """

    phone: str = field(default="", repr=False)
    document: str = field(default="", repr=False)
    reason: str = ""
    creditor: str = ""
    expires_at: datetime | None = None

    def entries(self, account_id: Any, source: str) -> list[Entry]:
        """The entries to add; raises ValidationError in words for people."""
        self._check(account_id)
        values: dict[str, Any] = {
            "account_id": account_id,
            "reason": self.reason,
            "source": source,
            "creditor": self.creditor,
            "creditor_key": squash(self.creditor),
            "expires_at": self.expires_at,
        }
        phone = keys.phone_key(self.phone) if self.phone else ""
        person = keys.person_key(self.document, "") if self.document else ""
        masks = [
            formats.mask_phone(self.phone) if phone else "",
            formats.mask_document(self.document) if person else "",
        ]
        if self.reason == WRONG_PAIR:
            values |= {"phone_key": phone, "masked": " · ".join(masks)}
            return [Entry(Kind.PAIR, person, **values)]
        kinds = zip((Kind.PHONE, Kind.PERSON), (phone, person), masks, strict=True)
        return [
            Entry(kind, key, masked=mask, **values) for kind, key, mask in kinds if key
        ]

    def _check(self, account_id: Any) -> None:
        if not self.phone and not self.document:
            raise ValidationError(_("Give a phone, a document, or both."), "nobody")
        if self.reason not in BY_HAND:
            raise ValidationError(_("There is no such reason."), "reason")
        if self.reason == WRONG_PAIR and not (self.phone and self.document):
            raise ValidationError(
                _("A wrong number needs both, the phone and the document."), "pair"
            )
        if account_id is None and (self.creditor or self.reason == WRONG_PAIR):
            raise ValidationError(_("That needs an account."), "account")
        if self.expires_at and self.expires_at <= clock.now():
            raise ValidationError(_("It has expired already."), "expired")


def read_phone(cell: Cell, countries: Sequence[str] = ()) -> str:
    """One phone in E.164; raises ValidationError."""
    numbers = read_numbers(cell, countries)
    if len(numbers) > 1:
        raise ValidationError(_ambiguous(), "ambiguous")
    if not numbers:
        raise ValidationError(_("It is not a valid phone."), "unreadable")
    return numbers.pop()


def read_person(cell: Cell) -> str:
    """One canonical document; raises ValidationError."""
    document = read_document(cell)
    if document is None:
        raise ValidationError(_("It is not a RUT."), "unreadable")
    return document


def read_typed(cell: Cell, countries: Sequence[str] = ()) -> BlockRequest:
    """A phone or a document, whichever the text can only be; raises ValidationError."""
    document, numbers = read_who(cell, countries)
    if document and not numbers:
        return BlockRequest(document=document)
    if len(numbers) == 1 and not document:
        return BlockRequest(phone=numbers.pop())
    if document or numbers:
        raise ValidationError(_ambiguous(), "ambiguous")
    raise ValidationError(_("This is neither a phone nor a RUT."), "unreadable")


def _ambiguous() -> str:
    return _("This can be read in several ways: write the phone with +56 or +54.")
