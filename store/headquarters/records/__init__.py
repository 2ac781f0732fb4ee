"""What registers sold, as it arrives at headquarters: stored exactly once, booked, summed up, compared."""
