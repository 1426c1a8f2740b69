"""The exchange: order book, listings, campaigns and auctions behind one journal, settled by delivery against money."""
