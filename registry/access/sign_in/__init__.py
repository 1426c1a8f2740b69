"""How people come in: a passkey made with an invitation, signing in with it, and with a program's key."""
