"""The data package of the demo shop: goods, people, taxes and the store's decisions, signed as headquarters signs."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from store.database.pins import hash_pin
from store.database.vault import OutpostVault, open_vault
from store.exchange.package import build_package, endorse_keys, write_package
from store.exchange.record import public_bytes
from tui.demo.goods import Goods, Row

STORE = "S0001"
REGISTER = "S0001-R01"
STAFF = (
    ("101", "Ann Baker", "cashier", "101101"),
    ("201", "Morgan Lee", "manager", "201201"),
    ("301", "Teo Nowak", "technician", "301301"),
)
"""Number, name, role and PIN of the demo's operators, as README and F1 show them."""
TAXES: tuple[Row, ...] = (
    {"code": "R", "name": "Tax", "rate": "7", "included": 1},
    {"code": "S", "name": "Tax", "rate": "19", "included": 1},
    {"code": "Z", "name": "Tax", "rate": "0", "included": 1},
)
SETTINGS = {
    "store_name": "First store",
    "store_address": "1 Market Square\n10178 Berlin",
    "store_tax_id": "DE123456789",
    "currency": "EUR",
    "cash_rounding_step": "1",
    "label_region": "DE",
    "receipt_footer": "Thank you for shopping with us.\nThis is a demo shop; nothing was really sold.",
}
_PEPPER, _ROOT, _SIGNER = "pepper", "root-key", "package-key"


class DemoHeadquarters:
    """The part of headquarters the demo needs: the keys that sign packages and the pepper of the store."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._vault: OutpostVault | None = None

    def pepper(self) -> bytes:
        """The store's pepper, made once."""
        return self._secret(_PEPPER)

    def write(self, goods: Goods, *, seq: int, created_ms: int) -> Path:
        """Build the package number `seq` of these goods; returns its file."""
        pepper = self.pepper()
        tables: dict[str, list[Row]] = {
            "item": goods.items,
            "barcode": goods.barcodes,
            "department": goods.departments,
            "tax": list(TAXES),
            "staff": [
                {"number": number, "name": name, "role": role, "salt": "", "hash": hash_pin(pepper, pin)}
                for number, name, role, pin in STAFF
            ],
            "setting": [{"key": key, "value": value} for key, value in SETTINGS.items()],
        }
        signer = Ed25519PrivateKey.from_private_bytes(self._secret(_SIGNER))
        root = Ed25519PrivateKey.from_private_bytes(self._secret(_ROOT))
        keys = endorse_keys(root, [public_bytes(signer)], issued_ms=created_ms)
        path = self._home / f"package-{seq}.outpost"
        package = build_package(tables, seq=seq, created_ms=created_ms, key=signer, keys=keys)
        path.write_bytes(write_package(package))
        return path

    def _secret(self, name: str) -> bytes:
        if self._vault is None:
            self._home.mkdir(mode=0o750, parents=True, exist_ok=True)
            self._vault = open_vault(self._home, allow_insecure=True)
        secret = self._vault.secret(name)
        if secret is None:
            secret = Ed25519PrivateKey.generate().private_bytes_raw()
            self._vault.put_secret(name, secret)
        return secret
