//! Fetching a model from servers of every kind: those that resume, those that cannot, those that break off and those that
//! send something else.

use super::{fetch, with_model};
use dauys_config::Settings;
use dauys_transcriber::models::{self, Model, VerifyError};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// A whole model: the demonstration's.
static MODEL: &[u8] = dauys_transcriber::engine::DEMO_MODEL;

/// What a server does with one request.
#[derive(Clone, Copy)]
enum Manner {
    /// Sends what is asked for, as a range where one is.
    Resumes,
    /// Sends the whole, whatever is asked for.
    IgnoresRange,
    /// Breaks off after so many bytes.
    BreaksOff(usize),
    /// Sends as many bytes of something else.
    Other,
}

/// A server that takes one request for each manner, and keeps the ranges that were asked for.
struct Server {
    url: String,
    ranges: Arc<Mutex<Vec<Option<usize>>>>,
}

impl Server {
    fn start(manners: Vec<Manner>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/ggml-test.bin", listener.local_addr().expect("an address"));
        let ranges = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&ranges);
        std::thread::spawn(move || {
            for manner in manners {
                let Ok((mut stream, _)) = listener.accept() else { return };
                let range = requested(&stream);
                seen.lock().unwrap_or_else(PoisonError::into_inner).push(range);
                // Whoever breaks off or is left by the client gets no further; that is what is tested.
                let _ = answer(&mut stream, manner, range);
            }
        });
        Self { url, ranges }
    }

    fn ranges(&self) -> Vec<Option<usize>> {
        self.ranges.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Where the request wants to go on from.
fn requested(stream: &TcpStream) -> Option<usize> {
    let lines = BufReader::new(stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let range = lines.filter_map(|line| {
        let line = line.to_lowercase();
        line.strip_prefix("range: bytes=")?.trim_end_matches('-').parse().ok()
    });
    range.last()
}

fn answer(stream: &mut TcpStream, manner: Manner, range: Option<usize>) -> std::io::Result<()> {
    let size = MODEL.len();
    if let (Manner::Resumes, Some(from)) = (manner, range) {
        if from >= size {
            return write!(
                stream,
                "HTTP/1.1 416 Range Not Satisfiable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
        }
        let rest = &MODEL[from..];
        let (last, length) = (size - 1, rest.len());
        write!(stream, "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes {from}-{last}/{size}\r\n")?;
        write!(stream, "content-length: {length}\r\nconnection: close\r\n\r\n")?;
        return stream.write_all(rest);
    }
    write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {size}\r\nconnection: close\r\n\r\n")?;
    match manner {
        Manner::BreaksOff(after) => stream.write_all(&MODEL[..after]),
        Manner::Other => stream.write_all(&vec![7; size]),
        Manner::Resumes | Manner::IgnoresRange => stream.write_all(MODEL),
    }
}

/// A data folder, and a manifest's line for the model.
struct Here {
    _folder: tempfile::TempDir,
    settings: Settings,
    model: Model,
}

impl Here {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut settings = Settings::default();
        settings.node.data = folder.path().to_owned();
        let whole = folder.path().join("whole.bin");
        std::fs::write(&whole, MODEL).expect("space");
        let unknown =
            Model { name: "test", mebibytes: 100, sha1: "", source: "", licence: "MIT", languages: "kk, ru, uz, en" };
        let Err(VerifyError::Checksum { found, .. }) = models::verify(&unknown, &whole) else {
            panic!("no checksum is the empty one");
        };
        Self { _folder: folder, settings, model: Model { sha1: found.leak(), ..unknown } }
    }

    fn fetch(&self, server: &Server) -> Result<(), String> {
        fetch(&self.settings, &self.model, Some(&server.url)).map_err(|error| format!("{error:#}"))
    }

    fn part(&self) -> std::path::PathBuf {
        self.model.path(&self.settings.node.data).with_extension("bin.part")
    }

    fn fetched(&self) -> Option<Vec<u8>> {
        std::fs::read(self.model.path(&self.settings.node.data)).ok()
    }
}

fn size(path: &Path) -> usize {
    std::fs::metadata(path).map_or(0, |file| usize::try_from(file.len()).unwrap_or(usize::MAX))
}

#[test]
fn a_fetch_that_broke_off_goes_on_where_it_stopped() {
    let here = Here::new();
    let server = Server::start(vec![Manner::BreaksOff(3_000_000), Manner::Resumes]);
    let error = here.fetch(&server).expect_err("the connection broke");
    assert!(error.contains("could not be fetched") && error.contains("dauys model verify test"), "{error}");
    assert!(here.fetched().is_none(), "nothing is put in place before it was checked");
    let had = size(&here.part());
    assert!(had > 0 && had <= 3_000_000, "{had} bytes are kept");
    here.fetch(&server).expect("the rest comes");
    assert_eq!(server.ranges(), [None, Some(had)]);
    assert!(here.fetched().is_some_and(|bytes| bytes == MODEL) && !here.part().exists());
}

#[test]
fn a_server_that_cannot_resume_sends_the_whole_again() {
    let here = Here::new();
    let server = Server::start(vec![Manner::BreaksOff(3_000_000), Manner::IgnoresRange]);
    here.fetch(&server).expect_err("the connection broke");
    here.fetch(&server).expect("the whole comes");
    assert!(here.fetched().is_some_and(|bytes| bytes == MODEL));
}

#[test]
fn something_else_is_thrown_away_and_the_next_try_starts_anew() {
    let here = Here::new();
    let server = Server::start(vec![Manner::Other, Manner::Resumes]);
    let error = here.fetch(&server).expect_err("it is no model");
    assert!(error.contains("what was fetched is not test") && error.contains("SHA-1"), "{error}");
    assert!(here.fetched().is_none() && !here.part().exists());
    here.fetch(&server).expect("this server has it");
    assert_eq!(server.ranges(), [None, None]);
    assert!(here.fetched().is_some_and(|bytes| bytes == MODEL));
}

#[test]
fn a_part_that_is_the_whole_already_is_checked_and_put_in_place() {
    let here = Here::new();
    std::fs::create_dir_all(here.part().parent().expect("a folder")).expect("space");
    std::fs::write(here.part(), MODEL).expect("space");
    let server = Server::start(vec![Manner::Resumes]);
    here.fetch(&server).expect("nothing is missing");
    assert_eq!(server.ranges(), [Some(MODEL.len())]);
    assert!(here.fetched().is_some_and(|bytes| bytes == MODEL));
}

#[test]
fn what_grows_beyond_the_model_is_not_taken() {
    let here = Here::new();
    let small = Here { model: Model { mebibytes: 1, ..here.model.clone() }, ..here };
    let error = small.fetch(&Server::start(vec![Manner::Resumes])).expect_err("it is ten times as large");
    assert!(error.contains("larger than the model's 1 MiB"), "{error}");
    assert!(small.fetched().is_none());
}

#[test]
fn only_the_models_line_changes() {
    let text = "# ours\n[http]\nmodel = 1\n\n[transcriber]\nthreads = 2\nmodel = \"demo\" # old\n[sip]\nport = 1\n";
    let expected = "# ours\n[http]\nmodel = 1\n\n[transcriber]\nthreads = 2\nmodel = \"small\"\n[sip]\nport = 1\n";
    assert_eq!(with_model(text, "small"), expected);
    assert_eq!(with_model("[transcriber]\nthreads = 2", "a\"b"), "[transcriber]\nmodel = \"a\\\"b\"\nthreads = 2\n");
    assert_eq!(with_model("", "small"), "[transcriber]\nmodel = \"small\"\n");
}
