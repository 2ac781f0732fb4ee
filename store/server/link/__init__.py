"""The Retail Server's link to headquarters: who exists and what to have comes down, what happened goes up."""
