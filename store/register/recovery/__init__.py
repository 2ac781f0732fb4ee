"""Brings the records of a dead register's disk to the server, under a supervisor's grant."""
