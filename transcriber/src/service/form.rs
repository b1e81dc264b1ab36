//! The fields of a transcription request. Unknown ones are ignored, as the API's clients send more every year; what would
//! change the answer and is not supported is refused.

use axum::extract::Multipart;
use axum::extract::multipart::Field;
use bytes::Bytes;
use dauys_events::Language;

use super::problem::ServiceError;
use super::{COMMON_NAME, language_name};

/// The longest value of a field that is not the file, in bytes.
const MAX_FIELD: usize = 8 << 10;

/// The form of the answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum AnswerFormat {
    /// `{"text": …}`
    #[default]
    Json,
    /// The bare text.
    Text,
    /// Everything that is known.
    VerboseJson,
    /// Subtitles as SubRip writes them.
    Srt,
    /// Subtitles as WebVTT writes them.
    Vtt,
}

/// A request that was read whole.
#[derive(Debug)]
pub(super) struct Upload {
    pub file: Bytes,
    pub model: String,
    pub language: Option<Language>,
    pub format: AnswerFormat,
}

impl Upload {
    pub async fn read(mut multipart: Multipart) -> Result<Self, ServiceError> {
        let (mut file, mut model, mut language) = (None, COMMON_NAME.to_owned(), None);
        let mut format = AnswerFormat::default();
        while let Some(field) = multipart.next_field().await.map_err(|error| from_multipart(&error))? {
            let name = field.name().unwrap_or_default().to_owned();
            match name.as_str() {
                "file" => file = Some(field.bytes().await.map_err(|error| from_multipart(&error))?),
                "model" => model = text(field, "model").await?,
                "language" => language = read_language(&text(field, "language").await?)?,
                "response_format" => format = read_format(&text(field, "response_format").await?)?,
                "stream" => refuse(&text(field, "stream").await?, "true", "stream", "answers are not streamed")?,
                "timestamp_granularities[]" => {
                    let value = text(field, "timestamp_granularities[]").await?;
                    refuse(&value, "word", "timestamp_granularities[]", "there are times of segments only")?;
                }
                _ => {}
            }
        }
        let file = file.ok_or_else(|| invalid("file", "a file with the recording is needed"))?;
        Ok(Self { file, model, language, format })
    }
}

async fn text(mut field: Field<'_>, name: &'static str) -> Result<String, ServiceError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|error| from_multipart(&error))? {
        if bytes.len() + chunk.len() > MAX_FIELD {
            return Err(invalid(name, "the value is too long"));
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).map_err(|_| invalid(name, "the value is no text"))
}

fn read_language(value: &str) -> Result<Option<Language>, ServiceError> {
    let value = value.trim().to_lowercase();
    if value.is_empty() || value == "auto" {
        return Ok(None);
    }
    let named = || Language::ALL.into_iter().find(|language| language_name(*language) == value);
    let language = Language::from_code(&value).or_else(named);
    language.map(Some).ok_or_else(|| invalid("language", "only kk, ru, uz and en are known"))
}

fn read_format(value: &str) -> Result<AnswerFormat, ServiceError> {
    match value {
        "json" => Ok(AnswerFormat::Json),
        "text" => Ok(AnswerFormat::Text),
        "verbose_json" => Ok(AnswerFormat::VerboseJson),
        "srt" => Ok(AnswerFormat::Srt),
        "vtt" => Ok(AnswerFormat::Vtt),
        _ => Err(invalid("response_format", "must be json, text, verbose_json, srt or vtt")),
    }
}

fn refuse(value: &str, unsupported: &str, param: &'static str, message: &str) -> Result<(), ServiceError> {
    if value.eq_ignore_ascii_case(unsupported) { Err(invalid(param, message)) } else { Ok(()) }
}

fn invalid(param: &'static str, message: &str) -> ServiceError {
    ServiceError::Invalid(message.to_owned(), Some(param))
}

fn from_multipart(error: &axum::extract::multipart::MultipartError) -> ServiceError {
    if error.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
        ServiceError::TooLarge
    } else {
        ServiceError::Invalid("the form breaks off or cannot be read".to_owned(), None)
    }
}
