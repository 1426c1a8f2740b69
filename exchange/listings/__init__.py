"""Fixed-price listings, and the subscriptions of those who take part of one."""
