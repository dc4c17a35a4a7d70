//! The clients of a relay, each with a socket of its own towards the other side.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use heliogram::{RecvBatch, TokioSocket};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::failure::Outcome;
use crate::measure::numbering::{nanos, now};
use crate::net::route::Route;
use crate::net::sending::Sending;
use crate::net::times::ask_for_times;
use crate::session::Session;

/// A datagram that came back for a client.
pub(crate) struct Returned {
    pub(crate) client: SocketAddr,
    pub(crate) bytes: Vec<u8>,
    pub(crate) arrived: i64,
}

/// Every client that has sent something lately.
pub(crate) struct Clients {
    known: HashMap<SocketAddr, Client>,
    returned: mpsc::Sender<Returned>,
}

struct Client {
    route: Route,
    /// Takes what comes back.
    task: AbortHandle,
    heard: Instant,
}

/// More clients than this are turned away: strangers must not use up the descriptors.
const MAX_CLIENTS: usize = 512;

/// How long a client may be silent.
const SILENCE: Duration = Duration::from_secs(300);

impl Clients {
    /// What comes back for them goes into `returned`.
    pub(crate) fn new(returned: mpsc::Sender<Returned>) -> Self {
        Clients { known: HashMap::new(), returned }
    }

    /// The way to the other side for this client; `None` if there are too many.
    pub(crate) async fn route(
        &mut self,
        client: SocketAddr,
        to: &Sending,
        session: &Session,
    ) -> Outcome<Option<&Route>> {
        if !self.known.contains_key(&client) {
            self.known.retain(|_, client| client.heard.elapsed() < SILENCE);
            if self.known.len() >= MAX_CLIENTS {
                return Ok(None);
            }
            let route = to.open(session).await?;
            ask_for_times(&route.socket)?;
            let task = tokio::spawn(take_back(Arc::clone(&route.socket), client, self.returned.clone()));
            self.known.insert(client, Client { route, task: task.abort_handle(), heard: Instant::now() });
        }
        Ok(self.known.get_mut(&client).map(|known| {
            known.heard = Instant::now();
            &known.route
        }))
    }

    /// The way that this client has.
    pub(crate) fn known(&self, client: &SocketAddr) -> Option<&Route> {
        self.known.get(client).map(|known| &known.route)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Receives from the other side. Errors are about single datagrams of the client, which sees that no answer comes.
async fn take_back(socket: Arc<TokioSocket>, client: SocketAddr, returned: mpsc::Sender<Returned>) {
    let mut batch = RecvBatch::for_gro(8);
    loop {
        match socket.recv_batch(&mut batch).await {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => continue,
            Err(_) => return,
        }
        let read = now();
        for message in batch.iter() {
            let arrived = message.metadata().software_timestamp.map_or(read, nanos);
            let message = Returned { client, bytes: message.data.to_vec(), arrived };
            if returned.send(message).await.is_err() {
                return;
            }
        }
    }
}
