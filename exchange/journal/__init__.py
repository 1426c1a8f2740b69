"""
Commands in, events out, stored for good.

The gateway gives commands to the engine in groups; each group is one row of the journal and is answered after its
commit. The journal is the truth; everything else in this schema follows it by sequence.
"""
