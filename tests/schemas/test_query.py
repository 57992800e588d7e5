import pytest

from schemas.catalog import Catalog
from schemas.errors import UserError
from schemas.lens import VIEWS
from schemas.query import select


@pytest.fixture(scope="module")
def place(tmp_path_factory, make):
    """A catalogue, and beside it files that no query may read or write."""
    root = tmp_path_factory.mktemp("place")
    clips = [make.clip(make.video("a"), 0, 100), make.clip(make.video("a"), 100, 240)]
    Catalog.create(root / "catalog").commit([make.work("a", clips=clips)], "run_1")
    (root / "secret.txt").write_text("a,b\n1,swordfish\n")
    (root / "secret.json").write_text('{"a": "swordfish"}')
    (root / "dump").mkdir()
    (root / "dump" / "schema.sql").write_text("create table swordfish (a int);")
    (root / "dump" / "load.sql").write_text("insert into swordfish values (1);")
    return root


@pytest.fixture(scope="module")
def catalog(tmp_path_factory, make):
    return make.catalog(tmp_path_factory.mktemp("query") / "c", names=["a"])


@pytest.mark.parametrize(
    ("sql", "num_rows"),
    [
        ("select * from clips", 2),
        ("  SELECT 1 -- a note", 1),
        ("/* note */ select 1;", 1),
        ("with c as (select * from clips) select count(*) from c", 1),
        ("with recursive n(i) as (select 1 union all select i + 1 from n where i < 4) from n", 4),
        ("describe sources", 5),
        ("describe select 1 as a, 2 as b", 2),
        ("summarize sources", 5),
        ("show tables", None),
        ("from survivors", 2),
        ("values (1), (2)", 2),
        ("table videos", 1),
        ("select stage, reason from funnel order by all", None),
        ("select * from (from clips order by start_s desc limit 1)", 1),
        ("select ';' as a, 'drop table clips' as b", 1),
        ("select unnest(pts) from surveys", 240),
        ("select * from query_table('clips')", 2),
    ],
)
def test_a_select_in_any_form_is_answered(catalog, sql, num_rows):
    table = select(catalog, sql)
    assert table.num_rows == num_rows or (num_rows is None and table.num_rows > 0)


def test_rows_come_in_the_order_asked_for(catalog):
    starts = select(catalog, "select start_s from clips order by start_s desc").column(0)
    assert starts.to_pylist() == [140 / 24, 40 / 24]


