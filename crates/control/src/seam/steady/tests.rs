use std::time::Duration;

use super::Steady;

const START: Duration = Duration::from_secs(1_790_000_000);
const HOUR: Duration = Duration::from_secs(3600);

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn it_advances_with_the_time_that_passes() {
    let clock = Steady::start(seconds(50), START);
    assert_eq!(clock.at(seconds(50), START), START);
    assert_eq!(clock.at(seconds(60), START + seconds(10)), START + seconds(10));
}

#[test]
fn a_jump_of_an_hour_moves_a_minute_by_six_seconds() {
    let clock = Steady::start(seconds(0), START);
    assert_eq!(clock.at(seconds(60), START + HOUR + seconds(60)), START + seconds(66));
    let clock = Steady::start(seconds(0), START);
    assert_eq!(clock.at(seconds(60), START + seconds(60) - HOUR), START + seconds(54));
}

#[test]
fn it_catches_up_and_stays_there() {
    for (jump, ahead) in [(HOUR, true), (HOUR, false)] {
        let wall = |uptime: Duration| if ahead { START + uptime + jump } else { START + uptime - jump };
        let clock = Steady::start(seconds(0), START);
        for second in 1..=36_000 {
            clock.at(seconds(second), wall(seconds(second)));
        }
        assert_eq!(clock.at(seconds(36_001), wall(seconds(36_001))), wall(seconds(36_001)), "ahead: {ahead}");
        assert_eq!(clock.at(seconds(36_061), wall(seconds(36_061))), wall(seconds(36_061)), "ahead: {ahead}");
    }
}

/// However often it is asked, and whatever the machine's clock does.
#[test]
fn it_never_goes_back_and_corrects_the_same() {
    let clock = Steady::start(seconds(0), START);
    let mut last = Duration::ZERO;
    for micros in (0..2_000_000).step_by(7) {
        let uptime = Duration::from_micros(micros);
        let wall = if micros % 2 == 0 { START + HOUR } else { START - HOUR };
        let now = clock.at(uptime, wall);
        assert!(now >= last, "{micros}: {now:?} after {last:?}");
        last = now;
    }
    let clock = Steady::start(seconds(0), START);
    for micros in (0..=10_000_000).step_by(100) {
        last = clock.at(Duration::from_micros(micros), START + HOUR);
    }
    assert_eq!(last, START + seconds(11), "asked ten thousand times a second, it makes up for as much");
}

/// A machine that slept has been up for as long, so nothing is to be made up for.
#[test]
fn sleep_is_time_that_passes() {
    let clock = Steady::start(seconds(0), START);
    assert_eq!(clock.at(8 * HOUR, START + 8 * HOUR), START + 8 * HOUR);
}
