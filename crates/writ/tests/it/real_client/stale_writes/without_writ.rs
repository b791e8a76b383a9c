//! What the client does by itself. Three of the fourteen lose what somebody else did.

use super::cases::{BEFORE, CASES, Case, HOOK_SAYS, Outcome};
use super::desk::{Desk, End, Hooks, by_hand};
use crate::real_client::scene::{Scene, without_writ};

use Outcome::{Applied, Lost, Refused};

async fn play(scene: &Scene, case: &Case) -> End {
    let tree = scene.repository_named(&format!("case-{}", case.number), &[("limits.toml", BEFORE)]);
    let hooks = Hooks::new();
    let settings = hooks.settings(case);
    let player = scene.player_with(&format!("case {}", case.number), &tree, settings.as_ref()).await;
    let mut desk = Desk::new(player, &tree.join("limits.toml"), hooks);
    let end = desk.play(case, async |file, change| by_hand(file, change)).await;
    desk.player.say("All done.").await.1.result();
    end
}

#[test]
fn real_client_by_itself_loses_three_of_fourteen() {
    without_writ(async |scene| {
        let mut ends = Vec::new();
        for case in CASES {
            ends.push((case.number, play(&scene, case).await));
        }
        let outcomes: Vec<_> = ends.iter().map(|(number, end)| (*number, end.outcome)).collect();
        let expected = [
            (1, Applied),
            (2, Refused),
            (3, Refused),
            (4, Lost),
            (5, Applied),
            (6, Applied),
            (7, Lost),
            (8, Refused),
            (9, Applied),
            (10, Applied),
            (11, Applied),
            (12, Lost),
            (13, Applied),
            (14, Refused),
        ];
        assert_eq!(outcomes, expected, "{ends:#?}");
        let newest = |number: u8| ends[usize::from(number) - 1].1.told.last().unwrap();
        for number in [1, 9, 10] {
            let told = newest(number).whole();
            assert!(told.contains("modified on disk since you last read it"), "{number}: {told}");
        }
        for number in [4, 7, 12] {
            let told = newest(number).whole();
            assert!(!told.contains("modified"), "{number}: the loss is silent: {told}");
        }
        for number in [2, 3, 8] {
            newest(number).clone().refused();
        }
        assert!(newest(13).whole().contains(HOOK_SAYS), "{:#?}", newest(13));
        assert!(newest(14).clone().refused().result.contains(HOOK_SAYS));
    });
}
