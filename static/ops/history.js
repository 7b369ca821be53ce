/** From what the service has counted so far to what went on between two looks. Pure. */

/** The duration in seconds that the share `q` of the requests in `classes` did not pass; null without requests. */
export function quantile(q, bounds, classes) {
  const all = classes.reduce((sum, one) => sum + one, 0);
  if (all === 0) return null;
  let below = 0;
  for (const [at, count] of classes.entries()) {
    if (count > 0 && below + count >= q * all) {
      const low = at === 0 ? 0 : bounds[at - 1];
      const high = at < bounds.length ? bounds[at] : bounds[bounds.length - 1];
      return low + (high - low) * Math.max(0, (q * all - below) / count);
    }
    below += count;
  }
  return bounds[bounds.length - 1];
}

/** How often a second something that is counted happened; a count that began anew has no rate. */
export function rate(before, after, seconds) {
  return seconds > 0 && after >= before ? (after - before) / seconds : null;
}

/** Hits of all look-ups from 0 to 100; null without any. */
export function hitRate(hits, misses) {
  return hits + misses > 0 ? (100 * hits) / (hits + misses) : null;
}

/** What one look adds to each plot: name of the plot → values of its series. */
export function step(before, after) {
  const seconds = after.at - before.at;
  const tables = Object.keys(after.tables);
  const was = (table) => before.tables[table] ?? after.tables[table];
  const classes = after.latency.classes.map((count, at) => Math.max(0, count - before.latency.classes[at]));
  const ms = (q) => {
    const found = quantile(q, after.latency.bounds, classes);
    return found === null ? null : found * 1000;
  };
  const each = (value) => tables.map((table) => value(was(table), after.tables[table]));
  return {
    requests: ["application", "memo", "errors"].map((by) => rate(before.requests[by], after.requests[by], seconds)),
    latency: [0.5, 0.95, 0.99].map(ms),
    hit_rate: each((a, b) => hitRate(b.hits - a.hits, b.misses - a.misses)),
    bytes: each((_, b) => b.bytes / 1024),
    evictions: each((a, b) => rate(a.evictions, b.evictions, seconds)),
    pool: [after.pool.in_use, after.pool.idle, after.pool.waiting],
    staleness: [after.staleness * 1000],
    generations: each((a, b) => rate(a.generation, b.generation, seconds)),
    versions: each((a, b) => rate(a.version, b.version, seconds)),
  };
}
