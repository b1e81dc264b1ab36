//! Loading and checking: a mistake is told with file, line and key, and with what to do.

use super::{BusKind, Settings, Sip, StoreKind, Transcriber};
use std::fmt;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Every environment variable that overrides a key starts with this; sections are joined by two underscores.
const PREFIX: &str = "DAUYS__";

/// One mistake in the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file, or the environment variable.
    pub source: String,
    /// The line in the file, from 1; none where the mistake has no line.
    pub line: Option<usize>,
    /// The key, as `section.key`.
    pub key: Option<String>,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        f.write_str(": ")?;
        if let Some(key) = &self.key {
            write!(f, "{key}: ")?;
        }
        f.write_str(&self.message)
    }
}

/// Why settings could not be loaded.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("{path}: {error}; make one with `dauys settings > {path}`", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// There are mistakes.
    #[error("{}", list(.0))]
    Mistakes(Vec<Finding>),
}

fn list(findings: &[Finding]) -> String {
    findings.iter().map(Finding::to_string).collect::<Vec<_>>().join("\n")
}

/// Loads the settings: the file where one is given, the environment's overrides over it, defaults for the rest.
///
/// # Errors
/// [`LoadError`] with every mistake that was found.
pub fn load(file: Option<&Path>, environment: impl Iterator<Item = (String, String)>) -> Result<Settings, LoadError> {
    let (name, text) = match file {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| LoadError::Unreadable { path: path.to_owned(), error })?;
            (path.display().to_string(), text)
        }
        None => ("defaults".to_owned(), String::new()),
    };
    check_text(&name, &text, environment).map_err(LoadError::Mistakes)
}

