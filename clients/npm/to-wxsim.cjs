// Loaded with NODE_OPTIONS=--require, this brings every connection to WeChat's hosts to wxsim at
// WXSIM_ADDR (host:port). It changes where a connection goes and nothing else, as a hosts file does:
// names, TLS and what is sent stay those of the client.
const net = require('node:net');

const [host, port] = process.env.WXSIM_ADDR.split(':');
const connect = net.Socket.prototype.connect;

net.Socket.prototype.connect = function (...args) {
  const options = Array.isArray(args[0]) ? args[0][0] : args[0];
  if (/(^|\.)weixin\.qq\.com$/.test(options?.host)) Object.assign(options, { host, port });
  return connect.apply(this, args);
};
