"""The sentences of other languages: catalogues (.po, .mo), and what makes and reads them."""
