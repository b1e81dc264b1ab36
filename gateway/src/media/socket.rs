//! Datagrams in batches: `recvmmsg` with the kernel's arrival time and drop count, and `sendmsg` from two pieces.
//!
//! All `unsafe` code of the media plane is here. Invariant: the pointers in a [`Batch`]'s headers are set anew for each system
//! call, and are read by the kernel and the control-message macros only until that call's datagrams are handed over.

use std::{
    io, mem,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket},
    os::fd::AsRawFd,
    ptr,
    time::Duration,
};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

/// Datagrams fetched at once; more than one drain interval of a well-behaved call.
const BATCH: usize = 32;
/// Datagrams fetched at first: a well-behaved call has no more, and preparing costs time for each.
const FEW: usize = 8;
/// The longest datagram that is taken whole.
const DATAGRAM: usize = 2_048;
/// Room for the arrival time (32 bytes) and the drop count (24 bytes).
const CONTROL_WORDS: usize = 8;

/// Opens a non-blocking UDP socket that reports arrival times and drops.
pub(super) fn open(address: SocketAddr, receive_buffer: usize) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    socket.set_recv_buffer_size(receive_buffer)?;
    enable(&socket, libc::SO_TIMESTAMPNS)?;
    enable(&socket, libc::SO_RXQ_OVFL)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

fn enable(socket: &Socket, option: libc::c_int) -> io::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: the option's value is a C int, and its length says so.
    let outcome = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            option,
            ptr::from_ref(&on).cast(),
            size_of_val(&on) as libc::socklen_t,
        )
    };
    if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// A datagram in a [`Batch`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Datagram<'a> {
    pub bytes: &'a [u8],
    pub from: SocketAddr,
    /// When the kernel took it, since the Unix epoch; `None` when the kernel does not say.
    pub arrival: Option<Duration>,
    /// How many datagrams this socket has dropped in its life; `None` when none.
    pub dropped: Option<u32>,
}

/// Reusable buffers of one thread.
pub(super) struct Batch {
    buffers: Box<[[u8; DATAGRAM]]>,
    addresses: Box<[libc::sockaddr_storage]>,
    controls: Box<[[u64; CONTROL_WORDS]]>,
    pieces: Box<[libc::iovec]>,
    headers: Box<[libc::mmsghdr]>,
    /// The last batch was full: the next one is a large one.
    more: bool,
}

impl Batch {
    pub fn new() -> Self {
        // SAFETY: all-zero bytes are a valid sockaddr_storage, iovec and mmsghdr.
        unsafe {
            Self {
                buffers: vec![[0; DATAGRAM]; BATCH].into_boxed_slice(),
                addresses: vec![mem::zeroed(); BATCH].into_boxed_slice(),
                controls: vec![[0; CONTROL_WORDS]; BATCH].into_boxed_slice(),
                pieces: vec![mem::zeroed(); BATCH].into_boxed_slice(),
                headers: vec![mem::zeroed(); BATCH].into_boxed_slice(),
                more: false,
            }
        }
    }

    /// Points the headers at the buffers: the kernel writes the lengths over, and pointers must not outlive a borrow.
    fn prepare(&mut self, most: usize) {
        let places = self.addresses.iter_mut().zip(&mut self.controls).zip(&mut self.pieces).zip(&mut self.buffers);
        for (header, (((address, control), piece), buffer)) in self.headers.iter_mut().zip(places).take(most) {
            piece.iov_base = buffer.as_mut_ptr().cast();
            piece.iov_len = DATAGRAM;
            let header = &mut header.msg_hdr;
            header.msg_name = ptr::from_mut(address).cast();
            header.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
            header.msg_iov = piece;
            header.msg_iovlen = 1;
            header.msg_control = control.as_mut_ptr().cast();
            header.msg_controllen = size_of::<[u64; CONTROL_WORDS]>();
            header.msg_flags = 0;
        }
    }

    /// Fetches what waits on `socket`, at most a batch, and hands each datagram to `each`. Returns whether more may wait.
    ///
    /// # Errors
    /// What the system call says, except that nothing waits.
    pub fn receive(&mut self, socket: &UdpSocket, mut each: impl FnMut(Datagram<'_>)) -> io::Result<bool> {
        let most = if mem::take(&mut self.more) { BATCH } else { FEW };
        self.prepare(most);
        // SAFETY: the headers were just pointed at this struct's heap blocks, with the lengths that they have.
        let count = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                self.headers.as_mut_ptr(),
                most as libc::c_uint,
                libc::MSG_DONTWAIT as _,
                ptr::null_mut(),
            )
        };
        let Ok(count) = usize::try_from(count) else {
            let error = io::Error::last_os_error();
            return if error.kind() == io::ErrorKind::WouldBlock { Ok(false) } else { Err(error) };
        };
        for ((header, buffer), address) in self.headers.iter().zip(&self.buffers).zip(&self.addresses).take(count) {
            let Some(from) = socket_address(address) else {
                continue;
            };
            let (arrival, dropped) = control_of(&header.msg_hdr);
            let bytes = buffer.get(..header.msg_len as usize).unwrap_or(buffer);
            each(Datagram { bytes, from, arrival, dropped });
        }
        self.more = count == most;
        Ok(self.more)
    }
}

