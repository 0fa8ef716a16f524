"""The steps of an upload: sheet, columns, filters, questions, layouts, duplicates."""

import io
import zipfile
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from msoffcrypto.method.ecma376_agile import ECMA376Agile
from openpyxl import load_workbook

from batches.imports import pending
from batches.models import Batch, Job, LayoutProfile, Upload, UploadError
from calls.models import Call
from speechai_site.runtime import clock
from speechai_site.runtime.models import AuditEntry, User
from tests.admin.wizard import (
    choose,
    confirm,
    go_to_preview,
    send_columns,
    send_sheet,
)
from tests.builders import make_account, make_agent, make_number
from tests.imports import libreoffice
from tests.imports.workbooks import HEADERS, RUT_B, RUT_C, row, workbook


@pytest.fixture
def client(ours, sign_in):
    ours.account.default_agent = make_agent()
    ours.account.default_number = make_number()
    ours.account.save()
    for model in (Batch, Job, Call):
        model.objects.all().delete()
    return sign_in(ours.operator)


def columns_page(client, account, content):
    """The page of step 3 of a file, and its address."""
    response = choose(client, account, content)
    if "/sheet/" in response.url:
        response = send_sheet(client, response.url)
    return client.get(response.url), response.url


# --- the file -----------------------------------------------------------------------


def packed(content: bytes, name: str = "datos.csv") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, content)
    return file.getvalue()


TEXT = "RUT;Nombre;Saldo;Celular\n12.345.678-5;Ana Soto;1500;960012345\n"


def test_a_packed_table_is_kept_unpacked(client, ours):
    confirm(client, ours.account, packed(TEXT.encode()), name="x.zip")
    assert Upload.objects.get().file_name.endswith(".csv")
    assert Job.objects.get().amount == 1500


def test_a_password_is_asked_for_and_kept_nowhere(client, ours, locked_zip):
    response = choose(client, ours.account, locked_zip, name="x.zip")
    assert "/password/" in response.url
    wrong = client.post(response.url, {"password": "no"})
    assert wrong.context["refusal"]
    response = client.post(response.url, {"password": "clave-17"})
    assert "/sheet/" in response.url
    token = response.url.split("/")[-2]
    assert "clave-17" not in str(pending.find(token, ours.operator.pk))
    assert "clave-17" not in str(dict(client.session))
    url = send_columns(client, send_sheet(client, response.url).url).url
    client.post(url, {"act": "create"})
    assert Job.objects.count() == 1


@pytest.mark.parametrize("inside", ["alone", "in a zip"])
def test_a_workbook_that_office_encrypted_is_asked_for_its_password(
    client, ours, inside
):
    encrypted = ECMA376Agile.encrypt("clave-17", io.BytesIO(workbook([row()])))
    content = encrypted if inside == "alone" else packed(encrypted, "cartera.xlsx")
    response = choose(client, ours.account, content, name="cartera.xlsx")
    assert "/password/" in response.url
    assert client.post(response.url, {"password": "no"}).context["refusal"]
    response = client.post(response.url, {"password": "clave-17"})
    url = send_columns(client, send_sheet(client, response.url).url).url
    client.post(url, {"act": "create"})
    upload = Upload.objects.get()
    assert (upload.jobs, upload.file_name) == (1, "cartera.xlsx")
    assert "clave-17" not in str(Upload.objects.values().get())


@pytest.mark.parametrize(
    ("name", "opened"),
    [
        ("clave-7zip-aes256.zip", "clave-7zip-aes256.xlsx"),
        ("clave-bsdtar-aes256.zip", "clave-bsdtar-aes256.xlsx"),
        ("clave-libreoffice.ods", "clave-libreoffice.ods"),
        ("clave-libreoffice25.ods", "clave-libreoffice25.ods"),
        ("clave-libreoffice25.xlsx", "clave-libreoffice25.xlsx"),
        ("clave-libreoffice.xls", "clave-libreoffice.xls"),
    ],
)
def test_what_a_program_locked_is_loaded_with_its_password(client, ours, name, opened):
    content = (libreoffice.FILES / name).read_bytes()
    response = choose(client, ours.account, content, name=name)
    assert "/password/" in response.url
    assert client.post(response.url, {"password": "no"}).context["refusal"]
    response = client.post(response.url, {"password": "clave-17"})
    url = send_columns(client, send_sheet(client, response.url).url).url
    client.post(url, {"act": "create"})
    upload = Upload.objects.get()
    assert upload.jobs == Job.objects.count() > 1
    assert upload.file_name == opened


