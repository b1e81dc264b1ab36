//! What a person meets on the command line: help that reads well, and mistakes told in one line that says what to do.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

fn dauys(arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dauys"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DAUYS")) {
        command.env_remove(name);
    }
    command.args(arguments).envs(settings.iter().copied()).output().unwrap()
}

fn run(data: &Path, settings: &[(&str, &str)]) -> (bool, String) {
    let free = [("DAUYS__SIP__LISTEN", "127.0.0.1:0"), ("DAUYS__HTTP__LISTEN", "127.0.0.1:0")];
    let settings: Vec<_> = free.iter().chain(settings).copied().collect();
    let output = dauys(&["run", "--data", data.to_str().unwrap()], &settings);
    let complaint = String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned();
    (output.status.success(), complaint)
}

#[test]
fn every_command_explains_itself() {
    let whole = String::from_utf8(dauys(&["--help"], &[]).stdout).unwrap();
    for name in ["run", "call", "check", "settings", "account", "model", "understand", "train"] {
        assert!(whole.contains(name), "{whole}");
        let help = dauys(&[name, "--help"], &[]);
        assert!(help.status.success());
        assert!(String::from_utf8(help.stdout).unwrap().contains("Usage: dauys"));
    }
}

#[test]
fn mistakes_in_a_settings_file_are_told_with_file_line_and_key() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("dauys.toml");
    let check = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let output = dauys(&["check", file.to_str().unwrap()], &[]);
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let (fine, text) = check("[calls]\nlimit = 10\n");
    assert!(fine && text.contains("all is well"), "{text}");
    let (fine, text) = check("[calls]\nlimit = 10\nlimt = 11\n");
    assert!(!fine && text.contains("dauys.toml:3: calls.limt: unknown field"), "{text}");
    let (fine, text) = check("[transcriber]\nmodel = \"/nowhere/ggml.bin\"\n");
    assert!(!fine && text.contains("transcriber.model: there is no file /nowhere/ggml.bin"), "{text}");
    let (fine, text) = check("[store]\nkind = \"postgres\"\npostgres_url = { env = \"NOT_SET_ANYWHERE\" }\n");
    assert!(!fine && text.contains("NOT_SET_ANYWHERE is empty or not set"), "{text}");
    let example = dauys(&["settings"], &[]);
    let (fine, text) = check(&String::from_utf8(example.stdout).unwrap());
    assert!(fine, "{text}");
}

#[test]
fn a_taken_port_is_told_with_what_to_do() {
    let data = TempDir::new().unwrap();
    let http = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = http.local_addr().unwrap().to_string();
    let (fine, text) = run(data.path(), &[("DAUYS__HTTP__LISTEN", &address)]);
    assert!(!fine && text.contains("choose another with [http] listen"), "{text}");
    let sip = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = sip.local_addr().unwrap().to_string();
    let (fine, text) = run(data.path(), &[("DAUYS__SIP__LISTEN", &address)]);
    assert!(!fine && text.contains("choose another with [sip] listen"), "{text}");
}

#[test]
fn a_missing_model_and_a_folder_that_cannot_be_written_are_told() {
    let data = TempDir::new().unwrap();
    let (fine, text) = run(data.path(), &[("DAUYS__TRANSCRIBER__MODEL", "/nowhere/ggml.bin")]);
    assert!(!fine && text.contains("/nowhere/ggml.bin") && text.contains("transcriber"), "{text}");
    let file = data.path().join("file");
    std::fs::write(&file, b"").unwrap();
    let (fine, text) = run(&file.join("below"), &[]);
    assert!(!fine && text.contains("cannot be written; choose another with --data"), "{text}");
}

#[test]
fn a_call_to_nobody_or_with_a_wrong_file_is_told() {
    let folder = TempDir::new().unwrap();
    let output = dauys(&["call", "/nowhere.wav"], &[]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("/nowhere.wav"));
    let file = folder.path().join("speech.wav");
    std::fs::write(&file, b"no wave").unwrap();
    let output = dauys(&["call", file.to_str().unwrap()], &[]);
    assert!(!output.status.success());
}

