"""The public log: statements, sequencer, tiles, witnesses."""
