"""Figures that others have published, and DuckDB's answers, on real data. One data set per call: published_test.py NAME.
Exits 77 (skipped) where the data is not there."""

import decimal
import pathlib
import sys

import duckdb

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))
import alidade  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
DATA = alidade.SHARED_DATA


def expect(what, found, wanted):
    if found != wanted:
        sys.exit(f"{what}: found {found}, expected {wanted}")


def expect_close(what, found, wanted):
    if abs(float(found) - float(wanted)) > 1e-9 * max(1.0, abs(float(wanted))):
        sys.exit(f"{what}: found {found}, expected {wanted}")


def expect_table(what, found, query, convert):
    """Every cell that either has is equal; one that the other lacks counts as zero."""
    wanted = {tuple(map(str, row[:-1])) if len(row) > 2 else str(row[0]): row[-1] for row in duckdb.sql(query).fetchall()}
    for key, value in wanted.items():
        expect(f"{what} {key}", convert(found.get(key, 0)), convert(value))
    for key in found.keys() - wanted.keys():
        if found[key] not in ("", "0"):
            expect(f"{what} {key}", convert(found[key]), convert(0))


def cdnow():
    spec = HERE / "cdnow.metric"
    data = [("purchases", DATA / "cdnow/transactions.csv"), ("sample", DATA / "cdnow/sample_customers.csv")]
    everything = alidade.run(spec, "rows", "customers", data=data)
    expect("rows", alidade.values(everything, "rows"), "69659")
    expect("customers", alidade.values(everything, "customers"), "23570")
    for engine in ("native", "reference"):
        rows = alidade.run(spec, data=data, engine=engine, to="1997-10-01")
        expect("sampled", alidade.values(rows, "sampled"), "2357")
        names = [f"repeats_{k}" for k in range(7)] + ["repeats_7_or_more"]
        found = [int(alidade.values(rows, name)) for name in names]
        expect(f"repeat purchases ({engine})", found, [1411, 439, 214, 100, 62, 38, 29, 64])


def retail():
    spec = HERE / "retail.metric"
    data = [("line", DATA / "retail")]
    rows = alidade.run(spec, data=data)
    expect("lines", alidade.values(rows, "lines"), "541909")
    expect("pieces", alidade.values(rows, "pieces"), "5176450")
    expect("customers", alidade.values(rows, "customers"), "4372")
    expect("invoices", alidade.values(rows, "invoices"), "25900")
    expect("revenue", decimal.Decimal(alidade.values(rows, "revenue")), decimal.Decimal("9747747.934"))
    expect("no_customer", alidade.values(rows, "no_customer"), "135080")
    table = (f"read_csv('{DATA}/retail/*.csv', types={{'InvoiceNo': 'varchar', 'StockCode': 'varchar', "
             "'UnitPrice': 'decimal(18,3)', 'CustomerID': 'varchar'})")
    by_month = alidade.run(spec, "revenue", "lines", "customers", data=data, per="month", by="country")
    month = "strftime(InvoiceDate, '%Y-%m'), Country"
    expect_table("monthly revenue", alidade.values(by_month, "revenue", "bucket", "country"),
                 f"select {month}, sum(Quantity * UnitPrice) from {table} group by all", decimal.Decimal)
    expect_table("monthly lines", alidade.values(by_month, "lines", "bucket", "country"),
                 f"select {month}, count(*) from {table} group by all", int)
    expect_table("monthly customers", alidade.values(by_month, "customers", "bucket", "country"),
                 f"select {month}, count(distinct CustomerID) from {table} group by all", int)
    spend = duckdb.sql(f"select quantile_cont(s, 0.5)::double from (select CustomerID, sum(Quantity * UnitPrice) s "
                       f"from {table} where CustomerID is not null group by 1)").fetchall()[0][0]
    expect_close("median spend", alidade.values(rows, "median_spend"), spend)


def movielens():
    spec = HERE / "movielens.metric"
    data = [("rating", DATA / "movielens/ratings.csv")]
    for engine in ("native", "reference"):
        rows = alidade.run(spec, data=data, engine=engine)
        expect("users", alidade.values(rows, "users"), "943")
        expect("average", float(alidade.values(rows, "average")), 3.52986)
        found = [int(alidade.values(rows, f"stars_{k}")) for k in range(1, 6)]
        expect("histogram", found, [6110, 11370, 27145, 34174, 21201])
    table = f"(from '{DATA}/movielens/ratings.csv')"
    middle, p90 = duckdb.sql(f"select quantile_cont(n, 0.5)::double, quantile_cont(n, 0.9)::double from "
                             f"(select count(*) n from {table} group by user_id)").fetchall()[0]
    expect("middle", float(alidade.values(rows, "middle")), middle)
    expect_close("p90", alidade.values(rows, "p90"), p90)


def ga4():
    spec = HERE / "ga4.metric"
    path = DATA / "ga4/events_sampled.snappy.parquet"
    data = [("event_log", path)]
    day = "strftime(make_timestamp(event_timestamp), '%Y-%m-%d')"
    rows = alidade.run(spec, data=data)
    totals = duckdb.sql(f"""select count(*), count(distinct user_pseudo_id), count(*) filter (event_name = 'purchase'),
        sum(ecommerce.purchase_revenue) filter (event_name = 'purchase') from '{path}'""").fetchall()[0]
    expect("events", int(alidade.values(rows, "events")), totals[0])
    expect("users", int(alidade.values(rows, "users")), totals[1])
    expect("purchases", int(alidade.values(rows, "purchases")), totals[2])
    expect("revenue", float(alidade.values(rows, "revenue")), totals[3])
    by_name = alidade.run(spec, "events", "users", data=data, per="day", by="name")
    expect_table("events by name and day", alidade.values(by_name, "events", "bucket", "name"),
                 f"select {day}, event_name, count(*) from '{path}' group by all", int)
    expect_table("users by name and day", alidade.values(by_name, "users", "bucket", "name"),
                 f"select {day}, event_name, count(distinct user_pseudo_id) from '{path}' group by all", int)
    page = "list_filter(event_params, lambda p: p.key = 'page_location')[1].value.string_value"
    by_page = alidade.run(spec, "views", data=data, by="page")
    expect_table("views by page", alidade.values(by_page, "views", "page"),
                 f"select coalesce({page}, ''), count(*) from '{path}' where event_name = 'page_view' group by all", int)
    engaged = "list_filter(event_params, lambda p: p.key = 'engagement_time_msec')[1].value.int_value"
    expect("engaged", int(alidade.values(rows, "engaged")),
           int(duckdb.sql(f"select sum({engaged}) from '{path}'").fetchall()[0][0]))
    by_country = alidade.run(spec, "revenue", data=data, by="country")
    expect_table("revenue by country", alidade.values(by_country, "revenue", "country"),
                 f"select coalesce(geo.country, ''), sum(ecommerce.purchase_revenue) from '{path}' "
                 "where event_name = 'purchase' and ecommerce.purchase_revenue is not null group by all", float)
    reference = alidade.run(spec, "wau", "dau", "revenue", data=data, per="day", engine="reference")
    native = alidade.run(spec, "wau", "dau", "revenue", data=data, per="day")
    expect("native against reference", native, reference)


if __name__ == "__main__":
    alidade.skip_without_shared_data()
    {"cdnow": cdnow, "retail": retail, "movielens": movielens, "ga4": ga4}[sys.argv[1]]()
    print(f"{sys.argv[1]}: every figure agrees")
