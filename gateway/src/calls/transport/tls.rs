//! This side's certificate for calls over TLS.

use dauys_config::settings::Tls;
use std::path::PathBuf;
use std::sync::Arc;
use thiserror::Error;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

/// Why TLS cannot be served.
#[derive(Debug, Error)]
pub enum CertificateError {
    /// The certificate's file cannot be used.
    #[error("sip.tls.certificate {path}: {reason}", path = path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The key cannot be used.
    #[error("sip.tls.key: {0}")]
    Key(String),
    /// They do not belong together, or cannot be used for TLS.
    #[error("sip.tls: {0}")]
    Pair(#[from] rustls::Error),
}

/// Makes what takes TLS connections; none where no address is named for them.
///
/// # Errors
/// [`CertificateError`] with what is wrong.
pub fn acceptor(settings: &Tls) -> Result<Option<TlsAcceptor>, CertificateError> {
    if settings.listen.is_empty() {
        return Ok(None);
    }
    let path = settings.certificate.clone();
    let wrong = |reason: String| CertificateError::Certificate { path: path.clone(), reason };
    let pem = std::fs::read(&settings.certificate).map_err(|error| wrong(error.to_string()))?;
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(&pem).collect::<Result<_, _>>().map_err(|error| wrong(error.to_string()))?;
    if chain.is_empty() {
        return Err(wrong("there is no certificate in it".to_owned()));
    }
    let key = settings.key.read().map_err(CertificateError::Key)?.unwrap_or_default();
    let key =
        PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|error| CertificateError::Key(error.to_string()))?;
    // The provider is named here, so that no other crate's choice of features can change or miss it.
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}
