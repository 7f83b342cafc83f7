/* The timeline of a trial: writes, latencies, errors and a lane per writer over one scale of time. */

const { rect, svg } = rdsfailover.dom;
const { duration, moment } = rdsfailover.durations;
const { kindOf, number, tickText, ticks } = rdsfailover.words;
const { STEPS, barsOf, bucketEdge, cellsOf, rowsFor } = rdsfailover.scene;

const MOST_PHASES = 12;
const MOST_ROWS = 7; // of names of milestones; the table below has more
const LEVELS = [0.3, 0.5, 0.75, 1];

/** Lay the panels out; returns where each is and how tall the whole is. */
function layout(portrait, width, view) {
  const wide = width > 640;
  const left = wide ? 118 : 62;
  const lanes = portrait.picture.spells.length;
  const lane = lanes <= 20 ? 14 : lanes <= 40 ? 10 : lanes <= 100 ? 6 : 3;
  const phases = Math.min(portrait.phases.length, MOST_PHASES);
  const more = portrait.phases.length > MOST_PHASES ? 14 : 0;
  const panels = { width, wide, left, right: width - 14, lane };
  panels.x = (ms) => left + ((ms - view[0]) / (view[1] - view[0])) * (panels.right - left);
  panels.labels = markLabels(portrait, panels, view);
  let y = 8 + Math.max(0, ...panels.labels.map((label) => label.row + 1)) * 14 + 22;
  const panel = (height, gap) => { const place = { top: y, bottom: y + height }; y += height + gap; return place; };
  panels.rate = panel(110, 22);
  panels.latency = panel(96, 22);
  panels.phases = panel(phases ? phases * 15 + more : 0, phases ? 22 : 0);
  panels.lanes = panel(lanes * lane, 0);
  panels.height = y + 36;
  return panels;
}

/** Where the names of milestones go: on as few rows as keep them apart, the last ones lowest. */
function markLabels(portrait, panels, view) {
  const shown = portrait.milestones.filter(({ at_s: at }) => at * 1000 >= view[0] && at * 1000 <= view[1]);
  const labels = shown.map((milestone) => {
    const words = `${milestone.name.replaceAll("_", " ")}${milestone.instance && panels.wide ? ` ${milestone.instance}` : ""}`;
    const at = panels.x(milestone.at_s * 1000);
    const size = words.length * 6.2 + 4;
    const flip = at + size > panels.right;
    return { milestone, words, at, flip, left: flip ? at - size : at, right: flip ? at : at + size };
  });
  const rows = rowsFor(labels, 6);
  return labels.map((label, n) => ({ ...label, row: Math.min(rows[n], MOST_ROWS - 1), named: rows[n] < MOST_ROWS }));
}

/** Draw a trial between two times; returns the drawing and what maps it back. */
function chart(entry, view, width) {
  const { portrait, trial } = entry;
  const { picture } = portrait;
  const place = layout(portrait, width, view);
  const { x } = place;
  const span = place.right - place.left;
  const clip = (ms) => Math.min(place.right, Math.max(place.left, x(ms)));
  const time = (px) => view[0] + ((px - place.left) / span) * (view[1] - view[0]);
  const root = svg("svg", {
    class: "scene", viewBox: `0 0 ${width} ${place.height}`, tabindex: 0, role: "application",
    "aria-roledescription": "timeline",
    "aria-label": `Timeline from ${moment(view[0] / 1000)} to ${moment(view[1] / 1000)} after the trigger; arrow keys move the cursor, plus and minus zoom, 0 shows all, f the failover`,
  });
  const context = { entry, portrait, picture, trial, place, x, clip, view, span, root };
  timeAxis(context);
  outageBands(context);
  ratePanel(context);
  latencyPanel(context);
  phasePanel(context);
  lanePanel(context);
  marks(context);
  root.append(svg("rect", { class: "brush", y: place.rate.top, height: place.lanes.bottom - place.rate.top, x: 0, width: 0, visibility: "hidden" }),
    svg("line", { class: "cross", y1: place.rate.top, y2: place.lanes.bottom, visibility: "hidden" }));
  return { root, place, time, x };
}

function timeAxis({ root, place, view, x }) {
  const all = ticks(view[0] / 1000, view[1] / 1000, (place.right - place.left) / 90);
  for (const tick of all) {
    const at = x(tick * 1000);
    root.append(svg("line", { class: "rule", x1: at, x2: at, y1: place.rate.top, y2: place.lanes.bottom + 4 }),
      svg("text", { class: "soft middle", x: at, y: place.lanes.bottom + 17 }, tickText(tick, all)));
  }
  root.append(svg("text", { class: "soft end", x: place.right, y: place.lanes.bottom + 31 }, "seconds from the trigger"));
}

