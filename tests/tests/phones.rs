//! Phones that are not ours call in over UDP, TCP and TLS: SIPp, baresip and Linphone. What they say is in the recording, and
//! each call ends as it should.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step is a failed test")]

mod support;

use dauys_config::Settings;
use dauys_config::settings::{Secret, SipUser};
use dauys_events::{CallEvent, EndCause, Recorded, RecordingEnd};
use dauys_media::g711::Codec;
use dauys_tests::city::City;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

/// How long a call may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(90);

async fn city() -> City {
    City::open(|settings| settings.sip.also_listen = vec!["[::1]:0".parse().unwrap()]).await.unwrap()
}

/// A sample call, then silence, as a WAV file; and the words alone.
fn speech(folder: &Path) -> (PathBuf, Vec<i16>) {
    let voice = support::sample("ru-electricity");
    let samples: Vec<u8> =
        voice.iter().copied().chain(std::iter::repeat_n(0, 480_000)).flat_map(i16::to_le_bytes).collect();
    let size = samples.len() as u32;
    let mut wav = Vec::new();
    wav.extend(b"RIFF");
    wav.extend((size + 36).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wav.extend(8_000u32.to_le_bytes());
    wav.extend(16_000u32.to_le_bytes());
    wav.extend(b"\x02\0\x10\0data");
    wav.extend(size.to_le_bytes());
    wav.extend(samples);
    let path = folder.join("speech.wav");
    std::fs::write(&path, wav).unwrap();
    (path, voice)
}

/// Which part of what was said is in a recording, tenth of a second by tenth of a second and in order. A phone may have
/// changed the level a little, or left out a packet.
fn heard(recording: &[i16], said: &[i16]) -> f64 {
    let (mut at, mut found, mut parts) = (0, 0, 0);
    for part in said.chunks_exact(800).filter(|part| energy(part) > 800.0 * 300.0 * 300.0) {
        parts += 1;
        // The first part may be anywhere, the others near where they belong.
        let reach = if found == 0 { recording.len() } else { at + 4_000 };
        let near = recording.get(at..reach.min(recording.len())).unwrap_or_default();
        let best = near.windows(part.len()).enumerate().map(|(place, window)| (likeness(window, part), place));
        let (likeness, place) = best.max_by(|one, other| one.0.total_cmp(&other.0)).unwrap_or((0.0, 0));
        if likeness > 0.95 {
            (at, found) = (at + place, found + 1);
        }
    }
    f64::from(found) / f64::from(parts.max(1))
}

fn energy(samples: &[i16]) -> f64 {
    samples.iter().map(|sample| f64::from(*sample).powi(2)).sum()
}

/// The correlation of two stretches of sound: 1 for the same sound at any level.
fn likeness(one: &[i16], other: &[i16]) -> f64 {
    let common: f64 = one.iter().zip(other).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
    common / (energy(one) * energy(other)).sqrt().max(1.0)
}

/// What became of one call of a phone that speaks and then waits: its recording, and that dauys ended it.
async fn spoken(city: &City, said: &[i16]) -> Recorded {
    let call = async {
        let (recorded, wav) = city.recorded().await.unwrap();
        let mut samples = Vec::new();
        Codec::Alaw.decode_to(support::payload(&wav), &mut samples);
        let part = heard(&samples, said);
        assert!(part > 0.9, "only {part:.2} of what was said is in the recording");
        let events = city.call_events(2).await.unwrap();
        let CallEvent::Ended(ended) = &events[1] else { panic!("{events:?}") };
        assert_eq!((ended.cause, recorded.end), (EndCause::Completed, RecordingEnd::Silence));
        recorded
    };
    tokio::time::timeout(PATIENCE, call).await.unwrap()
}

async fn sipp(address: SocketAddr, arguments: &[&str]) {
    sipp_in(tempfile::TempDir::new().unwrap().path(), address, arguments).await;
}

async fn sipp_in(folder: &Path, address: SocketAddr, arguments: &[&str]) {
    let Some(sipp) = support::program("SIPp", "sipp") else { return };
    let own = address.ip().to_string();
    let output = Command::new(sipp)
        .args(["-s", "109", "-i", &own, "-nostdin", "-timeout", "80s", "-timeout_error", &address.to_string()])
        .args(arguments)
        .current_dir(folder)
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(PATIENCE, output).await.unwrap().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn sipps_own_caller_is_served_over_udp_and_over_tcp_on_one_and_on_many_connections() {
    let city = city().await;
    let address = city.node.address();
    for transport in ["u1", "t1", "tn"] {
        sipp(address, &["-sn", "uac", "-t", transport, "-max_socket", "100", "-m", "40", "-r", "40", "-d", "300"])
            .await;
    }
    city.node.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sipps_own_caller_is_served_over_ipv6() {
    let city = city().await;
    let address = city.node.addresses().iter().copied().find(SocketAddr::is_ipv6).unwrap();
    for transport in ["u1", "t1"] {
        sipp(address, &["-sn", "uac", "-t", transport, "-m", "10", "-r", "20", "-d", "300"]).await;
    }
    city.node.close().await;
}

/// Returns the audio of a capture of RTP in Ethernet frames, packet after packet.
fn captured(file: &Path) -> Vec<u8> {
    const FILE_HEAD: usize = 24;
    const PACKET_HEAD: usize = 16;
    const UNTIL_AUDIO: usize = 14 + 20 + 8 + 12;
    let bytes = std::fs::read(file).unwrap();
    let mut rest = &bytes[FILE_HEAD..];
    let mut audio = Vec::new();
    while let Some((head, packets)) = rest.split_at_checked(PACKET_HEAD) {
        let length = u32::from_le_bytes(head[8..12].try_into().unwrap()) as usize;
        audio.extend_from_slice(&packets[UNTIL_AUDIO..length]);
        rest = &packets[length..];
    }
    audio
}

/// SIPp plays its capture, of packets of 30 ms.
#[tokio::test(flavor = "multi_thread")]
async fn sipps_own_caller_with_media_is_recorded_byte_for_byte() {
    let captures = Path::new("/usr/share/sip-tester");
    if !captures.is_dir() || !may_open_raw_sockets() {
        return dauys_bus::testing::skipped("SIPp's captures, which it plays only through raw sockets");
    }
    let folder = tempfile::TempDir::new().unwrap();
    std::os::unix::fs::symlink(captures, folder.path().join("pcap")).unwrap();
    let city = city().await;
    sipp_in(folder.path(), city.node.address(), &["-sn", "uac_pcap", "-m", "1"]).await;
    let (recorded, wav) = tokio::time::timeout(PATIENCE, city.recorded()).await.unwrap().unwrap();
    let audio = captured(&captures.join("g711a.pcap"));
    let heard = support::payload(&wav);
    assert!(audio.len() > 50_000 && heard.starts_with(&audio), "{} played, {} recorded", audio.len(), heard.len());
    // The capture falls silent before SIPp hangs up; which of the two ends the recording depends on the silence that is asked for.
    assert!(matches!(recorded.end, RecordingEnd::Silence | RecordingEnd::HangUp), "{:?}", recorded.end);
    city.node.close().await;
}

fn may_open_raw_sockets() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let capabilities = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    capabilities.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).is_some_and(|set| set >> 13 & 1 == 1)
}

fn scenario(name: &str) -> String {
    format!("{}/sipp/{name}.xml", env!("CARGO_MANIFEST_DIR"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_asks_for_a_person_is_handed_on_and_the_line_lets_go() {
    let change = |settings: &mut Settings| settings.sip.operator.uri = "sip:operator@192.0.2.30".to_owned();
    for transport in ["u1", "t1"] {
        let city = City::open(change).await.unwrap();
        sipp(city.node.address(), &["-sf", &scenario("transfer"), "-t", transport, "-m", "1"]).await;
        city.node.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trunk_signs_in_with_its_password_and_no_other() {
    let city = City::open(|settings| {
        let password = settings.node.data.join("password");
        std::fs::write(&password, "a word for tests\n").unwrap();
        let password = Secret { env: None, file: Some(password) };
        settings.sip.digest.users = vec![SipUser { name: "trunk".to_owned(), password }];
        // SIPp knows no other hash.
        settings.sip.digest.algorithms = vec!["MD5".to_owned()];
    })
    .await
    .unwrap();
    let address = city.node.address();
    sipp(address, &["-sf", &scenario("sign-in"), "-au", "trunk", "-ap", "a word for tests", "-m", "3"]).await;
    assert_eq!(city.node.gauges().offered(), 3, "the first INVITE of each was no call");
    let Some(sipp) = support::program("SIPp", "sipp") else { return };
    let wrong = Command::new(sipp)
        .args([
            "-sf",
            &scenario("sign-in"),
            "-au",
            "trunk",
            "-ap",
            "a guess",
            "-s",
            "109",
            "-i",
            "127.0.0.1",
            "-m",
            "1",
        ])
        .args(["-nostdin", "-timeout", "30s", &address.to_string()])
        .current_dir(city.folder())
        .kill_on_drop(true)
        .output();
    let wrong = tokio::time::timeout(PATIENCE, wrong).await.unwrap().unwrap();
    assert!(!wrong.status.success());
    assert_eq!(city.node.gauges().offered(), 3);
    city.node.close().await;
}

/// A baresip without sound hardware, with its own folder of settings.
fn baresip(city: &City, speech: &Path, uri: &str, encryption: &str) -> Option<Child> {
    let program = support::program("baresip", "baresip")?;
    let modules = ["/usr/lib/baresip/modules", "/usr/lib/x86_64-linux-gnu/baresip/modules"];
    let modules = modules.into_iter().find(|path| Path::new(path).is_dir())?;
    let folder = city.folder().join("baresip");
    std::fs::create_dir_all(&folder).unwrap();
    let (source, sink) = (speech.display(), folder.join("heard.wav"));
    let config = format!(
        "poll_method epoll\nsip_listen 127.0.0.1:0\nsip_cafile {ca}\naudio_source aufile,{source}\naudio_player aufile,{sink}\n\
         audio_alert aufile,{sink}\nausrc_srate 8000\nauplay_srate 8000\nausrc_channels 1\nauplay_channels 1\n\
         module_path {modules}\nmodule aufile.so\nmodule g711.so\nmodule srtp.so\nmodule_tmp account.so\nmodule_app menu.so\n",
        ca = city.certificate().display(),
        sink = sink.display(),
    );
    std::fs::write(folder.join("config"), config).unwrap();
    std::fs::write(folder.join("contacts"), "").unwrap();
    let account = format!("<sip:77000000011@127.0.0.1>;regint=0;audio_codecs=PCMA/8000/1{encryption}\n");
    std::fs::write(folder.join("accounts"), account).unwrap();
    let log = std::fs::File::create(folder.join("log")).unwrap();
    let child = Command::new(program)
        .args(["-f", folder.to_str().unwrap(), "-e", &format!("/dial {uri}"), "-t", "80"])
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .kill_on_drop(true)
        .spawn();
    Some(child.unwrap())
}

/// Where to call, by transport.
fn uri(city: &City, transport: &str) -> String {
    let address = if transport == "tls" { city.node.tls_address().unwrap() } else { city.node.address() };
    format!("sip:109@{address};transport={transport}")
}

async fn baresip_calls_over(transport: &str, encryption: &str) {
    let city = city().await;
    let (file, said) = speech(city.folder());
    let Some(_phone) = baresip(&city, &file, &uri(&city, transport), encryption) else { return };
    let recorded = spoken(&city, &said).await;
    assert_eq!(recorded.contact.number.as_deref(), Some("77000000011"));
    city.node.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_calls_over_udp() {
    baresip_calls_over("udp", "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_calls_over_tcp() {
    baresip_calls_over("tcp", "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_calls_over_tls() {
    baresip_calls_over("tls", "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_calls_over_tls_with_encrypted_media() {
    baresip_calls_over("tls", ";mediaenc=srtp-mand").await;
}

/// A Linphone that reads its commands from here.
fn linphone(city: &City, encryption: &str) -> Option<Child> {
    let program = support::program("Linphone", "linphone-daemon")?;
    let home = city.folder().join("linphone");
    // Without the folder of its database it starts half and never opens a port.
    std::fs::create_dir_all(home.join(".local/share/linphone")).unwrap();
    let port = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = format!(
        "[sip]\nsip_port={port}\nsip_tcp_port={port}\nsip_tls_port={}\nbind_address=127.0.0.1\nmedia_encryption={encryption}\n\
         verify_server_certs=1\nverify_server_cn=0\nroot_ca={}\n[sound]\nechocancellation=0\n\
         [video]\nenabled=0\ncapture=0\ndisplay=0\n[rtp]\nbind_address=127.0.0.1\naudio_rtp_port=49100-49900\n",
        port + 1,
        city.certificate().display()
    );
    let file = home.join("settings");
    std::fs::write(&file, config).unwrap();
    let log = std::fs::File::create(home.join("output")).unwrap();
    let child = Command::new(program)
        .args(["--config", file.to_str().unwrap(), "--log", home.join("log").to_str().unwrap()])
        .env("HOME", &home)
        .stdin(Stdio::piped())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .kill_on_drop(true)
        .spawn();
    Some(child.unwrap())
}

async fn linphone_calls_over(transport: &str, encryption: &str) {
    let city = city().await;
    let (file, said) = speech(city.folder());
    let Some(mut phone) = linphone(&city, encryption) else { return };
    let mut commands = phone.stdin.take().unwrap();
    let gauges = city.node.gauges();
    let mut tell = async |line: String| commands.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    tell("audio-codec-disable ALL".to_owned()).await;
    tell("audio-codec-enable PCMA/8000/1".to_owned()).await;
    tell(format!("call {}", uri(&city, transport))).await;
    support::until(|| gauges.answered() > 0).await;
    tell(format!("incall-player-start {}", file.display())).await;
    spoken(&city, &said).await;
    city.node.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn linphone_calls_over_udp() {
    linphone_calls_over("udp", "none").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn linphone_calls_over_tcp() {
    linphone_calls_over("tcp", "none").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn linphone_calls_over_tls() {
    linphone_calls_over("tls", "none").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn linphone_calls_over_tls_with_encrypted_media() {
    linphone_calls_over("tls", "srtp\nmedia_encryption_mandatory=1").await;
}
