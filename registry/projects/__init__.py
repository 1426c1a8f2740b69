"""Registration, validation, public notice, monitoring, verification, documents."""
