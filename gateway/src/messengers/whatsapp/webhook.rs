//! What WhatsApp delivers to the webhook: verification, signature, messages and statuses. Pure; the bytes are a stranger's.
//!
//! Source: Meta's "WhatsApp Business Platform, Cloud API" (webhooks: verification requests, payload signatures, messages object).

use base64::Engine;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// The largest body that is read, in bytes.
pub const LARGEST_BODY: usize = 1024 * 1024;

/// Texts longer than this are cut; WhatsApp itself allows 4,096 characters.
const LONGEST_TEXT: usize = 4_096;
/// Names and ids longer than this are no names and ids.
const LONGEST_FIELD: usize = 512;

/// A message from a citizen.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incoming {
    /// The message's id (wamid), by which repetitions are known.
    pub id: String,
    /// The citizen's number, digits without `+`: personal data.
    pub from: String,
    /// The name in the citizen's profile: personal data.
    pub name: Option<String>,
    /// When it was sent, in seconds since 1970.
    pub sent_at: i64,
    /// What it holds.
    pub content: Content,
}

impl std::fmt::Debug for Incoming {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Incoming")
            .field("id", &self.id)
            .field("kind", &self.content.kind())
            .finish_non_exhaustive()
    }
}

/// What a message holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    /// A voice note or another audio file.
    Audio(Audio),
    /// A text.
    Text {
        /// The words.
        body: String,
    },
    /// A reaction to one of our messages; it asks for no answer.
    Reaction,
    /// Anything else: a picture, a film, a place, a contact, or what this version does not know.
    Other,
}

impl Content {
    /// Names the kind for a metric.
    pub fn kind(&self) -> &'static str {
        match self {
            Content::Audio(_) => "audio",
            Content::Text { .. } => "text",
            Content::Reaction | Content::Other => "other",
        }
    }
}

/// An audio file as the delivery describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audio {
    /// The id by which the file's URL is asked for.
    pub media_id: String,
    /// The media type.
    pub mime_type: String,
    /// The file's SHA-256, if the delivery said it.
    pub sha256: Option<[u8; 32]>,
}

/// What became of a message that we sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// WhatsApp took it.
    Sent,
    /// It is on the citizen's telephone.
    Delivered,
    /// The citizen saw it.
    Read,
    /// It did not get there.
    Failed,
    /// What this version does not know.
    Other,
}

impl Status {
    /// Names it for a metric.
    pub const fn name(self) -> &'static str {
        match self {
            Status::Sent => "sent",
            Status::Delivered => "delivered",
            Status::Read => "read",
            Status::Failed => "failed",
            Status::Other => "other",
        }
    }
}

/// One call of the webhook.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Citizens' messages.
    pub messages: Vec<Incoming>,
    /// What became of ours.
    pub statuses: Vec<Status>,
    /// How many messages could not be read: without an id or a sender nothing can be done about them.
    pub unread: usize,
}

/// Returns the challenge to echo if a verification request shows the right token.
pub fn challenge<'a>(mode: &str, token: &str, challenge: &'a str, expected: &str) -> Option<&'a str> {
    let right = bool::from(token.as_bytes().ct_eq(expected.as_bytes()));
    (mode == "subscribe" && right && !expected.is_empty()).then_some(challenge)
}

/// Says whether the `X-Hub-Signature-256` header fits the raw bytes of the body.
pub fn is_signed(body: &[u8], header: &str, app_secret: &str) -> bool {
    let Some(hexadecimal) = header.strip_prefix("sha256=") else { return false };
    let mut claimed = [0; 32];
    if hex::decode_to_slice(hexadecimal, &mut claimed).is_err() {
        return false;
    }
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(app_secret.as_bytes()) else { return false };
    mac.update(body);
    bool::from(mac.finalize().into_bytes().as_slice().ct_eq(&claimed))
}

