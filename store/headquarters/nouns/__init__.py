"""The nouns of headquarters as data: what there is, how it is typed and checked, which jobs send it on."""
