"""The shop without screens and wires: sale, exchange, database, gateway, register, server."""
