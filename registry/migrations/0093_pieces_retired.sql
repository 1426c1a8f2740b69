-- Credits: which retirement took a kilogram. What was retired never overlaps, so an index of first numbers finds the piece
-- that has a kilogram: the last one that begins at it or before. It costs a retirement one entry of eight bytes.
create index movement_retired on registry.movement (lower(span)) where to_state = 'retired';
