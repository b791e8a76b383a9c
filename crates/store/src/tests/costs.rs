//! Cost queries: slices, filters, edges of time.

use domain::{ProjectId, Span, Time, Usd};

use super::support::{
    NOW, Writer, developer, on_each_engine, open, opened, reserve, reserved, session, settle, settled,
};
use crate::{CostQuery, CostRow, Dimension, Store};

/// Sessions 1 (project) and 2 (none) of developer 1, 3 (project) of developer 2; a call each in hours 0, 1 and 30.
async fn fill(store: &Store) {
    let mut writer = Writer::default();
    let mut number = 0;
    writer.append(store, NOW, [open(1, 1), open(2, 1), open(3, 2)]).await;
    for (session, by) in [(1, 1), (2, 1), (3, 2)] {
        for (hours, model) in [(0, "model-a"), (1, "model-b"), (30, "model-a")] {
            let time = NOW + Span::from_secs(hours * 3600);
            number += 1;
            let call = reserved(number, &opened(session, by), model, 1);
            let cost = 10_i64.pow(u32::try_from(session).unwrap());
            writer.append(store, time, [reserve(&call), settle(&settled(&call, time, cost))]).await;
        }
    }
}

fn by(dimensions: &[Dimension]) -> CostQuery {
    CostQuery { by: dimensions.to_vec(), limit: 100, ..CostQuery::default() }
}

fn short(rows: Vec<CostRow>) -> Vec<(Vec<Option<String>>, i64, i64)> {
    rows.into_iter().map(|row| (row.keys, row.calls, row.cost.nanos())).collect()
}

fn some(id: impl ToString) -> Option<String> {
    Some(id.to_string())
}

#[tokio::test]
async fn slices_have_their_keys_dearest_first() {
    on_each_engine(async |store| {
        fill(store).await;
        let rows = async |query| short(store.cost(&query).await.unwrap());
        let (one, two) = (some(developer(1)), some(developer(2)));
        assert_eq!(
            rows(by(&[Dimension::Developer])).await,
            [(vec![two.clone()], 3, 3000), (vec![one.clone()], 6, 330)]
        );
        let project = |number| some(ProjectId::new(NOW, number));
        assert_eq!(
            rows(by(&[Dimension::Project])).await,
            [(vec![project(2)], 3, 3000), (vec![None], 3, 300), (vec![project(1)], 3, 30)]
        );
        assert_eq!(
            rows(by(&[Dimension::Session, Dimension::Developer])).await,
            [
                (vec![some(session(3)), two.clone()], 3, 3000),
                (vec![some(session(2)), one.clone()], 3, 300),
                (vec![some(session(1)), one.clone()], 3, 30),
            ]
        );
        assert_eq!(
            rows(by(&[Dimension::Day, Dimension::Model])).await,
            [
                (vec![some("2026-11-22"), some("model-a")], 3, 1110),
                (vec![some("2026-11-22"), some("model-b")], 3, 1110),
                (vec![some("2026-11-23"), some("model-a")], 3, 1110),
            ]
        );
        assert_eq!(rows(CostQuery { limit: 1, ..by(&[Dimension::Developer]) }).await.len(), 1);
        assert_eq!(rows(by(&[])).await, [(vec![], 9, 3330)]);
    })
    .await;
}

#[tokio::test]
async fn filters_narrow_every_source() {
    on_each_engine(async |store| {
        fill(store).await;
        let sources =
            [vec![Dimension::Developer], vec![Dimension::Session], vec![Dimension::Session, Dimension::Model]];
        for dimensions in sources {
            let sum = async |query: CostQuery| {
                let rows = store.cost(&query).await.unwrap();
                rows.iter().map(|row| row.cost).sum::<Usd>().nanos()
            };
            let all = by(&dimensions);
            assert_eq!(sum(CostQuery { developer: Some(developer(1)), ..all.clone() }).await, 330);
            assert_eq!(sum(CostQuery { project: Some(ProjectId::new(NOW, 2)), ..all.clone() }).await, 3000);
            assert_eq!(sum(CostQuery { session: Some(session(2)), ..all.clone() }).await, 300);
            // Time is cut at whole hours, the same way for every source.
            let next_hour = NOW + Span::from_secs(3600);
            assert_eq!(sum(CostQuery { since: Some(next_hour), ..all.clone() }).await, 2220);
            assert_eq!(sum(CostQuery { until: Some(next_hour), ..all.clone() }).await, 2220);
            assert_eq!(sum(CostQuery { until: Some(next_hour.hour()), ..all.clone() }).await, 1110);
            let hour = CostQuery { since: Some(next_hour.hour()), until: Some(next_hour), ..all };
            assert_eq!(sum(hour).await, 1110);
        }
    })
    .await;
}

#[tokio::test]
async fn an_empty_store_costs_nothing() {
    on_each_engine(async |store| {
        assert_eq!(store.cost(&by(&[Dimension::Team])).await.unwrap(), []);
        let total = store.cost(&CostQuery { since: Some(Time::default()), ..by(&[]) }).await.unwrap();
        assert_eq!((total.len(), total[0].calls, total[0].cost), (1, 0, Usd::ZERO));
    })
    .await;
}
