"""One that ends its whole process group. The trap: threadtap or the other side in
the same group.

usage: group.py client PORT SIGNAL          a request, then kill(0, SIGNAL)
       group.py server PORT SIGNAL N        kill(0, SIGNAL) at the Nth connection"""
import os
import socket
import sys

role, port, number = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
if role == "client":
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"TIME\r\n")
        connection.recv(64)
    os.kill(0, number)
    sys.exit(3)
listener = socket.create_server(("127.0.0.1", port))
for count in range(1, 1000):
    connection, _ = listener.accept()
    if count == int(sys.argv[4]):
        os.kill(0, number)
    connection.recv(64)
    connection.sendall(b"JAM 12:34:56\r\n")
    connection.close()
