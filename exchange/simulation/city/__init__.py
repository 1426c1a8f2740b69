"""
A city in ten rounds: somebody sets its rules and its subsidies year by year, and the engine plays what follows.

It is the same model as that of every scenario, over ten years, with rules that change on the first day of each.
"""

from exchange.simulation.city.playing import CityYear, PlayedCity, play
from exchange.simulation.city.rules import ROUNDS, City, CityLever, GameLinkWrong, city, read_rounds, written

__all__ = [
    "ROUNDS",
    "City",
    "CityLever",
    "CityYear",
    "GameLinkWrong",
    "PlayedCity",
    "city",
    "play",
    "read_rounds",
    "written",
]
