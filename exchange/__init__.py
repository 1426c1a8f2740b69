"""The exchange: an order book and fixed-price listings behind one journal, settled by delivery against money."""
