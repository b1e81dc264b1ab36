//! What is secret in SRTP: suites, master keys, the session keys derived from them, and the sealing itself.
//!
//! AES in counter mode with HMAC-SHA1 (RFC 3711 section 4) and AES-GCM (RFC 7714), from the RustCrypto primitives: they use the
//! processor's AES instructions and allocate nothing.

use aes::{
    Aes128Enc, Aes256Enc, Block,
    cipher::{BlockCipherEncrypt, KeyInit},
};
use aes_gcm::{
    Aes128Gcm, Aes256Gcm,
    aead::{AeadInOut, Nonce, Tag},
};
use hmac::{Hmac, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;

use super::{ENCRYPTED, RTCP_HEADER_LEN, SrtpError, rtp_header_len, word};

/// How a stream is protected (the names of RFC 4568 section 6.2 and RFC 7714 section 14.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Suite {
    /// `AES_CM_128_HMAC_SHA1_80`.
    AesCm80,
    /// `AES_CM_128_HMAC_SHA1_32`.
    AesCm32,
    /// `AEAD_AES_128_GCM`.
    Gcm128,
    /// `AEAD_AES_256_GCM`.
    Gcm256,
}

const GCM_TAG: usize = 16;
const RTCP_HMAC_TAG: usize = 10;
const HMAC_KEY: usize = 20;
const INDEX_LEN: usize = 4;

impl Suite {
    /// Returns the length of the master key, in bytes.
    pub const fn key_len(self) -> usize {
        match self {
            Self::AesCm80 | Self::AesCm32 | Self::Gcm128 => 16,
            Self::Gcm256 => 32,
        }
    }

    /// Returns the length of the master salt, in bytes.
    pub const fn salt_len(self) -> usize {
        match self {
            Self::AesCm80 | Self::AesCm32 => 14,
            Self::Gcm128 | Self::Gcm256 => 12,
        }
    }

    const fn is_gcm(self) -> bool {
        matches!(self, Self::Gcm128 | Self::Gcm256)
    }

    pub(super) const fn rtp_tag_len(self) -> usize {
        match self {
            Self::AesCm80 => 10,
            Self::AesCm32 => 4,
            Self::Gcm128 | Self::Gcm256 => GCM_TAG,
        }
    }

    /// Returns where the index of an SRTCP packet stands, and how long the packet is when it is opened.
    pub(super) fn rtcp_layout(self, length: usize) -> Option<(usize, usize)> {
        if self.is_gcm() {
            let index_at = length.checked_sub(INDEX_LEN)?;
            return Some((index_at, index_at.checked_sub(GCM_TAG)?));
        }
        let index_at = length.checked_sub(INDEX_LEN + RTCP_HMAC_TAG)?;
        Some((index_at, index_at))
    }
}

/// A master key and its salt, one behind the other, as `inline:` carries them. Hidden by `Debug`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyMaterial {
    bytes: [u8; Self::MAX],
}

impl KeyMaterial {
    /// The most that a suite needs, in bytes.
    pub const MAX: usize = 46;

    /// Takes key and salt of a suite from the start of `bytes`; `None` when there are too few.
    pub fn new(suite: Suite, bytes: &[u8]) -> Option<Self> {
        let needed = suite.key_len() + suite.salt_len();
        let mut material = Self { bytes: [0; Self::MAX] };
        material.bytes.get_mut(..needed)?.copy_from_slice(bytes.get(..needed)?);
        Some(material)
    }

    fn key(&self, suite: Suite) -> &[u8] {
        self.bytes.get(..suite.key_len()).unwrap_or_default()
    }

    fn salt(&self, suite: Suite) -> &[u8] {
        self.bytes.get(suite.key_len()..suite.key_len() + suite.salt_len()).unwrap_or_default()
    }
}

impl std::fmt::Debug for KeyMaterial {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("KeyMaterial(hidden)")
    }
}

/// Which half of a session a key is for; the number is the first of its three labels (RFC 3711 section 4.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Rtp = 0,
    Rtcp = 3,
}

/// The session keys of one half.
#[derive(Clone)]
pub(super) struct Keys {
    cipher: Cipher,
    salt: [u8; 16],
}

#[derive(Clone)]
struct CounterKeys {
    aes: Aes128Enc,
    mac: Hmac<Sha1>,
}

