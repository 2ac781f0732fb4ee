"""Customers at headquarters: made of what registers told, merged, disclosed, erased; what they owe."""
