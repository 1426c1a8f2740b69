"""
Commands in, events out.

The gateway gives commands to the engine in groups; each group is one row of the journal, and is answered after its
commit. The journal is the truth: orders, trades and balances in tables follow it by sequence.
"""
