"""The plain client of a network-programming class: N processes, one TIME request each,
and a line of log for every step, as such clients have.

usage: client_process.py N PORT. Its exit status is 0 when every answer was valid.
"""

import logging
import socket
import sys
from multiprocessing import Process


class Client(Process):
    def __init__(self, port):
        super().__init__()
        self.port = port

    def run(self):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as connection:
            logging.info("connect to port %d", self.port)
            connection.connect(("127.0.0.1", self.port))
            logging.info("ask")
            connection.sendall(b"TIME\r\n")
            answer = connection.recv(16)
            logging.info("answer: %s", answer.decode(errors="replace").strip())
        sys.exit(not (len(answer) == 14 and answer.endswith(b"\r\n")))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    clients = [Client(int(sys.argv[2])) for _ in range(int(sys.argv[1]))]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    sys.exit(any(client.exitcode for client in clients))
