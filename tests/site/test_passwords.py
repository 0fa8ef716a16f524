"""Whoever guesses passwords is kept out."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth import authenticate
from django.db import connections
from django.test import Client

from speechai_site.runtime import clock, passwords
from tests.builders import make_user

pytestmark = pytest.mark.django_db(transaction=True)
RIGHT = "correct horse battery"


@pytest.fixture(autouse=True)
def user():
    user = make_user(username="ana")
    user.set_password(RIGHT)
    user.save()
    return user


def get_in(password, name="ana"):
    return authenticate(None, username=name, password=password) is not None


def guess(times=passwords.MOST):
    assert not any(get_in(f"wrong {n}") for n in range(times))


def test_a_few_wrong_passwords_keep_nobody_out():
    guess(passwords.MOST - 1)

    assert get_in(RIGHT)


def test_after_ten_wrong_passwords_the_right_one_is_refused():
    guess()

    assert not get_in(RIGHT)


def test_a_name_in_capitals_is_the_same_name():
    guess()

    assert passwords.is_locked("ANA")


def test_the_others_get_in():
    make_user(username="luis").set_password(RIGHT)
    guess()

    assert not passwords.is_locked("luis")


def test_the_right_password_begins_the_count_anew():
    guess(passwords.MOST - 1)
    get_in(RIGHT)
    guess(passwords.MOST - 1)

    assert get_in(RIGHT)


def test_the_wait_ends_and_trying_does_not_make_it_longer(monkeypatch):
    guess()
    now = clock.wall()
    for minutes in (5, 10, 14):
        monkeypatch.setattr(clock, "wall", lambda m=minutes: now + timedelta(minutes=m))
        assert not get_in(RIGHT)
    monkeypatch.setattr(clock, "wall", lambda: now + timedelta(minutes=20))

    assert get_in(RIGHT)


def test_many_at_once_are_no_way_around(monkeypatch):
    checked = []
    look = passwords.ModelBackend.authenticate

    def counted(*arguments, **named):
        checked.append(1)
        return look(*arguments, **named)

    monkeypatch.setattr(passwords.ModelBackend, "authenticate", counted)

    def work(number):
        get_in(f"wrong {number}")
        connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(40)))

    assert len(checked) == passwords.MOST


def test_the_login_page_says_so():
    guess()

    page = Client().post("/admin/login/", {"username": "ana", "password": RIGHT})

    assert "Intente de nuevo en 15 minutos" in page.content.decode()
