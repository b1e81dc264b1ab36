//! A small storm on the program as a process: hundreds of callers at once, over good and bad networks, every recording compared
//! with what was sent. How well the generator kept its time is in its report; here it does not matter.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step is a failed test")]

use dauys_loadtest::phone::target::Target;
use dauys_loadtest::storm::arrivals::Pattern;
use dauys_loadtest::storm::conduct::Mix;
use dauys_loadtest::storm::gateway::Gateway;
use dauys_loadtest::storm::network::Network;
use dauys_loadtest::storm::plan::Plan;
use dauys_loadtest::storm::report::Report;
use dauys_loadtest::storm::run::{self, Watched};
use dauys_loadtest::storm::voice::Voice;
use dauys_tests::dauys::binary;
use dauys_tests::samples::murmur;
use tempfile::TempDir;

struct Storm {
    calls: u64,
    limit: u64,
    first_port: u16,
    pattern: Pattern,
    length: f64,
    mix: Mix,
    network: Network,
    together: usize,
}

fn perfect() -> Network {
    Network::new(0.0, 0.0, 0.0, 0, 1)
}

async fn storm(storm: Storm) -> Report {
    tokio::task::spawn_blocking(move || {
        let folder = TempDir::new().unwrap();
        let gateway = Gateway::start(
            &binary().unwrap(),
            &folder.path().join("data"),
            storm.limit,
            (storm.first_port, storm.first_port + 998),
        );
        let gateway = gateway.unwrap();
        let plan = Plan {
            target: Target::parse(&format!("sip:109@{}", gateway.sip)).unwrap(),
            calls: storm.calls,
            pattern: storm.pattern,
            rate: 100.0,
            hold: 0.0,
            length: Some(storm.length),
            listen: 1.5,
            mix: storm.mix,
            network: storm.network,
            seed: 1,
            lanes: 1,
            together: storm.together,
        };
        let voice = Voice::of(&[murmur(2.0), murmur(3.0)]);
        let watched = Watched { pid: Some(gateway.pid()), metrics: Some(gateway.http) };
        let aftermath = run::storm(plan, voice, &watched, |_| {}).unwrap();
        run::await_hand_over(&gateway, |_| {});
        let data = gateway.data.clone();
        gateway.stop().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let recordings = runtime.block_on(aftermath.check(&data)).unwrap();
        let report = aftermath.report("test".to_owned(), Some(recordings));
        aftermath.write(&report, folder.path()).unwrap();
        assert!(std::fs::read_to_string(folder.path().join("index.html")).unwrap().contains("</svg>"));
        report
    })
    .await
    .unwrap()
}

fn assert_whole(report: &Report, calls: u64) {
    let summary = report.summary();
    let recordings = report.recordings.as_ref().unwrap();
    assert_eq!((report.calls.answered, report.calls.failed), (calls, 0), "{summary}");
    assert_eq!((recordings.expected, recordings.complete), (calls, calls), "{summary}{:?}", recordings.faults);
    assert_eq!((recordings.exact, recordings.unexpected), (calls, 0), "{summary}{:?}", recordings.faults);
    assert_eq!((report.rtp.lost, report.rtp.kernel_drops), (0, 0), "{summary}");
    assert_eq!(report.prompts.greeted, calls, "{summary}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_calls_at_once_are_recorded_to_the_byte() {
    let calls = 200;
    let plan = Storm {
        calls,
        limit: calls,
        first_port: 25_000,
        pattern: Pattern::Ramp,
        length: 6.0,
        mix: Mix::Whole,
        network: perfect(),
        together: 1,
    };
    let report = storm(plan).await;
    assert_whole(&report, calls);
    assert!(report.calls.most_at_once > 150, "{}", report.summary());
    assert!(report.rtp.received > calls * 290, "{}", report.summary());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_bad_network_leaves_is_recorded_in_its_place() {
    let calls = 100;
    let network = Network::new(0.02, 0.02, 0.03, 15, 7);
    let plan = Storm {
        calls,
        limit: calls,
        first_port: 26_000,
        pattern: Pattern::Poisson,
        length: 6.0,
        mix: Mix::Whole,
        network,
        together: 1,
    };
    let report = storm(plan).await;
    assert_whole(&report, calls);
    assert!(report.rtp.lost_by_plan > 300 && report.rtp.repeated_by_plan > 300, "{}", report.summary());
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_who_press_leave_early_and_break_rules_harm_nobody() {
    let calls = 100;
    let plan = Storm {
        calls,
        limit: calls,
        first_port: 27_000,
        pattern: Pattern::Poisson,
        length: 6.0,
        mix: Mix::City,
        network: perfect(),
        together: 3,
    };
    let report = storm(plan).await;
    let recordings = report.recordings.as_ref().unwrap();
    let told = format!("{}{:?}", report.summary(), recordings.faults);
    assert_eq!(report.calls.failed, 0, "{told}");
    assert!(recordings.expected > 60 && recordings.exact == recordings.expected, "{told}");
    assert_eq!((recordings.unexpected, report.rtp.kernel_drops), (0, 0), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_above_the_limit_are_refused_and_those_inside_are_not_disturbed() {
    let (calls, limit) = (120, 60);
    let plan = Storm {
        calls,
        limit,
        first_port: 28_000,
        pattern: Pattern::Spike,
        length: 6.0,
        mix: Mix::Whole,
        network: perfect(),
        together: 1,
    };
    let report = storm(plan).await;
    let recordings = report.recordings.as_ref().unwrap();
    let told = format!("{}{:?}", report.summary(), recordings.faults);
    assert_eq!(report.calls.answered, limit, "{told}");
    assert_eq!(report.calls.failed_by_code.get("503"), Some(&(calls - limit)), "{told}");
    assert_eq!((recordings.exact, report.rtp.lost), (limit, 0), "{told}");
}
