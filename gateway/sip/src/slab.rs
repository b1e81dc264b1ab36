//! A bounded table whose keys stay unique after their slot is used again.

/// Names an entry: its slot, and how often the slot had been used before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
}

#[derive(Debug)]
struct Entry<T> {
    generation: u32,
    value: Option<T>,
}

/// A table of at most `capacity` entries; slots are reused, last freed first.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    entries: Vec<Entry<T>>,
    free: Vec<u32>,
    capacity: usize,
}

impl<T> Slab<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { entries: Vec::new(), free: Vec::new(), capacity: capacity.min(u32::MAX as usize) }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.len() >= self.capacity
    }

    /// Stores a value; `None` when the table is full.
    pub(crate) fn insert(&mut self, value: T) -> Option<Key> {
        if self.is_full() {
            return None;
        }
        if let Some(slot) = self.free.pop() {
            let entry = self.entries.get_mut(slot as usize)?;
            entry.value = Some(value);
            return Some(Key { slot, generation: entry.generation });
        }
        let slot = u32::try_from(self.entries.len()).ok()?;
        self.entries.push(Entry { generation: 0, value: Some(value) });
        Some(Key { slot, generation: 0 })
    }

    pub(crate) fn get(&self, key: Key) -> Option<&T> {
        self.entries.get(key.slot as usize).filter(|e| e.generation == key.generation)?.value.as_ref()
    }

    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        self.entries.get_mut(key.slot as usize).filter(|e| e.generation == key.generation)?.value.as_mut()
    }

    /// The key of the entry that is now in a slot.
    pub(crate) fn key_of(&self, slot: u32) -> Option<Key> {
        let entry = self.entries.get(slot as usize).filter(|e| e.value.is_some())?;
        Some(Key { slot, generation: entry.generation })
    }

    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        let entry = self.entries.get_mut(key.slot as usize).filter(|e| e.generation == key.generation)?;
        let value = entry.value.take()?;
        entry.generation = entry.generation.wrapping_add(1);
        self.free.push(key.slot);
        Some(value)
    }
}
