"""Two-phase transfers between accounts: proposed, then accepted, rejected, withdrawn or expired."""
