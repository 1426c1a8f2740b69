"""What anybody may read of an instrument: its book and its trades."""
