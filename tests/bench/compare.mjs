// Compares by interleaved pairs (A B A B ...): what disturbs the machine for a while disturbs both sides alike.
import { cpuOf } from './machine.mjs';

export function median(numbers) {
  return quantile(numbers, 0.5);
}

export function quantile(numbers, q) {
  const sorted = Float64Array.from(numbers).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

/** Measures one side: adds the CPU of `pid` for each answer, in microseconds. */
export async function spending(pid, work) {
  const before = cpuOf(pid);
  const done = await work();
  return { ...done, cpu: before === null ? null : (cpuOf(pid) - before) / done.count };
}

/**
 * Runs both sides in turn and gives the row of the table: the median of the ratios of pairs, with the least and
 * the greatest, and the medians of both rates.
 */
export async function compare(what, against, ours, theirs, pairs = 7) {
  const rounds = [];
  for (let pair = 0; pair < pairs; pair += 1) rounds.push([await ours(), await theirs()]);
  const ratios = rounds.map(([a, b]) => a.rate / b.rate);
  return {
    what,
    against,
    ratio: median(ratios),
    spread: [Math.min(...ratios), Math.max(...ratios)],
    ours: perSecond(median(rounds.map(([a]) => a.rate))),
    theirs: perSecond(median(rounds.map(([, b]) => b.rate))),
    cpu: [0, 1].map((side) => microseconds(rounds.map((round) => round[side].cpu))).join(' : '),
  };
}

const microseconds = (times) => (times.every((time) => time != null) ? `${Math.round(median(times))}` : '-');
export const perSecond = (rate) => `${rate < 100 ? rate.toFixed(1) : Math.round(rate)}/s`;
export const ms = (time) => `${time < 100 ? time.toFixed(2) : Math.round(time)} ms`;
