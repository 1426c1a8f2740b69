"""Reports: one HTML file each, in Chinese and English, readable without script and without network."""

from exchange.simulation.report.page import report

__all__ = ["report"]