#[derive(Clone)]
enum Cipher {
    Counter(Box<CounterKeys>),
    Gcm128(Box<Aes128Gcm>),
    Gcm256(Box<Aes256Gcm>),
}

impl Keys {
    pub fn derive(suite: Suite, material: &KeyMaterial, purpose: Purpose) -> Self {
        let (mut key, mut auth, mut salt) = ([0u8; 32], [0u8; HMAC_KEY], [0u8; 16]);
        let label = purpose as u8;
        let session_key = key.split_at_mut(suite.key_len()).0;
        expand(suite, material, label, session_key);
        expand(suite, material, label + 1, &mut auth);
        expand(suite, material, label + 2, salt.split_at_mut(suite.salt_len()).0);
        let cipher = match suite {
            Suite::AesCm80 | Suite::AesCm32 => {
                // HMAC takes a key of any length.
                let mac = Hmac::new_from_slice(&auth).unwrap_or_else(|_| Hmac::new(&Default::default()));
                Cipher::Counter(Box::new(CounterKeys { aes: aes_128(session_key), mac }))
            }
            Suite::Gcm128 => Cipher::Gcm128(Box::new(Aes128Gcm::new(&array(session_key).into()))),
            Suite::Gcm256 => Cipher::Gcm256(Box::new(Aes256Gcm::new(&array(session_key).into()))),
        };
        Self { cipher, salt }
    }

    /// Makes keys of session keys, as test vectors give them.
    #[cfg(test)]
    pub fn gcm_session(suite: Suite, key: &[u8], salt: [u8; 12]) -> Self {
        let cipher = match suite {
            Suite::Gcm256 => Cipher::Gcm256(Box::new(Aes256Gcm::new(&array(key).into()))),
            _ => Cipher::Gcm128(Box::new(Aes128Gcm::new(&array(key).into()))),
        };
        let mut padded = [0; 16];
        padded[..12].copy_from_slice(&salt);
        Self { cipher, salt: padded }
    }

    /// Opens `packet` into `opened`, which is as long as the packet without its tag.
    pub fn open_rtp(
        &self,
        packet: &[u8],
        header_len: usize,
        ssrc: u32,
        index: u64,
        opened: &mut [u8],
    ) -> Result<(), SrtpError> {
        let (sealed, tag) = packet.split_at_checked(opened.len()).ok_or(SrtpError::Malformed)?;
        if let Cipher::Counter(keys) = &self.cipher {
            let CounterKeys { aes, mac } = keys.as_ref();
            let rollovers = ((index >> 16) as u32).to_be_bytes();
            check(mac, &[sealed, &rollovers], tag)?;
            opened.copy_from_slice(sealed);
            let body = opened.get_mut(header_len..).ok_or(SrtpError::Malformed)?;
            apply_keystream(aes, self.counter(ssrc, index), body);
            return Ok(());
        }
        opened.copy_from_slice(sealed);
        let (header, body) = opened.split_at_mut_checked(header_len).ok_or(SrtpError::Malformed)?;
        self.open_gcm(&self.rtp_nonce(ssrc, index), header, body, tag)
    }

    /// Seals the packet in `room`, whose first `plain_len` bytes are the packet and the rest the place of the tag.
    pub fn seal_rtp(&self, room: &mut [u8], plain_len: usize, index: u64) -> Result<(), SrtpError> {
        let header_len = rtp_header_len(room).ok_or(SrtpError::Malformed)?;
        let ssrc = word(room, 8).ok_or(SrtpError::Malformed)?;
        let (plain, tag) = room.split_at_mut_checked(plain_len).ok_or(SrtpError::Room)?;
        let (header, body) = plain.split_at_mut_checked(header_len).ok_or(SrtpError::Malformed)?;
        if let Cipher::Counter(keys) = &self.cipher {
            let CounterKeys { aes, mac } = keys.as_ref();
            apply_keystream(aes, self.counter(ssrc, index), body);
            let rollovers = ((index >> 16) as u32).to_be_bytes();
            sign(mac, &[header, body, &rollovers], tag);
            return Ok(());
        }
        let nonce = self.rtp_nonce(ssrc, index);
        self.seal_gcm(&nonce, header, body, tag)
    }

