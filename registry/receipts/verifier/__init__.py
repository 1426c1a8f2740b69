"""The offline verifier: a receipt and a trust file in, a verdict out. No network, no clock, no registry."""
