"""What the voice agent must never say, as data (operations.md 3). Pure.

Phrases are regular expressions over folded text (lower case, no accents, one space
between words); each begins with plain letters, which keeps the search cheap. `unless`
is looked for right before the phrase: what is denied is not a threat. It is narrow on
purpose: "si no paga, lo vamos a embargar" has a "no" as well.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

# "no es un …", "no habrá ningún …", "no somos la …", "… ni un …"
_DENIED = (
    r"\b(?:no|ni|nunca) (?:se trata de |corresponde a |constituye |significa |implica "
    r"|es |son |soy |somos |sera |habra |hay |existe )?"
    r"(?:(?:un|una|unos|unas|ningun|ninguna|el|la|los|las|de|tipo|accion|notificacion|"
    r"procedimiento|proceso|cobro|cobranza|gestion|actuacion|orden|amenaza|embargo|"
    r"demanda|juicio|judicial|o|y|ni) )*$"
)
# "nunca le pediremos el …", "no me diga su …"
_NOT_ASKED = (
    r"(?<!si )\b(?:no|nunca|jamas) (?:es necesario |hace falta )?(?:(?:le|me|se|lo|los|"
    r"la|voy|vamos|a|debe|tiene|que) )*(?:ped|pid|solicit|necesit|requer|requier|entreg|"
    r"compart|dig|diga|dar|dicte|dict|de )\w*(?: \w+){0,5} $"
)
_NOT_OFFERED = (
    r"\b(?:no|tampoco) (?:hay|tengo|tenemos|puedo|podemos|existe|existen|manejo|"
    r"manejamos|estoy autorizad[oa])(?: (?:a|para|un|una|ningun|ninguna|de|ofrecer|"
    r"ofrecerle|dar|darle|hacer|hacerle|otro|otros|mas|aplicar|aplicarle))* $"
)


@dataclass(frozen=True)
class Rule:
    """One kind of forbidden speech. A word of each phrase begins with one of the `stems`
    (STEM letters, or a whole shorter word): almost always a text has no such word."""

    code: str
    stems: tuple[str, ...]
    phrases: tuple[str, ...]
    unless: str = _DENIED


RULES = (
    Rule(
        "seizure",
        ("embar", "remat", "desal", "quita", "reten", "desco"),
        (
            r"embarg(?:o|os|ar|arle|arlo|arla|aran|aremos|ara|amos|ado|ada|ados)",
            r"remat(?:e|ar|arle|aremos|aran)",
            r"desaloj(?:o|ar|arlo|aremos|aran)",
            r"quitarle (?:su|la|sus|los|el) (?:casa|auto|vehiculo|bienes|sueldo|cosas)",
            r"(?:retener|retendremos|descontar|descontaremos)(?: \w+){0,2} (?:sueldo|"
            r"salario)",
        ),
        # "sin embargo": however
        unless=rf"\bsin $|{_DENIED}",
    ),
    Rule(
        "court",
        ("juici", "deman", "tribu", "juzga", "aboga", "quere", "judic", "legal"),
        (
            r"juicios?",
            r"demand(?:a|as|ar|arlo|arla|arle|aremos|ado|ada|aran)",
            r"tribunal(?:es)?",
            r"juzgados?",
            r"abogad[oa]s?",
            r"querella\w*",
            r"(?:cobranza|cobro|via|accion|acciones|instancia|instancias|proceso|"
            r"notificacion|etapa) (?:judicial|judiciales|legal|legales)",
            r"receptor judicial",
        ),
        # "a mi juicio", "alta demanda", "no es un …"
        unless=rf"\ba (?:mi|su|nuestro) $|\b(?:alta|mucha|gran) $|{_DENIED}",
    ),
    Rule(
        "police",
        (
            "polic",
            "carab",
            "genda",
            "carce",
            "preso",
            "presa",
            "prisi",
            "arres",
            "deten",
            "denun",
            "penal",
        ),
        (
            r"polici(?:a|as|al)",
            r"carabineros?",
            r"gendarmeria",
            r"carcel(?:es)?",
            r"pres[oa]",
            r"prision",
            r"arrest\w+",
            r"detenid[oa]",
            r"orden de (?:detencion|arresto)",
            r"denunci(?:a|ar|arlo|arla|aremos) (?:penal|por estafa|por fraude)",
            r"(?:delito|estafa|fraude) penal",
        ),
    ),
    Rule(
        "credit_bureau",
        (
            "dicom",
            "veraz",
            "equif",
            "bolet",
            "buro",
            "centr",
            "deudo",
            "moros",
            "lista",
            "manch",
            "ensuc",
            "arrui",
            "danar",
            "perju",
        ),
        (
            r"dicom",
            r"veraz",
            r"equifax",
            r"boletin comercial",
            r"buro de credito",
            r"central(?:es)? de (?:riesgo|riesgos|deudores)",
            r"(?:registro|lista|listado) de (?:deudores|morosos)",
            r"lista negra",
            r"(?:manchar|ensuciar|arruinar|danar|perjudicar)(?:le)? (?:su|el) "
            r"(?:historial|nombre|credito)",
        ),
    ),
    Rule(
        "workplace",
        ("traba", "emple", "jefe", "jefa", "empre", "ofici"),
        (
            r"(?:avis|inform|comunic|cont|notific|llam)(?:ar|aremos|are|amos|arle|arles)"
            r"(?: \w+){0,4} (?:su|tu) (?:trabajo|empleador|jefe|jefa|empresa|oficina)",
            r"(?:ir|iremos|vamos|presentarnos|presentaremos)(?: \w+){0,3} (?:su|tu) "
            r"(?:trabajo|oficina)",
            r"(?:su|tu) (?:jefe|jefa|empleador) (?:se va a enterar|se enterara|sabra|va "
            r"a saber)",
        ),
    ),
    Rule(
        "third_parties",
        (
            "famil",
            "vecin",
            "espos",
            "marid",
            "hijos",
            "padre",
            "amigo",
            "conoc",
            "refer",
        ),
        (
            r"(?:avis|inform|comunic|cont|notific|llam)(?:ar|aremos|are|amos|arle|arles)"
            r"(?: \w+){0,4} (?:su|sus|tu) (?:familia|familiares|vecinos|esposa|esposo|"
            r"marido|hijos|padres|amigos|conocidos|referencias)",
            r"(?:sus vecinos|su familia|sus familiares) (?:se va a enterar|se van a "
            r"enterar|se enterar\w*|sabran?|van? a saber)",
        ),
    ),
    Rule(
        "invented_discount",
        ("descu", "condo", "rebaj", "quita", "perdo"),
        (
            r"(?:un|el|con|de) (?:\w+ ){0,2}descuento",
            r"descuento (?:de|del|especial|exclusivo)",
            r"condon\w+",
            r"rebaj(?:a|ar|arle|aremos|amos) (?:de|del|la|su|el)",
            r"(?:una|la) quita",
            r"perdonar(?:le|emos)? (?:la|los|parte|el|su)",
        ),
        unless=_NOT_OFFERED,
    ),
    Rule(
        "denies_ai",
        ("soy", "perso"),
        (
            r"no soy (?:un |una |ningun |ninguna )?(?:robot|maquina|bot|grabacion|"
            r"inteligencia artificial|asistente virtual|contestador\w*|ia|computador\w*)",
            r"soy (?:una persona|un humano|una humana|humano|humana|un ser humano|de "
            r"carne y hueso|real)",
            r"(?:esta|estas) (?:hablando|conversando) con una persona (?:real|de verdad|"
            r"humana)",
            r"le habla una persona",
        ),
        unless=r"\bno $",
    ),
    Rule(
        "asks_card_data",
        ("tarje", "codig", "cvv", "cvc", "clave", "contr", "pin", "numer"),
        (
            r"(?:numero|numeros|digitos|datos|vencimiento|expiracion) (?:\w+ ){0,3}"
            r"tarjeta",
            r"codigo de (?:seguridad|verificacion)",
            r"cvv",
            r"cvc",
            r"(?:su|la|tu) (?:clave|contrasena|pin)",
            r"clave (?:secreta|dinamica|del banco|bancaria|de internet)",
            r"numero de (?:su |la |tu )?cuenta",
        ),
        unless=_NOT_ASKED,
    ),
    Rule(
        "insult",
        ("sinve", "delin", "ladro", "estaf", "menti", "irres"),
        (
            r"sinverguenza",
            r"delincuente",
            r"ladron(?:a|es)?",
            r"estafador(?:a|es)?",
            r"mentiros[oa]",
            r"irresponsable",
        ),
    ),
)
CODES = tuple(rule.code for rule in RULES)
STEM = 5
STEMS = frozenset(stem for rule in RULES for stem in rule.stems)
COMPILED = tuple(
    (rule, re.compile(rf"\b(?:{'|'.join(rule.phrases)})\b"), re.compile(rule.unless))
    for rule in RULES
)


def find(lines: Sequence[str], allowed: Sequence[str] = ()) -> list[tuple[str, int]]:
    """What was said in folded lines: each code once, with the first line's index.

    `allowed`: codes that this case's own data permit.
    """
    found: dict[str, int] = {}
    for place, line in enumerate(lines):
        stems = STEMS.intersection([word[:STEM] for word in line.split()])
        if not stems:
            continue
        for rule, pattern, unless in COMPILED:
            if stems.isdisjoint(rule.stems) or rule.code in (*found, *allowed):
                continue
            if any(
                not unless.search(line[: m.start()]) for m in pattern.finditer(line)
            ):
                found[rule.code] = place
    return list(found.items())
