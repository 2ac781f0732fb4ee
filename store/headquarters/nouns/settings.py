"""The settings of a store as its registers get them: from the store, its functionality profile, and `setting` rows."""

from collections.abc import Mapping

from store.headquarters.nouns.chain import Store
from store.headquarters.nouns.profiles import FunctionalityProfile


def store_settings(
    store: Store,
    profile: FunctionalityProfile | None,
    chain: Mapping[str, str],
    own: Mapping[str, str],
) -> dict[str, str]:
    """Table `setting` of a store; `chain` are the settings of all stores, `own` those of this one, which win.

    What is empty is left out, so that a register takes its default.
    """
    profile = profile or FunctionalityProfile()
    found = {
        "store_name": store.name,
        "store_address": store.address,
        "store_tax_id": store.tax_id,
        "currency": store.currency,
        "label_region": store.label_region,
        "receipt_footer": store.receipt_footer,
        "cash_rounding_step": str(profile.cash_rounding_step),
        "receipt_width": str(profile.receipt_width),
        "max_line_amount": str(profile.max_line_amount),
    }
    found |= chain
    found |= own
    return {key: value for key, value in sorted(found.items()) if value}
