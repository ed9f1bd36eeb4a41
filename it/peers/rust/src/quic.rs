//! QUIC endpoints, set up as the original's own programs do.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use quinn::{
    ClientConfig, Connection, Endpoint, IdleTimeout, ServerConfig, TransportConfig,
    crypto::rustls::{QuicClientConfig, QuicServerConfig},
};
use rustls::{
    DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime},
};
use sha2::{Digest, Sha256};

use crate::{Failure, arguments::Arguments, peer::hex};

/// What is left of an Ethernet frame behind IPv6 and UDP headers.
const FULL_BYTES: u16 = 1452;

const ALPN: &[u8] = b"snaptun";

/// The flags that [`transport`] reads.
pub const FLAGS: [&str; 3] = ["idle", "keep-alive", "stream-window"];

/// Idle timeout 30 s and a keep-alive each 5 s unless flags say otherwise; 0s is none.
pub fn transport(arguments: &Arguments) -> Result<TransportConfig, Failure> {
    let some = |limit: Duration| (!limit.is_zero()).then_some(limit);
    let mut config = TransportConfig::default();
    let idle = some(arguments.duration("idle", "30s")?);
    config.max_idle_timeout(idle.map(IdleTimeout::try_from).transpose()?);
    config.keep_alive_interval(some(arguments.duration("keep-alive", "5s")?));
    if arguments.has("stream-window") {
        config.stream_receive_window(arguments.number::<u32>("stream-window", 0)?.into());
    }
    Ok(config)
}

/// Lets the path carry full packets from the start and for good.
///
/// A machine that is too busy looks like a path that has shrunk, and then large packets are refused.
pub fn keep_path(config: &mut TransportConfig) {
    config.initial_mtu(FULL_BYTES).min_mtu(FULL_BYTES);
}

/// A listening endpoint with a new ECDSA key, and the fingerprint of that key.
pub fn server(listen: SocketAddr, config: TransportConfig) -> Result<(Endpoint, String), Failure> {
    let key = rcgen::KeyPair::generate()?;
    let mut names = rcgen::CertificateParams::new(vec!["localhost".into()])?;
    names.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let certificate = names.self_signed(&key)?;
    let mut tls = rustls::ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )?;
    tls.alpn_protocols = vec![ALPN.to_vec()];
    let mut server = ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls)?));
    server.transport_config(Arc::new(config));
    let pin = format!("sha256:{}", hex(&Sha256::digest(key.public_key_der())));
    Ok((Endpoint::server(server, listen)?, pin))
}

/// A connection to a server, whose certificate is not checked.
pub async fn connect(server: SocketAddr, config: TransportConfig) -> Result<Connection, Failure> {
    let endpoint = client(config)?;
    Ok(endpoint.connect(server, "localhost")?.await?)
}

/// An endpoint that connects to servers, whose certificates are not checked.
pub fn client(config: TransportConfig) -> Result<Endpoint, Failure> {
    let provider = provider();
    let mut tls = rustls::ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        .with_no_client_auth();
    tls.alpn_protocols = vec![ALPN.to_vec()];
    let mut client = ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls)?));
    client.transport_config(Arc::new(config));
    let mut endpoint = Endpoint::client("127.0.0.1:0".parse()?)?;
    endpoint.set_default_client_config(client);
    Ok(endpoint)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Takes any certificate whose holder has its key; these programs meet servers of the same test.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