@pytest.fixture
def locked_zip() -> bytes:
    """An archive in the old cipher of zip, made by hand: no library here writes one."""
    return encrypted_zip(TEXT.encode(), b"clave-17")


def encrypted_zip(content: bytes, password: bytes) -> bytes:
    import zlib

    def crc(byte, value):
        return zlib.crc32(bytes([byte]), value ^ 0xFFFFFFFF) ^ 0xFFFFFFFF

    keys = [0x12345678, 0x23456789, 0x34567890]

    def update(byte):
        keys[0] = crc(byte, keys[0])
        keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = crc(keys[1] >> 24, keys[2])

    for byte in password:
        update(byte)
    check = zlib.crc32(content)
    out = bytearray()
    for byte in bytes(11) + bytes([check >> 24]) + content:
        mask = keys[2] | 2
        out.append(byte ^ ((mask * (mask ^ 1)) >> 8) & 0xFF)
        update(byte)
    plain = bytearray(packed(content))
    at = plain.index(b"datos.csv") + len("datos.csv")
    plain[at : at + len(content)] = out
    for mark, flags, size in ((b"PK\x03\x04", 6, 18), (b"PK\x01\x02", 8, 20)):
        place = plain.index(mark)
        plain[place + flags] |= 1
        plain[place + size : place + size + 4] = len(out).to_bytes(4, "little")
    end = plain.index(b"PK\x05\x06")
    plain[end + 16 : end + 20] = plain.index(b"PK\x01\x02").to_bytes(4, "little")
    return bytes(plain)


def test_the_same_file_again_is_asked_about(client, ours):
    file = workbook([row()])
    confirm(client, ours.account, file)
    response = choose(client, ours.account, file)
    assert "/again/" in response.url
    page = client.get(response.url)
    assert page.context["before"].pk == Upload.objects.get().pk
    assert client.post(response.url, {"act": "discard"}).url.endswith("/add/")
    assert pending.find(response.url.split("/")[-2], ours.operator.pk) is None


def test_the_same_file_can_be_loaded_again_on_purpose(client, ours):
    file = workbook([row()])
    confirm(client, ours.account, file)
    confirm(client, ours.account, file)
    assert Upload.objects.count() == 2


def test_the_same_file_is_not_loaded_by_going_around_the_question(client, ours):
    file = workbook([row()])
    confirm(client, ours.account, file)
    url = choose(client, ours.account, file).url.replace("/again/", "/preview/")
    assert "/again/" in client.post(url, {"act": "create"}).url
    assert Upload.objects.count() == 1


def test_another_accounts_same_file_is_not_told_of(client, ours, theirs):
    Upload.objects.all().delete()
    file = workbook([row()])
    confirm(client, ours.account, file)
    Upload.objects.update(account=theirs.account)
    assert "/again/" not in choose(client, ours.account, file).url


# --- sheet and header ---------------------------------------------------------------


def test_the_first_ten_rows_are_shown_with_the_header_found(client, ours):
    file = workbook([row()] * 20, above=[["Cartera", *[""] * 8]])
    page = client.get(choose(client, ours.account, file).url)
    seen = page.context["seen"]
    assert (seen.header_row, len(seen.rows)) == (2, 10)
    assert seen.rows[0][1][0] == "Cartera"


def test_another_header_row_can_be_chosen(client, ours):
    file = workbook([HEADERS, row()], headers=["x"] * 9)
    response = choose(client, ours.account, file)
    url = send_sheet(client, response.url, header_row=1).url
    assert {c["header"] for c in client.get(url).context["headers"]} == {"x"}


def test_a_file_without_headers_is_read_by_its_columns(client, ours):
    file = workbook([row(rut=RUT_B, mobile=960012346)], headers=row())
    response = send_sheet(client, choose(client, ours.account, file).url, header_row=0)
    page = client.get(response.url)
    assert page.context["draft"].said["refusal"]
    chosen = {"column_0": "document", "column_1": "name", "column_2": "amount"}
    url = send_columns(client, response.url, **chosen, column_5="mobile").url
    client.post(url, {"act": "create"})
    assert Job.objects.count() == 2
    assert (
        "/preview/"
        in choose(
            client, ours.account, workbook([row(rut=RUT_C)], headers=row(rut=RUT_B))
        ).url
    )


