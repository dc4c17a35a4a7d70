//! [`TokioSocket`]: receiving into memory that grows.

use std::net::SocketAddr;

use bytes::BufMut;

use super::readiness::READABLE;
use super::socket::TokioSocket;
use crate::error::Result;
use crate::sys;

/// Receiving into a [`BufMut`], such as a `Vec` or `BytesMut`: into its next chunk of memory, which is at least 64 bytes of a
/// buffer that grows. Bytes that do not fit are lost.
impl TokioSocket {
    /// Receives one datagram behind what `buffer` holds. Returns its length in bytes.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future has received nothing.
    ///
    /// # Errors
    ///
    /// Those of [`recv`](Self::recv).
    pub async fn recv_buf<B: BufMut>(&self, buffer: &mut B) -> Result<usize> {
        self.receiving(|| self.fill(buffer)).await.map(|(length, _)| length)
    }

    /// Receives one datagram behind what `buffer` holds. Returns its length in bytes and its sender.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future has received nothing.
    ///
    /// # Errors
    ///
    /// Those of [`recv`](Self::recv).
    pub async fn recv_buf_from<B: BufMut>(&self, buffer: &mut B) -> Result<(usize, SocketAddr)> {
        self.receiving(|| self.fill(buffer)).await
    }

    /// As [`Socket::try_recv_buf`](crate::Socket::try_recv_buf).
    ///
    /// # Errors
    ///
    /// Those of [`Socket::try_recv`](crate::Socket::try_recv).
    pub fn try_recv_buf<B: BufMut>(&self, buffer: &mut B) -> Result<usize> {
        self.readiness.attempt(READABLE, || self.fill(buffer)).map(|(length, _)| length)
    }

    /// As [`Socket::try_recv_buf_from`](crate::Socket::try_recv_buf_from).
    ///
    /// # Errors
    ///
    /// Those of [`Socket::try_recv`](crate::Socket::try_recv).
    pub fn try_recv_buf_from<B: BufMut>(&self, buffer: &mut B) -> Result<(usize, SocketAddr)> {
        self.readiness.attempt(READABLE, || self.fill(buffer))
    }

    fn fill<B: BufMut>(&self, buffer: &mut B) -> Result<(usize, SocketAddr)> {
        sys::fill(buffer, |free| self.one(free))
    }
}
