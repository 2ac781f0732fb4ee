"""What a serial scanner sends, as readings: framing, AIM identifiers, refusals. Pure; times come in as seconds.

A scan ends with CR, LF, TAB or ETX (as configured; CR LF is one end) and may begin with STX. Silence ends a scan only
until the scanner has shown that it sends an end: afterwards a pause is a torn scan, and half a code is never sold.

Rubbish makes one error, not a flood: after the second refusal without a pause everything is swallowed until the line
is quiet for `SILENCE_S`. The error tells the cashier to scan again, so nothing is lost without a sign.
"""

import msgspec

STX = 0x02
GS = 0x1D
"""The one control character that belongs into a scan: it separates the fields of a GS1 code."""

ENDS = {"CR": 0x0D, "LF": 0x0A, "TAB": 0x09, "ETX": 0x03}
LONGEST = 512
"""Bytes of one scan. The largest GS1 symbols hold less; more is a wrong baud rate or a file, not a code."""
SILENCE_S = 0.1
"""A pause that ends a burst. Scanners send the bytes of one code without pauses above 20 ms."""
TORN_AFTER_S = 1.0
"""A scan that has not ended by then will not end: wireless scanners pause up to some 300 ms inside one."""
PLAUSIBLE = 6
"""Right after a refusal shorter readings are taken for rubbish."""
MOST_PER_SECOND = 50
"""More readings than this no hand can make: the line is fed by something else."""
SHOWN = 40
"""Characters of a refused scan that are worth showing."""

TOO_LONG = (
    f"The scanner sent more than {LONGEST} characters without an end. Check its baud rate, then scan again."
)
UNREADABLE = (
    "The scanner sent characters that are in no barcode. Scan again; if it stays, check its baud rate."
)
TORN = "The scan broke off in the middle. Scan again."
TOO_MANY = "The scanner sends faster than anyone can scan. Check what is connected there, then scan again."


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One scan: `text` without its AIM identifier, or a refusal with a sentence in `error`."""

    text: str
    symbology: str = ""
    """AIM identifier as sent, e.g. "]E0"; empty when the scanner sends none."""
    error: str = ""


class ScanDecoder:
    """Bytes of one scanner in, readings out. `feed` what arrives, `expire` when `wake_at_s` has come."""

    def __init__(self, *, ends: tuple[str, ...] = ("CR", "LF", "TAB", "ETX"), repeat_s: float = 0.25) -> None:
        self._ends = frozenset(ENDS[end] for end in ends)
        self._repeat_s = repeat_s
        self._frame = bytearray()
        self._heard_s = float("-inf")
        self._shows_its_end = False
        self._refusals = 0
        self._swallowing = False
        self._last = ""
        self._last_at_s = float("-inf")
        self._second_s = float("-inf")
        self._in_second = 0
        self.repeats_dropped = 0
        """Identical readings taken for one scan read twice."""

    @property
    def wake_at_s(self) -> float | None:
        """When `expire` wants to be called if nothing arrives until then; None when it need not."""
        if self._frame and self._shows_its_end:
            return self._heard_s + TORN_AFTER_S
        if self._frame or self._refusals:
            return self._heard_s + SILENCE_S
        return None

    def feed(self, data: bytes, at_s: float, *, stored: bool = False) -> list[Reading]:
        """Take what arrived at `at_s`. `stored`: it waited for us, so equal scans in it may be far apart in time."""
        readings = self.expire(at_s)
        self._heard_s = at_s
        for byte in data:
            if self._swallowing:
                break
            if byte in self._ends:
                self._shows_its_end = True
                readings += self._ended(at_s, stored)
            elif byte == STX:
                readings += self._refused(TORN) if self._frame else ()
            else:
                self._frame.append(byte)
                if len(self._frame) > LONGEST:
                    readings += self._refused(TOO_LONG)
                    self._swallow()
        return readings

    def expire(self, at_s: float) -> list[Reading]:
        """Close what a pause closes. Harmless at any time."""
        readings: list[Reading] = []
        if at_s < self._heard_s + SILENCE_S:
            return readings
        if self._frame and self._shows_its_end:
            if at_s < self._heard_s + TORN_AFTER_S:
                return readings
            readings = self._refused(TORN)
        elif self._frame:
            readings = self._ended(self._heard_s, stored=False)
        self._swallowing, self._refusals = False, 0
        return readings

    def cut_off(self) -> list[Reading]:
        """The line is gone: what had begun to arrive will not go on."""
        readings = self._refused(TORN) if self._frame else []
        self._swallowing, self._refusals = False, 0
        return readings

    def _ended(self, at_s: float, stored: bool) -> list[Reading]:
        """The frame is complete: a reading, a refusal, a repeat, or nothing (LF after CR)."""
        if not self._frame:
            return []
        text = _text(bytes(self._frame))
        if text is None:
            return self._refused(UNREADABLE)
        self._frame.clear()
        if self._refusals and len(text) < PLAUSIBLE:
            return []
        if at_s - self._second_s >= 1.0:
            self._second_s, self._in_second = at_s, 0
        self._in_second += 1
        if self._in_second > MOST_PER_SECOND and not stored:
            self._swallow()
            return [Reading(text=text[:SHOWN], error=TOO_MANY)]
        if not stored and text == self._last and at_s - self._last_at_s < self._repeat_s:
            self.repeats_dropped += 1
            return []
        self._last, self._last_at_s = text, at_s
        return [_reading(text)]

    def _refused(self, error: str) -> list[Reading]:
        """Refuse the frame; the first time since the last pause says so, the second stops listening until the next."""
        shown = _shown(bytes(self._frame[:SHOWN]))
        self._frame.clear()
        self._refusals += 1
        if self._refusals > 1:
            self._swallow()
            return []
        return [Reading(text=shown, error=error)]

    def _swallow(self) -> None:
        self._frame.clear()
        self._refusals += 1
        self._swallowing = True


def _text(frame: bytes) -> str | None:
    """The characters of a frame, or None when they are no scan: control characters other than GS, or no UTF-8."""
    try:
        text = frame.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if all(c.isprintable() or ord(c) == GS for c in text) else None


def _reading(text: str) -> Reading:
    """Split an AIM identifier (`]`, a letter, a modifier) off; it needs something behind it to be one."""
    if len(text) > 3 and text[0] == "]" and text[1].isascii() and text[1].isalpha() and text[2].isalnum():
        return Reading(text=text[3:], symbology=text[:3])
    return Reading(text=text)


def _shown(frame: bytes) -> str:
    """What can be shown of a refused frame: printable ASCII, all else as a dot."""
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in frame)
