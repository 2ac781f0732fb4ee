"""What goes wrong with devices, split by what the caller does next.

    DeviceError
    ├── DeviceAddressError   the configuration is wrong: tell the person who wrote it, do not start the device
    ├── DeviceOffline        there is nobody to talk to: nothing left the register, try again later
    └── TransferBroken       some bytes went out and then it stopped: what the device did with them is not known

Each carries a sentence for a person with the cause and the cure.
"""


class DeviceError(Exception):
    """Trouble with a device; `reason` is a sentence for a person."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class DeviceAddressError(DeviceError):
    """An address or setting of a device that cannot be used."""


class DeviceOffline(DeviceError):
    """The device cannot be reached; not one byte of the work left the register."""


class TransferBroken(DeviceError):
    """A transfer stopped; `sent` bytes had been taken by the operating system until then."""

    def __init__(self, reason: str, sent: int) -> None:
        super().__init__(reason)
        self.sent = sent
