"""What happened to an organisation, sent to its own systems: signed, again and again until it arrives."""
