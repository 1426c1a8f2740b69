"""Who holds which kilogram, why it exists, and the proof."""
