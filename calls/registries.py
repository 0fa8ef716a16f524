"""Public registries: loaded whole, each load in place of the one before."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import uuid4

from bson import ObjectId
from django.utils.translation import gettext_lazy as _

from batches import formats
from batches.imports.normalizers.typed import read_numbers
from calls.block_reasons import REGISTRIES, REGISTRY
from calls.models import DoNotCall, RegistrySnapshot
from calls.models.suppression import slot_of
from calls.policies.decisions import RegistryLook
from speechai_site.runtime import audit, clock, keys, leases
from speechai_site.runtime.documents import collection, insert_missing

CHUNK = 2000
LEASE_SECONDS = 60  # far longer than a chunk takes
# Of a hundred lines so many may be unreadable (a title, a rest of a table).
WORST_PERCENT = 1


FAULTS = {
    "being_loaded": _("This registry is being loaded right now."),
    "unreadable": _(
        "The file is not a list of phones, one in each line; the load before stays."
    ),
}


class RegistryError(Exception):
    """Nothing was loaded. `code` is a key of FAULTS, `message` its sentence."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.message = str(FAULTS[code])
        super().__init__(code)


def loaded_at(registry: str) -> datetime | None:
    """When the registry that is in force was loaded (business time); None: never."""
    row = newest(registry)
    return row.loaded_at if row else None


def looks(country: str) -> dict[str, RegistryLook]:
    """By the policies' name of each registry of a country, when it was loaded. Who is
    listed is the do-not-call list's to say."""
    found = {}
    for code, registry in REGISTRIES.items():
        if registry.country == country and (at := loaded_at(code)):
            found[registry.policy_name] = RegistryLook(at, listed=False)
    return found


def newest(registry: str) -> RegistrySnapshot | None:
    """The load that is in force."""
    rows = RegistrySnapshot.objects.filter(registry=registry, loaded_at__isnull=False)
    return rows.order_by("-pk").first()


def load(
    registry: str, lines: Iterable[str], *, by: str, file_name: str = ""
) -> RegistrySnapshot:
    """Put the phones of `lines`, one in each, in place of the last load.

    Until all of them are written the last load holds as well; when it fails, alone.
    Raises RegistryError.
    """
    name, owner = f"registry:{registry}", str(uuid4())
    held = leases.take(name, owner, LEASE_SECONDS)
    if held is None:
        raise RegistryError("being_loaded")
    snapshot = RegistrySnapshot.objects.create(
        registry=registry,
        country=REGISTRIES[registry].country,
        file_name=file_name[:255],
        loaded_by=by,
    )
    source = f"registry:{snapshot.pk}"
    try:
        _store(snapshot, source, lines, lambda: leases.take(name, owner, LEASE_SECONDS))
    except BaseException:
        collection(DoNotCall).delete_many({"source": source})
        collection(RegistrySnapshot).delete_one({"_id": snapshot.pk})
        raise
    finally:
        leases.release(held)
    audit.record("registry.load", snapshot, by=by, rows=snapshot.count)
    return snapshot


def _store(
    snapshot: RegistrySnapshot, source: str, lines: Iterable[str], keep: Any
) -> None:
    seen = unreadable = 0
    rest = filter(None, map(str.strip, lines))
    while chunk := list(islice(rest, CHUNK)):
        entries = list(_entries(snapshot, source, chunk))
        seen += len(chunk)
        unreadable += len(chunk) - len(entries)
        # a phone that stands twice in the file is one entry
        insert_missing(collection(DoNotCall), entries)
        if keep() is None:
            raise RegistryError("being_loaded")
    bad = max(unreadable - 1, 0)  # the header of a column
    if seen == unreadable or bad * 100 > seen * WORST_PERCENT:
        raise RegistryError("unreadable")
    snapshot.count = collection(DoNotCall).count_documents({"source": source})
    snapshot.loaded_at = clock.now()
    snapshot.save(update_fields=["count", "loaded_at"])
    # the loads before, and what killed ones left
    collection(DoNotCall).delete_many(
        {"registry": snapshot.registry, "source": {"$ne": source}}
    )


def _entries(
    snapshot: RegistrySnapshot, source: str, lines: Iterable[str]
) -> Iterator[dict[str, Any]]:
    for line in lines:
        numbers = read_numbers(line, [snapshot.country])
        if len(numbers) != 1:
            continue
        (e164,) = numbers
        key = keys.phone_key(e164)
        yield {
            "_id": ObjectId(),
            "slot": slot_of(DoNotCall.Kind.PHONE, key, reason=source),
            "kind": str(DoNotCall.Kind.PHONE),
            "key": key,
            "phone_key": "",
            "masked": formats.mask_phone(e164),
            "account_id": None,
            "creditor": "",
            "creditor_key": "",
            "reason": REGISTRY,
            "source": source,
            "registry": snapshot.registry,
            "expires_at": None,
            "created_at": snapshot.started_at,
            "withdrawn_at": None,
            "withdrawn_by": "",
        }
