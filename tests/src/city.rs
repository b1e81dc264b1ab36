//! A node of a city inside the test: real SIP and RTP on loopback, the embedded bus, everything in a folder that goes away.

use anyhow::Context;
use dauys_bus::{Bus, EmbeddedBus, EmbeddedOptions, Recordings};
use dauys_config::Settings;
use dauys_config::city::PackSource;
use dauys_config::settings::Secret;
use dauys_events::{CallEvent, Recorded, Topic};
use dauys_gateway::Node;
use openssl::asn1::Asn1Time;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use openssl::x509::extension::SubjectAlternativeName;
use openssl::x509::{X509, X509Name};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// A node and what it has to do with.
pub struct City {
    /// The node.
    pub node: Node,
    bus: Arc<dyn Bus>,
    recordings: Recordings,
    data: TempDir,
}

impl City {
    /// Starts a node on free ports that also takes calls over TLS; `change` has the last word on the settings.
    ///
    /// # Errors
    /// Where it does not start.
    pub async fn open(change: impl FnOnce(&mut Settings)) -> anyhow::Result<Self> {
        let data = TempDir::new()?;
        let mut settings = Settings::default();
        settings.node.data = data.path().to_owned();
        settings.sip.listen = "127.0.0.1:0".parse()?;
        settings.sip.tls.listen = vec!["127.0.0.1:0".parse()?];
        certify(data.path(), &mut settings)?;
        settings.calls.least_free_megabytes = 1;
        settings.calls.end_silence_ms = 1_000;
        settings.media.threads = 1;
        (settings.media.first_port, settings.media.last_port) = (46_000, 48_998);
        settings.calls.limit = 1_000;
        change(&mut settings);
        let bus = EmbeddedBus::open(&data.path().join("bus"), EmbeddedOptions::default()).await?;
        let bus: Arc<dyn Bus> = Arc::new(bus);
        let recordings = Recordings::local(&data.path().join("recordings"))?;
        let pack = PackSource::embedded("shymkent")?;
        let node = Node::start(Arc::new(settings), &pack, Arc::clone(&bus), recordings.clone()).await?;
        Ok(Self { node, bus, recordings, data })
    }

    /// The folder that goes away with the test.
    pub fn folder(&self) -> &Path {
        self.data.path()
    }

    /// The file with the node's certificate.
    pub fn certificate(&self) -> PathBuf {
        self.data.path().join("certificate.pem")
    }

    /// Waits for the next recording; gives its event and its WAV file.
    ///
    /// # Errors
    /// Where the bus or the recordings fail.
    pub async fn recorded(&self) -> anyhow::Result<(Recorded, Vec<u8>)> {
        let mut subscription = self.bus.subscribe("test", &[Topic::Recordings]).await?;
        let deliveries = subscription.next(1).await?;
        subscription.commit().await?;
        let recorded = deliveries.first().context("no delivery")?.event::<Recorded>()?.data;
        let wav = self.recordings.get(recorded.recording.as_ref().context("no recording")?).await?;
        Ok((recorded, wav.to_vec()))
    }

    /// Waits until `count` events of calls have come, from the beginning.
    ///
    /// # Errors
    /// Where the bus fails.
    pub async fn call_events(&self, count: usize) -> anyhow::Result<Vec<CallEvent>> {
        let mut subscription = self.bus.subscribe("calls-test", &[Topic::Calls]).await?;
        let mut events = Vec::new();
        while events.len() < count {
            for delivery in subscription.next(16).await? {
                events.push(delivery.event::<CallEvent>()?.data);
            }
        }
        Ok(events)
    }
}

/// Makes a certificate for loopback that signs itself, and names it in the settings.
fn certify(folder: &Path, settings: &mut Settings) -> anyhow::Result<()> {
    let key = PKey::from_rsa(Rsa::generate(2_048)?)?;
    let mut name = X509Name::builder()?;
    name.append_entry_by_text("CN", "127.0.0.1")?;
    let name = name.build();
    let mut certificate = X509::builder()?;
    certificate.set_version(2)?;
    certificate.set_subject_name(&name)?;
    certificate.set_issuer_name(&name)?;
    certificate.set_pubkey(&key)?;
    let (from, until) = (Asn1Time::days_from_now(0)?, Asn1Time::days_from_now(2)?);
    certificate.set_not_before(&from)?;
    certificate.set_not_after(&until)?;
    let names = SubjectAlternativeName::new()
        .ip("127.0.0.1")
        .dns("localhost")
        .build(&certificate.x509v3_context(None, None))?;
    certificate.append_extension(names)?;
    certificate.sign(&key, MessageDigest::sha256())?;
    settings.sip.tls.certificate = folder.join("certificate.pem");
    std::fs::write(&settings.sip.tls.certificate, certificate.build().to_pem()?)?;
    let file = folder.join("key.pem");
    std::fs::write(&file, key.private_key_to_pem_pkcs8()?)?;
    settings.sip.tls.key = Secret { env: None, file: Some(file) };
    Ok(())
}
