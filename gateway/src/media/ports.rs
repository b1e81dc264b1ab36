//! The pool of RTP ports: one even port per call, opened when a call asks for it and rested before it is used again.
//!
//! The pool is first in, first out, so that a port's late packets meet nobody's call. Its lock is taken twice per call, never
//! per packet.

use std::{
    collections::VecDeque,
    io,
    net::{IpAddr, SocketAddr, UdpSocket},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{config::MediaConfig, socket, telemetry};

/// How many ports are tried when others hold them.
const ATTEMPTS: usize = 16;

/// No port can be had.
#[derive(Debug, thiserror::Error)]
pub enum Exhausted {
    /// Every port of the range is in use.
    #[error("every RTP port is in use")]
    AllInUse,
    /// The operating system gives no socket: usually too many open files.
    #[error("no RTP socket could be opened")]
    Os(#[source] io::Error),
}

#[derive(Debug)]
struct Pool {
    free: Mutex<VecDeque<u16>>,
    total: usize,
    ip: IpAddr,
    receive_buffer: usize,
}

/// Hands out ports.
#[derive(Debug, Clone)]
pub(super) struct PortPool(Arc<Pool>);

/// A port with its open socket; gone when dropped.
#[derive(Debug)]
pub struct MediaSlot {
    socket: UdpSocket,
    port: u16,
    pool: Arc<Pool>,
}

impl Pool {
    fn free(&self) -> MutexGuard<'_, VecDeque<u16>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PortPool {
    pub fn new(config: &MediaConfig) -> Self {
        let free: VecDeque<u16> = config.even_ports().collect();
        let total = free.len();
        let (ip, receive_buffer) = (config.bind_ip, config.receive_buffer);
        Self(Arc::new(Pool { free: Mutex::new(free), total, ip, receive_buffer }))
    }

    /// Opens a port.
    pub fn allocate(&self) -> Result<MediaSlot, Exhausted> {
        let outcome = self.try_allocate();
        if outcome.is_err() {
            metrics::counter!(telemetry::PORTS_EXHAUSTED).increment(1);
        }
        outcome
    }

    fn try_allocate(&self) -> Result<MediaSlot, Exhausted> {
        let mut last = Exhausted::AllInUse;
        for _ in 0..ATTEMPTS {
            let Some(port) = self.0.free().pop_front() else {
                return Err(last);
            };
            match socket::open(SocketAddr::new(self.0.ip, port), self.0.receive_buffer) {
                Ok(socket) => return Ok(MediaSlot { socket, port, pool: Arc::clone(&self.0) }),
                Err(error) => {
                    self.0.free().push_back(port);
                    let in_use = error.kind() == io::ErrorKind::AddrInUse;
                    last = Exhausted::Os(error);
                    if !in_use {
                        return Err(last);
                    }
                }
            }
        }
        Err(last)
    }

    pub fn in_use(&self) -> usize {
        self.0.total - self.0.free().len()
    }
}

impl MediaSlot {
    /// Returns the port to announce in SDP.
    pub fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn socket(&self) -> &UdpSocket {
        &self.socket
    }
}

impl Drop for MediaSlot {
    fn drop(&mut self) {
        self.pool.free().push_back(self.port);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(first_port: u16, last_port: u16) -> PortPool {
        PortPool::new(&MediaConfig {
            bind_ip: IpAddr::from([127, 0, 0, 1]),
            first_port,
            last_port,
            ..MediaConfig::default()
        })
    }

    #[test]
    fn a_port_rests_behind_all_others_and_the_last_one_is_the_last() {
        let pool = pool(21_000, 21_005);
        let first = pool.allocate().unwrap();
        let port = first.port();
        drop(first);
        let slots: Vec<_> = (0..3).map(|_| pool.allocate().unwrap()).collect();
        assert_eq!(slots.iter().map(MediaSlot::port).position(|other| other == port), Some(2));
        assert!(slots.iter().all(|slot| slot.port() % 2 == 0));
        assert!(matches!(pool.allocate(), Err(Exhausted::AllInUse)));
        assert_eq!(pool.in_use(), 3);
        drop(slots);
        assert_eq!(pool.in_use(), 0);
    }

    #[test]
    fn a_port_that_somebody_else_holds_is_passed_over() {
        let taken = UdpSocket::bind((IpAddr::from([127, 0, 0, 1]), 21_010)).unwrap();
        let pool = pool(21_010, 21_013);
        assert_eq!(pool.allocate().unwrap().port(), 21_012);
        drop(taken);
    }
}
