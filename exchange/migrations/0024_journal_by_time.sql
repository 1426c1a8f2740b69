-- Where a day of business time ends in the journal is looked up at each turn of a day, and for each past day's books.
create index journal_at on exchange.journal (at, last);
