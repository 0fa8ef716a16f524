"""The columns that every use case has: who a person is, where, and their phones."""

from dataclasses import replace

from django.utils.translation import gettext_lazy as _

from batches.imports.columns import Column

# Phones and data of somebody else than the person, and columns about a column.
GUARANTORS = ("aval", "codeudor", "fiador", "guarantor", "cosigner")
REFERENCES = ("referencia", "familiar", "conyuge", "representante", "reference")
OTHERS = (*GUARANTORS, *REFERENCES)
WORK = ("laboral", "trabajo", "oficina", "empleador", "work", "office", "employer")
ABOUT = (
    *("tipo", "estado", "origen", "fecha", "cantidad", "resultado", "ejecutivo"),
    *("type", "status", "date", "result"),
)
_NOT_A_PHONE = (*OTHERS, *WORK, *ABOUT)
_PHONES = ("telefono", "fono", "celular", "movil", "phone", "mobile")


def _of_others(words: tuple[str, ...]) -> tuple[str, ...]:
    """Parts of headers such as "Teléfono laboral", "Celular aval 2"."""
    return tuple(f"{phone}{word}" for phone in _PHONES for word in words) + tuple(
        f"{word}{phone}" for phone in _PHONES for word in words
    )


# No use case makes a row stand or fall by a document that it does not need.
DOCUMENT = Column(
    "document",
    "document",
    (
        *("RUTS", "RUT", "RUN", "RUT cliente", "RUT deudor"),
        *("DNI", "CUIT", "CUIL", "CUIT/CUIL", "CUIL/CUIT", "CURP", "RFC"),
        *("Cédula", "Cédula de ciudadanía", "CC", "NIT", "RUC", "NIF", "NIE", "CIF"),
        *("Documento", "Número de documento", "N° documento", "Nº documento"),
        *("Nro documento", "RUT/DNI", "DNI/NIE", "Identificación"),
    ),
    english=("Document", "National id", "Tax id", "Id number"),
    parts=("rut", "cuit", "cuil", "numerodedocumento", "nrodedocumento"),
    never=("ruta", "circuito", "empresa", "acreedor", *OTHERS, *ABOUT),
    stops_row=True,
    help=_("The person's identity document, with its check digit."),
)
CHECK_DIGIT = Column(
    "check_digit",
    "check_digit",
    ("DV", "Dígito verificador", "Dígito", "Díg. verif.", "RUT DV", "DV RUT"),
    english=("Check digit",),
    kept=True,
    help=_("Only when the document is written without its check digit."),
)
NAME = Column(
    "name",
    "name",
    ("Nombre", "Nombre completo", "Nombre cliente", "Nombre deudor"),
    english=("Name", "Full name", "Client name", "Customer name"),
    parts=("nombrecliente", "nombredeudor", "nombrecompleto", "nombredel"),
    never=OTHERS,
    help=_("The person's name."),
)
MOBILE = Column(
    "mobile",
    "mobile",
    ("Teléfono móvil", "Teléfono celular", "Celular", "Móvil"),
    english=("Mobile", "Mobile phone", "Cell phone", "Cellphone"),
    parts=("telefonomovil", "telefonocelular", "celular", "mobilephone", "cellphone"),
    never=_NOT_A_PHONE,
    many=True,
    help=_("One or several mobile numbers."),
)
LANDLINE = Column(
    "landline",
    "landline",
    ("Teléfono Residencial", "Teléfono fijo", "Teléfono particular", "Teléfono casa"),
    english=("Landline", "Home phone"),
    parts=("telefonoresidencial", "telefonofijo", "homephone"),
    never=_NOT_A_PHONE,
    many=True,
    help=_("One or several landline numbers, with their area."),
)
PHONE = Column(
    "phone",
    "phone",
    ("Teléfono", "Fono"),
    english=("Phone", "Phone number", "Telephone"),
    parts=("telefono", "fono", "phone"),
    never=(*_NOT_A_PHONE, "area", "prefijo"),
    many=True,
    help=_("Any phone, when it is not known whether it is a mobile."),
)
AREA = Column(
    "area",
    "area",
    ("Código de área", "Cód. área", "Cod area", "Área", "Prefijo", "Característica"),
    english=("Area code", "Area"),
    kept=True,
    help=_("Only when the area is written apart from the phone."),
)
WORK_PHONE = Column(
    "work_phone", "work", ("Teléfono laboral",), parts=_of_others(WORK), many=True
)
REFERENCE_PHONE = Column(
    "reference_phone",
    "reference",
    ("Teléfono referencia",),
    parts=(*_of_others(REFERENCES), *_of_others(("dereferencia",))),
    many=True,
)
GUARANTOR_PHONE = Column(
    "guarantor_phone",
    "guarantor",
    ("Teléfono aval",),
    parts=(*_of_others(GUARANTORS), *_of_others(("delaval", "delcodeudor"))),
    many=True,
)
PHONES = (MOBILE, LANDLINE, PHONE, AREA, WORK_PHONE, REFERENCE_PHONE, GUARANTOR_PHONE)
CALLABLE = ("mobile", "landline", "phone")

# Where the person is: what is stopped by region.
PLACES = (
    Column("region", "text", ("Región", "Región cliente"), ("Region",), kept=True),
    Column(
        "province", "text", ("Provincia", "Provincia cliente"), ("Province",), kept=True
    ),
    Column("commune", "text", ("Comuna", "Comuna cliente"), kept=True),
    Column("city", "text", ("Ciudad", "Ciudad cliente"), ("City",), kept=True),
    Column("locality", "text", ("Localidad", "Localidad cliente"), kept=True),
)
COMPANY = Column(
    "creditor",
    "text",
    ("Empresa", "Compañía", "Origen Empresa", "Empresa origen", "Marca"),
    english=("Company", "Brand"),
    stops_row=True,
    help=_("On whose behalf the person is called. Empty: the account."),
    example="Empresa de Prueba",
)


def needed(column: Column, code: str) -> Column:
    """The same column, of which a blank cell reports its row."""
    return replace(column, missing=code, stops_row=True)
