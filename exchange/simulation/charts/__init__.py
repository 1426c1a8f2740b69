"""Charts as SVG, in one language each: lines with a fan, bars, tornadoes, steps and maps. Figures in, text out."""
