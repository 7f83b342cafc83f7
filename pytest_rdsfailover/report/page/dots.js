/* Every trial as a dot on one scale of downtime, a row for each scenario. */

const { el, svg, swatch } = rdsfailover.dom;
const { duration } = rdsfailover.durations;
const { downtimeOf, endsOf, isJudged, isMeasured, plural, tickText, ticks, verdict } = rdsfailover.words;
const { onWidth } = rdsfailover.scheduling;

const NEAR = 11; // pixels: dots that are nearer to each other cover each other
const TALLEST = 110; // pixels that the trials of one place take, however many they are
const LETTER = 6.6; // pixels
const WIDEST = 0.42; // of the drawing: more than that is for no names
const ASIDE = 76; // pixels at the right for trials that prove nothing
const MOST_DOTS = 22; // in one place; more are drawn as piles
const KINDS = { passed: "trial", unknown: "its verdict is unknown", failed: "its test failed",
  invalid: "proves nothing: invalid, or its clock was unfit" };

/** The drawing, and what its marks mean. */
function strip(data, scenarios) {
  const host = el("div", { class: "strip" });
  onWidth(host, () => host.replaceChildren(stripDrawing(data, scenarios, host.clientWidth || 1000)));
  return [host, legend(data.entries, scenarios)];
}