function outageBands({ root, place, trial, clip }) {
  const longest = Math.max(0, ...trial.outages.map((outage) => outage.seconds));
  for (const outage of trial.outages) {
    const [from, to] = [clip(outage.start_s * 1000), clip(outage.stop_s * 1000)];
    if (to <= from) continue;
    root.append(svg("rect", { class: "band", x: from, width: to - from, y: place.rate.top, height: place.lanes.bottom - place.rate.top }));
    if (outage.seconds === longest && to - from > 60) {
      root.append(svg("text", { class: "bad middle", x: (from + to) / 2, y: place.rate.top - 6 },
        to - from > 210 ? `no write acknowledged for ${duration(outage.seconds)}${outage.open ? " or more" : ""}` : duration(outage.seconds)));
    }
  }
}

function panelName({ root, place }, panel, name, unit) {
  root.append(svg("text", { x: 0, y: place[panel].top + 11 }, name));
  if (unit && place.wide) root.append(svg("text", { class: "soft", x: 0, y: place[panel].top + 25 }, unit));
}

function ratePanel(context) {
  const { root, place, picture, portrait, view, x, clip, span } = context;
  const { top, bottom } = place.rate;
  const bars = barsOf(picture, view, span, portrait.rate);
  const perSecond = (bar, count) => count / ((bar.stop - bar.start) / 1000);
  const total = (bar) => bar.acked + bar.failed.reduce((sum, [, count]) => sum + count, 0);
  const most = Math.max(1, portrait.rate, ...bars.map((bar) => perSecond(bar, total(bar)))) * 1.05;
  const y = (rate) => bottom - (rate / most) * (bottom - top);
  const paths = { acked: "" };
  for (const bar of bars) {
    const [from, to] = [clip(bar.start), clip(bar.stop)];
    let base = 0;
    const stack = (kind, count) => {
      const next = base + perSecond(bar, count);
      if (count) paths[kind] = (paths[kind] || "") + rect(from, y(next), Math.max(0.6, to - from - 0.6), y(base) - y(next));
      base = next;
    };
    stack("acked", bar.acked);
    for (const [state, count] of bar.failed) stack(kindOf(picture.states[state]), count);
  }
  panelName(context, "rate", place.wide ? "writes" : "writes/s", "per second");
  const all = ticks(0, most, 3);
  for (const tick of all) {
    root.append(svg("text", { class: "soft end", x: place.left - 6, y: y(tick) + 4 }, number(tick)),
      svg("line", { class: "rule", x1: place.left, x2: place.right, y1: y(tick), y2: y(tick) }));
  }
  for (const [kind, d] of Object.entries(paths)) root.append(svg("path", { class: `k-${kind}`, d }));
  if (portrait.rate) {
    root.append(svg("line", { class: "rate", x1: place.left, x2: place.right, y1: y(portrait.rate), y2: y(portrait.rate) },
      svg("title", {}, `intended: ${number(portrait.rate)} per second`)));
  }
}

function latencyPanel(context) {
  const { root, place, picture, view, clip, span } = context;
  const { top, bottom } = place.latency;
  const cells = cellsOf(picture, view, span);
  const both = [...cells.served, ...cells.waited];
  panelName(context, "latency", place.wide ? "latency from" : "latency", "its schedule");
  if (!both.length) return;
  const low = Math.min(...both.map((cell) => cell.bucket));
  const high = Math.max(low + STEPS, ...both.map((cell) => cell.bucket)) + 1;
  const size = (bottom - top) / (high - low);
  const most = { served: Math.max(1, ...cells.served.map((c) => c.count)), waited: Math.max(1, ...cells.waited.map((c) => c.count)) };
  for (let power = Math.ceil(low / STEPS); power * STEPS <= high; power += 1) {
    const at = bottom - (power * STEPS - low) * size;
    root.append(svg("line", { class: "rule", x1: place.left, x2: place.right, y1: at, y2: at }),
      svg("text", { class: "soft end", x: place.left - 6, y: at + 4 }, duration(bucketEdge(power * STEPS)).replace(/\.0+(?= )/, "")));
  }
  for (const kind of ["waited", "served"]) {
    const paths = LEVELS.map(() => "");
    for (const cell of cells[kind]) {
      const [from, to] = [clip(cell.start), clip(cell.start + cells.size)];
      const level = Math.min(LEVELS.length - 1, Math.floor(LEVELS.length * Math.log(1 + cell.count) / Math.log(1 + most[kind]) - 1e-9));
      paths[Math.max(0, level)] += rect(from, bottom - (cell.bucket - low + 1) * size, Math.max(1, to - from - 0.4), Math.max(1, size - 0.4));
    }
    paths.forEach((d, level) => d && root.append(svg("path", { class: kind === "served" ? "k-acked" : "k-waited", opacity: LEVELS[level], d })));
  }
}

