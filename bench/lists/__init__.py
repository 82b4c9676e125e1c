"""Made-up registers and lists of known truth, for measuring the matcher.

``python -m bench.lists --size county --seed 1 --noise typical --out FOLDER`` writes

register.csv  one row a registered child, with guardian and head of household
list_all.csv  every row of every list as an importer sees it: columns mapped, cell text as typed
truth.csv     list_row_id, child_id ('' no registered child), kind of defect, tags, guardian_of
regions.csv   the divisions, as `import_regions` takes them
files/        with --files: the same rows as offices send them

Deterministic for a size, a seed and a profile. Nobody in it exists; the shares of defects are guesses.
"""
