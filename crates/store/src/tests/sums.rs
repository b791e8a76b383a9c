//! Sums: however batches fall, calls, hourly sums and sums of sessions say the same.

use std::collections::BTreeMap;

use domain::call::{Quality, Reserved};
use domain::{Span, Time, Usd};

use super::support::{NOW, Random, Writer, append, on_each_engine, open, opened, reserve, reserved, settle, settled};
use crate::{CallFilter, CostQuery, CostRow, Dimension, SessionFilter, Store};

const SESSIONS: u64 = 20;
const MODELS: [&str; 3] = ["model-a", "model-b", "model-c"];

/// What the sums must come to, kept beside.
#[derive(Default)]
struct Expected {
    entries: u64,
    calls: u64,
    cost: i64,
    list: i64,
    held: i64,
    estimated: i64,
    unpriced: i64,
}

#[tokio::test]
async fn all_sums_agree_after_random_batches() {
    let seed = Random::seeded().below(u64::MAX);
    on_each_engine(async |store| {
        let mut random = Random::from_seed(seed);
        let mut writer = Writer::default();
        writer.append(store, NOW, (0..SESSIONS).map(|number| open(number, number % 4))).await;
        let mut expected = Expected { entries: SESSIONS, ..Expected::default() };
        let mut in_flight = BTreeMap::new();
        for batch in 0..25_u64 {
            let time = NOW + Span::from_secs(batch * 1200);
            let mut entries = Vec::new();
            for _ in 0..random.below(120) {
                let event = step(&mut random, &mut expected, &mut in_flight, time);
                entries.push(writer.entry(time, event));
            }
            expected.entries += entries.len() as u64;
            append(store, &entries, &[]).await;
        }
        check_totals(store, &expected).await;
        check_slices(store, &expected).await;
        check_sessions(store).await;
    })
    .await;
}

/// Reserves a call, or settles one that is open.
fn step(
    random: &mut Random,
    expected: &mut Expected,
    in_flight: &mut BTreeMap<u64, (Reserved, Time)>,
    time: Time,
) -> domain::Event {
    let oldest = in_flight.keys().next().copied();
    if let Some(number) = oldest.filter(|_| random.below(2) == 0) {
        let (call, reserved_at) = in_flight.remove(&number).unwrap();
        let mut end = settled(&call, reserved_at, i64::try_from(random.below(1_000_000)).unwrap());
        end.settlement.unpriced = random.below(4) == 0;
        end.settlement.quality = [Quality::Exact, Quality::Estimated, Quality::Bound][random.below(3) as usize];
        expected.cost += end.settlement.cost.nanos();
        expected.list += end.settlement.list.nanos();
        expected.held -= call.hold.nanos();
        expected.estimated += i64::from(end.settlement.quality != Quality::Exact);
        expected.unpriced += i64::from(end.settlement.unpriced);
        return settle(&end);
    }
    let number = random.below(SESSIONS);
    let model = MODELS[random.below(3) as usize];
    let hold = i64::try_from(random.below(1_000_000)).unwrap();
    let call = reserved(expected.calls, &opened(number, number % 4), model, hold);
    expected.calls += 1;
    expected.held += hold;
    in_flight.insert(expected.calls, (call.clone(), time));
    reserve(&call)
}

async fn check_totals(store: &Store, expected: &Expected) {
    let totals = store.totals().await.unwrap();
    assert_eq!((totals.entries, totals.sessions, totals.calls), (expected.entries, SESSIONS, expected.calls));
    assert_eq!(totals.reserved_open, Usd::from_nanos(expected.held));
    for sum in [totals.cost_sum_calls, totals.cost_sum_rollup, totals.cost_sum_sessions] {
        assert_eq!(sum, Usd::from_nanos(expected.cost));
    }
}

