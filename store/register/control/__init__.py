"""The control socket: what screens, console and command line say to the core, and who may."""
