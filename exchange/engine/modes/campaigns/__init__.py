"""
Subscription campaigns (认购): tonnes at one price, pledged for in a window, and allotted when it closes.

A seller opens a campaign; its tonnes are locked. It takes pledges once it has begun, each with its money locked. What
it comes to is decided when it closes: less than *floor* tonnes in all, and everybody has their money again; more than
there is, and it is allotted by time or pro rata. When it begins and closes is said by instructions.
"""
