"""
Calibration: published facts, the parameters under which the model meets them, and how well it meets others.

Needs numpy (``pip install 'kilnwood[simulation]'``); everything else of the simulator does without.
"""
