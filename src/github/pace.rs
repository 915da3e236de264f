//! GitHub allows an installation 80 content-creating requests a minute and 500 an hour, and asks
//! for a second between them. Every write is counted, because GitHub does not say which ones it
//! counts.

use std::collections::VecDeque;
use std::time::Duration;

use crate::domain::job::Timestamp;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
/// A little below the limits: GitHub counts when requests arrive, not when they leave.
const PER_MINUTE: usize = 76;
const PER_HOUR: usize = 490;

/// When the writes of the last hour went out, oldest first.
#[derive(Debug)]
pub(super) struct Pace {
    sent: VecDeque<Timestamp>,
    /// Least time from the answer to one write until the next. From the answer, because a slow
    /// network could bring requests together that left apart.
    pause: Duration,
    quiet_until: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// Send after this time. The slot is taken.
    After(Duration),
    /// The hour is used up until then. No slot is taken.
    NotBefore(Timestamp),
}

impl Pace {
    pub fn new(pause: Duration) -> Self {
        Self { sent: VecDeque::new(), pause, quiet_until: Timestamp(0) }
    }

    pub fn take(&mut self, now: Timestamp) -> Slot {
        // A clock that was set back leaves times in the future: they tell nothing.
        self.sent.retain(|sent| *sent <= now.plus(HOUR));
        while self.sent.front().is_some_and(|oldest| now.since(*oldest) >= HOUR) {
            self.sent.pop_front();
        }
        if self.sent.len() >= PER_HOUR
            && let Some(oldest) = self.sent.front()
        {
            return Slot::NotBefore(oldest.plus(HOUR));
        }
        let minute = self
            .sent
            .len()
            .checked_sub(PER_MINUTE)
            .and_then(|index| self.sent.get(index))
            .map_or(Duration::ZERO, |earlier| earlier.plus(MINUTE).since(now));
        // Longer can only be a clock that was set back.
        let pause = self.quiet_until.since(now).min(self.pause);
        let wait = minute.max(pause);
        self.sent.push_back(now.plus(wait));
        // In case that no answer comes.
        self.quiet_until = now.plus(wait).plus(self.pause);
        Slot::After(wait)
    }

    /// The write that took the last slot was answered, or failed.
    pub fn answered(&mut self, now: Timestamp) {
        self.quiet_until = now.plus(self.pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_WAIT: Slot = Slot::After(Duration::ZERO);

    #[test]
    fn an_ordinary_review_never_waits() {
        let mut pace = Pace::new(Duration::ZERO);
        for _ in 0..PER_MINUTE {
            assert_eq!(pace.take(Timestamp(5)), NO_WAIT);
        }
    }

    #[test]
    fn leaves_a_pause_between_writes() {
        let mut pace = Pace::new(Duration::from_secs(1));
        assert_eq!(pace.take(Timestamp(5)), NO_WAIT);
        assert_eq!(pace.take(Timestamp(305)), Slot::After(Duration::from_millis(700)));
        pace.answered(Timestamp(1_500));
        assert_eq!(pace.take(Timestamp(1_600)), Slot::After(Duration::from_millis(900)));
        pace.answered(Timestamp(2_600));
        assert_eq!(pace.take(Timestamp(3_605)), NO_WAIT);
        assert_eq!(pace.take(Timestamp(-9_000)), Slot::After(Duration::from_secs(1)));
    }

    #[test]
    fn waits_at_the_limit_of_a_minute() {
        let mut pace = Pace::new(Duration::ZERO);
        for second in 0..PER_MINUTE {
            pace.take(Timestamp(i64::try_from(second).unwrap() * 100));
        }
        let now = Timestamp(10_000);
        assert_eq!(pace.take(now), Slot::After(Duration::from_millis(50_000)));
        assert_eq!(pace.take(now), Slot::After(Duration::from_millis(50_100)));
        assert_eq!(pace.take(Timestamp(130_000)), NO_WAIT);
    }

    #[test]
    fn refuses_at_the_limit_of_an_hour() {
        let mut pace = Pace::new(Duration::ZERO);
        for index in 0..PER_HOUR {
            assert_eq!(pace.take(Timestamp(i64::try_from(index).unwrap() * 2_000)), NO_WAIT);
        }
        assert_eq!(pace.take(Timestamp(980_000)), Slot::NotBefore(Timestamp(3_600_000)));
        assert_eq!(pace.take(Timestamp(3_600_000)), NO_WAIT);
    }

    #[test]
    fn never_more_than_the_limits_in_any_window() {
        let mut pace = Pace::new(Duration::ZERO);
        let mut sent: Vec<i64> = Vec::new();
        for index in 0..400 {
            let now = Timestamp(index * 10);
            if let Slot::After(wait) = pace.take(now) {
                sent.push(now.plus(wait).0);
            }
        }
        for start in &sent {
            let inside = sent.iter().filter(|t| (*start..start + 60_000).contains(t)).count();
            assert!(inside <= PER_MINUTE, "{inside} from {start}");
        }
    }

    #[test]
    fn survives_a_clock_that_is_set_back() {
        let mut pace = Pace::new(Duration::ZERO);
        for _ in 0..PER_HOUR {
            pace.take(Timestamp(10_000_000_000));
        }
        assert_eq!(pace.take(Timestamp(1_000)), NO_WAIT);
    }
}
