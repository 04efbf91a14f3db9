// A small server of Node.js. usage: server.js PORT
require("http")
    .createServer((request, response) => response.end("JAM 12:34:56\r\n"))
    .listen(Number(process.argv[2]), "127.0.0.1");