function phasePanel(context) {
  const { root, place, portrait, clip, x, view } = context;
  if (!portrait.phases.length) return;
  const { top } = place.phases;
  const largest = [...portrait.phases].sort((a, b) => b.count - a.count).slice(0, MOST_PHASES);
  const shown = portrait.phases.filter((phase) => largest.includes(phase));
  panelName(context, "phases", "errors");
  shown.forEach((phase, row) => {
    const y = top + row * 15;
    const [from, to] = [clip(phase.first_s * 1000), clip((phase.open ? portrait.window_s[1] : phase.last_s) * 1000)];
    const outside = phase.last_s * 1000 < view[0] || phase.first_s * 1000 > view[1];
    const words = `${phase.code ? `${phase.code} ` : ""}${phase.kind} ×${number(phase.count)}${phase.instance ? ` ${phase.instance}` : ""}${phase.open ? " and on" : ""}`;
    const fits = to + 8 + words.length * 6.1 < place.right;
    if (!outside) root.append(svg("rect", { class: `k-${kindOf(phase.kind)}`, x: from, y: y + 2, width: Math.max(3, to - from), height: 11, rx: 1.5 }));
    const before = Math.min(place.right, from) - 7;
    const label = fits || x(phase.last_s * 1000) < place.left ? { x: Math.max(place.left, to) + 7 }
      : before - words.length * 6.1 > 50 ? { x: before, class: "end" } : { x: from + 8 };
    root.append(svg("text", { ...label, y: y + 11, class: `${label.class || ""}${outside ? " soft" : ""}` }, words));
  });
  const rest = portrait.phases.length - shown.length;
  if (rest) root.append(svg("text", { class: "soft", x: place.left, y: top + shown.length * 15 + 11 }, `and ${rest} smaller ones, listed below`));
}

function lanePanel(context) {
  const { root, place, picture, portrait, clip, view } = context;
  const { lanes, lane } = place;
  const stuck = new Set(portrait.stuck);
  const paths = {};
  const add = (kind, path) => { paths[kind] = (paths[kind] || "") + path; };
  picture.spells.forEach((spells, writer) => {
    const y = lanes.top + writer * lane;
    const homes = picture.homes[writer];
    const served = (since, until, kind) => {
      if (until > view[0] && since < view[1]) add(kind, rect(clip(since), y + lane * 0.34, clip(until) - clip(since), Math.max(1, lane * 0.32)));
    };
    if (!homes.length) served(portrait.window_s[0] * 1000, portrait.window_s[1] * 1000, "acked"); // by whom, nobody knows
    homes.forEach(([since, instance], at) => {
      const until = at + 1 < homes.length ? homes[at + 1][0] : portrait.window_s[1] * 1000;
      served(since, until, `home-${instance % 4}`);
    });
    for (const [start, stop, state] of spells) {
      if (stop <= view[0] || start >= view[1]) continue;
      const [from, to] = [clip(start), clip(stop)];
      add("gap", rect(from, y, Math.max(1.2, to - from), lane));
      add(kindOf(picture.states[state]), lane < 6 ? rect(from, y, Math.max(1.2, to - from), lane) : rect(from, y + 0.5, Math.max(1.2, to - from), lane - 1.5));
    }
    if (stuck.has(writer) ? lane >= 6 : lane >= 10) {
      const words = stuck.has(writer) ? `${place.wide ? "writer " : ""}${writer} stuck` : `${place.wide ? "writer " : ""}${writer}`;
      root.append(svg("text", { class: stuck.has(writer) ? "bad end" : "soft end", x: place.left - 6, y: y + lane / 2 + 4, "font-size": Math.min(11, lane + 1) }, words));
    }
  });
  const order = Object.keys(paths).sort((a, b) => rank(a) - rank(b));
  for (const kind of order) root.append(svg("path", kind === "gap" ? { d: paths[kind], fill: "var(--paper)" } : { class: `k-${kind}`, d: paths[kind], "data-kind": kind }));
  if (lane < 10) panelName(context, "lanes", `${picture.spells.length} writers`, "one lane each");
}

function rank(kind) {
  return kind.startsWith("home") || kind === "acked" ? 0 : kind === "gap" ? 1 : 2;
}

function marks({ root, place }) {
  for (const { milestone, words, at, flip, row, named } of place.labels) {
    const y = 8 + row * 14;
    root.append(svg("line", { class: `mark ${milestone.name === "trigger" ? "trigger" : ""}`, x1: at, x2: at, y1: y, y2: place.lanes.bottom }));
    if (named) {
      root.append(svg("text", { class: flip ? "end" : null, x: at + (flip ? -4 : 4), y: y + 10 }, words,
        svg("title", {}, `${milestone.name} ${moment(milestone.at_s)}`)));
    }
  }
}

rdsfailover.chart = { chart };