/// Reads settings from a text that stands in the file `name`, with the environment's overrides over it.
///
/// # Errors
/// Every mistake that was found, in the order of the file.
pub fn check_text(
    name: &str,
    text: &str,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<Settings, Vec<Finding>> {
    let settings: Settings = toml::from_str(text).map_err(|error| vec![from_toml(name, text, &error)])?;
    let settings = overridden(settings, text, environment)?;
    let mut findings = Vec::new();
    check_values(&settings, &mut |key, message| {
        findings.push(Finding {
            source: name.to_owned(),
            line: line_of_key(text, key),
            key: Some(key.to_owned()),
            message,
        });
    });
    if findings.is_empty() { Ok(settings) } else { Err(findings) }
}

fn from_toml(name: &str, text: &str, error: &toml::de::Error) -> Finding {
    let at = error.span().map(|span| span.start.min(text.len()));
    let line = at.map(|at| text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1);
    Finding {
        source: name.to_owned(),
        line,
        key: line.and_then(|line| key_on_line(text, line)),
        message: error.message().trim().replace('\n', " "),
    }
}

/// Returns the full key that stands on a line: its section's name and its own.
fn key_on_line(text: &str, line: usize) -> Option<String> {
    let mut section = String::new();
    for (index, raw) in text.lines().enumerate() {
        let trimmed = raw.trim();
        if let Some(header) = trimmed.strip_prefix('[') {
            section = header.split(']').next().unwrap_or_default().trim().to_owned();
        }
        if index + 1 == line {
            let key = trimmed.split('=').next().unwrap_or_default().trim();
            return match (section.is_empty(), key.starts_with('[') || key.is_empty()) {
                (true, true) => None,
                (false, true) => Some(section),
                (true, false) => Some(key.to_owned()),
                (false, false) => Some(format!("{section}.{key}")),
            };
        }
    }
    None
}

fn line_of_key(text: &str, key: &str) -> Option<usize> {
    (1..=text.lines().count()).find(|line| key_on_line(text, *line).as_deref() == Some(key))
}

/// Applies `DAUYS__SECTION__KEY=value`: each as a TOML value where it reads as one, else as a string.
fn overridden(
    settings: Settings,
    text: &str,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<Settings, Vec<Finding>> {
    let mut variables: Vec<(String, String)> = environment.filter(|(name, _)| name.starts_with(PREFIX)).collect();
    if variables.is_empty() {
        return Ok(settings);
    }
    variables.sort();
    let mut table: toml::Table = toml::from_str(text).unwrap_or_default();
    let mut result = settings;
    for (name, value) in variables {
        let path: Vec<String> = name[PREFIX.len()..].split("__").map(str::to_lowercase).collect();
        let finding =
            |message: String| vec![Finding { source: name.clone(), line: None, key: Some(path.join(".")), message }];
        let typed = format!("v = {value}").parse::<toml::Table>().ok().and_then(|mut table| table.remove("v"));
        let candidates = [typed, Some(toml::Value::String(value.clone()))];
        let mut refused = String::new();
        let accepted = candidates.into_iter().flatten().find_map(|candidate| {
            let mut trial = table.clone();
            insert(&mut trial, &path, candidate)?;
            match trial.clone().try_into::<Settings>() {
                Ok(settings) => Some((trial, settings)),
                Err(error) => {
                    if refused.is_empty() {
                        refused = error.message().trim().replace('\n', " ");
                    }
                    None
                }
            }
        });
        let Some((trial, settings)) = accepted else {
            let refused = if refused.is_empty() { "there is no such key".to_owned() } else { refused };
            return Err(finding(refused));
        };
        table = trial;
        result = settings;
    }
    Ok(result)
}

fn insert(table: &mut toml::Table, path: &[String], value: toml::Value) -> Option<()> {
    let (last, sections) = path.split_last()?;
    let mut at = table;
    for section in sections {
        let entry = at.entry(section.clone()).or_insert_with(|| toml::Value::Table(toml::Table::new()));
        at = entry.as_table_mut()?;
    }
    at.insert(last.clone(), value);
    Some(())
}

/// Checks what the types cannot: ranges, and keys that need each other.
fn check_values(settings: &Settings, report: &mut impl FnMut(&str, String)) {
    if settings.node.id > 99 {
        report(
            "node.id",
            format!("{} is above 99; registration numbers start with two digits of node", settings.node.id),
        );
    }
    check_telephony(settings, report);
    check_transcriber(settings, report);
    check_embeddings(settings, report);
    check_trunks(settings, report);
    if settings.bus.kind == BusKind::Kafka {
        let kafka = &settings.bus.kafka;
        if kafka.brokers.trim().is_empty() {
            report("bus.kafka.brokers", "name at least one broker as `host:port`".to_owned());
        }
        if !["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"].contains(&kafka.security.as_str()) {
            report("bus.kafka.security", "must be plaintext, ssl, sasl_plaintext or sasl_ssl".to_owned());
        }
        if kafka.security.starts_with("sasl") && (kafka.user.is_empty() || !kafka.password.is_set()) {
            report("bus.kafka.user", "SASL needs a user and a password".to_owned());
        }
    }
    if settings.store.kind == StoreKind::Postgres && !settings.store.postgres_url.is_set() {
        report("store.postgres_url", "say where the URL is found: { env = \"DAUYS_POSTGRES_URL\" }".to_owned());
    }
    if settings.whatsapp.enabled {
        let whatsapp = &settings.whatsapp;
        for (key, secret) in [
            ("whatsapp.access_token", &whatsapp.access_token),
            ("whatsapp.app_secret", &whatsapp.app_secret),
            ("whatsapp.verify_token", &whatsapp.verify_token),
        ] {
            if !secret.is_set() {
                report(key, "WhatsApp needs it: say where it is found, { env = \"…\" } or { file = \"…\" }".to_owned());
            }
        }
        if whatsapp.phone_id.is_empty() {
            report("whatsapp.phone_id", "WhatsApp needs the id of the number that replies".to_owned());
        }
    }
}

fn check_telephony(settings: &Settings, report: &mut impl FnMut(&str, String)) {
    let media = &settings.media;
    if media.first_port < 1024 || media.last_port <= media.first_port {
        report("media.first_port", "the ports must be 1024 or above, the first below the last".to_owned());
    } else {
        let ports = (usize::from(media.last_port - media.first_port)) / 2 + 1;
        if ports < settings.calls.limit {
            report("media.last_port", format!("{ports} ports are too few for {} calls", settings.calls.limit));
        }
    }
    if !(20..=200).contains(&media.drain_ms) || !media.drain_ms.is_multiple_of(20) {
        report("media.drain_ms", "must be a multiple of 20, from 20 to 200".to_owned());
    }
    if media.codecs.is_empty() {
        report("media.codecs", "name at least one of PCMA, PCMU, G722 and opus".to_owned());
    }
    if settings.calls.limit == 0 {
        report("calls.limit", "must be at least 1".to_owned());
    }
    if (1..3).contains(&settings.calls.early_text_seconds) {
        report("calls.early_text_seconds", "must be at least 3, or 0 for never: shorter parts only cost".to_owned());
    }
    check_sip(&settings.sip, report);
}

fn check_sip(sip: &Sip, report: &mut impl FnMut(&str, String)) {
    for (key, networks) in [("sip.allow", &sip.allow), ("sip.digest.networks", &sip.digest.networks)] {
        for network in networks.iter().filter(|network| !is_network(network)) {
            report(key, format!("`{network}` is no network; write 192.0.2.0/24 or 2001:db8::/32"));
        }
    }
    if !sip.tls.listen.is_empty() && (sip.tls.certificate.as_os_str().is_empty() || !sip.tls.key.is_set()) {
        report("sip.tls.listen", "TLS needs a `certificate` and a `key`: { file = \"path\" }".to_owned());
    }
    if !sip.operator.uri.is_empty()
        && !["sip:", "sips:", "tel:"].iter().any(|scheme| sip.operator.uri.starts_with(scheme))
    {
        report("sip.operator.uri", format!("`{}` is no address; write sip:112@192.0.2.1", sip.operator.uri));
    }
    if !"0123456789*#ABCD".contains(sip.operator.key) {
        report("sip.operator.key", format!("`{}` is no telephone key", sip.operator.key));
    }
    if sip.idle_seconds < 32 {
        report("sip.idle_seconds", "must be at least 32: so long may an answer be waited for".to_owned());
    }
    let known = |name: &String| ["SHA-256", "MD5"].contains(&name.as_str());
    if sip.digest.algorithms.is_empty() || !sip.digest.algorithms.iter().all(known) {
        report("sip.digest.algorithms", "name \"SHA-256\", \"MD5\" or both".to_owned());
    }
    if sip.digest.users.iter().any(|user| user.name.is_empty() || !user.password.is_set()) {
        report("sip.digest.users", "each needs a name and a password: { env = \"…\" } or { file = \"…\" }".to_owned());
    }
}

fn is_network(text: &str) -> bool {
    let (address, bits) = text.split_once('/').unwrap_or((text, ""));
    let address: Result<std::net::IpAddr, _> = address.parse();
    let most = if matches!(address, Ok(std::net::IpAddr::V6(_))) { 128 } else { 32 };
    address.is_ok() && (bits.is_empty() || bits.parse::<u8>().is_ok_and(|bits| bits <= most))
}

fn check_trunks(settings: &Settings, report: &mut impl FnMut(&str, String)) {
    for trunk in &settings.calls.trunks {
        let name = &trunk.name;
        if name.is_empty() || trunk.networks.is_empty() || trunk.limit == 0 {
            report("calls.trunks", format!("the trunk `{name}` needs a name, networks and a limit of at least 1"));
        }
        for network in trunk.networks.iter().filter(|network| !is_network(network)) {
            report(
                "calls.trunks",
                format!("`{network}` of the trunk `{name}` is no network; write 192.0.2.0/24 or 2001:db8::/32"),
            );
        }
    }
}

fn check_transcriber(settings: &Settings, report: &mut impl FnMut(&str, String)) {
    let transcriber = &settings.transcriber;
    if transcriber.threads == 0 {
        report("transcriber.threads", "must be at least 1".to_owned());
    }
    if transcriber.window_seconds > 30 {
        report("transcriber.window_seconds", "Whisper takes at most 30 seconds at once".to_owned());
    }
    if transcriber.languages.is_empty() {
        report("transcriber.languages", "name at least one language".to_owned());
    }
    if transcriber.waiting_room == 0 {
        report("transcriber.waiting_room", "must be at least 1".to_owned());
    }
    check_remote(transcriber, report);
}

fn check_embeddings(settings: &Settings, report: &mut impl FnMut(&str, String)) {
    let embeddings = &settings.understanding.embeddings;
    if !(0.0..=0.95).contains(&embeddings.weight) {
        report("understanding.embeddings.weight", "must lie between 0 and 0.95; 0 lets training choose".to_owned());
    }
    if embeddings.model().is_none() && (embeddings.library().is_some() || embeddings.weight().is_some()) {
        let key = if embeddings.library().is_some() { "library" } else { "weight" };
        report(&format!("understanding.embeddings.{key}"), "does nothing without a `model`".to_owned());
    }
}

fn check_remote(transcriber: &Transcriber, report: &mut impl FnMut(&str, String)) {
    let remote = &transcriber.remote;
    if transcriber.engine.asks_servers() && remote.endpoints.is_empty() {
        report(
            "transcriber.remote.endpoints",
            "transcriber.engine asks servers: name at least one, or set engine = \"local\"".to_owned(),
        );
    }
    for endpoint in &remote.endpoints {
        if !endpoint.starts_with("http://") && !endpoint.starts_with("https://") {
            report("transcriber.remote.endpoints", format!("`{endpoint}` must start with http:// or https://"));
        }
    }
    if !remote.path.starts_with('/') {
        report("transcriber.remote.path", "must start with /".to_owned());
    }
    if remote.timeout_seconds == 0 || remote.parallel == 0 {
        let key = if remote.parallel == 0 { "parallel" } else { "timeout_seconds" };
        report(&format!("transcriber.remote.{key}"), "must be at least 1".to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str) -> Result<Settings, Vec<Finding>> {
        check_text("dauys.toml", text, std::iter::empty())
    }

    fn with(text: &str, name: &str, value: &str) -> Result<Settings, Vec<Finding>> {
        check_text("dauys.toml", text, std::iter::once((name.to_owned(), value.to_owned())))
    }

    #[test]
    fn an_empty_file_is_the_defaults() {
        assert_eq!(check("").unwrap().http.listen.port(), 8109);
    }

    #[test]
    fn a_misspelt_key_is_named_with_its_line() {
        let findings = check("[http]\n\nlisen = \"127.0.0.1:1\"\n").unwrap_err();
        let text = findings[0].to_string();
        assert!(text.starts_with("dauys.toml:3: http.lisen: unknown field"), "{text}");
    }

    #[test]
    fn a_wrong_type_and_a_wrong_value_are_named_with_their_line() {
        let text = check("[calls]\nlimit = \"many\"").unwrap_err()[0].to_string();
        assert!(text.starts_with("dauys.toml:2: calls.limit:"), "{text}");
        let text = check("\n[node]\nid = 100").unwrap_err()[0].to_string();
        assert!(text.starts_with("dauys.toml:3: node.id: 100 is above 99"), "{text}");
    }

    #[test]
    fn a_file_that_is_no_toml_is_named_with_its_line() {
        assert_eq!(check("[node]\nid = = 3").unwrap_err()[0].line, Some(2));
    }

    #[test]
    fn all_wrong_values_are_told_at_once() {
        let findings = check("[calls]\nlimit = 0\n[transcriber]\nthreads = 0").unwrap_err();
        assert_eq!(findings.iter().filter_map(|finding| finding.line).collect::<Vec<_>>(), [2, 4]);
    }

    #[test]
    fn a_trunk_without_a_network_is_told() {
        let good = "[calls]\ntrunks = [{ name = \"a\", networks = [\"192.0.2.0/24\", \"2001:db8::1\"], limit = 5 }]";
        assert_eq!(check(good).unwrap().calls.trunks[0].limit, 5);
        for wrong in ["networks = []", "networks = [\"192.0.2.0/33\"]", "networks = [\"operator\"]"] {
            let findings = check(&format!("[calls]\ntrunks = [{{ name = \"a\", limit = 5, {wrong} }}]")).unwrap_err();
            assert!(findings[0].to_string().starts_with("dauys.toml:2: calls.trunks: "), "{findings:?}");
        }
    }

    #[test]
    fn telephony_that_cannot_work_is_told() {
        for (text, key) in [
            ("[sip]\nallow = [\"192.0.2.0/33\"]", "sip.allow"),
            ("[sip]\nidle_seconds = 5", "sip.idle_seconds"),
            ("[sip.tls]\nlisten = [\"0.0.0.0:5061\"]", "sip.tls.listen"),
            ("[sip.digest]\nusers = [{ name = \"trunk\" }]", "sip.digest.users"),
            ("[sip.digest]\nnetworks = [\"everywhere\"]", "sip.digest.networks"),
            ("[sip.digest]\nalgorithms = [\"SHA-1\"]", "sip.digest.algorithms"),
            ("[sip.operator]\nuri = \"112\"", "sip.operator.uri"),
            ("[sip.operator]\nkey = \"x\"", "sip.operator.key"),
        ] {
            let findings = check(text).unwrap_err();
            assert_eq!((findings[0].key.as_deref(), findings[0].line), (Some(key), Some(2)), "{text}");
        }
    }

    #[test]
    fn embeddings_that_cannot_work_are_told() {
        let settings = check("[understanding.embeddings]\nmodel = \"/srv/minilm\"\nweight = 0.3").unwrap();
        assert_eq!(settings.understanding.embeddings.weight(), Some(0.3));
        for (text, key) in [
            ("weight = 1.0", "understanding.embeddings.weight"),
            ("weight = -0.1", "understanding.embeddings.weight"),
            ("weight = 0.3", "understanding.embeddings.weight"),
            ("library = \"/usr/lib/libonnxruntime.so\"", "understanding.embeddings.library"),
        ] {
            let findings = check(&format!("[understanding.embeddings]\n{text}")).unwrap_err();
            assert_eq!((findings[0].key.as_deref(), findings[0].line), (Some(key), Some(2)), "{text}");
        }
        assert!(check("").unwrap().understanding.embeddings.model().is_none());
    }

    #[test]
    fn the_environment_overrides_the_file() {
        let settings = with("[calls]\nlimit = 7\n[http]\nsession_hours = 3", "DAUYS__CALLS__LIMIT", "9").unwrap();
        assert_eq!((settings.calls.limit, settings.http.session_hours), (9, 3));
        let settings = with("", "DAUYS__HTTP__LISTEN", "0.0.0.0:80").unwrap();
        assert_eq!(settings.http.listen.port(), 80);
        let settings = with("", "DAUYS__SIP__NUMBERS", "[\"109\"]").unwrap();
        assert_eq!(settings.sip.numbers, ["109"]);
    }

    #[test]
    fn a_wrong_variable_is_named() {
        let text = with("", "DAUYS__CALLS__LIMITS", "9").unwrap_err()[0].to_string();
        assert!(text.starts_with("DAUYS__CALLS__LIMITS: calls.limits: unknown field"), "{text}");
    }

    #[test]
    fn a_secret_in_the_file_is_refused() {
        let text = check("[whatsapp]\naccess_token = \"hunter2\"").unwrap_err()[0].to_string();
        assert!(text.starts_with("dauys.toml:2: whatsapp.access_token:"), "{text}");
    }

    proptest! {
        #[test]
        fn any_text_is_settings_or_a_finding(text in "(\\PC|\n|\\[[a-z]{2,5}\\]\n|[a-z_]{2,8} = [0-9\"a-z]{1,4}\n){0,12}") {
            if let Err(findings) = check(&text) {
                prop_assert!(!findings.is_empty());
            }
        }
    }
}
