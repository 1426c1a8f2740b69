"""
The simulator: what a rule would do to a regional market, asked of the engine that runs the real one.

How to read a report and write a scenario: exchange/simulation/README.md. Everything here is pure but `bundle`, which
reads and writes files. Nothing looks at a clock; every draw comes from a seed (`exchange.simulation.seeds`).
"""

from typing import Final

MODEL_VERSION: Final = 3
"""Rises whenever the same scenario would give other figures; a bundle of another version is not run again."""
