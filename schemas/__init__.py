"""The shared language: frozen msgspec structs that every other package imports."""
