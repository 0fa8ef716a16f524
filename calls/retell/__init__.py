"""Retell AI as this project talks to it: one client, its replies, its signature.

The contract's facts are Retell's SDK 6.2.13 and documentation of autumn 2026.
Nothing outside this package knows a path, a cent or an epoch millisecond of Retell's.
"""