/// Reads a delivery. What this version does not know is left out.
///
/// # Errors
/// When the body is no JSON object.
pub fn parse(body: &[u8]) -> Result<Delivered, serde_json::Error> {
    let root: serde_json::Map<String, Value> = serde_json::from_slice(body)?;
    let mut delivered = Delivered::default();
    for change in list(root.get("entry")).flat_map(|entry| list(entry.get("changes"))) {
        let Some(value) = change.get("value") else { continue };
        let contacts = value.get("contacts");
        for message in list(value.get("messages")) {
            match read_message(message, contacts) {
                Some(message) => delivered.messages.push(message),
                None => delivered.unread += 1,
            }
        }
        delivered.statuses.extend(list(value.get("statuses")).map(read_status));
    }
    Ok(delivered)
}

/// Reads a SHA-256 as deliveries and the media interface write it: in hexadecimal or Base64.
pub fn read_sha256(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    if hex::decode_to_slice(text, &mut digest).is_ok() {
        return Some(digest);
    }
    base64::engine::general_purpose::STANDARD.decode(text).ok()?.try_into().ok()
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty() && text.len() <= LONGEST_FIELD)
}

fn read_message(message: &Value, contacts: Option<&Value>) -> Option<Incoming> {
    let id = text(message, "id")?.to_owned();
    let from = text(message, "from").filter(|from| from.bytes().all(|byte| byte.is_ascii_digit()))?.to_owned();
    let profile = list(contacts).find(|contact| text(contact, "wa_id") == Some(&from));
    let name = profile.and_then(|contact| contact.get("profile")).and_then(|profile| text(profile, "name"));
    let sent_at = match message.get("timestamp") {
        Some(Value::String(seconds)) => seconds.parse().ok(),
        Some(Value::Number(seconds)) => seconds.as_i64(),
        _ => None,
    };
    let content = read_content(message);
    Some(Incoming { id, from, name: name.map(str::to_owned), sent_at: sent_at.unwrap_or_default(), content })
}

fn read_content(message: &Value) -> Content {
    match text(message, "type") {
        Some("audio" | "voice") => {
            let audio = message.get("audio").or_else(|| message.get("voice"));
            audio.and_then(read_audio).map_or(Content::Other, Content::Audio)
        }
        Some("text") => {
            let body = message.get("text").and_then(|text| text.get("body")).and_then(Value::as_str);
            match body.map(str::trim).filter(|body| !body.is_empty()) {
                Some(body) => Content::Text { body: body.chars().take(LONGEST_TEXT).collect() },
                None => Content::Other,
            }
        }
        Some("reaction") => Content::Reaction,
        _ => Content::Other,
    }
}

fn read_audio(audio: &Value) -> Option<Audio> {
    // The id becomes a part of a URL: nothing but what ids are made of.
    let plain = |id: &&str| id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    Some(Audio {
        media_id: text(audio, "id").filter(plain)?.to_owned(),
        mime_type: text(audio, "mime_type").unwrap_or("audio/ogg").to_owned(),
        sha256: text(audio, "sha256").and_then(read_sha256),
    })
}

