"""Build static/icons.svg, one sprite of the icons named in icons.txt.

npm pack @tabler/icons && tar xzf tabler-icons-*.tgz
python static/vendor/make_icons.py package/icons/outline
"""

import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SHAPE = re.compile(r"<(?:path|circle|rect|line|polyline|polygon|ellipse)\b[^>]*/>", re.DOTALL)


def symbol(name: str, svg: str) -> str:
    """The icon's shapes as a symbol; the empty bounding path is left out."""
    shapes = (re.sub(r"\s+", " ", shape) for shape in SHAPE.findall(svg) if 'stroke="none"' not in shape)
    return f'<symbol id="{name}" viewBox="0 0 24 24">{"".join(shapes)}</symbol>'


def main(outline: Path) -> None:
    """Write the sprite; a name that the package does not have ends in FileNotFoundError."""
    names = (HERE / "icons.txt").read_text().split()
    symbols = [symbol(name, (outline / f"{name}.svg").read_text()) for name in names]
    sprite = "\n".join(['<svg xmlns="http://www.w3.org/2000/svg">', *symbols, "</svg>\n"])
    (HERE.parent / "icons.svg").write_text(sprite)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
