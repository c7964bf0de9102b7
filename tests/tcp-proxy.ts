// A TCP proxy that can be told to fail: in front of the database, as networks and pooling servers fail.
import { once } from 'node:events';
import net from 'node:net';
import type { Test } from 'tap';

/**
 * `pass`: forwards. `refuse`: nobody listens. `hang-up`: takes a connection and closes it. `silent`: takes
 * connections and bytes, and lets nothing through in either direction, on old connections and new ones.
 */
export type Mode = 'pass' | 'refuse' | 'hang-up' | 'silent';

/** A server as `net.connect` knows it. */
export type Target = { host: string; port: number } | { path: string };

export class TcpProxy {
  readonly #target: Target;
  readonly #server = net.createServer((socket) => this.#take(socket));
  readonly #sockets = new Set<net.Socket>();
  #mode: Mode = 'pass';
  /** Connections taken so far. */
  taken = 0;
  port = 0;

  private constructor(target: Target) {
    this.#target = target;
  }

  /** Opens a proxy on a free port of 127.0.0.1, closed after the test. */
  static async open(t: Test, target: Target): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    await proxy.#listen();
    t.teardown(() => {
      proxy.cut();
      proxy.#server.close();
    });
    return proxy;
  }

  /** Goes over to another way of failing, or back to none; what is open stays open, but for `refuse`. */
  async fail(mode: Mode): Promise<void> {
    const before = this.#mode;
    this.#mode = mode;
    if (mode === 'refuse') {
      const closed = once(this.#server, 'close');
      this.#server.close();
      this.cut();
      await closed;
    } else if (before === 'refuse') await this.#listen();
    // What was swallowed is lost to both sides, as after a change of route.
    if (before === 'silent') this.cut();
  }

  /** Breaks every connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #listen(): Promise<void> {
    this.#server.listen(this.port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.port = (this.#server.address() as net.AddressInfo).port;
  }

  #take(near: net.Socket): void {
    this.taken += 1;
    if (this.#mode === 'hang-up') {
      near.end();
      return;
    }
    const far = net.connect(this.#target as net.NetConnectOpts);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from);
      from.on('data', (bytes) => this.#mode === 'silent' || to.write(bytes));
      from.on('error', () => {});
      from.on('close', () => {
        this.#sockets.delete(from);
        if (this.#mode !== 'silent') to.destroy();
      });
    }
  }
}
