//! Servers that do what no server should, each in threads of the test.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};

/// Connects from an address that no server of the tests has. From the server's own one a
/// connect(2) to a port of the ephemeral range may meet itself where nobody listens (RFC
/// 9293, 3.5, simultaneous open), and then nobody else can listen there.
///
/// # Errors
/// Those of connect(2).
pub fn dial(server: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(server), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&SocketAddr::from(([127, 0, 0, 2], 0)).into())?;
    socket.connect(&server.into())?;
    Ok(socket.into())
}

/// A server that does `behave` to every connection, in a thread of its own.
pub fn server(behave: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let behave = Arc::new(behave);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let behave = Arc::clone(&behave);
            if let Ok(stream) = stream {
                std::thread::spawn(move || behave(stream));
            }
        }
    });
    address
}

/// A server that reads the request and then sends these bytes, closes, and
/// waits for the client to close.
pub fn answering(bytes: &'static [u8]) -> SocketAddr {
    server(move |mut stream| {
        read_request(&mut stream);
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        until_closed(&mut stream);
    })
}

/// A server that answers one byte a segment, with this much time between them.
pub fn dripping(bytes: &'static [u8], pause: Duration) -> SocketAddr {
    server(move |mut stream| {
        let _ = stream.set_nodelay(true);
        read_request(&mut stream);
        for byte in bytes {
            if stream.write_all(&[*byte]).is_err() {
                return;
            }
            std::thread::sleep(pause);
        }
        until_closed(&mut stream);
    })
}

/// A server that takes connections and says nothing.
pub fn silent() -> SocketAddr {
    server(|mut stream| until_closed(&mut stream))
}

/// A listener that never accepts, with the shortest accept queue; it listens
/// until it is dropped.
pub fn never_accepting() -> (TcpListener, SocketAddr) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    socket.bind(&any.into()).unwrap();
    socket.listen(0).unwrap();
    let listener = TcpListener::from(socket);
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Closes with a RST.
pub fn reset(stream: TcpStream) {
    SockRef::from(&stream)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
    drop(stream);
}

/// Reads `TIME\r\n`.
pub fn read_request(stream: &mut TcpStream) {
    let mut request = [0; 6];
    let _ = stream.read_exact(&mut request);
}

/// Reads until the client has closed.
pub fn until_closed(stream: &mut TcpStream) {
    let mut buffer = [0; 64];
    while matches!(stream.read(&mut buffer), Ok(n) if n > 0) {}
}

/// A port of the loopback on which nobody listens.
pub fn deserted() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}
