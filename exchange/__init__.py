"""The exchange: order book, listings and campaigns behind one journal, settled by delivery against money."""
