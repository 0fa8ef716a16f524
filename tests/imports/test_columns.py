import pytest

from batches import use_cases
from batches.imports.columns import Column, match
from batches.imports.problems import WorkbookError
from batches.use_cases.debt_collection import COLUMNS
from samples.make_samples import HEADERS


def places(headers, columns=COLUMNS):
    found = match(headers, columns).places
    return {name: [headers[i] for i in where] for name, where in found.items()}


def test_the_columns_of_a_real_collections_workbook_are_found():
    assert places(HEADERS) == {
        "document": ["RUTS"],
        "name": ["Nombre"],
        "creditor": ["Origen Empresa"],
        "amount": ["Saldo actualizado"],
        "due_date": ["FechaVencimiento"],
        "days_late": ["Días de retraso"],
        "mobile": ["Teléfono móvil"],
        "landline": ["Teléfono Residencial"],
        "operation": ["Título"],
        "installment": ["Cuota"],
    }


@pytest.mark.parametrize(
    "header",
    [
        "Saldo actualizado",
        "SALDO ACTUALIZADO",
        "saldo_actualizado",
        "Saldo-Actualizado",
        "  saldo  actualizado ",
        "Saldo.actualizado",
        "SaldoActualizado",
        "Saldo actualizado ($)",
        "SALDO ACTUALIZADO CLP",
    ],
)
def test_accents_case_and_punctuation_of_a_header_are_forgiven(header):
    assert places([header]) == {"amount": [header]}


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("dias de atraso", "days_late"),
        ("Fecha Vencimiento", "due_date"),
        ("RUT del cliente", "document"),
        ("Empresa", "creditor"),
        ("CELULAR", "mobile"),
        ("Teléfono fijo", "landline"),
        ("Fono", "phone"),
    ],
)
def test_synonyms_are_known(header, column):
    assert places([header]) == {column: [header]}


@pytest.mark.parametrize(
    "header",
    [
        "Ruta de despacho",
        "Estructura",
        "RUT aval",
        "Saldo Total",
        "Saldo Principal",
        "FechaVencimientoOriginal",
        "Entidad de credito",
        "Correo laboral",
        "Estado teléfono",
        "ModeloComercial",
    ],
)
def test_headers_that_only_resemble_one_are_not_taken(header):
    assert places([header]) == {}


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("Teléfono laboral", "work_phone"),
        ("Celular aval", "guarantor_phone"),
        ("Fono referencia 2", "reference_phone"),
    ],
)
def test_phones_of_others_are_columns_of_their_own(header, column):
    assert places([header]) == {column: [header]}


def test_a_whole_name_comes_before_a_part_of_a_longer_one():
    headers = ["Saldo actualizado anterior", "Saldo actualizado"]
    assert places(headers) == {"amount": ["Saldo actualizado"]}


def test_the_best_synonym_wins_whatever_the_order_of_the_sheet():
    headers = ["Saldo", "Saldo actualizado"]
    assert places(headers) == {"amount": ["Saldo actualizado"]}


def test_every_phone_column_is_used():
    headers = ["Teléfono móvil 2", "Celular", "Teléfono móvil 1"]
    assert places(headers)["mobile"] == ["Celular"]  # whole names first
    headers = ["Teléfono móvil 2", "Teléfono móvil 1"]
    assert places(headers)["mobile"] == headers


def test_a_column_that_fits_several_headers_is_ambiguous():
    found = match(["RUT cliente 1", "RUT cliente 2", "Saldo"], COLUMNS)
    assert found.ambiguous == {"document": [0, 1]}
    assert "document" not in found.places


def test_each_header_is_used_once():
    columns = (Column("a", "text", ("X",)), Column("b", "text", ("Y",), parts=("x",)))
    assert places(["X"], columns) == {"a": ["X"]}


def test_an_unknown_use_case_is_refused():
    with pytest.raises(WorkbookError) as raised:
        use_cases.get("astrology")
    assert raised.value.code == "use_case_unknown"
