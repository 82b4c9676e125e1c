"""Papers: PDF files with the office on top, page numbers, and a watermark that says who made them, when and why.

An app describes *what* stands on a paper (:class:`Section` of :class:`Facts`, :class:`Table`, :class:`Text`, :class:`Pictures`,
:class:`Asks`) and calls
:func:`paper_pdf`, or :func:`table_pdf` for one long table. Typst sets the type in a process of its own.
"""

from __future__ import annotations

from staff.paper.blocks import Block, Facts, Maker, Section, Table, Text
from staff.paper.making import (
    CONTENT_TYPE,
    PaperTooLong,
    check_fits,
    maker,
    paper_pdf,
    pdf_response,
    table_pdf,
)
from staff.paper.pictures import Picture, Pictures, picture_for_paper
from staff.paper.sheets import Ask, Asks

__all__ = [
    "CONTENT_TYPE",
    "Ask",
    "Asks",
    "Block",
    "Facts",
    "Maker",
    "PaperTooLong",
    "Picture",
    "Pictures",
    "Section",
    "Table",
    "Text",
    "check_fits",
    "maker",
    "paper_pdf",
    "pdf_response",
    "picture_for_paper",
    "table_pdf",
]
