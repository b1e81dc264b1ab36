//! Answers calls on a real socket and prints what one costs, kernel included: the figure to set beside SIPp's own server.
//! `answer [port] [calls]`; call it with `sipp -sn uac -r 1000 -m CALLS -d 0 127.0.0.1:PORT`.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use dauys_sip::sdp::{self, Capabilities};
use dauys_sip::{Config, Endpoint, Event, Input, Output, Transport};

/// How long the last call's transactions are waited for.
const LINGER: Duration = Duration::from_secs(2);

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn now() -> Instant {
    Instant::now()
}

/// The processor time of this process, from `/proc`, in seconds.
fn spent() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks = behind_name.split(' ').skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

struct Server {
    endpoint: Endpoint,
    socket: UdpSocket,
    media: Capabilities,
    ended: u64,
}

impl Server {
    fn drain(&mut self) -> std::io::Result<()> {
        while let Some(output) = self.endpoint.poll_output() {
            match output {
                Output::Send { peer, bytes, .. } => drop(self.socket.send_to(&bytes, peer)?),
                Output::Event(Event::Incoming { call, offer: Some(offer), .. }) => {
                    let _ = self.endpoint.ring(call, now());
                    if let Ok(agreed) = sdp::answer(&offer, &self.media) {
                        let _ = self.endpoint.answer(call, now(), agreed.answer.as_bytes());
                    }
                }
                Output::Event(Event::Ended { .. }) => self.ended += 1,
                Output::Event(_) => {}
            }
        }
        Ok(())
    }

    fn serve(&mut self, local: SocketAddr, calls: u64) -> std::io::Result<()> {
        let mut buffer = vec![0; 65_535];
        let mut last = now();
        while self.ended < calls || now() - last < LINGER {
            let due = self.endpoint.poll_timeout().unwrap_or(now() + LINGER);
            let wait = due.saturating_duration_since(now()).clamp(Duration::from_millis(1), LINGER / 4);
            self.socket.set_read_timeout(Some(wait))?;
            if let Ok((length, peer)) = self.socket.recv_from(&mut buffer) {
                last = now();
                let bytes = buffer.get(..length).unwrap_or_default();
                self.endpoint.handle_input(last, Input::Datagram { local, peer, transport: Transport::Udp, bytes });
            }
            self.endpoint.handle_timeout(now());
            self.drain()?;
        }
        Ok(())
    }
}

#[expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]
fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1).filter_map(|text| text.parse::<u64>().ok());
    let port = arguments.next().and_then(|port| u16::try_from(port).ok()).unwrap_or(5070);
    let calls = arguments.next().unwrap_or(20_000);
    let socket = UdpSocket::bind(("127.0.0.1", port))?;
    let local = socket.local_addr()?;
    let config = Config { max_dialogs: 50_000, max_transactions: 500_000, ..Config::new([7; 32]) };
    let media = Capabilities::g711(SocketAddr::new(local.ip(), 30_000));
    let mut server = Server { endpoint: Endpoint::new(config), socket, media, ended: 0 };
    println!("waiting on {local} for {calls} calls");
    server.serve(local, calls)?;
    let counters = server.endpoint.counters();
    println!(
        "{:.1} µs of processor a call, kernel included; {} calls, {} requests repeated by the caller, {} messages by us",
        spent() * 1e6 / server.ended.max(1) as f64,
        server.ended,
        counters.repeats_received,
        counters.repeats_sent
    );
    Ok(())
}
