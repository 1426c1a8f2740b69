"""
Replays the journal of a simulated run through the real service, to the same trades.

The simulator knows nothing of the service; this is the only place that knows both. See exchange/simulation/README.md.
"""
