"""Cut the font of printed papers out of Noto Sans CJK: ``make_paper_font.py NotoSansCJK-Regular.ttc OUT.otf``.

Needed only when the font is to be renewed; what came out last is kept in staff/paper/fonts with its sha256. Keeps every
Chinese character that the font holds, Latin, Greek, Cyrillic, punctuation and signs; leaves out Hangul and all layout
features, which are two thirds of the size.
"""

from __future__ import annotations

import sys

from fontTools import subset
from fontTools.ttLib import TTCollection, TTFont

FAMILY = "Noto Sans CJK SC"
KEPT = (
    (0x20, 0x7E), (0xA0, 0x17F), (0x2B0, 0x2FF), (0x370, 0x45F), (0x2000, 0x206F), (0x2070, 0x209F),
    (0x20A0, 0x20BF), (0x2100, 0x27BF), (0x2E80, 0x2FDF), (0x2FF0, 0x31EF), (0x3200, 0x9FFF), (0xF900, 0xFAFF),
    (0xFE10, 0xFE6F), (0xFF00, 0xFFEF), (0x1F100, 0x1F2FF), (0x20000, 0x3FFFF),
)  # fmt: skip
DROPPED = ["BASE", "DSIG", "GDEF", "GPOS", "GSUB", "VORG", "vhea", "vmtx"]


def cut(font: TTFont) -> TTFont:
    options = subset.Options()
    options.layout_features = []
    options.hinting = False
    options.glyph_names = False
    options.name_IDs = ["*"]  # the licence and the copyright stay in the file
    options.notdef_outline = True
    options.drop_tables += DROPPED
    cutter = subset.Subsetter(options)
    cutter.populate(
        unicodes=[code for code in font.getBestCmap() if any(low <= code <= high for low, high in KEPT)]
    )
    cutter.subset(font)
    return font


def main() -> int:
    if len(sys.argv) != 3:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    collection = TTCollection(sys.argv[1])
    font = next(f for f in collection.fonts if f["name"].getDebugName(4).startswith(FAMILY))
    font["head"].modified = font["head"].created
    font.recalcTimestamp = False
    cut(font).save(sys.argv[2])
    return 0


if __name__ == "__main__":
    sys.exit(main())
