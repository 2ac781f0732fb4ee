"""`outpost hq`: runs headquarters, and gives the one that runs its orders."""
