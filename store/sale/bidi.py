"""Right-to-left text in the order in which it stands on paper and screen: the implicit part of Unicode's algorithm.

UAX #9 without explicit embeddings and isolates, whose control characters never get this far (`store.sale.text`):
rules P2 and P3, W1 to W7, N1, N2, I1, I2, L1, L2, and L4 with the brackets that Outpost prints. It is applied to one
cell of a line at a time, so that a name from right to left never moves the amount in the next column. Letters are not
joined: Arabic shaping is the terminal's or the printer's.
"""

from functools import lru_cache

MIRRORED = str.maketrans("()[]{}<>«»‹›", ")(][}{><»«›‹")
_RIGHT = frozenset({"R", "AL"})
_NEUTRAL = frozenset({"B", "S", "WS", "ON"})


@lru_cache(2048)
def visual(text: str) -> str:
    """`text` as it stands from left to right; unchanged where nothing in it goes from right to left."""
    if text.isascii():
        return text
    from unicodedata import bidirectional

    kinds = [bidirectional(char) or "L" for char in text]
    if not any(kind in _RIGHT or kind == "AN" for kind in kinds):
        return text
    base = _base(kinds)
    levels = _levels(kinds, base)
    # A mark stands on the letter before it, whichever way the line runs.
    clusters = _clusters(text, kinds, levels)
    highest = max(level for _, level in clusters)
    for level in range(highest, 0, -1):
        clusters = _reversed_from(clusters, level)
    return "".join(part for part, _ in clusters)


def reads_from_right(text: str) -> bool:
    """Whether the first letter of `text` is one that is read from right to left."""
    if text.isascii():
        return False
    from unicodedata import bidirectional

    return bool(_base([bidirectional(char) or "L" for char in text]))


def _base(kinds: list[str]) -> int:
    """P2, P3: the direction of the first letter."""
    for kind in kinds:
        if kind == "L":
            return 0
        if kind in _RIGHT:
            return 1
    return 0


def _levels(kinds: list[str], base: int) -> list[int]:
    found = _neutrals(_weak(kinds, base), base)
    levels = []
    for kind in found:
        if base % 2 == 0:
            levels.append(base + (1 if kind == "R" else 2 if kind in ("AN", "EN") else 0))
        else:
            levels.append(base + (1 if kind in ("L", "AN", "EN") else 0))
    for place in range(len(kinds) - 1, -1, -1):  # L1: blanks at the end belong to the line
        if kinds[place] not in ("WS", "B", "S"):
            break
        levels[place] = base
    return levels


def _weak(kinds: list[str], base: int) -> list[str]:
    """W1 to W7: marks, numbers, and what stands between and around numbers."""
    found = list(kinds)
    strong = before = "R" if base else "L"
    for place, kind in enumerate(found):
        if kind == "NSM":  # W1
            found[place] = before
        elif kind in ("L", "R", "AL"):
            strong = kind
        elif kind == "EN" and strong == "AL":  # W2
            found[place] = "AN"
        before = found[place]
    found = ["R" if kind == "AL" else kind for kind in found]  # W3
    for place in range(1, len(found) - 1):  # W4
        around = (found[place - 1], found[place + 1])
        if found[place] in ("ES", "CS") and around == ("EN", "EN"):
            found[place] = "EN"
        elif found[place] == "CS" and around == ("AN", "AN"):
            found[place] = "AN"
    _terminators(found)
    strong = "R" if base else "L"
    for place, kind in enumerate(found):
        if kind in ("ES", "CS", "ET", "BN"):  # W6
            found[place] = "ON"
        elif kind in ("L", "R"):
            strong = kind
        elif kind == "EN" and strong == "L":  # W7
            found[place] = "L"
    return found


def _terminators(found: list[str]) -> None:
    """W5: signs of currency and percent belong to the number they touch."""
    for places in (range(len(found)), range(len(found) - 1, -1, -1)):
        number = False
        for place in places:
            number = found[place] == "EN" or (found[place] == "ET" and number)
            if number:
                found[place] = "EN"


def _neutrals(found: list[str], base: int) -> list[str]:
    """N1, N2: what stands between two directions takes theirs if they are one, else the line's."""
    around = "R" if base else "L"
    place = 0
    while place < len(found):
        if found[place] not in _NEUTRAL:
            place += 1
            continue
        end = place
        while end < len(found) and found[end] in _NEUTRAL:
            end += 1
        before = _side(found[place - 1]) if place else around
        after = _side(found[end]) if end < len(found) else around
        found[place:end] = [before if before == after else around] * (end - place)
        place = end
    return found


def _side(kind: str) -> str:
    return "R" if kind in ("R", "EN", "AN") else "L"


def _clusters(text: str, kinds: list[str], levels: list[int]) -> list[tuple[str, int]]:
    clusters: list[tuple[str, int]] = []
    for char, kind, level in zip(text, kinds, levels, strict=True):
        if kind == "NSM" and clusters:
            clusters[-1] = (clusters[-1][0] + char, clusters[-1][1])
        else:
            clusters.append((char.translate(MIRRORED) if level % 2 else char, level))  # L4
    return clusters


def _reversed_from(clusters: list[tuple[str, int]], level: int) -> list[tuple[str, int]]:
    """L2: every run at this level or above, turned round."""
    turned: list[tuple[str, int]] = []
    run: list[tuple[str, int]] = []
    for cluster in clusters:
        if cluster[1] >= level:
            run.append(cluster)
        else:
            turned += [*reversed(run), cluster]
            run = []
    return turned + run[::-1]