# --- columns ------------------------------------------------------------------------


def test_columns_are_proposed_by_their_names(client, ours):
    page, _url = columns_page(client, ours.account, workbook([row()]))
    chosen = {c["header"]: c["chosen"] for c in page.context["headers"]}
    assert chosen["RUTS"] == "document"
    assert chosen["Saldo actualizado"] == "amount"


def test_a_column_is_what_somebody_says(client, ours):
    headers = ["RUTS", "Nombre", "Importe X", "Teléfono móvil"]
    file = workbook([["12.345.678-5", "Ana", 900, 960012345]], headers)
    page, url = columns_page(client, ours.account, file)
    assert page.context["draft"].said["refusal"]
    client.post(send_columns(client, url, column_2="amount").url, {"act": "create"})
    assert Job.objects.get().amount == 900


def test_a_column_can_be_left_out_of_the_mapping(client, ours):
    file = workbook([row(landline="220001234")])
    confirm(client, ours.account, file, {"column_6": ""})
    job = Job.objects.get()
    assert [phone["e164"] for phone in job.phones] == ["+56960012345"]
    assert ["Teléfono Residencial", "220001234"] in job.extra


def test_two_columns_cannot_both_be_the_amount(client, ours):
    _page, url = columns_page(client, ours.account, workbook([row()]))
    page = send_columns(client, url, column_8="amount")
    assert page.status_code == 200
    assert page.context["problems"]


def test_a_question_is_answered_on_the_page(client, ours):
    rows = [row(amount="2,500"), row(amount="1,234.56", rut=RUT_C)]
    page, url = columns_page(client, ours.account, workbook(rows))
    assert [q["field"] for q in page.context["questions"]] == ["amounts"]
    response = send_columns(client, url, answer_amounts=".")
    client.post(response.url, {"act": "create"})
    assert set(Job.objects.values_list("amount", flat=True)) == {
        Decimal(2500),
        Decimal("1234.56"),
    }


def test_what_nobody_decided_is_shown_before_the_confirmation(client, ours):
    rows = [row(amount="1.500"), row(amount="1,234.56", rut=RUT_C)]
    page = client.get(go_to_preview(client, ours.account, workbook(rows)).url)
    assert len(page.context["questions"]) == 1


# --- filters ------------------------------------------------------------------------


def filtered(client, account, test, value):
    rows = [
        [*row(title="T-1"), "Pagado"],
        [*row(rut=RUT_B, title="T-2"), "vigente"],
        [*row(rut=RUT_C, title="T-3"), ""],
    ]
    file = workbook(rows, [*HEADERS, "Situación"])
    said = {"filter_0": 9, "test_0": test, "value_0": value}
    url = go_to_preview(client, account, file, said).url
    page = client.get(url)
    client.post(url, {"act": "create"})
    titles = {dict(job.extra)["Título"] for job in Job.objects.all()}
    return titles, page.context["draft"].preview["filtered"]


@pytest.mark.parametrize(
    ("test", "value", "left"),
    [
        ("is", "PAGADO", {"T-2", "T-3"}),
        ("is_not", "vigente", {"T-2"}),
        ("contains", "gen", {"T-1", "T-3"}),
        ("empty", "", {"T-1", "T-2"}),
        ("not_empty", "", {"T-3"}),
    ],
)
def test_a_filter_leaves_rows_out_and_counts_them(client, ours, test, value, left):
    titles, counts = filtered(client, ours.account, test, value)
    assert titles == left
    assert counts == [3 - len(left)]
    assert Upload.objects.get().rows == len(left)


def test_filters_that_leave_nothing_are_told(client, ours):
    _page, url = columns_page(client, ours.account, workbook([row()]))
    said = {"filter_0": 1, "test_0": "not_empty"}
    page = send_columns(client, url, **said)
    assert page.status_code == 200
    assert page.context["draft"].said["refusal"]


# --- layouts ------------------------------------------------------------------------


def test_a_known_layout_is_two_clicks(client, ours):
    confirm(client, ours.account, workbook([row()]), {"column_6": ""})
    response = choose(client, ours.account, workbook([row(rut=RUT_C, landline="2")]))
    assert "/preview/" in response.url
    client.post(response.url, {"act": "create"})
    assert Upload.objects.count() == 2
    assert ["Teléfono Residencial", "2"] in Job.objects.get(
        rank=0, upload=Upload.objects.order_by("-pk").first()
    ).extra
    assert LayoutProfile.objects.count() == 1


