"""Migrations applied in runs make the same statements, in the same order, and render far less."""

from __future__ import annotations

from django.db import connection, migrations, models
from django.db.migrations.state import ProjectState

from childwelfare.runs_of_operations import Run, in_runs, rendered_once


class Example(migrations.Migration):
    """Two tables that name one another, with an index and rules, some of them taken away again."""

    operations = [
        migrations.CreateModel("Village", [("id", models.AutoField(primary_key=True))]),
        migrations.CreateModel("Well", [("id", models.AutoField(primary_key=True))]),
        migrations.AddField("well", "village", models.ForeignKey("staff.village", models.CASCADE)),
        migrations.AddField("village", "well", models.ForeignKey("staff.well", models.PROTECT, null=True)),
        migrations.AddField("well", "depth", models.IntegerField(default=3), preserve_default=False),
        migrations.AddIndex("well", models.Index(fields=["depth"], name="well_depth")),
        migrations.AddConstraint(
            "well", models.CheckConstraint(condition=models.Q(depth__gt=0), name="well_deep")
        ),
        migrations.AlterField("well", "depth", models.BigIntegerField()),
        migrations.AlterField(
            "well", "village", models.ForeignKey("staff.village", models.CASCADE, db_index=False)
        ),
        migrations.RemoveConstraint("well", "well_deep"),
        migrations.RemoveIndex("well", "well_depth"),
        migrations.AddField("well", "name", models.CharField(max_length=9, default="", unique=True)),
    ]


def statements(migration: migrations.Migration, state: ProjectState) -> list[str]:
    with connection.schema_editor(collect_sql=True, atomic=False) as editor:
        migration.apply(state, editor)
    return [str(line) for line in editor.collected_sql]


def test_the_same_statements_in_the_same_order(db: None) -> None:
    usual, quick = Example("one", "staff"), Example("one", "staff")
    one_by_one, in_few = ProjectState(), ProjectState()
    expected = statements(usual, one_by_one)
    with rendered_once():
        assert statements(quick, in_few) == expected
    assert len(expected) > 10
    assert in_few == one_by_one
    assert [len(part.operations) for part in quick.operations if isinstance(part, Run)] == [2, 5, 2, 2]
    # Afterwards migrations are applied one by one again.
    again = Example("one", "staff")
    statements(again, ProjectState())
    assert again.operations == Example.operations


def test_a_field_that_is_altered_twice_is_altered_twice(db: None) -> None:
    first = migrations.AlterField("well", "depth", models.BigIntegerField())
    second = migrations.AlterField("well", "depth", models.BigIntegerField(null=True))
    other = migrations.AlterField("well", "name", models.TextField())
    assert [type(part) for part in in_runs([first, other])] == [Run]
    assert in_runs([first, other, second]) == [first, other, second]


def test_nothing_that_reads_rows_is_in_a_run() -> None:
    first, second, third, fourth = Example.operations[2:6]
    sql, code = migrations.RunSQL("SELECT 1"), migrations.RunPython(lambda _apps, _editor: None)
    parts = in_runs([first, second, sql, third, fourth, code])
    assert [type(part) for part in parts] == [Run, migrations.RunSQL, Run, migrations.RunPython]
