"""What the till asks the server first and the catalog second: staff, customers; and what the server alone knows."""

from typing import TypedDict

from store.gateway.client import RetailClient
from store.gateway.customers import CustomerDirectory
from store.gateway.offline import OfflineCatalog
from store.gateway.receipts import ReceiptDirectory
from store.gateway.staff import StaffDirectory
from store.gateway.stock import StockDirectory
from store.gateway.supervisor import ConnectionSupervisor
from store.gateway.suspensions import SuspensionCalls
from store.gateway.vouchers import VoucherDirectory
from store.register.in_force import InForce
from store.register.ports import Clock
from store.register.session.shop import CatalogShop


class Directories(TypedDict):
    """By the names of the session's ports."""

    staff: StaffDirectory
    customers: CustomerDirectory
    stock: StockDirectory
    vouchers: VoucherDirectory
    receipts: ReceiptDirectory
    suspensions: SuspensionCalls


def directories(
    client: RetailClient,
    supervisor: ConnectionSupervisor,
    shop: CatalogShop,
    in_force: InForce,
    clock: Clock,
    store: str,
) -> Directories:
    """The directories of one run of the core."""
    profile = in_force.profile

    def catalog() -> OfflineCatalog | None:
        return shop.catalog

    return Directories(
        suspensions=SuspensionCalls(client, profile),
        staff=StaffDirectory(
            client=client,
            connection=supervisor,
            local=shop.operator,
            local_badge=shop.badge_holder,
            has_catalog=lambda: shop.catalog is not None,
            profile=profile,
            clock=clock,
        ),
        customers=CustomerDirectory(
            client=client, connection=supervisor, catalog=catalog, profile=profile, clock=clock
        ),
        stock=StockDirectory(
            client=client, connection=supervisor, catalog=catalog, profile=profile, store=store
        ),
        vouchers=VoucherDirectory(client=client, connection=supervisor, profile=profile, clock=clock),
        receipts=ReceiptDirectory(
            client=client, connection=supervisor, catalog=catalog, profile=profile, clock=clock
        ),
    )