impl std::fmt::Debug for Batch {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Batch").field("datagrams", &self.buffers.len()).finish_non_exhaustive()
    }
}

fn socket_address(storage: &libc::sockaddr_storage) -> Option<SocketAddr> {
    match libc::c_int::from(storage.ss_family) {
        libc::AF_INET => {
            // SAFETY: the family says that the storage holds a sockaddr_in, which is smaller and no more aligned.
            let address = unsafe { &*ptr::from_ref(storage).cast::<libc::sockaddr_in>() };
            let ip = Ipv4Addr::from(u32::from_be(address.sin_addr.s_addr));
            Some(SocketAddrV4::new(ip, u16::from_be(address.sin_port)).into())
        }
        libc::AF_INET6 => {
            // SAFETY: the family says that the storage holds a sockaddr_in6, which is smaller and no more aligned.
            let address = unsafe { &*ptr::from_ref(storage).cast::<libc::sockaddr_in6>() };
            let ip = Ipv6Addr::from(address.sin6_addr.s6_addr);
            let port = u16::from_be(address.sin6_port);
            Some(SocketAddrV6::new(ip, port, address.sin6_flowinfo, address.sin6_scope_id).into())
        }
        _ => None,
    }
}

fn control_of(header: &libc::msghdr) -> (Option<Duration>, Option<u32>) {
    let (mut arrival, mut dropped) = (None, None);
    // SAFETY: the kernel wrote `msg_controllen` bytes of control messages at `msg_control`; the macros stay within them, and
    // the data of the two kinds read here are a timespec and a u32, read without assuming alignment.
    unsafe {
        let mut control = libc::CMSG_FIRSTHDR(header);
        while let Some(message) = control.as_ref() {
            if message.cmsg_level == libc::SOL_SOCKET {
                let data = libc::CMSG_DATA(control);
                match message.cmsg_type {
                    libc::SCM_TIMESTAMPNS => {
                        let time = data.cast::<libc::timespec>().read_unaligned();
                        arrival = u64::try_from(time.tv_sec).ok().map(|secs| Duration::new(secs, time.tv_nsec as u32));
                    }
                    libc::SO_RXQ_OVFL => dropped = Some(data.cast::<u32>().read_unaligned()),
                    _ => {}
                }
            }
            control = libc::CMSG_NXTHDR(header, control);
        }
    }
    (arrival, dropped)
}

