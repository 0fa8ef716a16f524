"""Why people are not called, as data: reasons of the do-not-call list, registries."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# What a case that is not called says of it; the words are in `calls/admin/words.py`.
OWN = "do_not_call"
# Somebody else's list: not whose, and not why.
ADMINISTRATIVE = "administrative_block"
IN_REGISTRY = "public_registry"
WRONG_PAIR = "wrong_number"

OPTED_OUT, COMPLAINT, PROVIDER, REGISTRY = (
    "opted_out",
    "complaint",
    "provider",
    "registry",
)


@dataclass(frozen=True)
class BlockReason:
    """One reason. `asked`: the person's own wish, which only an administrator may
    withdraw. `by_hand`: people and integrations may give it. `words`: what else a list
    may call it, squashed (see normalizers/text.py)."""

    label: str | Promise
    asked: bool = False
    by_hand: bool = True
    words: tuple[str, ...] = ()


REASONS: dict[str, BlockReason] = {
    OPTED_OUT: BlockReason(
        _("Asked not to be called"),
        asked=True,
        words=("nollamar", "pidionollamar", "optout", "asked", "baja"),
    ),
    COMPLAINT: BlockReason(
        _("Complained or threatened legal action"),
        asked=True,
        words=("reclamo", "sernac"),
    ),
    "deceased": BlockReason(_("Said to have died"), words=("fallecido", "fallecida")),
    "lawyer": BlockReason(
        _("Has a lawyer, or is insolvent"),
        words=("abogado", "insolvencia", "quiebra", "insolvency"),
    ),
    WRONG_PAIR: BlockReason(
        _("The phone is not this person's"),
        words=("equivocado", "numeroequivocado", "telefonoequivocado"),
    ),
    "administrative": BlockReason(
        _("Administrative decision"), words=("administrativo", "bloqueo")
    ),
    PROVIDER: BlockReason(_("Retell refuses to call it"), by_hand=False),
    REGISTRY: BlockReason(_("In a public registry"), by_hand=False),
}
BY_HAND = {code: row.label for code, row in REASONS.items() if row.by_hand}


@dataclass(frozen=True)
class Registry:
    """A public registry. `policy_name`: what the policies call it. `exempt`: use cases
    that may call who is in it."""

    label: str | Promise
    country: str
    policy_name: str
    exempt: frozenset[str] = frozenset()


# An existing contract or debt is no advertising (compliance.md 3.2, 3.11).
_CONTRACT = frozenset({"debt_collection", "appointment_reminder", "notification"})
REGISTRIES: dict[str, Registry] = {
    "ar_no_llame": Registry(_("No Llame (Argentina)"), "AR", "No Llame", _CONTRACT),
    "cl_no_molestar": Registry(
        _("No Molestar (Chile)"), "CL", "No Molestar", _CONTRACT
    ),
}


def registry_applies(code: str, use_case: str) -> bool:
    """Whether being in a registry forbids a call; of one that nobody knows, it does."""
    known = REGISTRIES.get(code)
    return known is None or use_case not in known.exempt
