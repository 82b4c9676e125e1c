"""Work without a signal: the shell, keys, the list of children, phones."""

from __future__ import annotations

from tests.access.matrix import ANYONE, Row, Rows, act, page

VISITORS = {"director", "other_director", "supervisor", "other_supervisor"}
KEEPERS = VISITORS | {"sysadmin"}
# Whoever visited once comes to what the phone still keeps, and to no list of children.
EVER = VISITORS | {"nobody"}

ROWS: Rows = {
    "cases:field_worker": Row(ANYONE, open=True),
    "cases:field_manifest": Row(ANYONE, open=True),
    "cases:field": page(EVER),
    # Nothing in it: refused for its content.
    "cases:field_key": act(EVER),
    "cases:field_word": Row(ANYONE, method="post", open=True),
    "cases:field_offline": act(EVER),
    "cases:field_roster": page(VISITORS),
    "cases:field_devices": page(KEEPERS),
    # The phone of the director: their own, their township's supervisor's, and the administrator's to have wiped.
    "cases:field_device_wipe": [
        act({"director", "supervisor", "sysadmin"}, {"other_director", "other_supervisor"}, pk="device_own"),
        act({"supervisor", "sysadmin"}, VISITORS - {"supervisor"}, pk="device_supervisor"),
    ],
}