function stripDrawing(data, scenarios, width) {
  const longest = Math.max(...scenarios.map(({ label }) => label.length)) * LETTER + 12;
  const wide = width > 640 && longest <= width * WIDEST;
  const left = wide ? Math.max(120, longest) : 8;
  const aside = data.entries.some(({ trial }) => !hasPlace(trial));
  const right = 26 + (aside ? ASIDE : 0);
  const most = scaleOf(data.entries);
  const x = (seconds) => left + Math.min(1, seconds / most) * (width - left - right);
  x.of = (trial) => hasPlace(trial) ? x(trial.downtime_s) : width - 26;
  const rows = scenarios.map((scenario) => marksOf(data, scenario, x));
  let y = wide ? 4 : 0;
  const middles = rows.map((row) => {
    const half = Math.max(15, ...row.map((mark) => mark.reach));
    const middle = y + half + (wide ? 4 : 24);
    y = middle + half + 4;
    return { middle, half };
  });
  const all = ticks(0, most, width / 110);
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${y + 38}`, role: "group", "aria-label": "Downtime of every trial" },
    all.map((tick) => [
      svg("line", { class: "rule", x1: x(tick), x2: x(tick), y1: 0, y2: y + 4 }),
      svg("text", { class: "soft middle", x: x(tick), y: y + 19 }, tickText(tick, all))]),
    svg("text", { class: "soft end", x: width - right, y: y + 35 }, "downtime in seconds"),
    aside ? svg("text", { class: "soft end aside", x: width, y: y + 19 }, "no figure") : null);
  scenarios.forEach((scenario, at) => {
    const { middle, half } = middles[at];
    drawing.append(svg("text", wide ? { x: 0, y: middle + 4 } : { x: left - 8, y: middle - half - 6 },
      fitted(scenario.label, (width - 12) / LETTER), svg("title", {}, scenario.label)),
      ...summaryMarks(scenario, x, middle, half), ...rows[at].map((mark) => mark.draw(middle)));
  });
  return drawing;
}

/** Whether a trial has a place on the scale. What proves nothing stands beside it, not at its zero. */
function hasPlace(trial) {
  return isMeasured(trial) && trial.downtime_s !== null;
}

/** The end of the scale: the longest downtime, and the upper end of each. */
function scaleOf(entries) {
  const reach = ({ trial }) => Math.max(trial.downtime_s, endsOf(trial)[1] ?? 0);
  return Math.max(0.1, ...entries.filter(({ trial }) => hasPlace(trial)).map(reach)) * 1.04;
}

function summaryMarks(scenario, x, middle, half) {
  const { median, low, high } = scenario.downtime_s;
  const marks = [];
  if (scenario.trials < 2) return marks;
  if (low !== null && low !== undefined) {
    marks.push(svg("rect", { class: "interval", x: x(low), y: middle - half, width: Math.max(2, x(high) - x(low)), height: 2 * half, rx: 3 },
      svg("title", {}, `95 % interval of the median: ${duration(low)} to ${duration(high)}`)));
  }
  if (median !== null) {
    marks.push(svg("line", { class: "median", x1: x(median), x2: x(median), y1: middle - half, y2: middle + half },
      svg("title", {}, `median ${duration(median)}`)));
  }
  return marks;
}

/** The marks of one scenario, each with how far it reaches from the row's middle. */
function marksOf(data, scenario, x) {
  const dots = data.entries.map((entry, at) => ({ entry, at, cx: x.of(entry.trial) }))
    .filter(({ entry }) => entry.group === scenario.name).sort((a, b) => a.cx - b.cx);
  const crowd = crowdOf(dots);
  return crowd > MOST_DOTS ? piles(dots, x(0)) : swarm(dots, Math.min(12, TALLEST / Math.max(1, crowd)), x);
}

/** How many dots would cover each other at most. */
function crowdOf(dots) {
  let first = 0;
  return Math.max(0, ...dots.map((dot, at) => {
    while (dot.cx - dots[first].cx >= NEAR) first += 1;
    return at - first + 1;
  }));
}

/** A dot for each trial; those that would cover each other are moved apart. */
function swarm(dots, step, x) {
  const placed = [];
  for (const dot of dots) {
    const beside = placed.filter((other) => dot.cx - other.cx < step);
    let offset = 0;
    for (let n = 1; beside.some((other) => Math.hypot(other.cx - dot.cx, other.offset - offset) < step - 0.5); n += 1) {
      offset = (n % 2 ? -1 : 1) * Math.ceil(n / 2) * step;
    }
    placed.push({ ...dot, offset, reach: Math.abs(offset) + 8 });
  }
  return placed.map((dot) => ({ ...dot, draw: (middle) => dotLink(dot, middle + dot.offset, x) }));
}

/** Bars as high as there are trials in a place, a part for each kind, and their number where it fits. */
function piles(dots, zero) {
  const places = new Map();
  for (const dot of dots) {
    const cx = zero + Math.round((dot.cx - zero) / NEAR) * NEAR;
    places.set(cx, [...(places.get(cx) || []), dot]);
  }
  const most = Math.max(...[...places.values()].map((own) => own.length));
  const bars = [...places].flatMap(([cx, own]) => barsOf(own, cx, TALLEST / most));
  return [...bars, ...numbersOf(places, TALLEST / most)];
}

/** The bars of one place, one above the other, each a link to the first of its trials. */
function barsOf(own, cx, height) {
  const kinds = Object.keys(KINDS).map((kind) => [kind, own.filter(({ entry }) => kindOfDot(entry) === kind)])
    .filter(([, trials]) => trials.length);
  const heights = kinds.map(([, trials]) => Math.max(2, trials.length * height));
  const whole = heights.reduce((sum, height) => sum + height, 0);
  let top = -whole / 2;
  return kinds.map(([kind, trials], n) => {
    const bar = { x: cx - NEAR / 2 + 1, width: NEAR - 2, height: heights[n], class: `pile ${kind}` };
    const above = top;
    top += heights[n];
    const draw = (middle) => link(trials[0].at, svg("rect", { ...bar, y: middle + above }), pileLabel(kind, trials));
    return { reach: whole / 2 + 18, draw };
  });
}

function pileLabel(kind, trials) {
  const downtimes = trials.filter(({ entry }) => hasPlace(entry.trial)).map(({ entry }) => entry.trial.downtime_s);
  const [low, high] = [Math.min(...downtimes), Math.max(...downtimes)];
  const down = !downtimes.length ? "" : low === high ? `, down ${duration(low)}` : `, down ${duration(low)} to ${duration(high)}`;
  const what = kind === "unknown" ? "verdict unknown" : kind;
  return `${plural(trials.length, "trial")}, ${what}${down}; the first is trial ${trials[0].at + 1}`;
}

/** How many trials there are in a place, the largest numbers first, as long as there is room. */
function numbersOf(places, height) {
  const shown = [];
  const order = [...places].map(([cx, { length }]) => ({ cx, length })).sort((a, b) => b.length - a.length);
  for (const { cx, length } of order.filter((pile) => pile.length > 1)) {
    const size = 7 * String(length).length + 10;
    const beside = (other, width) => other.cx !== cx && Math.abs(other.cx - cx) < (size + width) / 2;
    const covered = order.some((other) => other.length > length && beside(other, NEAR));
    if (covered || shown.some((other) => beside(other, other.size))) continue;
    const y = -length * height / 2 - 6;
    const draw = (middle) => svg("text", { class: "soft middle", x: Math.max(size / 2, cx), y: middle + y }, `×${length}`);
    shown.push({ cx, size, reach: 0, draw });
  }
  return shown;
}

function dotLink({ entry, at, cx }, cy, x) {
  const kind = kindOfDot(entry);
  const [low, high] = hasPlace(entry.trial) ? endsOf(entry.trial) : [0, 0];
  const bar = hasPlace(entry.trial)
    ? svg("line", { class: `error ${high === null ? "open" : ""}`, x1: x(low), x2: x(high ?? Infinity), y1: cy, y2: cy }) : null;
  const mark = kind === "failed"
    ? svg("rect", { class: "dot failed", x: cx - 5, y: cy - 5, width: 10, height: 10, transform: `rotate(45 ${cx} ${cy})` })
    : svg("circle", { class: `dot ${kind}`, cx, cy, r: 5.5 });
  const [word] = verdict(entry);
  return link(at, [bar, mark], `Trial ${at + 1}: down ${downtimeOf(entry.trial).join("")}, ${word.toLowerCase()}, ${entry.trial.test}`);
}

function link(at, mark, label) {
  return svg("a", { href: `#trial-${at + 1}`, "aria-label": label }, mark, svg("title", {}, label));
}

