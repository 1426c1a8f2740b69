"""The people of an organisation: invited and removed by its own administrator."""