/// Sends one datagram made of two pieces, without copying them together.
pub(super) fn send(socket: &UdpSocket, to: &SockAddr, head: &[u8], body: &[u8]) -> io::Result<()> {
    let mut pieces = [
        libc::iovec { iov_base: head.as_ptr().cast_mut().cast(), iov_len: head.len() },
        libc::iovec { iov_base: body.as_ptr().cast_mut().cast(), iov_len: body.len() },
    ];
    // SAFETY: an all-zero msghdr is valid; its pointers outlive the call, and the kernel only reads through them.
    let sent = unsafe {
        let mut message: libc::msghdr = mem::zeroed();
        message.msg_name = to.as_ptr().cast_mut().cast();
        message.msg_namelen = to.len();
        message.msg_iov = pieces.as_mut_ptr();
        message.msg_iovlen = pieces.len();
        libc::sendmsg(socket.as_raw_fd(), &message, libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL)
    };
    if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Sends `bytes` as datagrams of `size` each (the last may be shorter), through the network stack in one piece
/// (`UDP_SEGMENT`, Linux 4.18).
pub(super) fn send_segments(socket: &UdpSocket, to: &SockAddr, bytes: &[u8], size: u16) -> io::Result<()> {
    let mut piece = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let mut control = [0u64; 3];
    // SAFETY: an all-zero msghdr is valid; its pointers outlive the call, and the kernel only reads through them. The control
    // buffer holds CMSG_SPACE(2) = 24 bytes, aligned for a cmsghdr, so that its one message and the u16 in it fit.
    let sent = unsafe {
        let mut message: libc::msghdr = mem::zeroed();
        message.msg_name = to.as_ptr().cast_mut().cast();
        message.msg_namelen = to.len();
        message.msg_iov = &mut piece;
        message.msg_iovlen = 1;
        message.msg_control = control.as_mut_ptr().cast();
        message.msg_controllen = libc::CMSG_SPACE(size_of::<u16>() as u32) as usize;
        if let Some(header) = libc::CMSG_FIRSTHDR(&message).as_mut() {
            header.cmsg_level = libc::SOL_UDP;
            header.cmsg_type = libc::UDP_SEGMENT;
            header.cmsg_len = libc::CMSG_LEN(size_of::<u16>() as u32) as usize;
            libc::CMSG_DATA(header).cast::<u16>().write_unaligned(size);
        }
        libc::sendmsg(socket.as_raw_fd(), &message, libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL)
    };
    if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    type Received = (Vec<u8>, SocketAddr, Option<Duration>, Option<u32>);

    fn receive_all(batch: &mut Batch, socket: &UdpSocket) -> Vec<Received> {
        let mut all = Vec::new();
        while batch
            .receive(socket, |datagram| {
                all.push((datagram.bytes.to_vec(), datagram.from, datagram.arrival, datagram.dropped));
            })
            .unwrap()
        {}
        all
    }

    #[test]
    fn datagrams_come_whole_in_order_with_sender_and_time() {
        for ip in [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)] {
            // A machine without IPv6 has no such address.
            let Ok(receiver) = open(SocketAddr::new(ip, 0), 1 << 18) else {
                assert!(ip.is_ipv6());
                continue;
            };
            let sender = open(SocketAddr::new(ip, 0), 1 << 18).unwrap();
            let to = SockAddr::from(receiver.local_addr().unwrap());
            for nth in 0..100u8 {
                send(&sender, &to, &[nth; 12], &vec![nth; usize::from(nth)]).unwrap();
            }
            let all = receive_all(&mut Batch::new(), &receiver);
            assert_eq!(all.len(), 100);
            for (nth, (bytes, from, arrival, dropped)) in all.iter().enumerate() {
                assert_eq!(*bytes, vec![nth as u8; 12 + nth]);
                assert_eq!(*from, sender.local_addr().unwrap());
                assert!(arrival.is_some_and(|arrival| arrival.as_secs() > 1_600_000_000));
                assert_eq!(*dropped, None);
            }
            assert!(all.is_sorted_by_key(|(_, _, arrival, _)| *arrival));
        }
    }

    #[test]
    fn segments_arrive_as_datagrams_of_their_own() {
        let receiver = open(SocketAddr::from(([127, 0, 0, 1], 0)), 1 << 18).unwrap();
        let sender = open(SocketAddr::from(([127, 0, 0, 1], 0)), 1 << 18).unwrap();
        let to = SockAddr::from(receiver.local_addr().unwrap());
        let bytes = [[1u8; 172], [2; 172], [3; 172]].concat();
        send_segments(&sender, &to, &bytes, 172).unwrap();
        let all = receive_all(&mut Batch::new(), &receiver);
        assert_eq!(all.iter().map(|received| received.0.clone()).collect::<Vec<_>>(), [[1; 172], [2; 172], [3; 172]]);
    }

    #[test]
    fn what_the_kernel_drops_is_counted() {
        let receiver = open(SocketAddr::from(([127, 0, 0, 1], 0)), 4_096).unwrap();
        let sender = open(SocketAddr::from(([127, 0, 0, 1], 0)), 4_096).unwrap();
        let to = SockAddr::from(receiver.local_addr().unwrap());
        let mut batch = Batch::new();
        for _ in 0..500 {
            send(&sender, &to, &[0; 12], &[0; 160]).unwrap();
        }
        let got = receive_all(&mut batch, &receiver).len();
        assert!(got < 500);
        // The count travels with the next datagram that is taken.
        send(&sender, &to, &[0; 12], &[]).unwrap();
        let after = receive_all(&mut batch, &receiver);
        assert_eq!(after[0].3, Some(500 - got as u32));
    }

    #[test]
    fn a_datagram_that_is_too_long_is_cut_and_does_no_harm() {
        let receiver = open(SocketAddr::from(([127, 0, 0, 1], 0)), 1 << 18).unwrap();
        let to = receiver.local_addr().unwrap();
        UdpSocket::bind("127.0.0.1:0").unwrap().send_to(&[7; 9_000], to).unwrap();
        let all = receive_all(&mut Batch::new(), &receiver);
        assert_eq!(all[0].0, vec![7; DATAGRAM]);
    }
}
