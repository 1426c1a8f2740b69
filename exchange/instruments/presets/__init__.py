"""
The rules of venues as data, by which an instrument may be opened.

Each `.toml` beside this module is one preset, named as its file, in the format of `schemas.venues.VenueRules`. Nothing
here needs more than msgspec: a simulation opens its instruments by the same files.
"""