def test_a_layout_is_known_with_its_columns_in_another_order(client, ours):
    confirm(client, ours.account, workbook([row()]))
    turned = workbook([row(rut=RUT_C)[::-1]], HEADERS[::-1])
    assert "/preview/" in choose(client, ours.account, turned).url


def test_filters_options_and_fixed_texts_are_remembered(client, ours):
    said = {
        "filter_0": 7,
        "test_0": "is",
        "value_0": "Otra",
        "option_limit_days": "5",
        "duplicates_by": "phone",
    }
    confirm(client, ours.account, workbook([row()]), said)
    page = client.get(choose(client, ours.account, workbook([row(rut=RUT_C)])).url)
    draft = page.context["draft"]
    assert [(f.test, f.value) for f in draft.layout.filters] == [("is", "Otra")]
    assert draft.said["options"] == {"limit_days": "5"}
    assert draft.answers.duplicates.by == "phone"


def test_a_missing_column_raises_the_alarm(client, ours):
    confirm(client, ours.account, workbook([row()]))
    headers = [h if h != "Saldo actualizado" else "Saldo" for h in HEADERS]
    response = choose(client, ours.account, workbook([row(rut=RUT_C)], headers))
    assert "/columns/" in response.url
    page = client.get(response.url)
    [sentence] = page.context["alarm"]["missing"]
    assert "Saldo actualizado" in sentence
    assert page.context["alarm"]["new"] == ["Saldo"]
    chosen = {c["header"]: c["chosen"] for c in page.context["headers"]}
    assert chosen["Saldo"] == "amount"  # proposed by its name
    client.post(send_columns(client, response.url).url, {"act": "create"})
    assert LayoutProfile.objects.count() == 2


def test_another_accounts_layout_is_not_used(client, ours, theirs):
    confirm(client, ours.account, workbook([row()]))
    LayoutProfile.objects.update(account=theirs.account)
    assert "/sheet/" in choose(client, ours.account, workbook([row(rut=RUT_C)])).url


def test_ten_times_the_total_stops_until_somebody_says_why(client, ours):
    confirm(client, ours.account, workbook([row()]))
    url = choose(client, ours.account, workbook([row(rut=RUT_C, amount=1500000)])).url
    page = client.get(url)
    assert page.context["jumped"]
    assert page.context["compared"]["lines"][1][3] == "× 10,0"
    client.post(url, {"act": "create"})
    assert Upload.objects.count() == 1
    client.post(url, {"act": "create", "reason": "nueva cartera"})
    assert Upload.objects.count() == 2
    assert AuditEntry.objects.get(action="upload.jump").reason == "nueva cartera"


def test_a_tenth_of_the_total_stops_as_well(client, ours):
    confirm(client, ours.account, workbook([row()]))
    url = choose(client, ours.account, workbook([row(rut=RUT_C, amount=15000)])).url
    client.post(url, {"act": "create"})
    assert Upload.objects.count() == 1


def test_a_usual_change_does_not_stop(client, ours):
    confirm(client, ours.account, workbook([row()]))
    url = choose(client, ours.account, workbook([row(rut=RUT_C, amount=300000)])).url
    assert not client.get(url).context["jumped"]


# --- the agent's variables ----------------------------------------------------------


@pytest.fixture
def talking(ours, client):
    """The account's agent needs a variable that no use case gives."""
    agent = ours.account.default_agent
    agent.variables = ["nombre", "producto", "aviso_ia"]
    agent.save()
    return client


def test_a_variable_that_nothing_feeds_blocks(talking, ours):
    page, url = columns_page(talking, ours.account, workbook([row()]))
    assert page.context["unfed"] == ["producto"]
    assert send_columns(talking, url).status_code == 200
    talking.post(url.replace("/columns/", "/preview/"), {"act": "create"})
    assert not Upload.objects.exists()


def test_a_variable_can_have_one_text_for_all(talking, ours):
    _page, url = columns_page(talking, ours.account, workbook([row()]))
    response = send_columns(talking, url, fixed_1="su crédito")
    talking.post(response.url, {"act": "create"})
    assert Job.objects.get().variables["producto"] == "su crédito"


