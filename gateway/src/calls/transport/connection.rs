//! One connection: bytes in, messages out to the line, and the line's messages back. It ends when the peer goes, sends
//! what cannot be framed, is slow to finish a message, or is silent for long.

use dauys_sip::Flow;
use dauys_sip::stream::{Broken, Frame, FrameError, Framer};
use dauys_sip::transaction::Packet;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

/// How many messages wait for a peer that reads slowly; then it is let go.
const OUTGOING: usize = 64;
/// How much is read at once.
const CHUNK: usize = 4_096;
/// What a connection is allowed.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// How long it may be silent between messages.
    pub idle: Duration,
    /// How long a peer may take for its first message, and from the beginning of a message to its end.
    pub message: Duration,
    /// How long a peer may take to read.
    pub write: Duration,
    /// How long a last answer has before the connection closes.
    pub last_word: Duration,
}

impl Limits {
    /// Returns the usual limits, with a chosen silence.
    pub fn with_idle(idle: Duration) -> Self {
        let seconds = Duration::from_secs;
        Self { idle, message: seconds(30), write: seconds(10), last_word: seconds(1) }
    }
}

/// News of a connection.
pub(super) struct Arrival {
    pub flow: Flow,
    pub what: What,
}

/// What the news is.
pub(super) enum What {
    /// It stands; messages for the peer go here.
    Opened(mpsc::Sender<Packet>),
    /// A message came.
    Message(Vec<u8>),
    /// What came cannot be cut into messages.
    Unframed(Vec<u8>, FrameError),
    /// It is gone.
    Closed(mpsc::WeakSender<Packet>),
}

struct Connection<S> {
    stream: S,
    flow: Flow,
    framer: Framer,
    arrivals: mpsc::Sender<Arrival>,
    /// When the message at hand began, if one is.
    begun: Option<Instant>,
    due: Instant,
    limits: Limits,
}

/// Why a connection is not read on.
enum Stop {
    /// It is gone, or must go.
    Now,
    /// An answer may still be under way.
    AfterAnswer,
}

impl From<io::Error> for Stop {
    fn from(_: io::Error) -> Self {
        Self::Now
    }
}