SECRET = "{root}/secret.txt"
ATTACKS = {
    # writing files
    "copy": "copy clips to '{root}/out.csv'",
    "copy query": "copy (select 1) to '{root}/out.parquet' (format parquet)",
    "copy tmp file": "copy clips to '{root}/out.csv' (use_tmp_file true)",
    "copy no tmp file": "copy clips to '{root}/out.csv' (use_tmp_file false)",
    "copy partitions": "copy clips to '{root}/out' (partition_by (video_id))",
    "copy threads": "copy clips to '{root}/out' (per_thread_output true)",
    "copy in with": "with x as (copy (select 1) to '{root}/out.csv') select 1",
    "copy in with, no tmp": (
        "with x as (copy (select 1) to '{root}/out.csv' (use_tmp_file false)) select 1"
    ),
    "copy over a table in with": (
        "with x as (copy (select 1) to '{parquet}' (use_tmp_file false)) select 1"
    ),
    "copy over a table in a subquery": (
        "select * from (with x as (copy (select 1) to '{parquet}' (use_tmp_file false)) select 1)"
    ),
    "delete in with": "with x as (delete from live_batches returning *) select * from x",
    "insert in with": "with x as (insert into live_batches values ('a') returning *) from x",
    "update extensions": "update extensions",
    "copy over a table": "copy (select 1) to '{parquet}' (use_tmp_file false)",
    "copy over a table with tmp": "with x as (copy (select 1) to '{parquet}') select 1",
    "copy from": "copy live_batches from '{root}/secret.txt'",
    "copy database": "copy from database memory to other",
    "export": "export database '{root}/out'",
    "import": "import database '{root}/dump'",
    "attach": "attach '{root}/new.db' as other",
    "attach existing": "attach '{root}/secret.txt' (read_only)",
    "attach sqlite": "attach '{root}/x.db' (type sqlite)",
    "log to file": "select * from enable_logging(storage='file', storage_path='{root}/out')",
    "call log": "call enable_logging(storage='file', storage_path='{root}/out')",
    # extensions and settings
    "install": "install httpfs",
    "force install": "force install spatial from 'https://example.com'",
    "load": "load httpfs",
    "load path": "load '{root}/evil.duckdb_extension'",
    "set": "set memory_limit = '100GB'",
    "set access": "set enable_external_access = true",
    "set lock": "set lock_configuration = false",
    "set variable": "set variable x = 1",
    "reset": "reset allowed_paths",
    "pragma": "pragma enable_profiling",
    "pragma output": "pragma profiling_output = '{root}/out.json'",
    "pragma threads": "pragma threads = 8",
    "use": "use memory",
    "detach": "detach memory",
    "profiling": "select * from enable_profiling()",
    # changing the database
    "create table": "create table x as select 1",
    "create temp": "create temp table x as select 1",
    "create view": "create or replace view clips as select 1",
    "create macro": "create macro f() as table (select 1)",
    "create secret": "create secret (type s3)",
    "insert": "insert into live_batches values ('batch_x')",
    "update": "update live_batches set batch_id = 'x'",
    "delete": "delete from live_batches",
    "truncate": "truncate live_batches",
    "merge": "merge into live_batches using (select 1) t on true when matched then delete",
    "drop": "drop view clips",
    "drop table": "drop table live_batches",
    "alter": "alter table live_batches rename to x",
    "comment on": "comment on table live_batches is 'x'",
    "vacuum": "vacuum",
    "checkpoint": "force checkpoint",
    "transaction": "begin transaction",
    "prepare": "prepare p as select 1",
    "execute": "execute p",
    "call": "call pragma_version()",
    # reading files
    "read_csv": f"select * from read_csv('{SECRET}')",
    "read_csv list": f"select * from read_csv(['{SECRET}'])",
    "sniff_csv": f"select * from sniff_csv('{SECRET}')",
    "read_text": f"select * from read_text('{SECRET}')",
    "read_text glob": "select * from read_text('{root}/*')",
    "read_text mark": "select * from read_text('{root}/catalog/catalog.json')",
    "read_blob": f"select * from read_blob('{SECRET}')",
    "read_json": "select * from read_json('{root}/secret.json')",
    "read_ndjson": "select * from read_ndjson_objects('{root}/secret.json')",
    "read_parquet": f"select * from read_parquet('{SECRET}')",
    "read_parquet glob": "select * from read_parquet('{root}/catalog/tables/*/*.parquet')",
    "parquet_metadata": f"select * from parquet_metadata('{SECRET}')",
    "parquet up": "select * from read_parquet('{parquet}/../../../../secret.txt')",
    "glob": "select * from glob('{root}/*')",
    "file as table": f"select * from '{SECRET}'",
    "file in with": f"with x as (select * from '{SECRET}') select * from x",
    "file in subquery": f"select (select content from read_text('{SECRET}')) as x",
    "environment": "select * from read_text('/proc/self/environ')",
    "getenv": "select getenv('HOME')",
    "secrets": "select * from duckdb_secrets()",
    "which_secret": "select * from which_secret('s3://bucket', 's3')",
    "database file": "select * from read_duckdb('{root}/x.db')",
    # the network
    "http": "select * from 'http://127.0.0.1:9/x.csv'",
    "https": "select * from read_parquet('https://127.0.0.1:9/x.parquet')",
    "s3": "select * from read_csv('s3://bucket/x.csv')",
    "hf": "select * from 'hf://datasets/x/y.parquet'",
    # Python variables
    "variable": "select * from files",
    "variable sql": "select * from sql",
    "variable catalog": "select * from catalog",
    "variable frame": "select * from a_python_table",
    # several statements, comments, wrappers
    "two": "select 1; select 2",
    "drop second": "select 1; drop view clips",
    "after a comment": "select 1 -- harmless\n; drop view clips",
    "in block comments": "select 1 /* ; */ ; /* */ insert into live_batches values ('x')",
    "nothing": "",
    "only a comment": "-- select 1",
    "semicolon": ";",
    "zero byte": "\x00select 1",
    "query()": f"select * from query('select * from read_text(''{SECRET}'')')",
    "query() copy": "select * from query('copy clips to ''{root}/out.csv''')",
    "query() two": "select * from query('select 1; drop view clips')",
    "serialized": (
        "select * from json_execute_serialized_sql(json_serialize_sql("
        f"'select * from read_text(''{SECRET}'')'))"
    ),
    "explain": "explain copy clips to '{root}/out.csv'",
    "explain analyze": "explain analyze insert into live_batches values ('x')",
    "explain analyze copy": "explain analyze copy clips to '{root}/out.csv'",
    "pivot": "pivot clips on fps using count(*)",
    # wrong
    "typo": "selekt * from clips",
    "open": "select (1",
    "parameter": "select ?",
}


