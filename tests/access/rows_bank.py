"""Release, files for the bank, its answer, failed lines, bank layouts."""

from __future__ import annotations

from tests.access.matrix import Rows, act, page

# The county's clerk of elsewhere, whose duty it would be there.
AWAY = {"stranger"}
MONEY = {"clerk", "approver", "leader", "releaser"}
DESK = {"clerk", "releaser"}

ROWS: Rows = {
    "subsidies:batch_release": [page({"releaser"}, pk="batch"), act({"releaser"}, pk="batch")],
    "subsidies:batch_files": act({"releaser"}, pk="batch"),
    "subsidies:batch_repair": [page(MONEY, AWAY, pk="batch"), act({"clerk"}, AWAY, pk="batch")],
    "subsidies:batch_notes": act({"clerk"}, AWAY, pk="batch"),
    # Packaged layouts are everybody's: elsewhere it is that county's own use of them.
    "subsidies:layouts": page(DESK | AWAY),
    "subsidies:layout": [
        page(DESK | AWAY, code="packaged_layout"),
        page(DESK, AWAY, code="own_layout"),
        act({"clerk"}, AWAY, code="own_layout"),
    ],
    "subsidies:layout_add": [page({"clerk"} | AWAY), act({"clerk"} | AWAY)],
    "subsidies:layout_sample": act(DESK, AWAY, code="own_layout"),
}
