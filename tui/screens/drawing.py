"""A screen as SVG, for documents: drawn from the same picture as the terminal's, with the same palette."""

from html import escape

from rich.color import Color
from rich.terminal_theme import TerminalTheme

from tui.palette import PALETTES, PaletteName
from tui.view.canvas import Picture
from tui.view.roles import Role

CELL_WIDTH = 9.0
CELL_HEIGHT = 19
FONT_SIZE = 15
SIXTEEN = [
    (0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205), (229, 229, 229),
    (127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255), (255, 0, 255), (0, 255, 255),
    (255, 255, 255),
]  # fmt: skip
"""xterm's."""
THEME = TerminalTheme((0, 0, 0), (229, 229, 229), SIXTEEN[:8], SIXTEEN[8:])


def draw_svg(picture: Picture, title: str, palette: PaletteName = PaletteName.COLOURS) -> str:
    """The picture as an SVG document; rows are text, so they can be searched and copied."""
    width, height = picture.width * CELL_WIDTH, picture.height * CELL_HEIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height}" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{width:g}" height="{height}" fill="#000000"/>',
        f'<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="{FONT_SIZE}" xml:space="preserve">',
    ]
    for y in range(picture.height):
        x = 0
        for text, role in picture.row(y):
            cells = _cells(picture, y, x, role)
            parts += _run(x, y, cells, text, role, palette)
            x += cells
    return "\n".join([*parts, "</g>", "</svg>", ""])


def _cells(picture: Picture, y: int, start: int, role: Role) -> int:
    """How many cells the run that begins at `start` covers."""
    end = start
    while end < picture.width and picture.roles[y][end] is role:
        end += 1
    return end - start


def _run(x: int, y: int, cells: int, text: str, role: Role, palette: PaletteName) -> list[str]:
    look = PALETTES[palette][role]
    front, back = _hex(look.front or "white"), _hex(look.back or "black")
    if look.reverse:
        front, back = back, front
    left, top, width = x * CELL_WIDTH, y * CELL_HEIGHT, cells * CELL_WIDTH
    parts = []
    if back != "#000000":
        parts.append(f'<rect x="{left:g}" y="{top}" width="{width:g}" height="{CELL_HEIGHT}" fill="{back}"/>')
    if text.strip():
        bold = ' font-weight="bold"' if look.bold else ""
        parts.append(
            f'<text x="{left:g}" y="{top + CELL_HEIGHT - 5}" textLength="{width:g}" fill="{front}"{bold}>'
            f"{escape(text)}</text>"
        )
    return parts


def _hex(name: str) -> str:
    return Color.parse(name).get_truecolor(THEME).hex
