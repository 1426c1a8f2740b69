"""What people are told, in the desk and by e-mail: what waits, what was refused, trades, retirements, deadlines."""
