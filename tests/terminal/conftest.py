"""A shop for each test of the whole program: made once by the demo, copied, closed whatever happens."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shop import Shop, make_template


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop as the demo opens it: first shift open, 100.00 in the drawer, nobody signed in."""
    return make_template(tmp_path_factory.mktemp("shop") / "template")


@pytest.fixture
def closed_shop(template: Path, tmp_path: Path) -> Iterator[Shop]:
    """A shop whose server does not run yet."""
    shop = Shop(template, tmp_path / "shop")
    try:
        yield shop
    finally:
        shop.close()


@pytest.fixture
def shop(closed_shop: Shop) -> Shop:
    """A shop with its server running."""
    closed_shop.start_server()
    return closed_shop
