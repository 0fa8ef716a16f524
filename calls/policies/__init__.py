"""Rules about whom may be called and when, as data and pure functions."""
