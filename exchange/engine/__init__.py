"""
The engine: books, listings and balances as one deterministic state machine. Pure, synchronous, integers.

``Engine.apply(command) -> events`` is all there is. The same commands give the same events and the same state, always;
time and chance reach it only inside commands. Quantities are whole tonnes, prices fen per tonne, amounts fen.
"""
