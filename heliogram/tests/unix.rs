//! Unix datagram sockets: paths and abstract names, removal of paths, credentials, and services that use them.
#![cfg(target_os = "linux")]

mod common;

use std::fs;
use std::io::{self, IoSlice, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

use common::{LONG, code, within};
use heliogram::{SocketAddrUnix, UnixDatagram, UnixDatagramOptions, UnixRemoteInfo};

/// A folder of this test, removed when the value is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let test = thread::current().name().unwrap_or_default().replace("::", "-");
        // The path of a socket is limited to about a hundred bytes.
        let name: String = test.chars().take(40).collect();
        let path = std::env::temp_dir().join(format!("hg-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn address(&self, name: &str) -> SocketAddrUnix {
        SocketAddrUnix::path(self.path(name)).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn new() -> UnixDatagram {
    UnixDatagram::new(&UnixDatagramOptions::new()).unwrap()
}

fn bound(address: &SocketAddrUnix) -> UnixDatagram {
    let socket = new();
    socket.bind(address).unwrap();
    socket
}

fn send(socket: &UnixDatagram, bytes: &[u8], to: Option<&SocketAddrUnix>) -> heliogram::Result<usize> {
    match to {
        Some(peer) => socket.try_send_to(bytes, peer),
        None => socket.try_send(bytes),
    }
}

fn recv(socket: &UnixDatagram) -> (Vec<u8>, UnixRemoteInfo) {
    let mut buffer = [0; 1024];
    let rinfo = within(LONG, || socket.try_recv_msg(&mut buffer)).unwrap();
    (buffer[..rinfo.size].to_vec(), rinfo)
}

#[test]
fn datagrams_go_to_paths_and_have_their_senders_path() {
    let folder = Folder::new();
    let (server, client) = (bound(&folder.address("server")), bound(&folder.address("client")));
    assert_eq!(server.local_addr().unwrap().as_path(), Some(&*folder.path("server")));
    assert_eq!(send(&client, b"hello", Some(&folder.address("server"))), Ok(5));
    let (bytes, rinfo) = recv(&server);
    assert_eq!((&bytes[..], rinfo.addr, rinfo.credentials), (&b"hello"[..], folder.address("client"), None));
    assert_eq!(send(&server, b"", Some(&rinfo.addr)), Ok(0));
    assert_eq!(recv(&client).0, b"");

    let nobody = new();
    assert!(nobody.local_addr().unwrap().is_unnamed());
    nobody.connect(&folder.address("server")).unwrap();
    assert_eq!(nobody.peer_addr(), Ok(folder.address("server")));
    assert_eq!(nobody.try_send_vectored(&[IoSlice::new(b"two "), IoSlice::new(b"parts")]), Ok(9));
    let (bytes, rinfo) = recv(&server);
    assert_eq!((&bytes[..], rinfo.addr.is_unnamed()), (&b"two parts"[..], true));
    nobody.disconnect().unwrap();
    assert_eq!(send(&nobody, b"?", None).unwrap_err().to_string(), "send ENOTCONN");
}

#[test]
fn abstract_names_need_no_file() {
    let name = format!("heliogram-test-{}\0with\0nuls", std::process::id());
    let address = SocketAddrUnix::abstract_name(name.as_bytes()).unwrap();
    let server = bound(&address);
    assert_eq!(
        (server.local_addr(), server.local_addr().unwrap().as_abstract_name()),
        (Ok(address), Some(name.as_bytes()))
    );
    assert_eq!(address.to_string(), format!("@{}", name.replace('\0', "\\x00")));
    assert_eq!(code(new().bind(&address)), "EADDRINUSE");
    let client = new();
    send(&client, b"hello", Some(&address)).unwrap();
    assert_eq!(recv(&server).0, b"hello");
    server.close().unwrap();
    assert_eq!(code(send(&client, b"hello", Some(&address))), "ECONNREFUSED");
}

#[test]
fn closing_and_dropping_remove_only_the_path_that_the_bind_made() {
    let folder = Folder::new();
    let (path, address) = (folder.path("socket"), folder.address("socket"));
    bound(&address).close().unwrap();
    assert!(!path.exists());
    drop(bound(&address));
    assert!(!path.exists());

    let first = bound(&address);
    fs::remove_file(&path).unwrap();
    let second = bound(&address);
    first.close().unwrap();
    assert!(path.exists(), "another socket has taken its place");
    fs::rename(&path, folder.path("elsewhere")).unwrap();
    second.close().unwrap();
    assert!(folder.path("elsewhere").exists());

    let lasting = UnixDatagram::new(&UnixDatagramOptions::new().unlink(false)).unwrap();
    lasting.bind(&address).unwrap();
    lasting.close().unwrap();
    assert!(path.exists());
    assert_eq!(new().bind(&address).unwrap_err().to_string(), format!("bind EADDRINUSE {}", path.display()));
}

#[test]
fn replace_stale_replaces_a_path_without_an_open_socket() {
    let folder = Folder::new();
    let (path, address) = (folder.path("socket"), folder.address("socket"));
    let replacing = || UnixDatagram::new(&UnixDatagramOptions::new().replace_stale(true)).unwrap();
    drop(net::UnixDatagram::bind(&path).unwrap());
    assert_eq!(code(new().bind(&address)), "EADDRINUSE");
    let server = replacing();
    server.bind(&address).unwrap();
    send(&new(), b"hello", Some(&address)).unwrap();
    assert_eq!(recv(&server).0, b"hello");

    assert_eq!(code(replacing().bind(&address)), "EADDRINUSE", "it is open");
    fs::write(folder.path("file"), "precious").unwrap();
    assert_eq!(code(replacing().bind(&folder.address("file"))), "EADDRINUSE");
    assert_eq!(fs::read(folder.path("file")).unwrap(), b"precious");
    let stream = std::os::unix::net::UnixListener::bind(folder.path("stream")).unwrap();
    assert_eq!(code(replacing().bind(&folder.address("stream"))), "EADDRINUSE");
    drop(stream);
}

#[test]
fn the_kernel_reports_the_senders_credentials() {
    let folder = Folder::new();
    let server = bound(&folder.address("server"));
    server.set_passcred(true).unwrap();
    send(&new(), b"me", Some(&folder.address("server"))).unwrap();
    let own = recv(&server).1.credentials.unwrap();
    assert_eq!(own.pid, std::process::id() as i32);
    let me = fs::metadata(&folder.0).map(|folder| (folder.uid(), folder.gid())).unwrap();
    assert_eq!((own.uid, own.gid), me);
    server.set_passcred(false).unwrap();
    send(&new(), b"me", Some(&folder.address("server"))).unwrap();
    assert_eq!(recv(&server).1.credentials, None);
}

#[test]
fn errors_name_the_path() {
    let folder = Folder::new();
    let missing = folder.address("missing");
    let client = new();
    assert_eq!(send(&client, b"?", Some(&missing)).unwrap_err().to_string(), format!("send ENOENT {missing}"));
    assert_eq!(client.connect(&missing).unwrap_err().to_string(), format!("connect ENOENT {missing}"));
    assert_eq!(code(client.peer_addr()), "ENOTCONN");
    let deep = folder.address("no-folder/socket");
    assert_eq!(client.bind(&deep).unwrap_err().to_string(), format!("bind ENOENT {deep}"));
    assert_eq!(code(client.bind(&SocketAddrUnix::UNNAMED)), "EINVAL");
    client.bind(&folder.address("client")).unwrap();
    assert_eq!(code(client.bind(&folder.address("again"))), "EINVAL");
    assert_eq!(code(client.try_recv_msg(&mut [0])), "EAGAIN");
    client.close().unwrap();
    for outcome in [client.close(), client.bind(&missing), client.connect(&missing), send(&client, b"", None).map(drop)]
    {
        assert_eq!(code(outcome), "ERR_SOCKET_DGRAM_NOT_RUNNING");
    }
}

#[test]
fn a_name_that_is_too_long_is_refused() {
    let long = "x".repeat(108);
    for outcome in [
        SocketAddrUnix::path(""),
        SocketAddrUnix::path(&long),
        SocketAddrUnix::path("a\0b"),
        SocketAddrUnix::abstract_name(b""),
    ] {
        assert_eq!(code(outcome), "EINVAL");
    }
    assert_eq!(code(SocketAddrUnix::abstract_name(long.as_bytes())), "EINVAL");
    assert_eq!(SocketAddrUnix::parse("@x"), SocketAddrUnix::abstract_name(b"x"));
    assert_eq!(SocketAddrUnix::parse("\0x"), SocketAddrUnix::abstract_name(b"x"));
    assert_eq!(SocketAddrUnix::parse("/x"), SocketAddrUnix::path("/x"));
    let folder = Folder::new();
    let longest = folder.path(&"y".repeat(106 - folder.0.as_os_str().len()));
    let address = SocketAddrUnix::path(&longest).unwrap();
    assert_eq!(bound(&address).local_addr().unwrap().as_path(), Some(&*longest));
    let longest = SocketAddrUnix::abstract_name(&[7; 107]).unwrap();
    assert_eq!(bound(&longest).local_addr(), Ok(longest));
}

#[test]
fn long_datagrams_are_truncated_and_a_full_peer_is_would_block() {
    let folder = Folder::new();
    let server = bound(&folder.address("server"));
    let client = new();
    client.connect(&folder.address("server")).unwrap();
    send(&client, b"hello", None).unwrap();
    let rinfo = server.try_recv_msg(&mut [0; 3]).unwrap();
    assert_eq!((rinfo.size, rinfo.truncated), (3, true));
    client.set_send_buffer_size(8192).unwrap();
    assert_eq!(code(send(&client, &[0; 100_000], None)), "EMSGSIZE");
    let mut sent = 0;
    let full = loop {
        match send(&client, &[7; 100], None) {
            Ok(_) => sent += 1,
            Err(error) => break error,
        }
        assert!(sent < 100_000);
    };
    assert!(full.is_would_block() && sent > 0, "{full}");
    for _ in 0..sent {
        assert_eq!(recv(&server).0, [7; 100]);
    }
    assert_eq!(send(&client, b"room again", None), Ok(10));
}

/// Runs a program that may not be installed; prints that the test is skipped if it is not.
fn ran(name: &str, command: &mut Command) -> bool {
    match command.stdin(Stdio::null()).status() {
        Ok(status) => {
            assert!(status.success(), "{name}: {status}");
            true
        }
        Err(error) => {
            let test = thread::current().name().unwrap_or_default().to_owned();
            io::stderr().write_all(format!("\nSKIPPED part of {test}: {name}: {error}\n").as_bytes()).unwrap();
            false
        }
    }
}

#[test]
fn systemd_is_notified() {
    let folder = Folder::new();
    // The manager's end, made by the standard library, as a path and as an abstract name.
    let manager = net::UnixDatagram::bind(folder.path("notify")).unwrap();
    let notify = |text: &str| {
        let address = SocketAddrUnix::parse(text).unwrap();
        send(&new(), b"READY=1\nSTATUS=Serving", Some(&address)).unwrap();
    };
    notify(folder.path("notify").to_str().unwrap());
    let mut buffer = [0; 64];
    let length = manager.recv(&mut buffer).unwrap();
    assert_eq!(&buffer[..length], b"READY=1\nSTATUS=Serving");

    // The other direction: the test is the manager, and reads the credentials.
    let name = format!("@heliogram-notify-{}", std::process::id());
    let manager = bound(&SocketAddrUnix::parse(&name).unwrap());
    manager.set_passcred(true).unwrap();
    notify(&name);
    assert_eq!(recv(&manager).1.credentials.unwrap().pid, std::process::id() as i32);
    if ran("systemd-notify", Command::new("systemd-notify").args(["--no-block", "--ready"]).env("NOTIFY_SOCKET", &name))
    {
        assert!(recv(&manager).0.starts_with(b"READY=1"));
    }
}

#[test]
fn syslog_is_written_to_and_read() {
    let folder = Folder::new();
    let daemon = net::UnixDatagram::bind(folder.path("log")).unwrap();
    let program = new();
    program.connect(&folder.address("log")).unwrap();
    send(&program, b"<14>program: started", None).unwrap();
    let mut buffer = [0; 64];
    let length = daemon.recv(&mut buffer).unwrap();
    assert_eq!(&buffer[..length], b"<14>program: started");

    let log = bound(&folder.address("log2"));
    let logger =
        ["--socket-errors=on", "-u", folder.path("log2").to_str().unwrap(), "hello from logger"].map(str::to_owned);
    if ran("logger", Command::new("logger").args(logger)) {
        let (line, _) = recv(&log);
        assert!(line.starts_with(b"<13>") && line.ends_with(b"hello from logger"), "{}", line.escape_ascii());
    }
}

#[cfg(feature = "tokio")]
#[tokio::test]
async fn tokio_waits_for_room_and_for_datagrams() {
    use heliogram::TokioUnixDatagram;
    let folder = Folder::new();
    let new = || TokioUnixDatagram::new(&UnixDatagramOptions::new()).unwrap();
    let (server, client) = (new(), new());
    server.bind(&folder.address("server")).unwrap();
    client.connect(&folder.address("server")).unwrap();
    const COUNT: u32 = 2000;
    let sending = async {
        for number in 0..COUNT {
            assert_eq!(client.send(&number.to_be_bytes()).await, Ok(4));
        }
    };
    let receiving = async {
        for number in 0..COUNT {
            let mut buffer = [0; 8];
            assert_eq!(server.recv(&mut buffer).await.unwrap(), 4);
            assert_eq!(buffer[..4], number.to_be_bytes());
        }
    };
    tokio::time::timeout(LONG, async { tokio::join!(sending, receiving) }).await.unwrap();
    let mut buffer = [0; 8];
    let closing = async {
        tokio::task::yield_now().await;
        server.close()
    };
    let (received, closed) = tokio::join!(server.recv(&mut buffer), closing);
    assert_eq!((code(received), closed), ("ERR_SOCKET_DGRAM_NOT_RUNNING", Ok(())));
    assert!(!folder.path("server").exists());
    assert_eq!(code(client.send(b"gone").await), "ECONNREFUSED");
}
