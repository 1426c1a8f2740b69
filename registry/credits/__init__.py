"""
The life of a kilogram: issued, held, transferred, retired or cancelled; a room for each verb, over `blocks`.

Every write follows one order: the claim, then all accounts it touches in id order, then blocks in a new statement,
then what is recorded about them, with the statements for the public log appended after every lock (registry/README.md,
"Order of locks").
"""
