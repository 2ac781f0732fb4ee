"""The Retail Server: a stateless service in front of the channel database."""
