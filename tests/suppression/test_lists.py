"""A workbook, a CSV or a pasted text of people not to call: all of it, or nothing."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from batches.imports.problems import WorkbookError
from batches.models import Account
from calls.models import DoNotCall
from calls.resources import DoNotCallResource, read_reason
from calls.suppression_lists import load
from speechai_site.runtime import keys
from speechai_site.runtime.models import AuditEntry
from tests.builders import make_account, make_rut
from tests.imports.workbooks import workbook

A, B = "+56987654321", "+56976543210"


@pytest.fixture
def account(db: None) -> Account:
    return make_account()


def read(source: bytes | str, account: Account | None, **values):
    values = {"reason": "opted_out", "source": "upload:user:ana"} | values
    resource = DoNotCallResource(account=account, **values)
    return load(source, resource, by="user:ana")


def entries(*columns: str) -> set[tuple]:
    return set(DoNotCall.objects.values_list(*columns))


SPANISH = ["Teléfono", "RUT", "Motivo", "Caduca", "Acreedor"]
ENGLISH = ["Phone", "Document", "Reason", "Expires", "Creditor"]


@pytest.mark.parametrize("headers", [SPANISH, ENGLISH])
def test_a_workbooks_columns_are_known_in_both_languages(
    account: Account, headers: list[str]
) -> None:
    content = workbook(
        [
            [987654321, "12.345.678-5", "Reclamo", "31/12/2099", "Natura"],
            ["", "20.961.605-K", "", "", ""],
        ],
        headers,
        above=[["Lista de marzo"]],
    )
    loaded = read(content, account)
    assert (loaded.rows, loaded.done.added, loaded.problems) == (2, 3, [])
    assert entries("kind", "key", "reason", "creditor_key") == {
        ("phone", keys.phone_key(A), "complaint", "natura"),
        ("person", keys.person_key("CL:RUT:123456785", ""), "complaint", "natura"),
        ("person", keys.person_key("CL:RUT:20961605K", ""), "opted_out", ""),
    }


def test_an_entry_holds_on_its_last_day_too(account: Account) -> None:
    read(workbook([[987654321, "31/12/2099"]], ["Teléfono", "Vence"]), account)
    end = datetime(2100, 1, 1, tzinfo=ZoneInfo("America/Santiago"))
    assert DoNotCall.objects.get().expires_at == end


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_a_csv_is_read_as_people_save_it(
    account: Account, encoding: str, delimiter: str
) -> None:
    lines = [["Teléfono", "Razón"], ["9 8765 4321", "No llamar"], ["", ""]]
    text = "\r\n".join(delimiter.join(line) for line in lines)
    loaded = read(text.encode(encoding), account)
    assert (loaded.problems, entries("key")) == ([], {(keys.phone_key(A),)})


def test_a_text_without_header_is_a_list(account: Account) -> None:
    read(b"987654321\n11112222x\n", account)
    assert not DoNotCall.objects.exists()
    read(b"987654321\n976543210\n", account)
    assert entries("key") == {(keys.phone_key(A),), (keys.phone_key(B),)}


def test_one_faulty_row_stops_all_of_it_and_is_named(account: Account) -> None:
    content = workbook(
        [[987654321, ""], ["", "12.345.678-9"], ["", ""], [911, "x"]],
        ["Teléfono", "Motivo"],
    )
    loaded = read(content, account)
    assert [problem.row for problem in loaded.problems] == [3, 5]
    assert not DoNotCall.objects.exists()
    assert not AuditEntry.objects.exists()


def test_the_same_again_adds_nothing(account: Account) -> None:
    text = "987654321\n+56 9 7654 3210; 12.345.678-5"
    assert read(text, account).done.added == 3
    again = read(text, account)
    assert (again.done.added, again.known) == (0, 3)


def test_a_document_that_could_be_a_phone_is_one_with_its_dash(
    account: Account,
) -> None:
    rut = make_rut(22_345_678)
    read(f"{rut[:-1]}-{rut[-1]}", account)
    assert entries("kind") == {("person",)}


def test_a_wrong_number_is_a_pair(account: Account) -> None:
    loaded = read("9 8765 4321;12.345.678-5", account, reason="wrong_number")
    assert loaded.problems == []
    row = DoNotCall.objects.get()
    assert (row.kind, row.phone_key) == ("pair", keys.phone_key(A))
    assert row.key == keys.person_key("CL:RUT:123456785", "")
    assert "4321" in row.masked


def test_a_wrong_number_without_its_person_is_refused(account: Account) -> None:
    assert len(read("9 8765 4321", account, reason="wrong_number").problems) == 1


def test_everybody_has_no_creditor(db: None) -> None:
    assert len(read("+56 9 8765 4321", None, creditor="Natura").problems) == 1
    assert read("+56 9 8765 4321", None).done.added == 1


def test_a_list_is_recorded_without_what_it_says(account: Account) -> None:
    read("9 8765 4321", account)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.account_id) == ("donotcall.add", str(account.pk))
    assert entry.detail == {"rows": "1", "jobs": "0"}


def test_a_file_of_no_use_is_refused(account: Account) -> None:
    with pytest.raises(WorkbookError):
        read(workbook([["x"]], ["Nombre"]), account)


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("opted_out", "opted_out"),
        ("Pidió no ser llamado", "opted_out"),
        ("Asked not to be called", "opted_out"),
        ("abogado", "lawyer"),
        ("Número equivocado", "wrong_number"),
    ],
)
def test_a_reason_is_known_in_any_language(word: str, code: str, language: str) -> None:
    with translation.override(language):
        assert read_reason(word) == code