/// Every slice sums to the same, whichever table it is read from.
async fn check_slices(store: &Store, expected: &Expected) {
    use Dimension::{Day, Developer, Model, Project, Session, Team};
    let slices: [&[Dimension]; 9] = [
        &[],
        &[Developer],
        &[Project, Team],
        &[Model],
        &[Day],
        &[Developer, Day, Model],
        &[Session],
        &[Session, Model],
        &[Session, Project, Day],
    ];
    for by in slices {
        let query = CostQuery { by: by.to_vec(), limit: 10_000, ..CostQuery::default() };
        let rows = store.cost(&query).await.unwrap();
        let sum = |of: fn(&CostRow) -> i64| rows.iter().map(of).sum::<i64>();
        assert_eq!(sum(|row| row.calls), i64::try_from(expected.calls).unwrap(), "{by:?}");
        assert_eq!(sum(|row| row.cost.nanos()), expected.cost, "{by:?}");
        assert_eq!(sum(|row| row.list.nanos()), expected.list, "{by:?}");
        assert_eq!(sum(|row| row.held.nanos()), expected.held, "{by:?}");
        assert_eq!(sum(|row| row.estimated), expected.estimated, "{by:?}");
        assert_eq!(sum(|row| row.unpriced), expected.unpriced, "{by:?}");
        assert!(rows.is_sorted_by(|one, two| one.cost >= two.cost), "{by:?}");
        assert!(rows.iter().all(|row| row.keys.len() == by.len()), "{by:?}");
    }
}

async fn check_sessions(store: &Store) {
    let filter = SessionFilter { limit: 100, ..SessionFilter::default() };
    for session in store.sessions(&filter).await.unwrap() {
        let calls = CallFilter { session: Some(session.id), limit: 10_000, ..CallFilter::default() };
        let calls = store.calls(&calls).await.unwrap();
        let open = calls.iter().filter(|call| call.settled_at.is_none());
        assert_eq!(session.calls, i64::try_from(calls.len()).unwrap());
        assert_eq!(session.held, open.map(|call| call.hold).sum());
        assert_eq!(session.spent, calls.iter().filter_map(|call| call.cost).sum());
        let query = CostQuery { session: Some(session.id), limit: 1, ..CostQuery::default() };
        assert_eq!(store.cost(&query).await.unwrap()[0].cost, session.spent);
    }
}

/// Fills and overflows chunks of every bulk statement, first new rows, then the same ones again.
#[tokio::test]
async fn any_number_of_calls_fits_a_batch() {
    on_each_engine(async |store| {
        let mut writer = Writer::default();
        writer.append(store, NOW, (0..300).map(|number| open(number, number))).await;
        let (mut next, mut cost) = (0_u64, 0_i64);
        for count in [1_u64, 3, 255, 256, 257, 2000] {
            let sessions = (next..next + count).map(|number| opened(number % 300, number % 300));
            let calls: Vec<_> =
                (next..).zip(sessions).map(|(number, under)| reserved(number, &under, "m", 1)).collect();
            writer.append(store, NOW, calls.iter().map(reserve)).await;
            assert_eq!(store.totals().await.unwrap().reserved_open, Usd::from_nanos(calls.len() as i64));
            writer.append(store, NOW, calls.iter().map(|call| settle(&settled(call, NOW, 3)))).await;
            next += count;
            cost += 3 * calls.len() as i64;
        }
        let totals = store.totals().await.unwrap();
        assert_eq!((totals.calls, totals.reserved_open), (next, Usd::ZERO));
        assert_eq!(totals.cost_sum_calls, Usd::from_nanos(cost));
        assert_eq!(totals.cost_sum_rollup, totals.cost_sum_calls);
        assert_eq!(totals.cost_sum_sessions, totals.cost_sum_calls);
    })
    .await;
}

#[tokio::test]
async fn a_call_counts_in_the_hour_of_its_reservation_and_settles_once() {
    on_each_engine(async |store| {
        let under = opened(1, 1);
        let call = reserved(1, &under, "m", 10);
        let tomorrow = NOW + Span::from_secs(86_400);
        let mut writer = Writer::default();
        writer.append(store, NOW, [open(1, 1), reserve(&call)]).await;
        let twice = [settle(&settled(&call, NOW, 4)), settle(&settled(&call, NOW, 4))];
        writer.append(store, tomorrow, twice).await;
        for by in [vec![Dimension::Day], vec![Dimension::Day, Dimension::Session]] {
            let rows = store.cost(&CostQuery { by, limit: 9, ..CostQuery::default() }).await.unwrap();
            assert_eq!(rows.len(), 1);
            assert_eq!(rows[0].keys[0].as_deref(), Some("2026-11-22"));
            assert_eq!((rows[0].calls, rows[0].cost, rows[0].held), (1, Usd::from_nanos(4), Usd::ZERO));
            assert_eq!(rows[0].usage, settled(&call, NOW, 4).settlement.usage);
        }
    })
    .await;
}
