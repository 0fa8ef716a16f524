"""What was said, judged: short transcripts and what the review makes of them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calls.policies.disclosures import notices_for, variables
from calls.speech import Facts, review, utterances_of

CHILE = notices_for("CL", "debt_collection")
OFFERS = notices_for("CL", "marketing")
FACTS = Facts(company="Tienda Uno", amount="ciento cincuenta mil pesos")
SAID = variables(CHILE, {"empresa": "Tienda Uno"}, "", "600 555 0100")
OPENING = (
    f"A: Hola. {SAID['aviso_ia']} {SAID['aviso_identidad']} {SAID['aviso_grabacion']} "
    "¿Hablo con Ana?"
)
YES = "U: Sí, con ella."
ASK = "A: Para confirmar su identidad, ¿me dice los últimos tres dígitos de su RUT?"
DATUM = "U: Tres, cinco, uno."
DEBT = f"A: {SAID['aviso_cobranza']} Registra tres cuotas pendientes con Tienda Uno."
END = f"A: {SAID['aviso_derechos']} {SAID['aviso_no_llamar']}"
WHOLE = (OPENING, YES, ASK, DATUM, DEBT, "U: Bueno.", END)


def talk(*lines):
    roles = {"A": "agent", "U": "user"}
    return [(roles[line[0]], line[3:]) for line in lines]


def judge(*lines, notices=CHILE, facts=FACTS):
    return review(talk(*lines), notices, facts)


def test_a_call_with_everything_in_its_order_is_complete():
    found = judge(*WHOLE)
    assert found.said == CHILE.codes
    assert (found.missing, found.forbidden) == ((), ())
    assert found.identity_verified_before_debt is True
    assert found.is_complete


@pytest.mark.parametrize("lines", [(), ("U: ¿Aló?", "U: ¿Quién es?")])
def test_no_transcript_or_no_word_of_the_agent_is_unknown(lines):
    assert judge(*lines) is None


# --- notices


@pytest.mark.parametrize(
    ("notice", "code"),
    [
        ("aviso_ia", "ai"),
        ("aviso_grabacion", "recording"),
        ("aviso_cobranza", "not_judicial"),
        ("aviso_derechos", "rights"),
        ("aviso_no_llamar", "opt_out"),
    ],
)
def test_a_notice_that_is_not_said_is_missing(notice, code):
    found = judge(*(line.replace(SAID[notice], "") for line in WHOLE))
    assert found.missing == found.unsaid == (code,)
    assert not found.is_complete


def test_the_company_must_be_named_before_the_debt():
    lines = [line.replace("Tienda Uno", "la empresa") for line in WHOLE]
    assert judge(*lines).missing == ("company",)
    late = [*lines, "A: La empresa es Tienda Uno."]
    assert judge(*late).missing == ("company",)


def test_a_first_notice_after_the_debt_does_not_count():
    late = [line.replace(SAID["aviso_ia"], "") for line in WHOLE]
    late.append(f"A: {SAID['aviso_ia']}")
    assert judge(*late).missing == ("ai",)


def test_a_notice_in_the_sentence_of_the_debt_still_counts_as_before_it():
    assert "not_judicial" in judge(*WHOLE).said
    late = [line.replace(SAID["aviso_cobranza"], "") for line in WHOLE]
    late.append(f"A: {SAID['aviso_cobranza']}")
    assert judge(*late).missing == ("not_judicial",)


def test_what_the_person_says_is_no_notice():
    lines = ["A: Hola, ¿hablo con Ana?", f"U: {OPENING[3:]}", "A: Gracias."]
    assert judge(*lines).missing == ("ai", "company", "recording")


def test_who_hangs_up_during_the_first_sentence_makes_no_incident():
    assert judge("A: Hola.", "U: No, gracias.").missing == ()


def test_who_hangs_up_before_the_end_makes_none_but_is_not_complete():
    found = judge(*WHOLE[:-1], facts=Facts("Tienda Uno", cut_short=True))
    assert (found.missing, found.unsaid) == ((), ("rights", "opt_out"))
    assert not found.is_complete


def test_a_third_party_is_owed_the_first_notices_alone():
    found = judge(OPENING, "U: No está.", "A: Gracias, llamaremos más tarde.")
    assert found.missing == ()
    assert found.identity_verified_before_debt is None


def test_an_offer_has_no_secret():
    said = variables(OFFERS, {"empresa": "Tienda Uno"}, "", "600")
    opening = " ".join(
        said[f"aviso_{n}"] for n in ("ia", "identidad", "grabacion", "proposito")
    )
    found = judge(
        f"A: {opening}",
        "U: Diga.",
        f"A: Son doce cuotas, sin deuda. {said['aviso_no_llamar']}",
        notices=OFFERS,
    )
    assert found.is_complete
    assert found.identity_verified_before_debt is None


# --- identity before the debt


@pytest.mark.parametrize(
    "lines",
    [
        ("A: Hola, le llamo por su deuda.",),
        (OPENING, YES, DEBT),
        (OPENING, YES, "A: Tiene un pago pendiente de cien pesos."),
        (OPENING, YES, "A: Debe ciento cincuenta mil pesos."),
        (OPENING, YES, "A: Llamo del área de cobranzas."),
        (OPENING, "U: ¿Es por la deuda?", "A: Sí, por la deuda."),
        (OPENING, YES, ASK, "U: Sí.", DEBT),
        (OPENING, YES, ASK, "U: Sí, claro, dígame.", DEBT),
        (OPENING, YES, ASK, "U: No le voy a dar mis datos.", DEBT),
        (OPENING, YES, ASK, "U: ¿Para qué?", DEBT),
        (OPENING, YES, ASK, "U: ¿Quién habla?", DEBT),
        (OPENING, DATUM, ASK, DEBT),
        (OPENING, YES, "A: ¿Su RUT termina en 351?", "U: Sí, correcto.", DEBT),
        (OPENING, YES, ASK + " Es por su deuda.", DATUM),
        (OPENING, YES, "A: Señora Ana, su saldo vencido es alto."),
    ],
)
def test_the_debt_before_the_person_has_said_who_they_are(lines):
    found = judge(*lines)
    assert found.identity_verified_before_debt is False
    assert found.debt_at is not None


@pytest.mark.parametrize(
    "lines",
    [
        (ASK, DATUM),
        (ASK, "U: 351"),
        (ASK, "U: ¿Para qué?", "A: Para saber que es usted.", "U: Tres cinco uno."),
        ("A: ¿En qué comuna vive?", "U: En Ñuñoa."),
        ("A: ¿Cuál es su fecha de nacimiento?", "U: Doce de mayo."),
        ("A: ¿Me da su segundo apellido?", "U: Soto."),
    ],
)
def test_the_debt_after_the_person_has_said_a_datum(lines):
    assert judge(OPENING, YES, *lines, DEBT).identity_verified_before_debt is True


def test_the_analysis_can_deny_but_not_prove_the_identity():
    denied = Facts("Tienda Uno", identity_verified=False)
    assert judge(*WHOLE, facts=denied).identity_verified_before_debt is False
    claimed = Facts("Tienda Uno", identity_verified=True)
    found = judge(OPENING, YES, DEBT, facts=claimed)
    assert found.identity_verified_before_debt is False


def test_it_says_which_utterance_spoke_of_the_debt():
    assert judge(*WHOLE).debt_at == 4
    assert judge("U: ¿Aló?", "A: Por su deuda.").debt_at == 1


# --- forbidden speech

FORBIDDEN = [
    ("seizure", "Si no paga, le vamos a embargar sus bienes."),
    ("seizure", "Sus bienes irán a remate."),
    ("seizure", "Si no hay pago habrá un embargo."),
    ("seizure", "Vamos a quitarle su casa."),
    ("court", "Iremos a juicio."),
    ("court", "Lo vamos a demandar."),
    ("court", "Su caso pasará a cobranza judicial."),
    ("court", "Nuestros abogados lo contactarán."),
    ("court", "Si no paga, esto llega a tribunales"),
    ("police", "Vamos a llamar a la policía."),
    ("police", "Puede ir a la cárcel."),
    ("police", "Iremos con Carabineros"),
    ("police", "Puede terminar preso."),
    ("credit_bureau", "Quedará en DICOM."),
    ("credit_bureau", "Lo informaremos al Veraz."),
    ("credit_bureau", "Estará en la lista negra."),
    ("credit_bureau", "Va a ensuciar su historial."),
    ("workplace", "Le avisaremos a su trabajo."),
    ("workplace", "Voy a llamar a su jefe."),
    ("workplace", "Vamos a ir a su oficina."),
    ("third_parties", "Le contaremos a su familia."),
    ("third_parties", "Sus vecinos se van a enterar."),
    ("invented_discount", "Hoy tiene un descuento del diez por ciento."),
    ("invented_discount", "Le podemos condonar los intereses."),
    ("denies_ai", "No soy un robot."),
    ("denies_ai", "Soy una persona."),
    ("denies_ai", "No, soy humana."),
    ("denies_ai", "No, soy una persona."),
    ("denies_ai", "Está hablando con una persona real."),
    ("asks_card_data", "¿Me da el número de su tarjeta?"),
    ("asks_card_data", "Dígame el código de seguridad."),
    ("asks_card_data", "Necesito su clave."),
    ("insult", "Usted es un sinvergüenza."),
]
ALLOWED = [
    "Sin embargo, puede pagar mañana.",
    "Esto no es un juicio.",
    "Esta llamada no es una demanda ni un embargo.",
    "No habrá ningún embargo.",
    "A su juicio, ¿cuándo podría?",
    "Tenemos una alta demanda de llamados.",
    "No somos la policía.",
    "Esta llamada no es una actuación judicial.",
    "Nunca le pediremos el número de su tarjeta.",
    "No me diga su clave, por favor.",
    "Ahora no tengo un descuento para usted.",
    "No soy una persona, soy un asistente virtual.",
    "Le llamaremos mañana a esta hora.",
    "¿Cómo está su trabajo?",
    "Puedo enviarle la información a su correo.",
    "La empresa le enviará un comprobante.",
    "Es un asunto personal.",
    "Un ejecutivo lo va a llamar.",
    "Presente su comprobante de pago.",
]


@pytest.mark.parametrize(("code", "text"), FORBIDDEN)
def test_forbidden_speech_is_found_where_it_was_said(code, text):
    found = judge(*WHOLE, f"A: {text}", "U: ¿Cómo?")
    assert found.forbidden == ((code, len(WHOLE)),)


@pytest.mark.parametrize(("code", "text"), FORBIDDEN)
def test_it_is_found_without_accents_in_capitals_and_between_other_words(code, text):
    loud = f"A: Mire, señora. {text.upper().replace('Á', 'A').replace('Í', 'I')} Eso."
    assert [c for c, _at in judge(*WHOLE, loud).forbidden] == [code]


@pytest.mark.parametrize(("code", "text"), FORBIDDEN)
def test_what_the_person_says_is_not_forbidden(code, text):
    assert judge(*WHOLE, f"U: {text}").forbidden == ()


@pytest.mark.parametrize("text", ALLOWED)
def test_what_only_sounds_like_it_is_allowed(text):
    assert judge(*WHOLE, f"A: {text}").forbidden == ()


@pytest.mark.parametrize("text", [text for _code, text in FORBIDDEN[:10]])
def test_a_condition_is_no_denial(text):
    assert judge(*WHOLE, f"A: Si no paga hoy, {text}").forbidden


def test_a_discount_that_the_case_offers_is_not_invented():
    facts = Facts("Tienda Uno", offers_discount=True)
    assert judge(*WHOLE, "A: Tiene un descuento.", facts=facts).forbidden == ()


def test_each_kind_is_told_once_where_it_was_first_said():
    found = judge("A: Iremos a juicio.", "U: ¿Qué?", "A: A juicio. Y a DICOM.")
    assert found.forbidden == (("court", 0), ("credit_bureau", 2))


# --- whatever comes


def test_the_transcript_object_is_read_before_the_text():
    turn = {"role": "agent", "content": "Hola", "words": []}
    both = {"transcript_object": [turn], "transcript": "User: otra cosa\n"}
    assert utterances_of(both) == [("agent", "Hola")]
    text = "Agent: Hola.\nUser: ¿Sí?\nDígame.\n"
    assert utterances_of({"transcript": text}) == [
        ("agent", "Hola."),
        ("user", "¿Sí? Dígame."),
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
TURN = st.fixed_dictionaries({"role": st.sampled_from(["agent", "user"]) | JSON})


@settings(deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "transcript": st.text() | JSON,
            "transcript_object": st.lists(TURN | JSON) | JSON,
        },
    )
)
def test_no_shape_of_a_reply_raises(reply):
    review(utterances_of(reply), CHILE, FACTS)


ANYTHING = st.text(st.characters()) | st.sampled_from(
    [line[3:] for line in WHOLE] + [text for _code, text in FORBIDDEN] + ALLOWED
)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["agent", "user", "transfer_target"]), ANYTHING)
    ),
    st.text(),
    st.text(),
)
def test_no_text_raises_and_positions_are_of_the_agent(utterances, company, amount):
    found = review(utterances, CHILE, Facts(company, amount))
    if found is None:
        return
    assert set(found.said) | set(found.unsaid) == set(CHILE.codes)
    assert set(found.missing) <= set(found.unsaid)
    places = [at for _code, at in found.forbidden]
    places += [] if found.debt_at is None else [found.debt_at]
    assert {utterances[at][0] for at in places} <= {"agent"}
