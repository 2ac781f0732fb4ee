"""The HTTP face of the server: routes, who may call, what is described."""
