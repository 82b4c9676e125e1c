"""The set-based passes that propose pairs of list row and child, and the statement that collects evidence.

Each pass is one join over the temporary key tables of `cases.matching.keys`. They overlap on purpose:
a pair is kept once, and what speaks for it is measured afterwards, in `EVIDENCE`, for all pairs alike.
"""

from typing import Final

# Households of the lists that a child belongs to: some member, or the head, bears a number of the child's
# kin.
HOUSES: Final = """
CREATE TEMP TABLE house ON COMMIT DROP AS
SELECT DISTINCT m.household, k.child
FROM (
    SELECT household, number FROM key_row WHERE household IS NOT NULL AND kind = 'valid'
    UNION
    SELECT household, head_number FROM key_row WHERE household IS NOT NULL AND head_number <> ''
) m
JOIN key_kin k ON k.number = m.number AND k.number <> '';
CREATE INDEX ON house (household, child);
ANALYZE house;
"""

PASSES: Final[dict[str, str]] = {
    "same number": """
        SELECT r.row, c.child FROM key_row r JOIN key_child c ON c.number = r.number AND r.number <> ''
    """,
    "number repaired": """
        SELECT p.row, c.child FROM key_row_repair p JOIN key_child c ON c.number = p.number
    """,
    "register's number repaired": """
        SELECT r.row, p.child FROM key_child_repair p JOIN key_row r ON r.number = p.number
    """,
    "number cut by a spreadsheet": """
        SELECT r.row, c.child FROM key_row r JOIN key_child c ON left(c.number, 15) = left(r.number, 15)
        WHERE r.kind = 'cut'
    """,
    "number masked": """
        SELECT r.row, c.child FROM key_row r
        JOIN key_child c ON left(c.number, 6) = left(r.head, 6) AND right(c.number, 2) = right(r.tail, 2)
        WHERE r.kind = 'masked' AND length(r.head) >= 6 AND length(r.tail) >= 2
          AND starts_with(c.number, r.head) AND right(c.number, length(r.tail)) = r.tail
          AND (r.sound = c.sound OR left(r.name, 1) = left(c.name, 1))
    """,
    "name and birth date": """
        SELECT r.row, c.child FROM key_row r
        JOIN key_child c ON r.sound = c.sound AND c.birth IN (r.birth, r.born)
    """,
    "name and a relative's number": """
        SELECT r.row, c.child FROM key_row r JOIN key_kin k ON k.number = r.number AND r.number <> ''
        JOIN key_child c ON c.child = k.child AND r.sound = c.sound
    """,
    "name and household": """
        SELECT r.row, c.child FROM key_row r JOIN house h ON h.household = r.household
        JOIN key_child c ON c.child = h.child AND r.sound = c.sound
    """,
    "name and head's name": """
        SELECT r.row, c.child FROM key_row r JOIN key_child c ON r.sound = c.sound
        JOIN key_kin k ON k.child = c.child AND k.sound = r.head_sound
    """,
    "name partly lost, and household": """
        SELECT r.row, c.child FROM key_row r JOIN house h ON h.household = r.household
        JOIN key_child c ON c.child = h.child AND left(c.name, 1) = left(r.name, 1)
        WHERE position('?' in r.name) > 0 AND r.kind <> 'valid'
    """,
    "name partly lost, and head's name": """
        SELECT r.row, c.child FROM key_row r JOIN key_kin k ON k.sound = r.head_sound
        JOIN key_child c ON c.child = k.child AND c.township = r.township
            AND left(c.name, 1) = left(r.name, 1)
        WHERE position('?' in r.name) > 0 AND r.kind <> 'valid'
    """,
    "household, and a number not quite legible": """
        SELECT r.row, c.child FROM key_row r JOIN house h ON h.household = r.household
        JOIN key_child c ON c.child = h.child AND left(c.number, 3) = left(r.number, 3)
        WHERE r.kind IN ('wrong', 'length', 'masked') AND left(c.name, 1) = left(r.name, 1)
    """,
    "name and township, no number": """
        SELECT r.row, c.child FROM key_row r JOIN key_child c ON r.sound = c.sound AND c.township = r.township
        WHERE r.kind <> 'valid' OR c.number = '' OR NOT c.valid
    """,
    "birth date and household": """
        SELECT r.row, c.child FROM key_row r JOIN house h ON h.household = r.household
        JOIN key_child c ON c.child = h.child AND c.birth IN (r.birth, r.born)
    """,
    "birth date, surname and village": """
        SELECT r.row, c.child FROM key_row r
        JOIN key_child c ON c.village = r.village AND c.birth IN (r.birth, r.born)
            AND left(c.name, 1) = left(r.name, 1)
        WHERE r.kind <> 'valid' OR c.number = '' OR NOT c.valid
    """,
}

PAIRS: Final = (
    "CREATE TEMP TABLE pair ON COMMIT DROP AS\n" + "UNION\n".join(PASSES.values()) + ";\nANALYZE pair;"
)

