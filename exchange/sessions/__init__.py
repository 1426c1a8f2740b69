"""Sessions of the book: phases, calls and their indication, timetables, closing prices."""
