//! How the organisations do.

use super::value::{count, micros};
use super::{Backend, Db};
use crate::store::{AgencyFigures, CategoryCount, FigureQuery, Figures, StoreError};
use dauys_events::AgencyId;
use std::collections::BTreeMap;

pub(super) async fn of(store: &Backend, query: &FigureQuery) -> Result<Figures, StoreError> {
    let mut agencies = per_agency(store, query).await?;
    let delays = delays(store, query, BY_AGENCY).await?;
    for figures in &mut agencies {
        let agency = figures.agency.as_ref().map_or("", |agency| agency.0.as_str());
        if let Some(delay) = delays.get(agency) {
            delay.write(figures);
        }
    }
    let mut all = sum(&agencies);
    if let Some(delay) = self::delays(store, query, TOGETHER).await?.get("") {
        delay.write(&mut all);
    }
    let (top, other) = categories(store, query).await?;
    Ok(Figures { all, agencies, top, other })
}

type CountRow = (String, i64, i64, i64, i64, i64, i64, i64, i64);

async fn per_agency(store: &Backend, query: &FigureQuery) -> Result<Vec<AgencyFigures>, StoreError> {
    let rows: Vec<CountRow> = sqlx::query_as(
        "SELECT agency, count(*),
             count(*) FILTER (WHERE status <> 'confirmed'),
             count(*) FILTER (WHERE status <> 'confirmed' AND due_at < CASE status WHEN 'done' THEN done_at ELSE $3 END),
             count(*) FILTER (WHERE status <> 'confirmed'
                 AND legal_due_at < CASE status WHEN 'done' THEN done_at ELSE $3 END),
             count(*) FILTER (WHERE status = 'done'),
             count(*) FILTER (WHERE status = 'confirmed'),
             count(*) FILTER (WHERE reopened > 0),
             count(*) FILTER (WHERE status = 'confirmed' AND COALESCE(done_at, confirmed_at) <= due_at)
         FROM tickets WHERE received_at >= $1 AND ($2 IS NULL OR agency = $2) GROUP BY agency ORDER BY agency",
    )
    .bind(from(query))
    .bind(agency(query))
    .bind(micros(query.now))
    .fetch_all(store.reader())
    .await?;
    let figures = rows.into_iter().map(|(agency, total, open, overdue, legal, done, confirmed, reopened, on_time)| {
        let mut figures = AgencyFigures {
            agency: Some(AgencyId(agency)),
            total: count(total),
            open: count(open),
            overdue: count(overdue),
            overdue_legal: count(legal),
            done: count(done),
            confirmed: count(confirmed),
            reopened: count(reopened),
            closed_on_time: count(on_time),
            ..AgencyFigures::default()
        };
        figures.on_time = on_time_share(&figures);
        figures
    });
    Ok(figures.collect())
}

fn from(query: &FigureQuery) -> i64 {
    query.since.map_or(i64::MIN, micros)
}

fn agency(query: &FigureQuery) -> Option<&str> {
    query.agency.as_ref().map(|agency| agency.0.as_str())
}

/// A fair figure: what is still open past its time counts against it, what is still open within its time does not count.
fn on_time_share(figures: &AgencyFigures) -> Option<f64> {
    let judged = figures.confirmed + figures.overdue;
    (judged > 0).then(|| figures.closed_on_time as f64 / judged as f64)
}

fn sum(agencies: &[AgencyFigures]) -> AgencyFigures {
    let mut all = AgencyFigures::default();
    for one in agencies {
        all.total += one.total;
        all.open += one.open;
        all.overdue += one.overdue;
        all.overdue_legal += one.overdue_legal;
        all.done += one.done;
        all.confirmed += one.confirmed;
        all.reopened += one.reopened;
        all.closed_on_time += one.closed_on_time;
    }
    all.on_time = on_time_share(&all);
    all
}

/// Seconds from the citizen's last word to the cabinet.
struct Delay {
    mean: f64,
    median: f64,
    p99: f64,
}

impl Delay {
    fn write(&self, figures: &mut AgencyFigures) {
        figures.to_cabinet_mean_seconds = Some(self.mean);
        figures.to_cabinet_median_seconds = Some(self.median);
        figures.to_cabinet_p99_seconds = Some(self.p99);
    }
}

const BY_AGENCY: &str = "
    SELECT agency, CAST(avg(delay) AS DOUBLE PRECISION),
        CAST(avg(delay) FILTER (WHERE place IN ((tickets + 1) / 2, (tickets + 2) / 2)) AS DOUBLE PRECISION),
        CAST(max(delay) FILTER (WHERE place = (tickets * 99 + 99) / 100) AS DOUBLE PRECISION)
    FROM (
        SELECT agency, opened_at - last_word_at AS delay,
            row_number() OVER (PARTITION BY agency ORDER BY opened_at - last_word_at) AS place,
            count(*) OVER (PARTITION BY agency) AS tickets
        FROM tickets WHERE received_at >= $1 AND ($2 IS NULL OR agency = $2)
    ) AS ranked GROUP BY agency";

const TOGETHER: &str = "
    SELECT '' AS agency, CAST(avg(delay) AS DOUBLE PRECISION),
        CAST(avg(delay) FILTER (WHERE place IN ((tickets + 1) / 2, (tickets + 2) / 2)) AS DOUBLE PRECISION),
        CAST(max(delay) FILTER (WHERE place = (tickets * 99 + 99) / 100) AS DOUBLE PRECISION)
    FROM (
        SELECT opened_at - last_word_at AS delay,
            row_number() OVER (ORDER BY opened_at - last_word_at) AS place,
            count(*) OVER () AS tickets
        FROM tickets WHERE received_at >= $1 AND ($2 IS NULL OR agency = $2)
    ) AS ranked HAVING count(*) > 0";

async fn delays(
    store: &Backend,
    query: &FigureQuery,
    statement: &'static str,
) -> Result<BTreeMap<String, Delay>, StoreError> {
    let rows: Vec<(String, f64, f64, f64)> =
        sqlx::query_as::<Db, _>(statement).bind(from(query)).bind(agency(query)).fetch_all(store.reader()).await?;
    let seconds = |micros: f64| micros / 1_000_000.0;
    let delay = |mean, median, p99| Delay { mean: seconds(mean), median: seconds(median), p99: seconds(p99) };
    Ok(rows.into_iter().map(|(agency, mean, median, p99)| (agency, delay(mean, median, p99))).collect())
}

async fn categories(store: &Backend, query: &FigureQuery) -> Result<(Vec<CategoryCount>, u64), StoreError> {
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "SELECT category, count(*) FROM tickets WHERE received_at >= $1 AND ($2 IS NULL OR agency = $2)
         GROUP BY category ORDER BY count(*) DESC, category",
    )
    .bind(from(query))
    .bind(agency(query))
    .fetch_all(store.reader())
    .await?;
    let mut top: Vec<CategoryCount> =
        rows.into_iter().map(|(category, tickets)| CategoryCount { category, tickets: count(tickets) }).collect();
    let rest = top.split_off(query.top.min(top.len()));
    Ok((top, rest.iter().map(|category| category.tickets).sum()))
}