def test_a_variable_can_be_fed_by_a_column(talking, ours):
    _page, url = columns_page(talking, ours.account, workbook([row(title="Tarjeta")]))
    response = send_columns(talking, url, column_8="var:producto")
    talking.post(response.url, {"act": "create"})
    assert Job.objects.get().variables["producto"] == "Tarjeta"


def test_cases_in_which_a_variable_is_empty_are_counted(talking, ours):
    rows = [row(title="Tarjeta"), row(title="", rut=RUT_C)]
    said = {"column_8": "var:producto"}
    _page, url = columns_page(talking, ours.account, workbook(rows))
    page = talking.get(send_columns(talking, url, **said).url)
    assert page.context["partly"] == [("producto", "1")]


def test_cases_whose_date_has_passed_are_counted_before(client, ours):
    late = f"{clock.now() + timedelta(days=90):%d/%m/%Y}"
    rows = [row(), row(company="Otra"), row(rut=RUT_C, due=late)]
    url = go_to_preview(client, ours.account, workbook(rows)).url
    assert client.get(url).context["over"] == "2"
    url = send_columns(
        client, url.replace("/preview/", "/columns/"), option_limit_days="5"
    ).url
    assert client.get(url).context["over"] == ""


# --- duplicates ---------------------------------------------------------------------


def load_twice(client, account, second, **said):
    confirm(client, account, workbook([row()]))
    said = {f"duplicates_{name}": value for name, value in said.items()}
    _page, url = columns_page(client, account, workbook(second))
    if "/preview/" in url:
        url = url.replace("/preview/", "/columns/")
    url = send_columns(client, url, **said).url
    page = client.get(url)
    client.post(url, {"act": "create"})
    return page.context["draft"].preview["duplicates"]


OTHER = {"rut": RUT_C, "mobile": 960012399}


@pytest.mark.parametrize(
    ("by", "second"),
    [
        ("case", row(title="T-9")),
        ("person", row(company="Otra")),
        ("phone", row(rut=RUT_B)),
    ],
)
def test_a_duplicate_is_left_out_and_reported(client, ours, by, second):
    rows = [second, row(**OTHER)]
    assert load_twice(client, ours.account, rows, by=by, act="skip") == 1
    assert Job.objects.count() == 2
    [error] = UploadError.objects.all()
    assert (error.row, error.code) == (2, "duplicate")
    assert error.cells[1] == "SOTO PEREZ, ANA"
    upload = Upload.objects.order_by("-pk").first()
    assert (upload.rows, upload.jobs, upload.error_count) == (2, 1, 1)
    assert upload.total_amount == 150000


def test_duplicates_are_loaded_where_that_was_chosen(client, ours):
    assert load_twice(client, ours.account, [row(title="T-9")], act="allow") == 1
    assert Job.objects.count() == 2


def test_another_person_is_no_duplicate(client, ours):
    assert load_twice(client, ours.account, [row(**OTHER)], by="phone") == 0


def test_a_case_of_an_ended_campaign_counts_by_days_only(client, ours):
    confirm(client, ours.account, workbook([row()]))
    Batch.objects.update(status=Batch.Status.CANCELLED)
    _page, url = columns_page(client, ours.account, workbook([row(title="T-9")]))
    url = url.replace("/preview/", "/columns/")
    for scope, count in (("open", 0), ("days", 1)):
        page = send_columns(client, url, act="count", duplicates_scope=scope)
        assert page.context["draft"].preview["duplicates"] == count


def test_another_accounts_case_is_no_duplicate(client, ours):
    confirm(client, ours.account, workbook([row()]))
    elsewhere = make_account()
    Batch.objects.update(account=elsewhere)
    Job.objects.update(account=elsewhere)
    page = client.get(
        go_to_preview(client, ours.account, workbook([row(title="T-9")])).url
    )
    assert page.context["duplicates"] == 0


def test_a_phone_that_two_persons_share_is_found_in_the_file(client, ours):
    file = workbook([row(), row(rut=RUT_C)])
    said = {"duplicates_by": "phone", "duplicates_scope": "file"}
    confirm(client, ours.account, file, said | {"duplicates_act": "skip"})
    assert Job.objects.count() == 1


@pytest.mark.parametrize(("repeated", "amount"), [("sum", 300000), ("merge", 150000)])
def test_a_debt_that_stands_twice_is_summed_or_counted_once(
    client, ours, repeated, amount
):
    headers = [*HEADERS[:-1], "Operación"]
    file = workbook([row(title="OP-1"), row(title="OP-1")], headers)
    confirm(client, ours.account, file, {"duplicates_repeated": repeated})
    assert Job.objects.get().amount == amount