    /// Opens an SRTCP packet into `opened`, which is as long as the packet without tag and index.
    pub fn open_rtcp(&self, packet: &[u8], index_word: u32, ssrc: u32, opened: &mut [u8]) -> Result<(), SrtpError> {
        let is_encrypted = index_word & ENCRYPTED != 0;
        let index = u64::from(index_word & !ENCRYPTED);
        let (sealed, rest) = packet.split_at_checked(opened.len()).ok_or(SrtpError::Malformed)?;
        opened.copy_from_slice(sealed);
        let (header, body) = opened.split_at_mut_checked(RTCP_HEADER_LEN).ok_or(SrtpError::Malformed)?;
        if let Cipher::Counter(keys) = &self.cipher {
            let CounterKeys { aes, mac } = keys.as_ref();
            let (index_bytes, tag) = rest.split_at_checked(INDEX_LEN).ok_or(SrtpError::Malformed)?;
            check(mac, &[sealed, index_bytes], tag)?;
            if is_encrypted {
                apply_keystream(aes, self.counter(ssrc, index), body);
            }
            return Ok(());
        }
        let tag = rest.get(..GCM_TAG).ok_or(SrtpError::Malformed)?;
        if !is_encrypted {
            // Authenticated alone (RFC 7714 section 9.3) hides nothing, and nobody offers it to us.
            return Err(SrtpError::Tag);
        }
        let known = rtcp_known(header, index_word)?;
        self.open_gcm(&self.rtcp_nonce(ssrc, index as u32), &known, body, tag)
    }

    /// Seals an RTCP packet in place.
    pub fn seal_rtcp(&self, packet: &mut Vec<u8>, index_word: u32) -> Result<(), SrtpError> {
        let ssrc = word(packet, 4).ok_or(SrtpError::Malformed)?;
        let index = index_word & !ENCRYPTED;
        let (header, body) = packet.split_at_mut_checked(RTCP_HEADER_LEN).ok_or(SrtpError::Malformed)?;
        if let Cipher::Counter(keys) = &self.cipher {
            let CounterKeys { aes, mac } = keys.as_ref();
            apply_keystream(aes, self.counter(ssrc, index.into()), body);
            packet.extend_from_slice(&index_word.to_be_bytes());
            let mut tag = [0; RTCP_HMAC_TAG];
            sign(mac, &[packet], &mut tag);
            packet.extend_from_slice(&tag);
            return Ok(());
        }
        let known = rtcp_known(header, index_word)?;
        let mut tag = [0; GCM_TAG];
        self.seal_gcm(&self.rtcp_nonce(ssrc, index), &known, body, &mut tag)?;
        packet.extend_from_slice(&tag);
        packet.extend_from_slice(&index_word.to_be_bytes());
        Ok(())
    }

    /// RFC 3711 section 4.1.1: the salt, the source and the index, with room for a block count in the last 16 bits.
    fn counter(&self, ssrc: u32, index: u64) -> u128 {
        u128::from_be_bytes(self.salt) ^ (u128::from(ssrc) << 64) ^ (u128::from(index) << 16)
    }

    /// RFC 7714 section 8.1.
    fn rtp_nonce(&self, ssrc: u32, index: u64) -> [u8; 12] {
        self.nonce((u128::from(ssrc) << 48) | u128::from(index & 0xFFFF_FFFF_FFFF))
    }

    /// RFC 7714 section 9.1.
    fn rtcp_nonce(&self, ssrc: u32, index: u32) -> [u8; 12] {
        self.nonce((u128::from(ssrc) << 48) | u128::from(index))
    }

    fn nonce(&self, fields: u128) -> [u8; 12] {
        // The salt's twelve bytes stand at the front of the sixteen.
        let mixed = (u128::from_be_bytes(self.salt) >> 32) ^ fields;
        let mut nonce = [0; 12];
        nonce.copy_from_slice(&mixed.to_be_bytes()[4..]);
        nonce
    }

    fn open_gcm(&self, nonce: &[u8; 12], known: &[u8], body: &mut [u8], tag: &[u8]) -> Result<(), SrtpError> {
        let tag: [u8; GCM_TAG] = tag.try_into().map_err(|_| SrtpError::Malformed)?;
        let outcome = match &self.cipher {
            Cipher::Gcm128(gcm) => {
                let nonce: &Nonce<Aes128Gcm> = nonce.into();
                gcm.decrypt_inout_detached(nonce, known, body.into(), &Tag::<Aes128Gcm>::from(tag))
            }
            Cipher::Gcm256(gcm) => {
                let nonce: &Nonce<Aes256Gcm> = nonce.into();
                gcm.decrypt_inout_detached(nonce, known, body.into(), &Tag::<Aes256Gcm>::from(tag))
            }
            Cipher::Counter(_) => return Err(SrtpError::Malformed),
        };
        outcome.map_err(|_| SrtpError::Tag)
    }

