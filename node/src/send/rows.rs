//! Gathered sends: JavaScript writes the bytes one after another, and for each datagram a row
//! `[socket, offset, length, port, address, place of the options]`; the last number of the table says how many rows there
//! are. The outcome is written back in place of the last: the size, a negative number of the system's, or [`WAITS`] with the
//! token in the column of the offset.

use std::cell::Cell;

use heliogram::{Datagram, SendOptions};

use super::destinations::Addresses;
use crate::ffi::Slab;
use crate::outcome::{EBADF, EINVAL, number};
use crate::socket::Endpoint;
use crate::thread_sockets::Environment;

/// The columns of a row, and some of them by name.
const ROW: usize = 6;
const OFFSET: usize = 1;
const OPTIONS: usize = 5;
const OUTCOME: usize = 5;

/// The outcome of a datagram that has to wait.
pub(crate) const WAITS: i32 = i32::MIN;

/// The address of a datagram for the connected peer.
const PEER: i32 = -1;

/// How many datagrams are handed over at once; JavaScript gathers no more.
const MOST: usize = 64;

type Row = [i32; ROW];

/// What datagrams take along, which rows name by their places from 1 on; or the number of what is wrong with it.
pub(crate) type Options = [Result<SendOptions, i32>];

/// Sends the gathered datagrams, in order, and empties the table.
pub(crate) fn flush(environment: &Environment, slab: Slab<'_>, options: &Options) {
    let Some((count, rows)) = slab.table.split_last_mut() else { return };
    let gathered = usize::try_from(std::mem::take(count)).unwrap_or(0).min(MOST);
    let (rows, _) = rows.as_chunks_mut::<ROW>();
    let gathered = gathered.min(rows.len());
    let key = |row: &Row| (row[0], options_of(row, options).err());
    for run in rows[..gathered].chunk_by_mut(|row, next| key(row) == key(next)) {
        let (socket, refused) = key(&run[0]);
        match (refused, environment.endpoint(socket.cast_unsigned())) {
            (None, Some(endpoint)) => send_run(environment, &endpoint, slab.bytes, options, run),
            (refused, _) => fail(run, refused.unwrap_or(EBADF)),
        }
    }
}

/// What goes along with a row's datagram, or what is wrong with it.
fn options_of<'a>(row: &Row, options: &'a Options) -> Result<Option<&'a SendOptions>, i32> {
    match usize::try_from(row[OPTIONS]) {
        Ok(0) => Ok(None),
        Ok(place) => {
            options.get(place - 1).map_or(Err(EINVAL), |known| known.as_ref().map(Some).map_err(|error| *error))
        }
        Err(_) => Err(EINVAL),
    }
}

fn fail(run: &mut [Row], error: i32) {
    run.iter_mut().for_each(|row| row[OUTCOME] = error);
}

/// Sends neighbours of one socket; a datagram by itself does not need the room of a batch.
fn send_run(environment: &Environment, endpoint: &Endpoint, bytes: &[u8], options: &Options, run: &mut [Row]) {
    match run {
        [_] => send_rows::<1>(environment, endpoint, bytes, options, run),
        _ => send_rows::<MOST>(environment, endpoint, bytes, options, run),
    }
}

fn send_rows<const ROOM: usize>(
    environment: &Environment,
    endpoint: &Endpoint,
    bytes: &[u8],
    options: &Options,
    run: &mut [Row],
) {
    let mut batch = [Datagram::new(&[]); ROOM];
    let destinations = environment.destinations.borrow();
    for (datagram, row) in batch.iter_mut().zip(run.iter()) {
        match read(row, bytes, &destinations, options) {
            Some(read) => *datagram = read,
            None => return fail(run, EINVAL),
        }
    }
    let outcomes = [const { Cell::new((0, 0)) }; ROOM];
    endpoint.send(
        &batch[..run.len()],
        |index| {
            let token = environment.token();
            outcomes[index].set((WAITS, token.cast_signed()));
            token
        },
        |index, outcome| outcomes[index].set((number(outcome), 0)),
    );
    for (row, outcome) in run.iter_mut().zip(outcomes) {
        (row[OUTCOME], row[OFFSET]) = outcome.get();
    }
}

/// The datagram that a row describes.
fn read<'a>(row: &Row, bytes: &'a [u8], destinations: &Addresses, options: &'a Options) -> Option<Datagram<'a>> {
    let [_, offset, length, port, address, _] = *row;
    let offset = usize::try_from(offset).ok()?;
    let end = offset.checked_add(usize::try_from(length).ok()?)?;
    let datagram = Datagram::new(bytes.get(offset..end)?);
    let datagram = options_of(row, options).ok()?.map_or(datagram, |options| datagram.with(options));
    if address == PEER {
        return Some(datagram);
    }
    let peer = destinations.get(usize::try_from(address).ok()?, u16::try_from(port).ok()?)?;
    Some(datagram.to(peer))
}
