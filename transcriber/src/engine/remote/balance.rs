//! Whom to ask: the least busy of the servers that are not known to be in trouble. Pure: the time is an argument.
//!
//! A circuit breaker for each: after a few failures in a row it opens and the server is left alone for a while; then one
//! request goes through as a probe, and what becomes of it closes or opens the circuit again, each time for longer.

use std::time::{Duration, Instant};

/// When a server is left alone, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BalanceSettings {
    /// Requests that a server works on at once.
    pub parallel: usize,
    /// Failures in a row that open the circuit.
    pub open_after: u32,
    /// How long the first rest lasts; each further one lasts twice as long.
    pub rest: Duration,
    /// The longest rest.
    pub longest_rest: Duration,
}

impl Default for BalanceSettings {
    fn default() -> Self {
        Self { parallel: 8, open_after: 3, rest: Duration::from_secs(5), longest_rest: Duration::from_secs(120) }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Server {
    busy: usize,
    failures: u32,
    /// Until when it is left alone.
    rests_until: Option<Instant>,
    /// It failed so often that the next request is a probe: one at a time.
    is_open: bool,
}

/// The servers and what is known of them.
#[derive(Debug)]
pub struct Balance {
    servers: Vec<Server>,
    settings: BalanceSettings,
    /// Where the last request went: of equally busy servers the next one in the round is taken.
    turn: usize,
}

impl Balance {
    /// Starts with so many servers, all thought to be well.
    #[must_use]
    pub fn new(servers: usize, settings: BalanceSettings) -> Self {
        Self { servers: vec![Server::default(); servers], settings, turn: 0 }
    }

    /// Chooses a server and counts the request as begun; another than `not_this` where there is a choice. `None` where
    /// every one rests or has its hands full. Each choice ends with one of the three reports below.
    pub fn choose(&mut self, now: Instant, not_this: Option<usize>) -> Option<usize> {
        let count = self.servers.len();
        let turn = self.turn;
        let round = |at: usize| (at + count - turn % count.max(1)) % count.max(1);
        let parallel = self.settings.parallel;
        let may = |server: &Server| {
            let room = if server.is_open { 1 } else { parallel };
            server.busy < room && server.rests_until.is_none_or(|until| until <= now)
        };
        let candidates = self.servers.iter().enumerate().filter(|(_, server)| may(server));
        let (chosen, _) =
            candidates.min_by_key(|(at, server)| (not_this == Some(*at), server.is_open, server.busy, round(*at)))?;
        self.turn = chosen + 1;
        if let Some(server) = self.servers.get_mut(chosen) {
            server.busy += 1;
        }
        Some(chosen)
    }

    /// Reports an answer: the circuit closes.
    pub fn succeeded(&mut self, server: usize) {
        if let Some(server) = self.servers.get_mut(server) {
            *server = Server { busy: server.busy.saturating_sub(1), ..Server::default() };
        }
    }

    /// Reports a failure: after some in a row the circuit opens.
    pub fn failed(&mut self, server: usize, now: Instant) {
        let settings = self.settings;
        let Some(server) = self.servers.get_mut(server) else { return };
        server.busy = server.busy.saturating_sub(1);
        server.failures = server.failures.saturating_add(1);
        if server.failures >= settings.open_after {
            server.is_open = true;
            let doublings = (server.failures - settings.open_after).min(16);
            server.rests_until = Some(now + (settings.rest * 2u32.pow(doublings)).min(settings.longest_rest));
        }
    }

    /// Reports that a server asked to be left alone for a while: no failure.
    pub fn busy(&mut self, server: usize, now: Instant, wait: Duration) {
        if let Some(server) = self.servers.get_mut(server) {
            server.busy = server.busy.saturating_sub(1);
            server.rests_until = Some(now + wait);
        }
    }

    /// Returns how many servers are left alone now.
    #[must_use]
    pub fn resting(&self, now: Instant) -> usize {
        self.servers.iter().filter(|server| server.rests_until.is_some_and(|until| until > now)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "any instant will do to count from")]
    fn start() -> Instant {
        Instant::now()
    }

    fn two() -> Balance {
        Balance::new(2, BalanceSettings { parallel: 2, ..BalanceSettings::default() })
    }

    #[test]
    fn the_least_busy_is_asked_and_nobody_beyond_its_hands() {
        let (mut balance, now) = (two(), start());
        let mut asked: Vec<_> = (0..4).filter_map(|_| balance.choose(now, None)).collect();
        asked.sort_unstable();
        assert_eq!((asked, balance.choose(now, None)), (vec![0, 0, 1, 1], None));
        balance.succeeded(1);
        assert_eq!(balance.choose(now, None), Some(1));
    }

    #[test]
    fn a_server_that_fails_again_and_again_is_left_alone_and_then_probed_once() {
        let (mut balance, mut now) = (Balance::new(1, BalanceSettings::default()), start());
        for _ in 0..3 {
            let server = balance.choose(now, None).expect("it is not known to be in trouble");
            balance.failed(server, now);
        }
        assert_eq!((balance.choose(now, None), balance.resting(now)), (None, 1));
        now += Duration::from_secs(5);
        assert_eq!((balance.choose(now, None), balance.choose(now, None)), (Some(0), None), "one probe at a time");
        balance.failed(0, now);
        now += Duration::from_secs(5);
        assert_eq!(balance.choose(now, None), None, "the second rest is longer");
        now += Duration::from_secs(5);
        assert_eq!(balance.choose(now, None), Some(0));
        balance.succeeded(0);
        assert_eq!((balance.choose(now, None), balance.choose(now, None)), (Some(0), Some(0)));
    }

    #[test]
    fn a_second_try_goes_to_another_server_where_there_is_one() {
        let (mut balance, now) = (two(), start());
        let first = balance.choose(now, None).expect("both are well");
        balance.failed(first, now);
        assert_eq!(balance.choose(now, Some(first)), Some(1 - first));
        let mut alone = Balance::new(1, BalanceSettings::default());
        assert_eq!(alone.choose(now, Some(0)), Some(0));
    }

    #[test]
    fn a_server_that_asks_for_patience_gets_it_and_keeps_its_good_name() {
        let (mut balance, now) = (Balance::new(1, BalanceSettings::default()), start());
        for _ in 0..9 {
            let server = balance.choose(now, None).expect("patience is over");
            balance.busy(server, now, Duration::ZERO);
        }
        assert_eq!(balance.choose(now, None), Some(0));
        balance.busy(0, now, Duration::from_secs(2));
        assert_eq!(balance.choose(now + Duration::from_secs(1), None), None);
        assert_eq!(balance.choose(now + Duration::from_secs(2), None), Some(0));
    }
}
