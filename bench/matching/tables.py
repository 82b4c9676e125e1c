"""The results as Markdown tables, and into docs/matching.md between two markers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from cases.matching.engine.rules import AUTO, REVIEW, RULES

Result = dict[str, Any]
BEGIN: Final = "<!-- measured by make bench-matching: begin -->"
END: Final = "<!-- measured by make bench-matching: end -->"
NAMES: Final = {
    "raw": "exact look-up of the raw cell",
    "floor": "COPY and hash join of the cleaned number (**floor**)",
    "splink": "Splink, p ≥ .99 / .2",
    "splink_veto": "Splink, and never two valid different numbers",
    "splink_trained": "Splink, trained before",
    "children": "**this matcher**",
    "guardians": "**this matcher**, guardians",
}
TARGETS: Final = {
    "format noise": 0.995,
    "one edit in the number": 0.99,
    "number cut by a spreadsheet": 0.99,
    "number missing": 0.97,
    "guardian's number": 0.95,
}
LIMITS: Final = {"city": (3.0, 1024), "province": (4.0, 4096)}  # times the floor, MB


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table, the first column left-aligned, the others right-aligned."""
    lines = [header, ["---", *["--:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def share(value: float | None, places: int = 4) -> str:
    """.9987; 1.0000; – where there is none."""
    if value is None or math.isnan(value):
        return "–"
    return f"{value:.{places}f}".removeprefix("0")


def seconds(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def quality_table(sizes: Result) -> str:
    rows = []
    for size, found in sizes.items():
        for profile, methods in found["quality"].items():
            for method in NAMES:
                if method == "splink_trained" or (score := methods.get(method)) is None:
                    continue
                rows.append(
                    (
                        f"{size}, {profile}",
                        NAMES[method],
                        f"{share(score['precision'], 5)} ({share(score['precision_low'], 5)})",
                        score["wrong_pairs"],
                        share(score["recall"]),
                        share(score["reach"]),
                        f"{score['review_per_thousand']:.2f}",
                        share(score["hit_rate"], 2),
                    )
                )
    header = (
        "list", "method", "precision (95 % low)", "wrong", "recall", "reach", "review rows / 1,000", "hit rate",
    )  # fmt: skip
    return table(header, rows)


def kinds_table(sizes: Result) -> str:
    """Children and guardians of all lists together, by group of kinds."""
    rows = []
    for noise in ("clean", "typical", "stress"):
        sums: dict[str, list[int]] = {}
        for found in sizes.values():
            for profile, methods in found["quality"].items():
                if profile.startswith(noise):
                    for name, counts in {
                        **methods["children"]["groups"],
                        **methods["children"]["never"],
                    }.items():
                        sums[name] = [a + b for a, b in zip(sums.get(name, [0, 0, 0]), counts, strict=True)]
        for name, (true, auto, reached) in sums.items():
            target = f"≥ {share(TARGETS[name], 3)} reach" if name in TARGETS else "never automatic"
            rows.append(
                (
                    name,
                    noise,
                    true,
                    share(auto / true if true else None),
                    share(reached / true if true else None),
                    target,
                )
            )
    return table(("kind", "noise", "true rows", "automatic", "reach", "target (typical)"), rows)


def wrong_pairs(sizes: Result) -> str:
    """Every wrong automatic pair of the matcher, by what had been done to its row."""
    lines = []
    for size, found in sizes.items():
        for profile, methods in found["quality"].items():
            for what in ("children", "guardians"):
                kinds = methods[what]["wrong"]
                if kinds:
                    told = ", ".join(f"{kind} ({count})" for kind, count in kinds.items())
                    lines.append(f"- {size}, {profile}, {what}: {told}")
    return "\n".join(lines) or "No automatic pair was wrong in any of these lists."


def rules_table(sizes: Result) -> str:
    """What each rule says of itself, and what share of its pairs was right in all these lists."""
    sums: dict[str, list[int]] = {}
    for found in sizes.values():
        for methods in found["quality"].values():
            for what in ("children", "guardians"):
                for name, counts in methods[what]["rules"].items():
                    sums[name] = [a + b for a, b in zip(sums.get(name, [0, 0]), counts, strict=True)]
    rows = []
    for rule in RULES:
        counted = []
        for tier in (AUTO, REVIEW):
            pairs, right = sums.get(f"{tier} {rule.code}", [0, 0])
            counted += [f"{pairs:,}", share(right / pairs if pairs else None)]
        rows.append((f"`{rule.code}`", rule.tier, f"{rule.score / 1000:.3f}", *counted))
    header = ("rule", "tier", "score", "automatic pairs", "right", "sent to a person", "right")
    return table(header, rows)


def speed_table(sizes: Result) -> str:
    rows = []
    for size, found in sizes.items():
        times = found["times"]
        floor = times["floor"]["seconds"]
        for method in ("raw", "floor", "children", "guardians", "splink", "splink_trained"):
            took = times[method]
            ratio, to_matcher = took["seconds"] / floor, took["seconds"] / times["children"]["seconds"]
            limit = f" (≤ {LIMITS[size][0]:.0f})" if size in LIMITS and method == "children" else ""
            rows.append(
                (
                    size,
                    NAMES[method],
                    seconds(took["seconds"]),
                    f"{ratio:.1f}{limit}",
                    f"{to_matcher:.1f}",
                    took["memory_mb"],
                )
            )
    return table(("size", "method", "seconds", "× floor", "× this matcher", "client MB"), rows)


def steps_table(sizes: Result) -> str:
    """Where the matcher's time goes."""
    header: list[str] = ["size"]
    rows = []
    for size, found in sizes.items():
        steps = found["times"]["children"]["steps"]
        header = ["size", *steps]
        rows.append((size, *map(seconds, steps.values())))
    return table(header, rows)


def reading_table(sizes: Result) -> str:
    rows = []
    for size, found in sizes.items():
        if read := found["times"].get("reading"):
            bare = found["times"]["parsing"]
            rows.append(
                (
                    size,
                    f"{read['files']:,}",
                    f"{read['rows']:,}",
                    seconds(read["seconds"]),
                    f"{read['seconds'] / bare['seconds']:.1f}",
                    ", ".join(
                        f"{ending} {seconds(took)} ({took / bare['steps'][ending]:.1f} ×)"
                        for ending, took in read["steps"].items()
                    ),
                    seconds(read["archive"]),
                    seconds(read["alone"]),
                    seconds(bare["seconds"]),
                    read["memory_mb"],
                )
            )
    return table(
        (
            *("size", "files", "rows", "one upload", "× bare", "of which", "as one archive", "each alone"),
            *("bare parsers", "MB"),
        ),
        rows,
    )


def chain_table(sizes: Result) -> str:
    rows: list[Sequence[object]] = []
    header: list[str] = ["size"]
    for size, found in sizes.items():
        if chain := found["times"].get("chain"):
            header = ["size", *chain["steps"], "first month together", "rows / s", "MB"]
            rows.append(
                (
                    size,
                    *map(seconds, chain["steps"].values()),
                    seconds(chain["seconds"]),
                    f"{chain['rows'] / chain['seconds']:,.0f}",
                    chain["memory_mb"],
                )
            )
    return table(header, rows)


def normalising_table(found: Result) -> str:
    names = {"product": "the product's own columns (nine kinds of number, notes, former names)"}
    rows = [
        (
            names.get(method, method),
            *[seconds(steps[s]) for s in ("load", "normalise", "hand back")],
            seconds(sum(steps.values())),
        )
        for method, steps in found["seconds"].items()
    ]
    return table(("method", "load", "normalise", "hand back", "together"), rows)


def linear_table(points: list[Result]) -> str:
    rows = [
        (
            f"{p['rows']:,}",
            f"{p['children']:,}",
            seconds(p["seconds"]),
            f"{p['seconds'] / p['rows'] * 1e6:.2f}",
            p["memory_mb"],
        )
        for p in points
    ]
    return table(("rows", "children", "seconds", "µs a row", "MB"), rows)


def company(results: Result) -> str:
    """On what, and what else went on there."""
    before, after = results["before"], results.get("after", results["before"])
    versions = ", ".join(f"{name} {version}" for name, version in before["packages"].items())
    return (
        f"{before['cores']} cores, Python {before['python']}, {versions}, the embedded PostgreSQL. Load of the quarter of an "
        f"hour before: {before['load']}, at the end: {after['load']}; this run alone is about 1.5."
    )


def markdown(results: Result) -> str:
    """All tables with a line on what each shows."""
    sizes = results["sizes"]
    parts = [
        company(results),
        "### Quality",
        "Precision of the automatic tier with the lower end of its 95 % interval, wrong automatic pairs, recall of the automatic\n"
        "tier, reach (automatic or in review), rows in review for each 1,000 of the list, and the share of those that hold the\n"
        "right child. Targets: .9999, .985, .998 (.99 under fourfold noise), 2 and .35.",
        quality_table(sizes),
        "By what had been done to the row, children of all these lists together:",
        kinds_table(sizes),
        wrong_pairs(sizes),
        "### Rules",
        "The score is what the rule claims; beside it the share of its pairs that was right, children and guardians of all\n"
        "these lists together, fourfold noise among them. Pairs of an automatic rule go to a person where a guard doubts.",
        rules_table(sizes),
        "### Speed",
        "From the files to the pairs, the register's keys made anew, fastest of three, each in a process of its own.",
        speed_table(sizes),
        "Seconds of the matcher by step:",
        steps_table(sizes),
    ]
    if "linear" in results:
        parts += ["The same divisions at four sizes:", linear_table(results["linear"])]
    if any("reading" in found["times"] for found in sizes.values()):
        parts += [
            "### Office files and the whole chain",
            "Reading all files of a month, beside the bare parsers of the same formats with every cell thrown away:",
            reading_table(sizes),
            "Everything the product does with one county, in the database, children, guardians and heads of household; a month later only what\n"
            "changed in the register is made anew:",
            chain_table(sizes),
        ]
    for found in sizes.values():
        if normalising := found["times"].get("normalising"):
            differ = ", ".join(f"{method} {count}" for method, count in normalising["disagree"].items())
            parts += [
                "### Where to normalise",
                f"{normalising['rows']:,} number and name cells, {normalising['distinct_numbers']:,} and "
                f"{normalising['distinct_names']:,} distinct; values on which a method differs from polars: {differ}.",
                normalising_table(normalising),
            ]
    return "\n\n".join(parts)


def write(path: Path, results: Result) -> None:
    """Put the tables between the markers of a document, leaving the rest."""
    text = path.read_text(encoding="utf-8")
    before, _begin, rest = text.partition(BEGIN)
    _old, _end, after = rest.partition(END)
    path.write_text(f"{before}{BEGIN}\n\n{markdown(results)}\n\n{END}{after}", encoding="utf-8")
