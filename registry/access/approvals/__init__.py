"""What takes two people: one proposes the exact body, another carries it out."""
