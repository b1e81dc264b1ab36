//! The report as a page that stands alone: tables and plots, nothing fetched from anywhere.

use super::plot::{self, Line};
use super::report::{Percentiles, Report, Second};
use std::fmt::Write as _;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:780px;margin:2rem auto;padding:0 1rem;color:#1c2430}\
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}table{border-collapse:collapse;width:100%}\
td,th{padding:.25rem .6rem;border-bottom:1px solid #d8dee6;text-align:left}td:last-child{text-align:right;font-variant-numeric:tabular-nums}\
.valid{background:#e2f2e6;padding:.4rem .8rem}.invalid{background:#f9dcd5;padding:.4rem .8rem}figure{margin:1.2rem 0}\
figcaption{font-weight:600}svg{width:100%;height:auto}svg text{font-size:11px;fill:#56606e}.grid{stroke:#e4e8ee}\
.legend,li{font-size:.85rem;color:#56606e}";

/// Writes the page; `setups` are the set-up times in microseconds, sorted.
pub fn page(report: &Report, setups: &[u64]) -> String {
    let (class, word) = if report.valid {
        ("valid", "The run is valid: the generator kept its time.".to_owned())
    } else {
        ("invalid", format!("The run is invalid: {}.", escape(&report.invalid_because.join("; "))))
    };
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>dauys: load</title><style>{STYLE}</style><h1>Load: {} calls</h1><p class=\"{class}\">{word}</p>\
         <p>{}<br>{}</p>",
        report.calls.attempted,
        escape(&report.asked),
        escape(&report.machine)
    );
    html.push_str(&tables(report));
    html.push_str(&plots(report, setups));
    html.push_str("<h2>What the figures mean</h2><ul>");
    for note in &report.notes {
        let _ = write!(html, "<li>{}</li>", escape(note));
    }
    html.push_str("</ul></html>\n");
    html
}

fn table(title: &str, rows: &[(String, String)]) -> String {
    let mut html = format!("<h2>{title}</h2><table>");
    for (name, value) in rows {
        let _ = write!(html, "<tr><td>{}</td><td>{}</td></tr>", escape(name), escape(value));
    }
    html.push_str("</table>");
    html
}

fn row(name: &str, value: impl ToString) -> (String, String) {
    (name.to_owned(), value.to_string())
}

fn setup(name: &str, times: &Percentiles) -> (String, String) {
    let Percentiles { p50, p95, p99, max, count } = times;
    row(name, format!("p50 {p50:.1} · p95 {p95:.1} · p99 {p99:.1} · max {max:.1} ms of {count}"))
}

fn tables(report: &Report) -> String {
    let (calls, rtp, prompts) = (&report.calls, &report.rtp, &report.prompts);
    let mut rows = vec![
        row("attempted", calls.attempted),
        row("answered", calls.answered),
        row("given up by the caller while it rang", calls.given_up),
        row("failed", calls.failed),
    ];
    rows.extend(calls.failed_by_code.iter().map(|(code, count)| row(&format!("failed with {code}"), count)));
    rows.push(row("most at once", calls.most_at_once));
    rows.push(row("requests repeated for want of an answer", calls.repeated_requests));
    rows.push(setup("INVITE to answer, all calls", &report.setup_ms));
    rows.push(setup("INVITE to answer, with all up", &report.setup_full_ms));
    let mut html = table("Calls", &rows);
    html += &table(
        "Packets",
        &[
            row("sent by callers", rtp.sent),
            row("received", rtp.received),
            row("lost by the gateway", rtp.lost),
            row("of them dropped by the kernel", rtp.kernel_drops),
            row("lost by the callers' network, by plan", rtp.lost_by_plan),
            row("repeated by the callers' network, by plan", rtp.repeated_by_plan),
            row("prompts sent", prompts.sent),
            row("prompts heard", prompts.heard),
            row("callers greeted", prompts.greeted),
        ],
    );
    if let Some(recordings) = &report.recordings {
        let mut rows = vec![
            row("expected", recordings.expected),
            row("complete", recordings.complete),
            row("exact to the byte", recordings.exact),
            row("unexpected", recordings.unexpected),
        ];
        rows.extend(recordings.faults.iter().map(|fault| row("fault", fault)));
        html += &table("Recordings", &rows);
    }
    if let Some(gateway) = &report.gateway {
        let mut rows = vec![
            row("processor time", format!("{:.2} s", gateway.cpu_seconds)),
            row("a packet received, everything included", format!("{:.2} µs", gateway.us_per_packet)),
            row("a packet received, with all up", format!("{:.2} µs", gateway.us_per_packet_full)),
            row("a packet received or sent", format!("{:.2} µs", gateway.us_per_packet_in_or_out)),
            row("of a core, a call", format!("{:.4} %", gateway.core_percent_per_call)),
            row("memory, a call", format!("{} bytes", gateway.bytes_per_call)),
            row("open files", format!("{} of {}", gateway.open_files, gateway.open_files_limit)),
            row("processor time after the last call", format!("{:.2} s", gateway.cpu_seconds_afterwards)),
        ];
        rows.extend(
            gateway
                .cpu_by_thread
                .iter()
                .map(|(name, seconds)| row(&format!("thread {name}"), format!("{seconds:.2} s"))),
        );
        html += &table("Gateway", &rows);
    }
    let generator = &report.generator;
    html + &table(
        "Generator",
        &[
            row("packets sent at once", generator.together.to_string()),
            row("threads", generator.lanes.to_string()),
            row("latest packet", format!("{:.1} ms", generator.late_ms_max)),
            row("packets more than 20 ms late", format!("{:.4} %", generator.late_share * 100.0)),
            row("processor time", format!("{:.2} s", generator.cpu_seconds)),
        ],
    )
}

fn plots(report: &Report, setups: &[u64]) -> String {
    let line = |name, of: fn(&Second) -> f64| Line {
        name,
        points: report.seconds.iter().map(|second| (second.at, of(second))).collect(),
    };
    let mut html = "<h2>Over time</h2>".to_owned();
    html += &plot::lines(
        "Calls",
        "calls",
        "s",
        &[
            line("up", |second| second.up as f64),
            line("failed so far", |second| second.failed as f64),
            line("answered so far", |second| second.answered as f64),
        ],
    );
    html += &plot::lines(
        "Packets",
        "a second",
        "s",
        &[line("sent by callers", |second| second.sent), line("heard by callers", |second| second.heard)],
    );
    html += &plot::lines(
        "Processor",
        "% of a core",
        "s",
        &[line("gateway", |second| second.gateway_cpu), line("generator", |second| second.generator_cpu)],
    );
    html += &plot::lines("Memory of the gateway", "MB", "s", &[line("own memory", |second| second.gateway_mb)]);
    html += &plot::lines("Lateness of the generator", "ms", "s", &[line("worst", |second| second.late_ms)]);
    let setup = Line { name: "calls answered within", points: plot::shares(setups, 0.001) };
    html + &plot::lines("Set-up time", "%", "ms", &[setup])
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
