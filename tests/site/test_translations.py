"""The Spanish catalogue says all that people read, and nothing else."""

import os
import re
from collections import defaultdict
from importlib.util import find_spec
from pathlib import Path

import polib
import pytest
from django.conf import settings

from batches.states import BatchStatus, JobStatus
from calls.states import CallStatus
from speechai_site.translations import compile_stale
from tests.site.texts import Text, texts_of

SPANISH = settings.BASE_DIR / "locale" / "es" / "LC_MESSAGES" / "django.po"
OURS = ("speechai_site", "batches", "calls", "reports", "templates")
# Comments of the entries that replace words of a package.
DJANGO, UNFOLD = "Django", "Unfold"
PLACEHOLDER = re.compile(r"%\(\w+\)\w|%%|\{\w*\}|<[^>]+>")


def site_packages(name: str) -> Path:
    return Path(find_spec(name).origin).parent


@pytest.fixture(scope="module")
def catalogue() -> polib.POFile:
    return polib.pofile(str(SPANISH))


@pytest.fixture(scope="module")
def ours() -> list[Text]:
    return [text for name in OURS for text in texts_of(settings.BASE_DIR / name)]


@pytest.fixture(scope="module")
def unfolds() -> list[Text]:
    """What Unfold itself says; not its parts for packages that are not installed."""
    folder = site_packages("unfold")
    contrib = {
        path
        for path in (folder / "contrib").iterdir()
        if f"unfold.contrib.{path.name}" not in settings.INSTALLED_APPS
    }
    return [text for text in texts_of(folder) if not contrib & set(text.where.parents)]


@pytest.fixture(scope="module")
def djangos() -> set[tuple[str | None, str]]:
    """What Django and the installed packages bring a Spanish translation of."""
    files = [
        *site_packages("django").rglob("locale/es/LC_MESSAGES/django.mo"),
        site_packages("import_export") / "locale/es/LC_MESSAGES/django.mo",
    ]
    return {(e.msgctxt, e.msgid) for file in files for e in polib.mofile(str(file))}


def keys_of(entries: list[polib.POEntry]) -> set[tuple[str | None, str]]:
    return {(entry.msgctxt, entry.msgid) for entry in entries}


def test_every_text_of_ours_is_in_the_catalogue(catalogue, ours):
    known = keys_of(catalogue)
    assert not sorted({text.singular for text in ours if text.key not in known})


def test_every_plural_of_ours_is_in_the_catalogue(catalogue, ours):
    plurals = {(e.msgctxt, e.msgid): e.msgid_plural for e in catalogue}
    assert not [t for t in ours if t.plural and plurals[t.key] != t.plural]


def test_everything_in_the_catalogue_is_said(catalogue, ours, unfolds, djangos):
    said = {
        "": {text.key for text in ours},
        UNFOLD: {text.key for text in unfolds},
        DJANGO: djangos,
    }
    left_over = [e.msgid for e in catalogue if not keys_of([e]) & said[e.comment]]
    assert not left_over
    assert not catalogue.obsolete_entries()


def test_every_entry_is_translated(catalogue):
    assert not [e.msgid for e in catalogue if e.fuzzy or not e.translated()]


def test_no_text_stands_twice(catalogue):
    assert len(keys_of(catalogue)) == len(catalogue)


def test_plurals_are_those_of_spanish(catalogue):
    assert catalogue.metadata["Plural-Forms"] == "nplurals=2; plural=(n != 1);"
    assert {len(e.msgstr_plural) for e in catalogue if e.msgid_plural} == {2}


def test_placeholders_agree(catalogue):
    for entry in catalogue:
        for said in entry.msgstr_plural.values() or [entry.msgstr]:
            expected = PLACEHOLDER.findall(entry.msgid_plural or entry.msgid)
            assert sorted(PLACEHOLDER.findall(said)) == sorted(expected), entry.msgid


def test_texts_with_placeholders_can_be_filled_in(catalogue):
    for entry in catalogue:
        for said in entry.msgstr_plural.values() or [entry.msgstr]:
            if "%(" in said:
                assert said % defaultdict(int), entry.msgid


def test_what_unfold_says_is_said_in_spanish(catalogue, unfolds, djangos):
    known = keys_of(catalogue) | djangos
    assert not sorted({text.singular for text in unfolds if text.key not in known})


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (BatchStatus.DRAFT, "Borrador"),
        (BatchStatus.RUNNING, "En curso"),
        (BatchStatus.PAUSED, "Pausada"),
        (BatchStatus.COMPLETED, "Terminada"),
        (BatchStatus.CANCELLED, "Cancelada"),
        (BatchStatus.EXPIRED, "Caducada"),
        (JobStatus.QUEUED, "En espera"),
        (JobStatus.CLAIMED, "Llamando"),
        (JobStatus.CALLING, "Llamando"),
        (JobStatus.DONE, "Cerrado"),
        (JobStatus.EXHAUSTED, "Agotado"),
        (JobStatus.REVIEW, "En revisión"),
        (JobStatus.DENIED, "No se puede llamar"),
        (JobStatus.WITHDRAWN, "Retirado"),
        (JobStatus.CANCELLED, "Cancelado"),
        (JobStatus.EXPIRED, "Caducado"),
        (CallStatus.PLANNED, "Preparada"),
        (CallStatus.SENDING, "Enviando"),
        (CallStatus.REGISTERED, "Marcando"),
        (CallStatus.ONGOING, "En conversación"),
        (CallStatus.ENDED, "Terminada"),
        (CallStatus.NOT_CONNECTED, "No conectada"),
        (CallStatus.ERROR, "Falla técnica"),
        (CallStatus.REJECTED, "Rechazada por el proveedor"),
        (CallStatus.UNKNOWN, "Sin confirmar"),
        (CallStatus.LOST, "Sin rastro"),
        (CallStatus.WITHDRAWN, "Anulada antes de marcar"),
    ],
)
def test_each_status_has_its_agreed_word(status, word):
    """People speak Spanish here by default, and these are words of their trade."""
    assert str(status.label) == word


def test_stale_catalogues_are_compiled(tmp_path):
    source = tmp_path / "es" / "LC_MESSAGES" / "django.po"
    source.parent.mkdir(parents=True)
    source.write_text('msgid "Case"\nmsgstr "Caso"\n')
    assert compile_stale([tmp_path]) == 1
    assert compile_stale([tmp_path]) == 0
    (entry,) = polib.mofile(str(source.with_suffix(".mo")))
    assert entry.msgstr == "Caso"
    os.utime(source, (2**31, 2**31))
    assert compile_stale([tmp_path]) == 1
    assert {path.suffix for path in source.parent.iterdir()} == {".mo", ".po"}
