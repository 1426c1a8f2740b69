"""Issuance, serial blocks, holds, transfers, buffer, retirement, cancellation."""