fn read_status(status: &Value) -> Status {
    match text(status, "status") {
        Some("sent") => Status::Sent,
        Some("delivered") => Status::Delivered,
        Some("read") => Status::Read,
        Some("failed") => Status::Failed,
        _ => Status::Other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn delivery(value: &Value) -> Vec<u8> {
        json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}]})
            .to_string()
            .into_bytes()
    }

    #[test]
    fn a_voice_note_is_read_with_its_sender_and_checksum() {
        let body = delivery(&json!({
            "messaging_product": "whatsapp",
            "contacts": [{"profile": {"name": "Test"}, "wa_id": "77000000001"}],
            "messages": [{
                "from": "77000000001", "id": "wamid.A=", "timestamp": "1795000000", "type": "audio",
                "audio": {"id": "123", "mime_type": "audio/ogg; codecs=opus",
                          "sha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "url": "https://example.invalid/x", "voice": true},
            }],
        }));
        let delivered = parse(&body).unwrap();
        let [message] = delivered.messages.as_slice() else { panic!("one message") };
        assert_eq!((message.from.as_str(), message.name.as_deref()), ("77000000001", Some("Test")));
        assert_eq!((message.id.as_str(), message.sent_at), ("wamid.A=", 1_795_000_000));
        let Content::Audio(audio) = &message.content else { panic!("a note") };
        assert_eq!((audio.media_id.as_str(), audio.mime_type.as_str()), ("123", "audio/ogg; codecs=opus"));
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(audio.sha256, read_sha256(empty), "Base64 and hexadecimal are read alike");
        assert!(!format!("{message:?}").contains("7700"), "what is logged shows no number");
    }

    #[test]
    fn several_messages_statuses_and_what_is_unknown_go_together() {
        let body = delivery(&json!({
            "messages": [
                {"from": "77000000001", "id": "a", "timestamp": 5, "type": "text", "text": {"body": "  Су жоқ "}},
                {"from": "77000000001", "id": "b", "type": "hologram", "hologram": {}},
                {"from": "77000000001", "id": "c", "type": "reaction", "reaction": {"emoji": "!"}},
                {"from": "not a number", "id": "d", "type": "text"},
                {"from": "77000000001", "id": "e", "type": "audio", "audio": {"id": "../../me"}},
                "nonsense",
            ],
            "statuses": [{"status": "read"}, {"status": "failed", "errors": [{"code": 131047}]}, {"status": 7}],
        }));
        let delivered = parse(&body).unwrap();
        let kinds: Vec<&Content> = delivered.messages.iter().map(|message| &message.content).collect();
        let said = Content::Text { body: "Су жоқ".to_owned() };
        assert_eq!(kinds, [&said, &Content::Other, &Content::Reaction, &Content::Other]);
        assert_eq!(delivered.statuses, [Status::Read, Status::Failed, Status::Other]);
        assert_eq!(delivered.unread, 2);
        let only = parse(&delivery(&json!({"statuses": [{"status": "sent"}]}))).unwrap();
        assert_eq!((only.messages.len(), only.statuses.as_slice()), (0, &[Status::Sent][..]));
    }

    #[test]
    fn the_signature_covers_the_raw_bytes() {
        // RFC 4231, test case 2.
        let (key, body) = ("Jefe", b"what do ya want for nothing?");
        let right = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert!(is_signed(body, right, key));
        assert!(!is_signed(b"what do ya want for nothing!", right, key));
        assert!(!is_signed(body, right, "jefe"));
        for broken in ["", "sha256=", "sha256=zz", "sha1=5bdc", &right[7..], &format!("{right}00")] {
            assert!(!is_signed(body, broken, key), "{broken}");
        }
    }

    #[test]
    fn the_challenge_is_given_for_the_right_token_alone() {
        assert_eq!(challenge("subscribe", "right", "42", "right"), Some("42"));
        for (mode, token) in [("subscribe", "wrong"), ("subscribe", ""), ("unsubscribe", "right")] {
            assert_eq!(challenge(mode, token, "42", "right"), None);
        }
        assert_eq!(challenge("subscribe", "", "42", ""), None, "an empty setting opens nothing");
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let keys = prop_oneof![
            Just("entry"),
            Just("changes"),
            Just("value"),
            Just("messages"),
            Just("statuses"),
            Just("audio"),
            Just("id"),
            Just("type"),
            Just("from"),
            Just("text"),
            Just("body"),
            Just("contacts"),
            Just("timestamp"),
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            prop_oneof![Just("audio".to_owned()), Just("text".to_owned()), ".{0,8}"].prop_map(Value::from),
        ];
        leaf.prop_recursive(7, 60, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((keys.clone(), inner), 0..6)
                    .prop_map(|pairs| pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_json_is_read_without_panic(value in any_json()) {
            let _ = parse(value.to_string().as_bytes());
            let delivered = parse(&delivery(&value)).unwrap();
            for message in delivered.messages {
                prop_assert!(!message.id.is_empty() && !message.from.is_empty());
            }
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), header in ".{0,80}") {
            let _ = parse(&bytes);
            prop_assert!(!is_signed(&bytes, &header, "secret"));
        }
    }
}
