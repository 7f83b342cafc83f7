/* What is visible of a picture between two times, in the units of a drawing. Times are ms. */

const LEAST_LATENCY = 0.0001; // seconds; as the picture counts its buckets
const STEPS = 8;

/** The finest strip that covers a view. */
function stripFor(picture, view) {
  const covering = picture.strips.filter((strip) => strip.start <= view[0] + 1 && strip.stop >= view[1] - 1);
  return (covering.length ? covering : picture.strips).reduce((a, b) => (a.stop - a.start <= b.stop - b.start ? a : b));
}

/** Bars of so many slices that each is wide enough, and holds enough writes to mean a rate. */
function barsOf(picture, view, width, rate) {
  const strip = stripFor(picture, view);
  const slice = (strip.stop - strip.start) / strip.acked.length;
  const pixel = (view[1] - view[0]) / width;
  const wanted = Math.max(4 * pixel, Math.min(16 * pixel, rate ? 6000 / rate : 0));
  const size = Math.max(1, Math.round(wanted / slice));
  const bars = [];
  for (let at = 0; at < strip.acked.length; at += size) {
    const end = Math.min(strip.acked.length, at + size);
    const start = strip.start + at * slice;
    const stop = strip.start + end * slice;
    if (stop <= view[0] || start >= view[1]) continue;
    const sum = (counts) => counts.slice(at, end).reduce((a, b) => a + b, 0);
    const failed = Object.entries(strip.failed).map(([state, counts]) => [Number(state), sum(counts)]);
    bars.push({ start, stop, acked: sum(strip.acked), failed: failed.filter(([, count]) => count) });
  }
  return bars;
}

/** Cells of the latency map: time, bucket, count; so many slices that a cell can be seen. */
function cellsOf(picture, view, width) {
  const strip = stripFor(picture, view);
  const slices = strip.acked.length;
  const slice = (strip.stop - strip.start) / slices;
  const size = Math.max(1, Math.round((3.2 * (view[1] - view[0])) / width / slice));
  const cells = { served: [], waited: [], size: size * slice };
  for (const kind of ["served", "waited"]) {
    for (let at = 0; at < slices; at += size) {
      const start = strip.start + at * slice;
      if (start + size * slice <= view[0] || start >= view[1]) continue;
      const found = new Map();
      for (const flat of strip[kind].slice(at, at + size)) {
        for (let n = 0; n < flat.length; n += 2) found.set(flat[n], (found.get(flat[n]) || 0) + flat[n + 1]);
      }
      for (const [bucket, count] of found) cells[kind].push({ start, bucket, count });
    }
  }
  return cells;
}

function bucketEdge(bucket) {
  return LEAST_LATENCY * 10 ** (bucket / STEPS);
}

/** The median and the largest latency among cells that cover a moment. */
function latencyAt(picture, view, width, time) {
  const cells = cellsOf(picture, view, width);
  const here = [...cells.served, ...cells.waited].filter((cell) => cell.start <= time && time < cell.start + cells.size);
  const total = here.reduce((sum, cell) => sum + cell.count, 0);
  if (!total) return null;
  here.sort((a, b) => a.bucket - b.bucket);
  let seen = 0;
  const middle = here.find((cell) => (seen += cell.count) * 2 >= total);
  return { total, median: bucketEdge(middle.bucket + 0.5), most: bucketEdge(here[here.length - 1].bucket + 1) };
}

/** What one writer was doing at a moment. */
function writerAt(picture, writer, time) {
  const spell = picture.spells[writer].filter(([start, stop]) => start <= time && time < stop).pop();
  const home = picture.homes[writer].filter(([since]) => since <= time).pop();
  return { spell, home: home ? picture.instances[home[1]] : null };
}

/** Put labels on as few rows as keep them apart; returns a row for each. */
function rowsFor(labels, gap) {
  const ends = [];
  return labels.map(({ left, right }) => {
    let row = ends.findIndex((end) => end + gap <= left);
    if (row < 0) row = ends.length;
    ends[row] = right;
    return row;
  });
}

rdsfailover.scene = { STEPS, barsOf, bucketEdge, cellsOf, latencyAt, rowsFor, writerAt };
