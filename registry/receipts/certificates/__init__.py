"""Certificates: one sheet in Chinese and English, with the receipt attached; made of data, the same for the same."""
