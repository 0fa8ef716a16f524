from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from num2words import num2words

from batches.imports.normalizers import names, spoken
from batches.imports.problems import Unreadable


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("150000", "ciento cincuenta mil pesos"),
        ("1", "un peso"),
        ("21", "veintiún pesos"),
        ("31000", "treinta y un mil pesos"),
        ("101", "ciento un pesos"),
        ("1000", "mil pesos"),
        ("1000000", "un millón de pesos"),
        ("21000000", "veintiún millones de pesos"),
        ("1000001", "un millón un pesos"),
        ("2300000", "dos millones trescientos mil pesos"),
        ("1234.56", "mil doscientos treinta y cinco pesos"),
        ("0.5", "un peso"),
    ],
)
def test_amounts_are_said_in_words(amount, words):
    assert spoken.pesos(Decimal(amount)) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "una"),
        (3, "tres"),
        (21, "veintiuna"),
        (31, "treinta y una"),
        (200, "doscientas"),
    ],
)
def test_installments_are_counted_in_the_feminine(number, words):
    assert spoken.feminine(number) == words


@settings(deadline=None)
@given(st.integers(0, 10**15))
def test_numbers_are_num2words_with_the_short_form_of_one(number):
    ours = spoken.masculine(number).split()
    theirs = num2words(number, lang="es").split()
    short = {"uno": "un", "veintiuno": "veintiún"}
    assert ours == [short.get(word, word) for word in theirs]


def test_dates_are_said_with_the_name_of_the_month():
    assert spoken.day(date(2025, 9, 28)) == "28 de septiembre de 2025"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ANA MARÍA SOTO PÉREZ", "Ana María Soto Pérez"),
        ("SOTO PEREZ, ANA", "Ana Soto Perez"),
        ("JUAN DE LA FUENTE", "Juan de la Fuente"),
        ("ana soto", "Ana Soto"),
        ("Ana McNab", "Ana McNab"),
        ("BERNARDO O'HIGGINS-RIQUELME", "Bernardo O'Higgins-Riquelme"),
        ("", ""),
    ],
)
def test_names_are_not_shouted(name, said):
    assert names.spoken_name(name) == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("COSMETICOS ANDINOS", "Cosmeticos Andinos"),
        ("BANCO DE CHILE S.A.", "Banco de Chile S.A."),
        ("BCI", "BCI"),
        ("Belleza Austral", "Belleza Austral"),
    ],
)
def test_companies_keep_their_acronyms(name, said):
    assert names.spoken_company(name) == said


@pytest.mark.parametrize("cell", ["-", "#N/D", "123", "N/A"])
def test_what_is_no_name_is_refused(cell):
    with pytest.raises(Unreadable):
        names.read_name(cell)
