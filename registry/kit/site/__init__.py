"""The frame of pages: layout, languages, forms and assets. What a page says is beside its capability's `api.py`."""
