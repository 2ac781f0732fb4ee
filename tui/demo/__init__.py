"""The shop that `outpost demo` opens: goods, people, a network cable that can be pulled, a server that can be killed."""