/// Serves one connection to its end.
pub(super) async fn serve<S>(stream: S, flow: Flow, limits: Limits, arrivals: mpsc::Sender<Arrival>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (sender, outgoing) = mpsc::channel(OUTGOING);
    // A strong one would keep the queue open after the line has let go of it.
    let closed = What::Closed(sender.downgrade());
    if arrivals.send(Arrival { flow, what: What::Opened(sender) }).await.is_err() {
        return;
    }
    let begun = None;
    let mut connection = Connection {
        stream,
        flow,
        framer: Framer::new(),
        arrivals: arrivals.clone(),
        begun,
        limits,
        due: Instant::now() + limits.message,
    };
    connection.run(outgoing).await;
    let _ = timeout(limits.write, connection.stream.shutdown()).await;
    let _ = arrivals.send(Arrival { flow, what: closed }).await;
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    async fn run(&mut self, mut outgoing: mpsc::Receiver<Packet>) {
        let mut chunk = [0u8; CHUNK];
        let mut reading = true;
        loop {
            let done = tokio::select! {
                read = self.stream.read(&mut chunk) => match read {
                    Ok(0) | Err(_) => Err(Stop::Now),
                    // What comes behind a fault is read so that the answer to it is not lost with the connection.
                    Ok(_) if !reading => Ok(()),
                    Ok(length) => self.take(chunk.get(..length).unwrap_or_default()).await,
                },
                bytes = outgoing.recv() => match bytes {
                    Some(bytes) => self.write(&bytes).await.map_err(Stop::from),
                    None => Err(Stop::Now),
                },
                () = sleep_until(self.due) => Err(Stop::Now),
            };
            match done {
                Ok(()) => {}
                Err(Stop::Now) => return,
                Err(Stop::AfterAnswer) => {
                    reading = false;
                    self.due = Instant::now() + self.limits.last_word;
                }
            }
        }
    }

    async fn take(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        self.framer.push(bytes);
        loop {
            let what = match self.framer.next_frame() {
                Ok(Some(Frame::Message(bytes))) => What::Message(bytes.to_vec()),
                Ok(Some(Frame::Ping)) => {
                    self.write(b"\r\n").await?;
                    continue;
                }
                Ok(None) => break,
                Err(Broken { error, head }) => What::Unframed(head.to_vec(), error),
            };
            let broken = matches!(what, What::Unframed(..));
            self.begun = None;
            self.arrivals.send(Arrival { flow: self.flow, what }).await.map_err(|_| Stop::Now)?;
            if broken {
                return Err(Stop::AfterAnswer);
            }
        }
        // Bytes that trickle in do not put off the end of a message that does not end.
        self.due = if self.framer.is_partial() {
            *self.begun.get_or_insert_with(Instant::now) + self.limits.message
        } else {
            self.begun = None;
            Instant::now() + self.limits.idle
        };
        Ok(())
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        timeout(self.limits.write, written).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dauys_sip::Transport;
    use tokio::io::DuplexStream;

    const OPTIONS: &[u8] = b"OPTIONS sip:109@192.0.2.1 SIP/2.0\r\nContent-Length: 0\r\n\r\n";
    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(60);

    struct Peer {
        stream: DuplexStream,
        arrivals: mpsc::Receiver<Arrival>,
        sender: mpsc::Sender<Packet>,
        begun: Instant,
    }

    /// A peer whose every wait is long, but for what the test is about.
    async fn connected(change: impl FnOnce(&mut Limits)) -> Peer {
        let mut limits = Limits { idle: LONG, message: LONG, write: LONG, last_word: LONG };
        change(&mut limits);
        let (stream, ours) = tokio::io::duplex(256);
        let (tell, mut arrivals) = mpsc::channel(16);
        let address = "192.0.2.1:5060".parse().unwrap();
        let flow = Flow { local: address, peer: address, transport: Transport::Tcp };
        tokio::spawn(serve(ours, flow, limits, tell));
        let What::Opened(sender) = arrivals.recv().await.unwrap().what else { panic!("not opened") };
        Peer { stream, arrivals, sender, begun: Instant::now() }
    }

    impl Peer {
        async fn message(&mut self) -> Vec<u8> {
            match self.arrivals.recv().await.unwrap().what {
                What::Message(bytes) => bytes,
                _ => panic!("no message"),
            }
        }

        /// How long it took until the connection was let go, within what a loaded machine needs.
        async fn let_go(&mut self) -> Duration {
            let news = timeout(LONG / 2, self.arrivals.recv()).await.unwrap().unwrap();
            assert!(matches!(news.what, What::Closed(_)));
            self.begun.elapsed()
        }
    }

    #[tokio::test]
    async fn who_says_nothing_or_never_ends_a_message_is_let_go() {
        let mut silent = connected(|limits| limits.message = SHORT).await;
        assert!(silent.let_go().await >= SHORT / 2);
        let Peer { mut stream, mut arrivals, sender, .. } = connected(|limits| limits.message = SHORT).await;
        // Bytes that trickle in put nothing off.
        let news = loop {
            let _ = stream.write_all(b"x").await;
            if let Ok(news) = timeout(SHORT / 30, arrivals.recv()).await {
                break news;
            }
        };
        assert!(matches!(news.unwrap().what, What::Closed(_)));
        drop(sender);
    }

    #[tokio::test]
    async fn messages_come_whole_keep_alives_are_answered_and_silence_ends_a_connection() {
        let mut peer = connected(|limits| limits.idle = SHORT).await;
        peer.stream.write_all(&OPTIONS.repeat(2)).await.unwrap();
        assert_eq!([peer.message().await, peer.message().await], [OPTIONS, OPTIONS]);
        peer.stream.write_all(b"\r\n\r\n").await.unwrap();
        let mut pong = [0; 2];
        peer.stream.read_exact(&mut pong).await.unwrap();
        assert_eq!(&pong, b"\r\n");
        peer.begun = Instant::now();
        assert!(peer.let_go().await >= SHORT / 2);
    }

    #[tokio::test]
    async fn what_cannot_be_framed_is_answered_and_then_the_connection_ends() {
        let mut peer = connected(|limits| limits.last_word = SHORT).await;
        peer.stream.write_all(b"OPTIONS sip:109@192.0.2.1 SIP/2.0\r\n\r\nmore").await.unwrap();
        let What::Unframed(head, error) = peer.arrivals.recv().await.unwrap().what else { panic!("it was framed") };
        assert_eq!((head.len(), error), (37, FrameError::NoLength));
        peer.sender.send(Packet::from(&b"answer"[..])).await.unwrap();
        let mut answer = Vec::new();
        peer.stream.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, b"answer");
        peer.let_go().await;
    }

    #[tokio::test]
    async fn who_does_not_read_is_let_go_and_what_waits_for_him_is_bounded() {
        let mut peer = connected(|limits| limits.write = SHORT).await;
        let packet = Packet::from(&[b'x'; 200][..]);
        let queued = std::iter::repeat_with(|| peer.sender.try_send(packet.clone())).take_while(Result::is_ok).count();
        assert_eq!(queued, OUTGOING);
        assert!(peer.let_go().await >= SHORT / 2);
    }

    #[tokio::test]
    async fn when_the_line_lets_go_what_is_queued_is_sent_first() {
        let Peer { mut stream, arrivals, sender, .. } = connected(|_| {}).await;
        sender.send(Packet::from(&b"bye"[..])).await.unwrap();
        drop((sender, arrivals));
        let mut last = Vec::new();
        stream.read_to_end(&mut last).await.unwrap();
        assert_eq!(last, b"bye");
    }
}
