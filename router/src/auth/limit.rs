//! How often something may be tried: the generic cell rate algorithm (ITU-T I.371) per key, in a bounded table.

use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;

/// Lets each key try a number of times at once, and then at the rate at which that number comes back in a window.
#[derive(Debug)]
pub struct RateLimit<K> {
    spacing: SignedDuration,
    window: SignedDuration,
    capacity: usize,
    /// When each key would be without a debt; keys without one are not kept.
    clear_at: HashMap<K, Timestamp>,
    forgotten: u64,
}

impl<K: Eq + Hash + Clone> RateLimit<K> {
    /// Makes a limit of `times` tries per `window`, remembering at most `capacity` keys.
    pub fn new(times: u32, window: SignedDuration, capacity: usize) -> Self {
        let spacing = window / i32::try_from(times.max(1)).unwrap_or(i32::MAX);
        Self { spacing, window, capacity: capacity.max(1), clear_at: HashMap::new(), forgotten: 0 }
    }

    /// Counts a try.
    ///
    /// # Errors
    /// How long to wait, where the key has tried too often; such a try is not counted.
    pub fn attempt(&mut self, now: Timestamp, key: &K) -> Result<(), SignedDuration> {
        let clear_at = self.clear_at.get(key).copied().unwrap_or(now).max(now);
        let debt = now.duration_until(clear_at);
        if debt > self.window - self.spacing {
            return Err(debt - (self.window - self.spacing));
        }
        if !self.clear_at.contains_key(key) && self.clear_at.len() >= self.capacity {
            self.make_room(now);
        }
        self.clear_at.insert(key.clone(), clear_at.saturating_add(self.spacing).unwrap_or(Timestamp::MAX));
        Ok(())
    }

    /// Forgives a key, after it has proved itself.
    pub fn forgive(&mut self, key: &K) {
        self.clear_at.remove(key);
    }

    /// Returns how many keys with a debt were forgotten because the table was full.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Drops the keys without a debt; where that gives no room, the quarter with the smallest debts.
    fn make_room(&mut self, now: Timestamp) {
        self.clear_at.retain(|_, clear_at| *clear_at > now);
        if self.clear_at.len() < self.capacity {
            return;
        }
        let mut times: Vec<Timestamp> = self.clear_at.values().copied().collect();
        let quarter = times.len() / 4;
        let (_, bound, _) = times.select_nth_unstable(quarter);
        let bound = *bound;
        let before = self.clear_at.len();
        self.clear_at.retain(|_, clear_at| *clear_at > bound);
        self.forgotten += (before - self.clear_at.len()) as u64;
    }
}

/// Returns the part of an address by which people are told apart: all of IPv4, the network half of IPv6.
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_burst_passes_and_then_the_rate_holds() {
        let mut limit = RateLimit::new(5, SignedDuration::from_secs(50), 10);
        for _ in 0..5 {
            limit.attempt(at(0), &"a").unwrap();
        }
        assert_eq!(limit.attempt(at(0), &"a"), Err(SignedDuration::from_secs(10)));
        assert_eq!(limit.attempt(at(4), &"a"), Err(SignedDuration::from_secs(6)));
        limit.attempt(at(10), &"a").unwrap();
        limit.attempt(at(10), &"a").unwrap_err();
        limit.attempt(at(10), &"b").unwrap();
    }

    #[test]
    fn forgiveness_starts_anew() {
        let mut limit = RateLimit::new(1, SignedDuration::from_secs(50), 10);
        limit.attempt(at(0), &"a").unwrap();
        limit.attempt(at(1), &"a").unwrap_err();
        limit.forgive(&"a");
        limit.attempt(at(1), &"a").unwrap();
    }

    #[test]
    fn the_table_is_bounded_and_says_what_it_forgot() {
        let mut limit = RateLimit::new(2, SignedDuration::from_secs(100), 100);
        for key in 0..1000 {
            limit.attempt(at(0), &key).unwrap();
            assert!(limit.clear_at.len() <= 100);
        }
        assert!(limit.forgotten() >= 900 - 100);
        limit.attempt(at(1_000), &5_000).unwrap();
        let before = limit.forgotten();
        for key in 0..99 {
            limit.attempt(at(1_000), &key).unwrap();
        }
        assert_eq!(limit.forgotten(), before, "settled keys are dropped first");
    }

    #[test]
    fn one_household_is_one_network() {
        let one: IpAddr = "2001:db8:1:2:3:4:5:6".parse().unwrap();
        let other: IpAddr = "2001:db8:1:2:ffff::1".parse().unwrap();
        assert_eq!(network_of(one), network_of(other));
        let mapped: IpAddr = "::ffff:192.0.2.7".parse().unwrap();
        assert_eq!(network_of(mapped), "192.0.2.7".parse::<IpAddr>().unwrap());
    }
}