/** Whether a trial passed, failed or proves nothing, as far as that is known. */
function kindOfDot(entry) {
  if (entry.trial.valid && entry.failed) return "failed";
  if (!isMeasured(entry.trial)) return "invalid";
  return isJudged(entry) ? "passed" : "unknown";
}

/** What the marks mean, of the kinds that there are. */
function legend(entries, scenarios) {
  const found = new Set(entries.map(kindOfDot));
  const shape = (kind) => kind === "failed"
    ? svg("rect", { class: "dot failed", x: 2, y: 2, width: 8, height: 8, transform: "rotate(45 6 6)" })
    : svg("circle", { class: `dot ${kind}`, cx: 6, cy: 6, r: 4.5 });
  return el("ul", { class: "legend", "aria-hidden": "true" },
    Object.entries(KINDS).filter(([kind]) => found.has(kind)).map(([kind, words]) => el("li", {}, swatch(shape(kind)), words)),
    entries.some(({ trial }) => hasPlace(trial))
      ? el("li", {}, swatch(svg("line", { x1: 0, x2: 12, y1: 6, y2: 6, class: "error" })), "where its downtime lies for certain") : null,
    scenarios.some(({ trials }) => trials > 1)
      ? el("li", {}, swatch(svg("line", { x1: 6, x2: 6, y1: 0, y2: 12, class: "median" })), "median") : null,
    scenarios.some(({ downtime_s: { low } }) => low !== null && low !== undefined)
      ? el("li", {}, swatch(svg("rect", { width: 12, height: 12, class: "interval" })), "its 95 % interval") : null);
}

function fitted(text, letters) {
  const room = Math.max(8, Math.floor(letters) - 1);
  const head = Math.floor(room / 3); // a name ends with its parameters
  return text.length <= letters ? text : `${text.slice(0, head)}…${text.slice(head - room)}`;
}

rdsfailover.dots = { strip };
