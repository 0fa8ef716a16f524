"""Retell on loopback: same paths, bodies and webhooks, invented people who answer.

It shares no code with `calls.retell`, so that a misunderstanding of the contract
cannot hide on both sides; of the project it uses the clock alone.
"""

from calls.simulator.server import SimulatorServer

__all__ = ["SimulatorServer"]
