"""What the rules of a sale refuse, each with a sentence for the cashier: the cause and the cure."""


class SaleRefused(Exception):
    """The change was not made; `str()` is the sentence to show.

    Tree, split by what the caller does next:
    SaleRefused                show the sentence
        ZeroPriceRefused       ask, then repeat with `zero_confirmed=True`
        PriceNeeded            ask for a price, then repeat with `price`
        LimitRefused           name who may
    """


class ZeroPriceRefused(SaleRefused):
    """The price is zero and nobody has said that it may be."""


class PriceNeeded(SaleRefused):
    """The item has an open price and none was given."""


class LimitRefused(SaleRefused):
    """More than the limits of the person allow; somebody else may."""
