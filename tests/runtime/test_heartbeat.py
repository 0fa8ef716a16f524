from datetime import timedelta

import pytest

from speechai_site.runtime import clock, heartbeat

pytestmark = pytest.mark.django_db


def test_a_kind_that_beat_lately_is_alive():
    heartbeat.beat("clock")
    assert heartbeat.alive("clock", 5)
    assert not heartbeat.alive("qcluster", 5)


def test_a_silent_process_is_not_alive(monkeypatch):
    heartbeat.beat("clock")
    later = clock.wall() + timedelta(seconds=6)
    monkeypatch.setattr(clock, "wall", lambda: later)
    assert not heartbeat.alive("clock", 5)
