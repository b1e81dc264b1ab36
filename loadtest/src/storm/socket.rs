//! The storm's sockets: packets to many destinations with one system call, and what came back counted without copying it.
//!
//! All `unsafe` code of the storm is here. Invariant: pointers in a box's headers are set anew before each system call, to that
//! box's own heap blocks.

use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::io;
use std::mem;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::ptr;
use std::time::Duration;

use super::caller::LONGEST_PACKET;

/// Parcels sent with one system call at most.
const OUT: usize = 256;
/// Packets of one caller in a parcel at most.
pub const MOST_TOGETHER: usize = 5;
const PARCEL: usize = MOST_TOGETHER * LONGEST_PACKET;
/// Room for the control message that tells how long a packet is (24 bytes).
const CONTROL_WORDS: usize = 4;
/// Datagrams taken with one system call at most.
const IN: usize = 256;
/// What is kept of a datagram: enough to see what it is.
const PEEK: usize = 16;
/// Kernel buffers, in bytes.
const BUFFER: usize = 4 * 1_024 * 1_024;

/// Opens a non-blocking UDP socket with large buffers.
///
/// # Errors
/// What the system says.
pub fn open(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    socket.set_recv_buffer_size(BUFFER)?;
    socket.set_send_buffer_size(BUFFER)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// Lets the kernel hand over packets that belong together in one piece, where it can.
pub fn gather(socket: &UdpSocket) {
    let on: libc::c_int = 1;
    // SAFETY: the option's value is a C int, and its length says so. A kernel that does not know it refuses, which is no harm.
    let _ = unsafe {
        let length = size_of_val(&on) as libc::socklen_t;
        libc::setsockopt(socket.as_raw_fd(), libc::SOL_UDP, libc::UDP_GRO, ptr::from_ref(&on).cast(), length)
    };
}

/// Returns whether the kernel cuts a parcel into its packets (`UDP_SEGMENT`, Linux 4.18).
pub fn can_cut(socket: &UdpSocket) -> bool {
    let (mut value, mut length): (libc::c_int, _) = (0, size_of::<libc::c_int>() as libc::socklen_t);
    // SAFETY: the option's value is a C int, and its length says so.
    let outcome = unsafe {
        let place = ptr::from_mut(&mut value).cast();
        libc::getsockopt(socket.as_raw_fd(), libc::SOL_UDP, libc::UDP_SEGMENT, place, &mut length)
    };
    outcome == 0
}

/// Waits until something can be read, or the time is over.
pub fn wait(socket: &UdpSocket, longest: Duration) {
    let mut poll = libc::pollfd { fd: socket.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    let time = libc::timespec { tv_sec: longest.as_secs() as libc::time_t, tv_nsec: longest.subsec_nanos().into() };
    // SAFETY: one pollfd and one timespec are given, both alive during the call. An interruption is only an early end.
    let _ = unsafe { libc::ppoll(&mut poll, 1, &time, ptr::null()) };
}

/// Where a packet goes, as the kernel reads it.
#[derive(Clone, Copy)]
pub struct Destination {
    address: libc::sockaddr_in6,
    length: libc::socklen_t,
}

impl Destination {
    /// Makes the kernel's form of an address.
    pub fn new(address: SocketAddr) -> Self {
        let address = SockAddr::from(address);
        // SAFETY: all-zero bytes are a valid sockaddr_in6, and an address of either family is no longer than one.
        unsafe {
            let mut copy: libc::sockaddr_in6 = mem::zeroed();
            let length = (address.len() as usize).min(size_of::<libc::sockaddr_in6>());
            ptr::copy_nonoverlapping(address.as_ptr().cast::<u8>(), ptr::from_mut(&mut copy).cast::<u8>(), length);
            Self { address: copy, length: length as libc::socklen_t }
        }
    }
}

impl Destination {
    /// Returns the port, which lies at the same place in the addresses of both families.
    pub fn port(&self) -> u16 {
        u16::from_be(self.address.sin6_port)
    }
}

/// Parcels that wait to be sent: each holds one or more packets to one destination.
pub struct Outbox {
    parcels: Box<[[u8; PARCEL]]>,
    lengths: Box<[(usize, usize)]>,
    to: Box<[Destination]>,
    controls: Box<[[u64; CONTROL_WORDS]]>,
    pieces: Box<[libc::iovec]>,
    headers: Box<[libc::mmsghdr]>,
    filled: usize,
    packets: u64,
}

impl Outbox {
    /// Makes an empty one.
    pub fn new() -> Self {
        // SAFETY: all-zero bytes are a valid sockaddr_in6, iovec and mmsghdr.
        unsafe {
            Self {
                parcels: vec![[0; PARCEL]; OUT].into_boxed_slice(),
                lengths: vec![(0, 0); OUT].into_boxed_slice(),
                to: vec![Destination { address: mem::zeroed(), length: 0 }; OUT].into_boxed_slice(),
                controls: vec![[0; CONTROL_WORDS]; OUT].into_boxed_slice(),
                pieces: vec![mem::zeroed(); OUT].into_boxed_slice(),
                headers: vec![mem::zeroed(); OUT].into_boxed_slice(),
                filled: 0,
                packets: 0,
            }
        }
    }

    /// Returns whether it must be sent before more is added.
    pub fn is_full(&self) -> bool {
        self.filled == OUT
    }

    /// Returns how many packets wait.
    pub fn len(&self) -> u64 {
        self.packets
    }

    /// Returns whether none waits.
    pub fn is_empty(&self) -> bool {
        self.filled == 0
    }

    /// Adds packets of `each` bytes that lie one after another (the last may be shorter); those that find no room are not added.
    pub fn add(&mut self, to: &Destination, bytes: &[u8], each: usize) {
        let at = self.filled;
        if let (Some(parcel), Some(lengths), Some(place)) =
            (self.parcels.get_mut(at), self.lengths.get_mut(at), self.to.get_mut(at))
        {
            let length = bytes.len().min(PARCEL);
            *lengths = (length, each.max(1));
            parcel[..length].copy_from_slice(&bytes[..length]);
            *place = *to;
            self.filled += 1;
            self.packets += length.div_ceil(each.max(1)) as u64;
        }
    }

    /// Points a header at its parcel, and says where the kernel shall cut it.
    fn prepare(&mut self, at: usize) {
        let (length, each) = self.lengths[at];
        let piece = &mut self.pieces[at];
        piece.iov_base = self.parcels[at].as_mut_ptr().cast();
        piece.iov_len = length;
        let header = &mut self.headers[at].msg_hdr;
        header.msg_name = ptr::from_mut(&mut self.to[at].address).cast();
        header.msg_namelen = self.to[at].length;
        header.msg_iov = piece;
        header.msg_iovlen = 1;
        (header.msg_control, header.msg_controllen) = (ptr::null_mut(), 0);
        if length > each {
            header.msg_control = self.controls[at].as_mut_ptr().cast();
            // SAFETY: the control block is large enough for one message with two bytes, and aligned for its head.
            unsafe {
                header.msg_controllen = libc::CMSG_SPACE(size_of::<u16>() as u32) as _;
                let control = libc::CMSG_FIRSTHDR(header);
                (*control).cmsg_level = libc::SOL_UDP;
                (*control).cmsg_type = libc::UDP_SEGMENT;
                (*control).cmsg_len = libc::CMSG_LEN(size_of::<u16>() as u32) as _;
                libc::CMSG_DATA(control).cast::<u16>().write_unaligned(each as u16);
            }
        }
    }

    /// Sends everything; returns how many packets the kernel took.
    pub fn send(&mut self, socket: &UdpSocket) -> u64 {
        let count = mem::take(&mut self.filled);
        self.packets = 0;
        for at in 0..count {
            self.prepare(at);
        }
        let (mut done, mut sent) = (0, 0);
        while done < count {
            // SAFETY: the headers from `done` to `count` were just pointed at this struct's heap blocks.
            let outcome = unsafe {
                let first = self.headers.as_mut_ptr().add(done);
                libc::sendmmsg(socket.as_raw_fd(), first, (count - done) as libc::c_uint, libc::MSG_NOSIGNAL as _)
            };
            match usize::try_from(outcome) {
                Ok(taken) if taken > 0 => {
                    let taken = self.lengths[done..(done + taken).min(count)].iter();
                    done += taken.len();
                    sent += taken.map(|(length, each)| length.div_ceil(*each) as u64).sum::<u64>();
                }
                // The first of them cannot be sent; the others can.
                _ => done += 1,
            }
        }
        sent
    }
}

impl Default for Outbox {
    fn default() -> Self {
        Self::new()
    }
}

/// Room for what comes back.
pub struct Inbox {
    peeks: Box<[[u8; PEEK]]>,
    from: Box<[libc::sockaddr_in6]>,
    pieces: Box<[libc::iovec]>,
    headers: Box<[libc::mmsghdr]>,
}

impl Inbox {
    /// Makes an empty one.
    pub fn new() -> Self {
        // SAFETY: all-zero bytes are a valid sockaddr_in6, iovec and mmsghdr.
        unsafe {
            Self {
                peeks: vec![[0; PEEK]; IN].into_boxed_slice(),
                from: vec![mem::zeroed(); IN].into_boxed_slice(),
                pieces: vec![mem::zeroed(); IN].into_boxed_slice(),
                headers: vec![mem::zeroed(); IN].into_boxed_slice(),
            }
        }
    }

    /// Takes what has come, at most a box full: tells each datagram's sender's port, true length and first bytes. Returns whether
    /// more may wait.
    pub fn receive(&mut self, socket: &UdpSocket, mut each: impl FnMut(u16, usize, &[u8])) -> bool {
        for at in 0..IN {
            let piece = &mut self.pieces[at];
            piece.iov_base = self.peeks[at].as_mut_ptr().cast();
            piece.iov_len = PEEK;
            let header = &mut self.headers[at].msg_hdr;
            header.msg_name = ptr::from_mut(&mut self.from[at]).cast();
            header.msg_namelen = size_of::<libc::sockaddr_in6>() as libc::socklen_t;
            header.msg_iov = piece;
            header.msg_iovlen = 1;
        }
        // SAFETY: the headers were just pointed at this struct's heap blocks. With MSG_TRUNC the length told is the true one.
        let count = unsafe {
            let flags = libc::MSG_DONTWAIT | libc::MSG_TRUNC;
            libc::recvmmsg(
                socket.as_raw_fd(),
                self.headers.as_mut_ptr(),
                IN as libc::c_uint,
                flags as _,
                ptr::null_mut(),
            )
        };
        let count = usize::try_from(count).unwrap_or(0);
        for at in 0..count {
            // The port lies at the same place in the addresses of both families.
            let port = u16::from_be(self.from[at].sin6_port);
            let length = self.headers[at].msg_len as usize;
            each(port, length, self.peeks[at].get(..length.min(PEEK)).unwrap_or_default());
        }
        count == IN
    }
}

impl Default for Inbox {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_go_where_they_are_sent_and_come_with_their_length() {
        let socket = open("127.0.0.1:0".parse().unwrap()).unwrap();
        let ends: Vec<UdpSocket> = (0..3).map(|_| open("127.0.0.1:0".parse().unwrap()).unwrap()).collect();
        let mut outbox = Outbox::new();
        for (nth, end) in ends.iter().enumerate() {
            outbox.add(&Destination::new(end.local_addr().unwrap()), &vec![nth as u8; 100 + nth], 200);
        }
        assert_eq!(outbox.send(&socket), 3);
        let mut inbox = Inbox::new();
        for (nth, end) in ends.iter().enumerate() {
            wait(end, Duration::from_secs(5));
            let mut seen = Vec::new();
            inbox.receive(end, |port, length, peek| seen.push((port, length, peek.to_vec())));
            assert_eq!(seen, [(socket.local_addr().unwrap().port(), 100 + nth, vec![nth as u8; PEEK])]);
        }
    }

    #[test]
    fn a_destination_that_is_none_costs_only_its_own_packet() {
        let socket = open("127.0.0.1:0".parse().unwrap()).unwrap();
        let end = open("127.0.0.1:0".parse().unwrap()).unwrap();
        let mut outbox = Outbox::new();
        outbox.add(&Destination::new("127.0.0.1:0".parse().unwrap()), &[1; 20], 20);
        outbox.add(&Destination::new(end.local_addr().unwrap()), &[2; 20], 20);
        assert_eq!(outbox.send(&socket), 1);
        wait(&end, Duration::from_secs(5));
        let mut seen = 0;
        Inbox::new().receive(&end, |_, _, peek| seen += usize::from(peek[0] == 2));
        assert_eq!(seen, 1);
    }

    #[test]
    fn a_parcel_arrives_as_its_packets() {
        let socket = open("127.0.0.1:0".parse().unwrap()).unwrap();
        assert!(can_cut(&socket), "this kernel does not know UDP_SEGMENT");
        let end = open("127.0.0.1:0".parse().unwrap()).unwrap();
        let to = Destination::new(end.local_addr().unwrap());
        let mut outbox = Outbox::new();
        let bytes = [[1; 172], [2; 172], [3; 172]].concat();
        outbox.add(&to, &bytes[..400], 172);
        outbox.add(&to, &[4; 20], 20);
        assert_eq!(outbox.len(), 4);
        assert_eq!(outbox.send(&socket), 4);
        wait(&end, Duration::from_secs(5));
        let mut seen = Vec::new();
        Inbox::new().receive(&end, |_, length, peek| seen.push((length, peek[0])));
        assert_eq!(seen, [(172, 1), (172, 2), (56, 3), (20, 4)]);
    }
}
