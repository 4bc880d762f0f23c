// Preloaded into gateways that have no option for it: they listen on loopback only, and they end
// when whoever started them is gone.

import net from 'node:net';

const HOST = '127.0.0.1';
const listen = net.Server.prototype.listen;

net.Server.prototype.listen = function (...args) {
  return listen.apply(this, onLoopback(args));
};

// listen(port?, host?, backlog?, done?), listen(options, done?), listen(path, ..., done?)
function onLoopback(args) {
  const done = args.filter((arg) => typeof arg === 'function');
  const [first, ...rest] = args.filter((arg) => typeof arg !== 'function');
  if (typeof first === 'object' && first !== null) {
    return first.port === undefined ? args : [{ ...first, host: HOST }, ...done];
  }
  const isPipe = typeof first === 'string' && Number.isNaN(Number(first));
  if (isPipe) return args;
  const backlog = rest.find((arg) => typeof arg === 'number');
  return [{ port: first ?? 0, host: HOST, backlog }, ...done];
}

// The other end of standard input is held by our parent: it closes even if the parent is killed.
process.stdin.on('end', () => process.exit());
process.stdin.on('error', () => process.exit());
process.stdin.resume();
process.stdin.unref?.();
