"""The register core: sale session, journal, devices, connection and sync."""