# --- whose it is --------------------------------------------------------------------


@pytest.mark.parametrize("step", ["sheet", "columns", "preview", "again", "password"])
def test_a_draft_belongs_to_who_began_it(client, ours, sign_in, step):
    token = choose(client, ours.account, workbook([row()])).url.split("/")[-2]
    url = reverse(f"admin:batches_upload_{step}", args=[token])
    assert sign_in(ours.supervisor).get(url).status_code == 302
    assert sign_in(ours.auditor).get(url).status_code == 403


def test_a_draft_of_an_account_that_one_left_is_not_found(client, ours):
    url = choose(client, ours.account, workbook([row()])).url
    ours.operator.memberships.all().delete()
    assert client.get(url).status_code == 404


def test_a_campaign_whose_cases_lack_a_variable_does_not_start(client, ours):
    confirm(client, ours.account, workbook([row()]))
    batch = Batch.objects.get()
    assert batch.obstacles() == []
    batch.agent.variables = ["nombre", "producto", "aviso_ia"]
    batch.agent.save()
    [sentence] = Batch.objects.get().obstacles()
    assert "producto" in sentence
    assert "nombre" not in sentence


# --- corrected rows -----------------------------------------------------------------


@pytest.mark.parametrize("language", ["es", "en"])
def test_a_corrected_error_workbook_adds_just_its_rows(client, ours, language):
    rows = [row(), row(rut="20.961.605-1", company="Otra")]
    User.objects.update(language=language)
    confirm(client, ours.account, workbook(rows))
    upload = Upload.objects.get()
    told = LayoutProfile.objects.values().get()
    got = client.get(reverse("admin:batches_upload_errors", args=[upload.pk]))
    book, file = load_workbook(io.BytesIO(got.getvalue())), io.BytesIO()
    assert book.active["A1"].value == {"es": "Columna", "en": "Column"}[language]
    book.active["C2"] = RUT_C
    book.save(file)
    add = reverse("admin:batches_upload_add")
    link = f"{add}?batch={upload.batch_id}"
    page = client.get(reverse("admin:batches_upload_change", args=[upload.pk]))
    assert link in page.content.decode()
    assert f'value="{upload.batch_id}" selected' in client.get(link).content.decode()
    url = choose(client, ours.account, file.getvalue(), batch=upload.batch_id).url
    assert "/preview/" in url  # its layout is known
    page = client.get(url)
    assert page.context["corrects"]
    assert (page.context["compared"], page.context["jumped"]) == (None, False)
    client.post(url, {"act": "create"})
    kept = Job.objects.order_by("pk")
    assert [job.batch_id for job in kept] == [upload.batch_id] * 2
    assert [job.document[-9:] for job in kept] == ["123456785", "20961605K"]
    assert kept[0].extra == kept[1].extra
    # and the next whole file is compared with the last whole one
    assert LayoutProfile.objects.values().get() == told


@pytest.mark.parametrize("kind", libreoffice.KINDS)
def test_what_libreoffice_wrote_adds_exactly_the_missing_cases(client, ours, kind):
    """What it does to types, dates, phones and the two columns in front changes
    nothing: the cases are those of the file that was right from the beginning."""
    names = ("person_key", "creditor_key", "amount", "phones", "variables", "extra")
    expected = []
    for rows in (libreoffice.RIGHT[:-1], libreoffice.wrong_rows()):
        for model in (Batch, LayoutProfile):
            model.objects.all().delete()
        confirm(client, ours.account, libreoffice.book(rows))
        jobs = Job.objects.order_by("creditor").values_list(*names)
        expected = expected or list(jobs)
    upload = Upload.objects.order_by("pk").last()
    assert (upload.jobs, upload.error_count) == (1, 5)
    file = (libreoffice.FILES / f"corregido-libreoffice.{kind}").read_bytes()
    batch = Batch.objects.get()
    confirm(client, ours.account, file, batch=batch.pk, name=f"corregido.{kind}")
    added = Upload.objects.order_by("pk").last()
    assert (added.rows, added.jobs, added.error_count) == (5, 4, 1)
    assert list(jobs.all()) == expected
    assert set(Job.objects.values_list("batch_id", flat=True)) == {batch.pk}
    assert UploadError.objects.get(upload=added).code == "row_total"
