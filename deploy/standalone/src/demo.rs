//! Sample calls: three synthetic voices that call the line over real SIP and RTP, so that a first start shows the whole way.

use crate::call::sentences;
use dauys_loadtest::phone::target::Target;
use dauys_loadtest::phone::ticket::outcome;
use dauys_loadtest::phone::{CallPlan, place, speech};
use dauys_media::g711::Codec;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

/// A sample: its language, the key that chooses it, the recording.
struct Sample {
    language: &'static str,
    key: &'static str,
    wav: &'static [u8],
}

const SAMPLES: [Sample; 3] = [
    Sample { language: "Kazakh", key: "1", wav: include_bytes!("../../../transcriber/demo-model/calls/kk-water.wav") },
    Sample {
        language: "Russian",
        key: "2",
        wav: include_bytes!("../../../transcriber/demo-model/calls/ru-electricity.wav"),
    },
    Sample {
        language: "Uzbek",
        key: "3",
        wav: include_bytes!("../../../transcriber/demo-model/calls/uz-electricity.wav"),
    },
];
/// How long a ticket may take before the sample counts as failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// Places `count` sample calls one after the other and prints what became of each; returns how many became a ticket.
pub(crate) async fn place_calls(count: usize, sip: SocketAddr, api: &str, token: &str) -> usize {
    let target = Target { user: "109".to_owned(), host: reachable(sip).to_string(), address: reachable(sip) };
    let mut tickets = 0;
    println!(
        "\nPlacing {count} sample call(s) (synthetic voices; each listens, presses, speaks after the tone, hears its number):"
    );
    for (index, sample) in SAMPLES.iter().cycle().take(count).enumerate() {
        println!("\ncall {} of {count}, {}: about 35 s …", index + 1, sample.language);
        match one(sample, index, &target, api, token).await {
            Ok(text) => {
                println!("{text}");
                tickets += 1;
            }
            Err(error) => println!("  failed     {error:#}"),
        }
    }
    tickets
}

async fn one(sample: &Sample, index: usize, target: &Target, api: &str, token: &str) -> anyhow::Result<String> {
    let speech = speech::parse(sample.wav, Path::new(sample.language))?;
    let plan = CallPlan { press: sample.key.to_owned(), ..CallPlan::say(speech) };
    let report = place(target, &format!("7700000000{}", 1 + index % 9), plan, &[Codec::Alaw]).await?;
    let http = reqwest::Client::builder().build()?;
    Ok(sentences(&outcome(&http, api, token, &report.call_id, PATIENCE).await?))
}

/// Turns an address to listen on into one to call: every address becomes loopback.
pub(crate) fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
