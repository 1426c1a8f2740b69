"""Pictures of every page: in both languages, on a phone and on a desktop, signed in as a person who may see it."""
