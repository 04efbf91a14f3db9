"""The plain client of a network-programming class: N threads, one TIME request each,
and a line of log for every step, as such clients have.

usage: client_thread.py N PORT. Prints how many answers were valid. Its last line of log
is the most threads that it had at the same time, as it has counted itself.
"""

import logging
import socket
import sys
from threading import Thread, active_count


class Client(Thread):
    def __init__(self, port):
        super().__init__()
        self.port = port
        self.valid = False
        self.alive = 0

    def run(self):
        self.alive = active_count()
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as connection:
            logging.info("connect to port %d", self.port)
            connection.connect(("127.0.0.1", self.port))
            logging.info("ask")
            connection.sendall(b"TIME\r\n")
            answer = connection.recv(16)
            logging.info("answer: %s", answer.decode(errors="replace").strip())
            self.valid = len(answer) == 14 and answer.endswith(b"\r\n")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    clients = [Client(int(sys.argv[2])) for _ in range(int(sys.argv[1]))]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    logging.info("peak %d", max(client.alive for client in clients))
    print(sum(client.valid for client in clients))
