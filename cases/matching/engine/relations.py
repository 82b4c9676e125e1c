"""What a cell says of a person's relation to the head of the household. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_HEADS: Final = frozenset({"户主", "本人", "户主本人", "本人户主", "申请人", "申请人本人"})


def is_head(relation: str) -> bool:
    """Whether a relation cell says that the row is the head of the household."""
    return re.sub(r"[\s()]", "", unicodedata.normalize("NFKC", relation)) in _HEADS


_ELDER = re.compile(
    r"(配偶|丈夫|妻子?|儿媳妇?|媳妇|女婿|孙媳|[祖曾外岳伯叔舅姑姨]*(父|母)亲?|父母|公公|婆婆|爷爷|奶奶|外公|外婆|姥姥|姥爷)"
)


def is_elder(relation: str) -> bool:
    """Whether a relation to the head of the household is none that a child can have: spouse, parent, in-law."""
    return _ELDER.fullmatch(re.sub(r"[\s()]", "", unicodedata.normalize("NFKC", relation))) is not None
