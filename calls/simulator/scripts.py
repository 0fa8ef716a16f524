"""What simulated people say, and the analysis that agrees with it.

Turns start with A (agent) or U (user). `{name}` in a turn is a fact in spoken form;
a value that starts with @ is a fact in the analysis' own form.
"""

from dataclasses import dataclass, field
from typing import Any

# {saludo}, {previo} and {final} carry the notices that the call's variables hold.
_OPENING = ("A: {saludo} ¿Hablo con {nombre}?",)
_VERIFIED = (
    *_OPENING,
    "U: Sí, con {nombre}.",
    "A: Gracias. Para confirmar su identidad, ¿me dice los últimos tres dígitos de su "
    "documento?",
    "U: Sí, son {digitos}.",
)
_DEBT = (
    *_VERIFIED,
    "A: Gracias. {previo}Registra {cuotas} con {empresa} por {monto}, con fecha límite "
    "{fecha_limite}. {final}¿Cuándo podría pagar?",
)
_OFFER = (
    *_OPENING,
    "U: Sí, diga.",
    "A: Le llamo para presentarle {oferta}. {final}¿Le interesa?",
)


@dataclass(frozen=True)
class Script:
    weight: float
    turns: tuple[str, ...]
    disposition: str
    summary: str
    contact: str = "titular"
    verified: bool = True
    reason: str = "agent_hangup"
    sentiment: str = "Neutral"
    successful: bool = False
    talk: tuple[float, float] = (35, 110)  # seconds of business time
    values: dict[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()  # facts without which it cannot be said


COLLECTIONS: dict[str, Script] = {
    "promise": Script(
        weight=20,
        turns=(
            *_DEBT,
            "U: Lo puedo pagar completo el {promesa_fecha}.",
            "A: Perfecto, dejo registrado su compromiso de {monto} para el "
            "{promesa_fecha}. Muchas gracias.",
            "U: Gracias a usted.",
        ),
        disposition="promesa_total",
        summary="El titular se comprometió a pagar el total.",
        sentiment="Positive",
        successful=True,
        values={"promesa_fecha": "@promesa_fecha", "promesa_monto": "@monto"},
        needs=("monto", "promesa_fecha"),
    ),
    "partial_promise": Script(
        weight=12,
        turns=(
            *_DEBT,
            "U: Todo no puedo. Podría pagar {parcial} el {promesa_fecha}.",
            "A: De acuerdo, registro un pago de {parcial} para el {promesa_fecha}. "
            "Gracias.",
            "U: Ya, gracias.",
        ),
        disposition="promesa_parcial",
        summary="El titular se comprometió a pagar una parte.",
        successful=True,
        values={
            "promesa_fecha": "@promesa_fecha",
            "promesa_monto": "@parcial",
            "motivo_no_pago": "No tiene el total",
        },
        needs=("parcial", "promesa_fecha"),
    ),
    "payment_plan": Script(
        weight=4,
        turns=(
            *_DEBT,
            "U: ¿Se podría pagar en cuotas?",
            "A: Sí, un ejecutivo le enviará la propuesta de convenio. ¿Le parece?",
            "U: Sí, mándenmela por correo.",
        ),
        disposition="convenio",
        summary="El titular pide un convenio en cuotas.",
        successful=True,
        values={"pide_envio_escrito": True, "pide_ejecutivo": True},
        needs=("monto",),
    ),
    "says_paid": Script(
        weight=10,
        turns=(
            *_DEBT,
            "U: Eso ya lo pagué por {medio} el {pago_fecha}.",
            "A: Gracias, dejo registro para verificar el pago. Que esté bien.",
        ),
        disposition="dice_que_pago",
        summary="El titular dice que ya pagó.",
        values={
            "dice_pago": True,
            "dice_pago_fecha": "@pago_fecha",
            "dice_pago_monto": "@monto",
            "dice_pago_medio": "@medio",
        },
        needs=("monto",),
    ),
    "dispute": Script(
        weight=6,
        turns=(
            *_DEBT,
            "U: Yo no reconozco esa deuda, nunca compré ahí.",
            "A: Entiendo. Dejo registrada su objeción y la revisará un ejecutivo.",
        ),
        disposition="objeta",
        summary="El titular no reconoce la deuda.",
        sentiment="Negative",
        values={"objeta": True},
        needs=("monto",),
    ),
    "no_capacity": Script(
        weight=6,
        turns=(
            *_DEBT,
            "U: Estoy sin trabajo, no tengo cómo pagar por ahora.",
            "A: Lo entiendo. Dejo registro de su situación. Gracias por su tiempo.",
        ),
        disposition="sin_capacidad",
        summary="El titular no tiene cómo pagar.",
        sentiment="Negative",
        values={"motivo_no_pago": "Sin trabajo"},
        needs=("monto",),
    ),
    "refuses": Script(
        weight=6,
        turns=(
            *_DEBT,
            "U: No voy a pagar nada.",
            "A: Dejo registro de su respuesta. Que tenga un buen día.",
        ),
        disposition="se_niega",
        summary="El titular se niega a pagar.",
        sentiment="Negative",
        values={"motivo_no_pago": "Se niega"},
        needs=("monto",),
    ),
}

# For any campaign: nothing of a debt or an offer is said in them.
COMMON: dict[str, Script] = {
    "callback": Script(
        weight=8,
        turns=(
            *_OPENING,
            "U: Sí, pero ahora estoy ocupado. Llámeme {rellamada}.",
            "A: De acuerdo, le llamaremos {rellamada}. Gracias.",
        ),
        disposition="rellamada",
        summary="El titular pide que lo llamen a una hora.",
        verified=False,
        reason="user_requested_callback",
        talk=(12, 30),
        values={"rellamada_en": "@rellamada", "rellamada_frase": "@frase"},
    ),
    "callback_vague": Script(
        weight=3,
        turns=(
            *_OPENING,
            "U: Sí, pero llámeme en la tarde, por favor.",
            "A: De acuerdo, le llamaremos en la tarde.",
        ),
        disposition="rellamada",
        summary="El titular pide que lo llamen en la tarde.",
        verified=False,
        talk=(10, 25),
        values={"rellamada_frase": "en la tarde"},
    ),
    "third_party": Script(
        weight=7,
        turns=(
            *_OPENING,
            "U: No, no está. Soy un familiar, ¿de qué se trata?",
            "A: Es un asunto personal. ¿Le puede decir que llamó {empresa}?",
            "U: Sí, yo le digo.",
        ),
        disposition="tercero_con_recado",
        summary="Contestó un familiar, que tomó el recado.",
        contact="tercero",
        verified=False,
        talk=(15, 35),
    ),
    "third_party_no_message": Script(
        weight=3,
        turns=(
            *_OPENING,
            "U: No está y no sé cuándo vuelve.",
            "A: Gracias, llamaremos en otro momento.",
        ),
        disposition="tercero_sin_recado",
        summary="Contestó otra persona; no tomó recado.",
        contact="tercero",
        verified=False,
        talk=(10, 20),
    ),
    "wrong_number": Script(
        weight=6,
        turns=(
            *_OPENING,
            "U: No, aquí no vive nadie con ese nombre. Está equivocado.",
            "A: Disculpe la molestia. Que tenga un buen día.",
        ),
        disposition="equivocado",
        summary="El número no es de la persona buscada.",
        contact="equivocado",
        verified=False,
        talk=(9, 20),
    ),
    "no_more_calls": Script(
        weight=3,
        turns=(
            *_OPENING,
            "U: Sí, soy yo. No me llamen más.",
            "A: Entendido, no le volveremos a llamar. Adiós.",
        ),
        disposition="no_llamar",
        summary="El titular pidió que no lo llamen más.",
        verified=False,
        reason="user_requested_dnc",
        sentiment="Negative",
        talk=(8, 20),
        values={"pide_no_llamar": True},
    ),
    "no_more_calls_unconfirmed": Script(
        weight=1,
        turns=(
            *_OPENING,
            "U: Déjenme tranquilo, no quiero que me llamen nunca más.",
        ),
        disposition="no_llamar",
        summary="El titular pidió que no lo llamen más y cortó.",
        verified=False,
        reason="user_hangup",
        sentiment="Negative",
        talk=(6, 12),
        values={"pide_no_llamar": True},
    ),
    "wants_human": Script(
        weight=3,
        turns=(
            *_OPENING,
            "U: Quiero hablar con una persona, no con una máquina.",
            "A: Claro, un ejecutivo se comunicará con usted.",
        ),
        disposition="pide_ejecutivo",
        summary="El titular pide hablar con un ejecutivo.",
        verified=False,
        talk=(10, 25),
        values={"pide_ejecutivo": True},
    ),
    "deceased": Script(
        weight=0.5,
        turns=(
            *_OPENING,
            "U: Él falleció el año pasado.",
            "A: Lo siento mucho. No volveremos a llamar. Mis condolencias.",
        ),
        disposition="fallecido",
        summary="Informan que la persona falleció.",
        contact="tercero",
        verified=False,
        sentiment="Negative",
        talk=(10, 25),
        values={"fallecido": True, "vulnerable_o_menor": True},
    ),
    "complaint": Script(
        weight=1,
        turns=(
            *_OPENING,
            "U: Me llaman todos los días, voy a poner un reclamo.",
            "A: Lamento la molestia. Dejo registrado su reclamo.",
        ),
        disposition="reclamo",
        summary="El titular anuncia un reclamo.",
        verified=False,
        reason="user_hangup",
        sentiment="Negative",
        talk=(10, 30),
        values={"reclamo": True},
    ),
    "hang_up": Script(
        weight=9,
        turns=(*_OPENING, "U: No, gracias."),
        disposition="corte_temprano",
        summary="La persona cortó al comienzo.",
        contact="no_sabe",
        verified=False,
        reason="user_hangup",
        sentiment="Unknown",
        talk=(2, 8),
    ),
}

OFFERS: dict[str, Script] = {
    "interested": Script(
        weight=25,
        turns=(
            *_OFFER,
            "U: Sí, me interesa. Que me llame un ejecutivo.",
            "A: Muy bien, un ejecutivo se comunicará con usted. Gracias.",
        ),
        disposition="pide_ejecutivo",
        summary="La persona se interesa por la oferta.",
        verified=False,
        sentiment="Positive",
        successful=True,
        values={"pide_ejecutivo": True},
    ),
    "not_interested": Script(
        weight=30,
        turns=(
            *_OFFER,
            "U: No, gracias, no me interesa.",
            "A: Gracias por su tiempo. Que tenga un buen día.",
        ),
        disposition="se_niega",
        summary="La persona no se interesa por la oferta.",
        verified=False,
        talk=(15, 45),
    ),
}

VOICEMAIL = Script(
    weight=0,
    turns=("U: Ha llamado al buzón de voz. Deje su mensaje después del tono.",),
    disposition="buzon",
    summary="Contestó el buzón de voz; no se dejó mensaje.",
    contact="no_sabe",
    verified=False,
    reason="voicemail_reached",
    sentiment="Unknown",
)

VERIFICATION = Script(
    weight=0,
    turns=(
        "A: Hola. Esta es una llamada para verificar su teléfono. Su código es: "
        "{codigo}. Repito: {codigo}. Gracias, adiós.",
    ),
    disposition="",
    summary="Se dijo un código de verificación.",
    verified=False,
    talk=(10, 15),
)

# Every boolean of the analysis; a script's values say which are true.
FLAGS = [
    "dice_pago",
    "objeta",
    "pide_no_llamar",
    "pide_ejecutivo",
    "pide_envio_escrito",
    "fallecido",
    "vulnerable_o_menor",
    "reclamo",
]
