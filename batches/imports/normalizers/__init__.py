"""Pure readers of cells: each takes a cell and returns a value, or raises Unreadable.

Deterministic, idempotent, and never a guess: what could be another valid document,
phone, amount or date is reported instead.
"""
