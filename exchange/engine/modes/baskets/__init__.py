"""
Baskets: instruments in which any of several assets is delivered, at the seller's choice by a fixed rule.

What is held is always one project and vintage. A basket is a book, with rules of its own, in which whoever sells
delivers tonnes of its assets in the order of its list.
"""
