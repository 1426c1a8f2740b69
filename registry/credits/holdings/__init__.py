"""What accounts have and had, and whether every kilogram is accounted for."""
