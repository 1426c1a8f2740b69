"""Claims that are being prepared: what is known of them, their activities, and what the gate still asks for."""
