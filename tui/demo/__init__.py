"""The shop of `outpost demo`: goods, people, a cable that can be pulled, a server that can be killed."""
