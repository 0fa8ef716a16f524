"""What a call achieved: the tipificación tree of operations.md section 2, as data.

The slugs are those of the analysis (`calls/retell/analysis.py`); the telephony result
adds its own when nobody spoke.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Disposition:
    """One leaf of the tree.

    `contact` is who answered: titular, tercero, equivocado, or "" (nobody, or not
    known from the slug alone). `closes`: the case needs no further call. `suppresses`:
    nobody may call the person again. `worklist`: a human has to act.
    """

    label: str | Promise
    contact: str = ""
    closes: bool = False
    suppresses: bool = False
    worklist: bool = False
    promise: bool = False
    code: str = "conversation"  # why the case was closed; see `outcomes.STEP_LABELS`


DISPOSITIONS: dict[str, Disposition] = {
    "promesa_total": Disposition(
        _("Promise of full payment"), "titular", closes=True, promise=True
    ),
    "promesa_parcial": Disposition(
        _("Promise of partial payment"), "titular", closes=True, promise=True
    ),
    "convenio": Disposition(
        _("Payment plan"), "titular", closes=True, worklist=True, promise=True
    ),
    "dice_que_pago": Disposition(
        _("Says it is paid"), "titular", closes=True, worklist=True
    ),
    "objeta": Disposition(
        _("Disputes the debt"), "titular", closes=True, worklist=True
    ),
    "se_niega": Disposition(_("Refuses to pay"), "titular", closes=True),
    "sin_capacidad": Disposition(_("Cannot pay"), "titular", closes=True),
    "pide_ejecutivo": Disposition(
        _("Asks for a person"), "titular", closes=True, worklist=True
    ),
    "rellamada": Disposition(_("Callback agreed")),
    "tercero_con_recado": Disposition(_("Third party, message left"), "tercero"),
    "tercero_sin_recado": Disposition(_("Third party, no message"), "tercero"),
    "equivocado": Disposition(_("Wrong number"), "equivocado"),
    "no_llamar": Disposition(
        _("Asked not to be called"), closes=True, suppresses=True, code="opted_out"
    ),
    "fallecido": Disposition(
        _("Deceased"), closes=True, suppresses=True, worklist=True, code="deceased"
    ),
    "reclamo": Disposition(
        _("Complaint or legal threat"),
        closes=True,
        suppresses=True,
        worklist=True,
        code="complaint",
    ),
    "corte_temprano": Disposition(_("Hung up early")),
    "buzon": Disposition(_("Voicemail")),
    "ocupado": Disposition(_("Busy")),
    "no_contesta": Disposition(_("No answer")),
    "fuera_de_servicio": Disposition(_("Out of service")),
    "falla_tecnica": Disposition(_("Technical fault")),
}
NO_DISPOSITION = Disposition("")
