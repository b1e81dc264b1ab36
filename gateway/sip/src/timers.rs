//! When which slot wants to be woken: a binary heap that knows where each slot stands, so that a slot has one entry at
//! most and moving or removing it costs O(log n).

use std::time::Instant;

const ABSENT: u32 = u32::MAX;

/// The next wake-up of each slot of a table.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    heap: Vec<(Instant, u32)>,
    place: Vec<u32>,
}

impl Timers {
    pub(crate) fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    /// The earliest wake-up.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.heap.first().map(|(at, _)| *at)
    }

    /// Takes the earliest slot that is due.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<u32> {
        let (at, slot) = *self.heap.first()?;
        if at > now {
            return None;
        }
        self.set(slot, None);
        Some(slot)
    }

    /// Sets, moves or (with `None`) removes a slot's wake-up.
    pub(crate) fn set(&mut self, slot: u32, at: Option<Instant>) {
        let index = slot as usize;
        if self.place.len() <= index {
            self.place.resize(index + 1, ABSENT);
        }
        let place = self.place.get(index).copied().unwrap_or(ABSENT);
        match (at, place) {
            (None, ABSENT) => {}
            (None, place) => self.remove(place as usize),
            (Some(at), ABSENT) => {
                self.heap.push((at, slot));
                let last = self.heap.len() - 1;
                self.note(last);
                self.rise(last);
            }
            (Some(at), place) => {
                if let Some(entry) = self.heap.get_mut(place as usize) {
                    entry.0 = at;
                }
                let place = self.rise(place as usize);
                self.sink(place);
            }
        }
    }

    fn remove(&mut self, place: usize) {
        let (_, slot) = self.heap.swap_remove(place);
        if let Some(entry) = self.place.get_mut(slot as usize) {
            *entry = ABSENT;
        }
        if place < self.heap.len() {
            self.note(place);
            let place = self.rise(place);
            self.sink(place);
        }
    }

    fn at(&self, place: usize) -> Option<Instant> {
        self.heap.get(place).map(|(at, _)| *at)
    }

    fn note(&mut self, place: usize) {
        if let Some((_, slot)) = self.heap.get(place)
            && let Some(entry) = self.place.get_mut(*slot as usize)
        {
            *entry = place as u32;
        }
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.heap.swap(a, b);
        self.note(a);
        self.note(b);
    }

    fn rise(&mut self, mut place: usize) -> usize {
        while place > 0 {
            let parent = (place - 1) / 2;
            if self.at(place) >= self.at(parent) {
                break;
            }
            self.swap(place, parent);
            place = parent;
        }
        place
    }

    fn sink(&mut self, mut place: usize) {
        loop {
            let (left, right) = (2 * place + 1, 2 * place + 2);
            if left >= self.heap.len() {
                return;
            }
            let child = if right < self.heap.len() && self.at(right) < self.at(left) { right } else { left };
            if self.at(child) >= self.at(place) {
                return;
            }
            self.swap(place, child);
            place = child;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_empty_table_never_wakes() {
        assert_eq!(Timers::default().next(), None);
    }

    proptest! {
        #[test]
        fn behaves_as_a_sorted_map(steps in prop::collection::vec((0u32..20, prop::option::of(0u64..1000)), 1..200)) {
            #[expect(clippy::disallowed_methods, reason = "an origin for simulated time")]
            let origin = Instant::now();
            let (mut timers, mut model) = (Timers::default(), BTreeMap::new());
            for (slot, at) in steps {
                let at = at.map(|ms| origin + Duration::from_millis(ms));
                timers.set(slot, at);
                match at {
                    Some(at) => { model.insert(slot, at); }
                    None => { model.remove(&slot); }
                }
                prop_assert_eq!(timers.next(), model.values().min().copied());
            }
            let mut last = origin;
            while let Some(slot) = timers.pop_due(origin + Duration::from_secs(2)) {
                let at = model.remove(&slot);
                prop_assert!(at.is_some_and(|at| at >= last));
                last = at.unwrap_or(last);
            }
            prop_assert!(model.is_empty() && timers.is_empty());
        }
    }
}
