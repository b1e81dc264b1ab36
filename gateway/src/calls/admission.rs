//! Who may call now: as many calls as the node, the trunk that they come by, and one caller may have. Pure.
//!
//! Invariant: every call that entered is counted once, until it leaves; leaving twice changes nothing.

use super::network::Network;
use super::refusal::Refusal;
use dauys_config::settings::Calls;
use dauys_sip::CallHandle;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::IpAddr;

/// A trunk: networks that calls come from, and how many of them there may be.
#[derive(Debug)]
struct Trunk {
    networks: Vec<Network>,
    limit: usize,
    up: usize,
}

/// What a call takes up.
#[derive(Clone, Copy, Debug)]
struct Seat {
    trunk: Option<usize>,
    caller: Option<u64>,
}

/// Who may call now.
#[derive(Debug)]
pub(super) struct Admission {
    limit: usize,
    per_caller: usize,
    trunks: Vec<Trunk>,
    seats: HashMap<CallHandle, Seat>,
    /// Calls by caller, where those are limited. The key is a hash, so that no number is kept.
    callers: HashMap<u64, usize>,
    hashing: RandomState,
}

impl Admission {
    /// Makes the admission of a node's settings. Networks were checked when the settings were loaded.
    pub fn new(settings: &Calls) -> Self {
        let trunks = settings.trunks.iter().map(|trunk| Trunk {
            networks: trunk.networks.iter().filter_map(|network| network.parse().ok()).collect(),
            limit: trunk.limit,
            up: 0,
        });
        Self {
            limit: settings.limit,
            per_caller: settings.per_caller,
            trunks: trunks.collect(),
            seats: HashMap::new(),
            callers: HashMap::new(),
            hashing: RandomState::new(),
        }
    }

    /// Returns whether the node has as many calls as it may.
    pub fn is_full(&self) -> bool {
        self.seats.len() >= self.limit
    }

    /// Lets a call in, or says which limit is reached. A caller who does not show a number counts for the node and the trunk only.
    pub fn enter(&mut self, call: CallHandle, source: IpAddr, caller: Option<&str>) -> Result<(), Refusal> {
        if self.is_full() {
            return Err(Refusal::Full);
        }
        let trunk = self.trunks.iter().position(|trunk| trunk.networks.iter().any(|network| network.contains(source)));
        if let Some(trunk) = trunk.and_then(|trunk| self.trunks.get(trunk))
            && trunk.up >= trunk.limit
        {
            return Err(Refusal::TrunkFull);
        }
        let caller = caller.filter(|_| self.per_caller > 0).map(|number| self.hashing.hash_one(number));
        if let Some(caller) = caller {
            let calls = self.callers.entry(caller).or_default();
            if *calls >= self.per_caller {
                return Err(Refusal::CallerFull);
            }
            *calls += 1;
        }
        if let Some(trunk) = trunk.and_then(|trunk| self.trunks.get_mut(trunk)) {
            trunk.up += 1;
        }
        self.seats.insert(call, Seat { trunk, caller });
        Ok(())
    }

    /// Takes note that a call is over.
    pub fn leave(&mut self, call: CallHandle) {
        let Some(seat) = self.seats.remove(&call) else { return };
        if let Some(trunk) = seat.trunk.and_then(|trunk| self.trunks.get_mut(trunk)) {
            trunk.up = trunk.up.saturating_sub(1);
        }
        if let Some(caller) = seat.caller
            && let Some(calls) = self.callers.get_mut(&caller)
        {
            *calls -= 1;
            if *calls == 0 {
                self.callers.remove(&caller);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dauys_config::settings::Trunk as TrunkSettings;

    fn admission(limit: usize, per_caller: usize) -> Admission {
        let trunk = TrunkSettings { name: "city".into(), networks: vec!["192.0.2.0/24".into()], limit: 2 };
        Admission::new(&Calls { limit, per_caller, trunks: vec![trunk], ..Calls::default() })
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn calls(count: u64) -> Vec<CallHandle> {
        (0..count).map(CallHandle).collect()
    }

    #[test]
    fn the_node_the_trunk_and_the_caller_each_have_their_limit() {
        let (mut admission, calls) = (admission(4, 2), calls(9));
        let (trunk, elsewhere) = (ip("192.0.2.7"), ip("198.51.100.1"));
        assert!(admission.enter(calls[0], trunk, Some("77000000001")).is_ok());
        assert!(admission.enter(calls[1], trunk, Some("77000000001")).is_ok());
        assert!(matches!(admission.enter(calls[2], trunk, None), Err(Refusal::TrunkFull)));
        assert!(matches!(admission.enter(calls[3], elsewhere, Some("77000000001")), Err(Refusal::CallerFull)));
        assert!(admission.enter(calls[4], elsewhere, None).is_ok());
        assert!(admission.enter(calls[5], elsewhere, None).is_ok(), "callers without a number are not one caller");
        assert!(admission.is_full());
        assert!(matches!(admission.enter(calls[6], elsewhere, None), Err(Refusal::Full)));
        admission.leave(calls[0]);
        admission.leave(calls[0]);
        assert!(admission.enter(calls[7], trunk, Some("77000000001")).is_ok());
        assert!(matches!(admission.enter(calls[8], trunk, None), Err(Refusal::Full)));
    }

    #[test]
    fn nothing_is_left_once_all_have_gone() {
        let (mut admission, calls) = (admission(100, 3), calls(60));
        for (nth, call) in calls.iter().enumerate() {
            let _ = admission.enter(*call, ip("192.0.2.7"), Some(["a", "b", "c"][nth % 3]));
        }
        for call in &calls {
            admission.leave(*call);
        }
        assert!(admission.seats.is_empty() && admission.callers.is_empty());
        assert!(admission.trunks.iter().all(|trunk| trunk.up == 0));
    }
}