@pytest.mark.parametrize("sql", ATTACKS.values(), ids=list(ATTACKS))
def test_nothing_but_reading_the_catalogue_is_possible(place, world_files, sql):
    catalog = Catalog.open(place / "catalog")
    a_python_table = catalog.query("select 1 as leaked")
    parquet = catalog.files("clips")[0]
    before = world_files(place)
    with pytest.raises(UserError) as error:
        select(catalog, sql.replace("{root}", str(place)).replace("{parquet}", parquet))
    assert error.value.hint
    assert "swordfish" not in str(error.value) + error.value.hint
    assert world_files(place) == before
    assert a_python_table.num_rows == 1


@pytest.mark.parametrize(
    "sql",
    [
        "select count(*) from range(1000000) a, range(1000000) b where hash(a.range, b.range) = 7",
        "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n",
    ],
    ids=["cross join", "endless recursion"],
)
def test_a_query_that_takes_too_long_is_stopped(catalog, sql):
    with pytest.raises(UserError, match=r"longer than 0\.5 s"):
        select(catalog, sql, timeout_s=0.5)


def test_a_query_that_needs_too_much_memory_fails_and_writes_nothing(catalog, world_files):
    before = world_files(catalog.root)
    sql = "select list(range order by hash(range)) from range(50000000)"
    with pytest.raises(UserError, match="more than 64 MB"):
        select(catalog, sql, memory_limit_mb=64, timeout_s=60)
    assert world_files(catalog.root) == before


def test_wrong_sql_is_explained(catalog):
    with pytest.raises(UserError, match="motionn") as error:
        select(catalog, "select motionn from survivors")
    assert 'Candidate bindings: "motion' in error.value.message or "motion" in error.value.message
    with pytest.raises(UserError, match="survivor ") as error:
        select(catalog, "select * from survivor ")
    for view in VIEWS:
        assert view in error.value.hint


def test_a_query_sees_what_was_committed_since(tmp_path, make):
    catalog = make.catalog(tmp_path / "c", names=["a"])
    assert select(catalog, "from videos").num_rows == 1
    make.catalog(tmp_path / "c", names=["b"])
    assert select(catalog, "from videos").num_rows == 2


def test_a_quote_in_the_folders_name_does_no_harm(tmp_path, make):
    for name in ("it's;here", "a b", "übung #1", '{x} & "y"'):
        catalog = make.catalog(tmp_path / name, names=["a"])
        assert select(catalog, "from clips").num_rows == 2
