"""What can be traded: one project and vintage, with its price band, tick, lot and fee."""
