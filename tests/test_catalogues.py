"""The Chinese catalogue is complete and its placeholders fit."""

from __future__ import annotations

import re

import pytest

from childwelfare import messages

PLACEHOLDER = re.compile(r"%\([a-z_]+\)[sd]|%%|%[sd]|\{[a-z_]*\}")


def test_every_message_has_chinese_and_none_is_left_over() -> None:
    used = {(m.id, m.context) for m in messages.collect() if m.id}
    catalogue = {(m.id, m.context): m for m in messages.load("zh_Hans") if m.id}
    assert sorted(map(str, used - catalogue.keys())) == [], "run manage.py collect_messages"
    assert sorted(map(str, catalogue.keys() - used)) == [], "run manage.py collect_messages"
    empty = [
        m.id for m in catalogue.values() if not all(m.string if isinstance(m.string, tuple) else [m.string])
    ]
    assert empty == []


def test_placeholders_are_the_same() -> None:
    wrong = []
    for message in messages.load("zh_Hans"):
        if not message.id:
            continue
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        wanted = set(PLACEHOLDER.findall(ids[-1]))
        for text in texts:
            if set(PLACEHOLDER.findall(text)) != wanted:
                wrong.append((ids[-1], text))
    assert wrong == []


@pytest.mark.parametrize("word", ["提交成功", "操作成功", "系统错误", "！"])
def test_words_that_are_not_ours(word: str) -> None:
    """Plain official Chinese: no exclamation marks, no empty phrases (docs/style)."""
    found = [m.id for m in messages.load("zh_Hans") if word in str(m.string)]
    assert found == []


def test_every_name_under_which_gettext_is_imported_is_collected() -> None:
    """Words behind a name that is not collected would stay English without anybody noticing."""
    alias = re.compile(rb"^\s*(?:from \S+ import )?\(?[np]*gettext(?:_lazy|_noop)? as (\w+)", re.MULTILINE)
    names = {found.decode() for _path, code in messages.sources() for found in alias.findall(code)}
    assert names >= {"_", "_now"}
    assert names <= messages.KEYWORDS.keys()