# Judged in Python, once per distinct pair of values: likeness of names, slips between numbers, distance of
# dates.
JUDGED: Final = 'CREATE TEMP TABLE judged (what "char", a text, b text, value int) ON COMMIT DROP'
UNJUDGED_NAMES: Final = """
SELECT DISTINCT r.name, c.name FROM pair JOIN key_row r USING (row) JOIN key_child c USING (child)
WHERE r.name <> c.name
"""
UNJUDGED_NUMBERS: Final = """
SELECT DISTINCT r.number, c.number FROM pair JOIN key_row r USING (row) JOIN key_child c USING (child)
WHERE r.number <> c.number AND r.number <> '' AND c.number <> ''
  AND r.kind IN ('wrong', 'length', 'other')
"""
UNJUDGED_DATES: Final = """
SELECT DISTINCT r.birth::text, c.birth::text
FROM pair JOIN key_row r USING (row) JOIN key_child c USING (child)
WHERE r.birth <> c.birth AND r.birth > 0
"""

EVIDENCE: Final = """
CREATE TEMP TABLE evidence ON COMMIT DROP AS
SELECT p.row, p.child, r.household, r.number AS row_number, r.kind,
    CASE
        WHEN r.number <> '' AND r.number = c.number AND r.kind <> 'cut' THEN 'same'
        WHEN EXISTS (SELECT FROM key_row_repair x WHERE x.row = p.row AND x.number = c.number) THEN 'repaired'
        WHEN EXISTS (
            SELECT FROM key_child_repair x WHERE x.child = p.child AND x.number = r.number
        ) THEN 'repaired'
        WHEN r.kind = 'cut' AND left(r.number, 15) = left(c.number, 15) THEN 'cut'
        WHEN r.kind = 'masked' AND starts_with(c.number, r.head)
            AND right(c.number, length(r.tail)) = r.tail THEN 'masked'
        WHEN r.kind = 'masked' AND c.number <> '' THEN 'far'
        WHEN EXISTS (
            SELECT FROM key_kin k WHERE k.child = p.child AND k.number = r.number AND r.number <> ''
        ) THEN 'kin'
        WHEN EXISTS (
            SELECT FROM key_kin k JOIN key_row_repair x ON x.number = k.number
            WHERE k.child = p.child AND x.row = p.row
        ) THEN 'kin'
        WHEN r.kind = 'valid' AND c.valid THEN 'differs'
        WHEN r.kind IN ('missing', 'scientific') OR c.number = '' THEN 'none'
        WHEN n.value <= 2 THEN 'near'
        ELSE 'far'
    END AS number,
    CASE
        WHEN r.name = c.name AND r.name <> '' THEN 0
        ELSE coalesce(l.value, 5)
    END AS name,
    CASE
        WHEN r.birth = 0 THEN 0
        WHEN r.birth = c.birth OR (r.birth % 100 = 0 AND r.birth / 100 = c.birth / 100) THEN 1
        ELSE coalesce(d.value, -2)
    END AS birth,
    CASE WHEN r.born = 0 THEN 0 WHEN r.born = c.birth THEN 1 ELSE -1 END AS born,
    CASE
        WHEN EXISTS (SELECT FROM house h WHERE h.household = r.household AND h.child = p.child) THEN 2
        WHEN EXISTS (
            SELECT FROM key_kin k WHERE k.child = p.child AND k.sound = r.head_sound
                AND (r.head_number = '' OR k.number = '')
        ) THEN 1
        ELSE 0
    END AS house,
    CASE
        WHEN r.village = c.village THEN 3
        WHEN r.village IS NULL AND r.township = c.township THEN 2
        WHEN r.township = c.township THEN 1
        WHEN r.township IS NULL THEN 0
        ELSE -1
    END AS place,
    CASE WHEN r.sex = '' OR c.sex = '' THEN 0 WHEN r.sex = c.sex THEN 1 ELSE -1 END AS sex,
    EXISTS (
        SELECT FROM key_kin k WHERE k.child = p.child AND k.sound = r.sound
            AND (r.sound <> c.sound OR k.number = r.number)
    ) AS is_kin,
    -- A child named as its relative: without a number the row may be either of them.
    EXISTS (SELECT FROM key_kin k WHERE k.child = p.child AND k.sound = c.sound) AS namesake,
    r.head_name <> '' AS head_given,
    length(r.tail) >= 3 AS tail_legible,
    length(r.name) = length(c.name) AS same_length
FROM pair p
JOIN key_row r USING (row)
JOIN key_child c USING (child)
LEFT JOIN judged l ON l.what = 'n' AND l.a = r.name AND l.b = c.name
LEFT JOIN judged n ON n.what = 'i' AND n.a = r.number AND n.b = c.number
LEFT JOIN judged d ON d.what = 'd' AND d.a = r.birth::text AND d.b = c.birth::text;
CREATE INDEX ON evidence (row);
ANALYZE evidence;
"""