#[test]
fn a_transcript_is_understood_on_the_command_line() {
    use std::io::Write;
    let mut child = Command::new(env!("CARGO_BIN_EXE_dauys"))
        .args(["understand", "--city", "shymkent", "--json"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all("в районе туран отключили электричество\n\n".as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let lines: Vec<serde_json::Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!((&lines[0]["category"], &lines[0]["agency"]), (&"electricity".into(), &"power_grid".into()));
    assert_eq!(lines[1]["agency"], "inspectorate");
}

/// Settings that name a tiny encoder, and its library where there is one.
fn with_embeddings() -> Vec<(&'static str, String)> {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../router/embeddings/tests/data/tiny");
    let library = std::env::var("DAUYS_TEST_ONNXRUNTIME").unwrap_or_default();
    let mut settings = vec![("DAUYS__UNDERSTANDING__EMBEDDINGS__MODEL", model.display().to_string())];
    settings.extend((!library.is_empty()).then_some(("DAUYS__UNDERSTANDING__EMBEDDINGS__LIBRARY", library)));
    settings
}

fn understand_and_train(data: &Path) -> [Output; 2] {
    let settings = with_embeddings();
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let data = data.to_str().unwrap();
    [["understand", "--data", data].as_slice(), &["train", "--phrases-only", "--json", "--data", data]]
        .map(|arguments| dauys(arguments, &settings))
}

#[test]
#[cfg(not(feature = "onnx"))]
fn embeddings_that_were_not_built_in_are_told() {
    let data = TempDir::new().unwrap();
    for output in understand_and_train(data.path()) {
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && text.contains("build with `--features onnx`"), "{text}");
    }
}

#[test]
#[cfg(feature = "onnx")]
fn embeddings_learn_once_and_stand_on_every_decision() {
    if std::env::var_os("DAUYS_TEST_ONNXRUNTIME").is_none_or(|value| value.is_empty()) {
        use std::io::Write;
        let _ = std::io::stdout()
            .write_all(b"SKIPPED embeddings_learn_once_and_stand_on_every_decision: no ONNX Runtime\n");
        return;
    }
    let data = TempDir::new().unwrap();
    let [understood, trained] = understand_and_train(data.path());
    assert!(understood.status.success(), "{}", String::from_utf8_lossy(&understood.stderr));
    let report: serde_json::Value = serde_json::from_slice(&trained.stdout).unwrap();
    assert!(report["embeddings"]["comparison"]["phrases"].as_u64().unwrap() > 1000, "{report}");
    let folder = data.path().join("models/shymkent");
    let head = std::fs::read(folder.join("in-use.head")).unwrap();
    let version = report["embeddings"]["version"].as_str().unwrap();
    assert_eq!(head, std::fs::read(folder.join(format!("{version}.head"))).unwrap());
    let again = understand_line(data.path(), "нет воды");
    assert!(again["model"].as_str().unwrap().ends_with(&format!("+{version}")), "{again}");
}

#[cfg(feature = "onnx")]
fn understand_line(data: &Path, text: &str) -> serde_json::Value {
    use std::io::Write;
    let mut child = Command::new(env!("CARGO_BIN_EXE_dauys"))
        .args(["understand", "--data", data.to_str().unwrap()])
        .envs(with_embeddings())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(format!("{text}\n").as_bytes()).unwrap();
    serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap()
}

#[test]
fn a_model_is_checked_before_it_is_named_and_nothing_else_in_the_file_changes() {
    let folder = TempDir::new().unwrap();
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../transcriber/demo-model/ggml-109-demo.bin");
    let cut = folder.path().join("ggml-cut.bin");
    std::fs::write(&cut, &std::fs::read(&model).unwrap()[..1_000_000]).unwrap();
    let settings = folder.path().join("dauys.toml");
    std::fs::write(&settings, "# ours\n[calls]\nlimit = 10\n").unwrap();
    let data = folder.path().to_str().unwrap();
    let command = |words: &[&str]| {
        let output =
            dauys(&[&["model", "--data", data, "--settings", settings.to_str().unwrap()], words].concat(), &[]);
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    };
    let (fine, text) = command(&["list"]);
    assert!(fine && text.contains("large-v3-turbo") && text.contains("not fetched"), "{text}");
    let (fine, text) = command(&["use", cut.to_str().unwrap()]);
    assert!(!fine && text.contains("cut short"), "{text}");
    let (fine, text) = command(&["use", model.to_str().unwrap()]);
    assert!(fine && text.contains("restart dauys"), "{text}");
    let written = std::fs::read_to_string(&settings).unwrap();
    assert!(written.starts_with("# ours\n[calls]\nlimit = 10\n[transcriber]\nmodel = \""), "{written}");
    let (fine, text) = command(&["verify", "small"]);
    assert!(!fine && text.contains("models/ggml-small.bin"), "{text}");
}

#[test]
fn a_model_that_cannot_be_fetched_says_where_to_put_the_file() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().to_str().unwrap();
    let output = dauys(&["model", "--data", data, "fetch", "small", "--from", "http://127.0.0.1:9/x"], &[]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(text.contains("models/ggml-small.bin") && text.contains("dauys model verify small"), "{text}");
}
