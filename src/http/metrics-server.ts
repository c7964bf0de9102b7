// Owns the metrics listener: a port of its own, so that what it tells is never public by accident.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Config } from '../config.js';
import { describeAddress } from '../explain.js';

type MetricsConfig = Pick<Config, 'metricsHost' | 'metricsPort' | 'nodeEnv'>;

/** Serves `collect` at /metrics in Prometheus' text format; returns the port. */
export async function serveMetrics(config: MetricsConfig, collect: () => Promise<string>): Promise<number> {
  const { metricsHost, metricsPort } = config;
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('not found\n');
      return;
    }
    collect().then(
      (text) =>
        response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text),
      () => response.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' }).end('no metrics\n'),
    );
  });
  server.unref();
  const listen = (port: number) => once(server.listen(port, metricsHost), 'listening');
  try {
    await listen(metricsPort).catch((error) => {
      // A second gateway on one's own machine is nothing to be refused; a scraper must find what it was told.
      if (error.code === 'EADDRINUSE' && config.nodeEnv !== 'production') return listen(0);
      throw error;
    });
  } catch (error) {
    throw describeAddress(error, metricsHost, metricsPort, 'METRICS_');
  }
  return (server.address() as AddressInfo).port;
}