    fn seal_gcm(&self, nonce: &[u8; 12], known: &[u8], body: &mut [u8], tag: &mut [u8]) -> Result<(), SrtpError> {
        let made = match &self.cipher {
            Cipher::Gcm128(gcm) => gcm.encrypt_inout_detached(nonce.into(), known, body.into()),
            Cipher::Gcm256(gcm) => gcm.encrypt_inout_detached(nonce.into(), known, body.into()),
            Cipher::Counter(_) => return Err(SrtpError::Malformed),
        };
        let made = made.map_err(|_| SrtpError::Room)?;
        tag.copy_from_slice(&made);
        Ok(())
    }
}

/// The additional data of an encrypted SRTCP packet (RFC 7714 section 9.2).
fn rtcp_known(header: &[u8], index_word: u32) -> Result<[u8; RTCP_HEADER_LEN + INDEX_LEN], SrtpError> {
    let mut known = [0; RTCP_HEADER_LEN + INDEX_LEN];
    let (front, back) = known.split_at_mut(RTCP_HEADER_LEN);
    front.copy_from_slice(header.get(..RTCP_HEADER_LEN).ok_or(SrtpError::Malformed)?);
    back.copy_from_slice(&index_word.to_be_bytes());
    Ok(known)
}

fn sign(mac: &Hmac<Sha1>, parts: &[&[u8]], tag: &mut [u8]) {
    let mut mac = mac.clone();
    parts.iter().for_each(|part| mac.update(part));
    let whole = mac.finalize().into_bytes();
    tag.iter_mut().zip(whole).for_each(|(place, byte)| *place = byte);
}

fn check(mac: &Hmac<Sha1>, parts: &[&[u8]], tag: &[u8]) -> Result<(), SrtpError> {
    let mut expected = [0; HMAC_KEY];
    let expected = expected.get_mut(..tag.len()).ok_or(SrtpError::Malformed)?;
    sign(mac, parts, expected);
    if bool::from(expected.ct_eq(tag)) { Ok(()) } else { Err(SrtpError::Tag) }
}

/// Adds the keystream that starts at `counter` to `bytes`, eight blocks at a time: the processor works on them side by side.
fn apply_keystream(aes: &Aes128Enc, mut counter: u128, bytes: &mut [u8]) {
    for piece in bytes.chunks_mut(8 * 16) {
        let mut blocks = [Block::default(); 8];
        for block in &mut blocks {
            *block = counter.to_be_bytes().into();
            counter = counter.wrapping_add(1);
        }
        aes.encrypt_blocks(&mut blocks);
        for (part, block) in piece.chunks_mut(16).zip(&blocks) {
            part.iter_mut().zip(block).for_each(|(byte, key)| *byte ^= key);
        }
    }
}

/// RFC 3711 section 4.3: the keystream under the master key, from the salt with the label in its eighth byte.
fn expand(suite: Suite, material: &KeyMaterial, label: u8, out: &mut [u8]) {
    let mut start = [0u8; 16];
    start.iter_mut().zip(material.salt(suite)).for_each(|(place, &byte)| *place = byte);
    start[7] ^= label;
    out.fill(0);
    let counter = u128::from_be_bytes(start);
    match suite {
        Suite::Gcm256 => {
            let aes = Aes256Enc::new(&array(material.key(suite)).into());
            for (nth, piece) in out.chunks_mut(16).enumerate() {
                let mut block: Block = (counter + nth as u128).to_be_bytes().into();
                aes.encrypt_block(&mut block);
                piece.iter_mut().zip(block).for_each(|(place, byte)| *place = byte);
            }
        }
        _ => apply_keystream(&aes_128(material.key(suite)), counter, out),
    }
}

fn aes_128(key: &[u8]) -> Aes128Enc {
    Aes128Enc::new(&array::<16>(key).into())
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut all = [0; N];
    all.iter_mut().zip(bytes).for_each(|(place, &byte)| *place = byte);
    all
}
