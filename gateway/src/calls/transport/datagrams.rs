//! Datagram sockets and the addresses behind them.

use socket2::{Domain, Protocol, Socket, Type};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use tokio::net::{TcpListener, UdpSocket};

/// How many peers' local addresses are remembered.
const ROUTES: usize = 1_024;
/// How many connections may wait to be accepted.
const BACKLOG: i32 = 1_024;
/// How often a free port is looked for that UDP and TCP both have.
const TRIES: usize = 32;
/// Kernel buffer of a SIP socket, in bytes: some 1,800 INVITEs.
const RECEIVE_BUFFER: usize = 4 * 1024 * 1024;

/// One datagram socket.
pub(super) struct Datagrams {
    pub socket: UdpSocket,
    pub address: SocketAddr,
    /// Which of this machine's addresses a peer reaches, where the socket listens on all of them.
    routes: HashMap<IpAddr, IpAddr>,
}

impl Datagrams {
    /// Returns whether messages from a local address leave by this socket.
    pub fn is(&self, local: SocketAddr) -> bool {
        self.address == local
            || (self.address.port() == local.port()
                && self.address.ip().is_unspecified()
                && self.address.is_ipv4() == local.is_ipv4())
    }

    /// Returns the address by which a peer reaches this side, where the socket listens on every address.
    pub fn local_for(&mut self, peer: SocketAddr) -> SocketAddr {
        let address = self.address;
        if !address.ip().is_unspecified() {
            return address;
        }
        if let Some(ip) = self.routes.get(&peer.ip()) {
            return SocketAddr::new(*ip, address.port());
        }
        let probe = std::net::UdpSocket::bind(SocketAddr::new(address.ip(), 0));
        let found = probe.and_then(|probe| probe.connect(peer).and_then(|()| probe.local_addr()));
        let ip = found.map_or(address.ip(), |found| found.ip());
        if self.routes.len() >= ROUTES {
            self.routes.clear();
        }
        self.routes.insert(peer.ip(), ip);
        SocketAddr::new(ip, address.port())
    }
}

/// Binds an address for datagrams, and for streams on the same port where they are wanted.
///
/// # Errors
/// What the system said.
pub(super) async fn bind(address: SocketAddr, streams: bool) -> io::Result<(Datagrams, Option<TcpListener>)> {
    let mut left = if address.port() == 0 { TRIES } else { 1 };
    loop {
        let socket = open(address, Type::DGRAM, Protocol::UDP)?;
        let socket = UdpSocket::from_std(socket.into())?;
        let bound = socket.local_addr()?;
        let stream = if streams { Some(listen(bound)) } else { None };
        left -= 1;
        match stream.transpose() {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && left > 0 => {}
            Err(error) => return Err(error),
            Ok(stream) => return Ok((Datagrams { socket, address: bound, routes: HashMap::new() }, stream)),
        }
    }
}

/// Listens for connections.
///
/// # Errors
/// What the system said.
pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = open(address, Type::STREAM, Protocol::TCP)?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

fn open(address: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if address.is_ipv6() {
        // IPv4 has listeners of its own: a peer's address must look as the peer knows it.
        socket.set_only_v6(true)?;
    }
    if kind == Type::STREAM {
        // A restart must not wait for connections of the earlier process to be forgotten.
        socket.set_reuse_address(true)?;
    } else {
        // Thousands who call at the same moment wait here; a kernel that allows less gives what it allows.
        let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}
