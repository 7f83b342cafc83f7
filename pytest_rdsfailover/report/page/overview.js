/** The top of the page: what was run, in one sentence, and what it was run on. */
function heading(data) {
  const { entries, run } = data;
  const invalid = entries.filter((entry) => !entry.trial.valid).length;
  const failed = entries.filter((entry) => entry.failed && entry.trial.valid).length;
  const lost = entries.reduce((sum, entry) => sum + (entry.counts.lost || 0), 0);
  const unaudited = entries.filter((entry) => entry.counts.lost === null).length;
  const lead = el("p", { class: "lead" },
    `${plural(entries.length, "trial")}, `,
    el("span", { class: failed ? "bad" : "good" }, failed ? `${failed} in failed tests` : "no failed test"),
    invalid ? [", ", el("span", { class: "warn" }, `${invalid} invalid`)] : null, "; ",
    el("span", { class: lost ? "bad" : "good" }, `${plural(lost, "acknowledged write")} lost`),
    unaudited ? ` (${plural(unaudited, "trial")} not audited)` : null);
  const versions = Object.entries(run.versions).map(([name, version]) => [name, String(version)]);
  return el("header", {},
    el("div", { class: "head" },
      el("div", {}, el("h1", {}, data.title), lead), themeButton()),
    el("p", { class: "soft small" }, [`mode: ${run.mode}`, ...(data.notes.some((note) => note.includes("seed")) ? [] : [`seed: ${run.seed}`]), ...data.notes].flatMap(
      (note, at) => (at ? [" · ", note] : [note]))),
    versions.length
      ? el("details", { class: "small" }, el("summary", {}, "Versions"), table(["name", "version"], versions, "Versions"))
      : null);
}

function themeButton() {
  const root = document.documentElement;
  const dark = () => root.dataset.theme
    ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const button = el("button", { class: "screen", type: "button", id: "theme" });
  const name = () => { button.textContent = dark() ? "Light" : "Dark"; };
  button.setAttribute("aria-label", "Switch between light and dark");
  button.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; name(); });
  name();
  return button;
}

/** Every trial as a dot on one scale of downtime, a row for each scenario. */
function strips(data) {
  const scenarios = data.run.scenarios.filter((scenario) =>
    data.entries.some((entry) => entry.group === scenario.name));
  if (!scenarios.length) return null;
  const host = el("div", { class: "strip" });
  const draw = () => host.replaceChildren(stripDrawing(data, scenarios, host.clientWidth || 1000));
  onWidth(host, draw);
  return el("section", { "aria-label": "Downtime by scenario" },
    el("h2", {}, "Downtime by scenario"), host, scenarioTable(scenarios, data),
    shareTable(data), comparisons(data.run));
}

function stripDrawing(data, scenarios, width) {
  const wide = width > 640;
  const left = wide ? Math.min(230, width * 0.24) : 8;
  const right = 26;
  const most = Math.max(0.1, ...data.entries.map((entry) => place(entry.trial))) * 1.04;
  const x = (seconds) => left + (seconds / most) * (width - left - right);
  const rows = scenarios.map((scenario) => swarm(data, scenario, x));
  let y = wide ? 4 : 0;
  const middles = rows.map((row) => {
    const half = Math.max(15, ...row.map((dot) => Math.abs(dot.offset) + 8));
    const middle = y + half + (wide ? 4 : 24);
    y = middle + half + 4;
    return { middle, half };
  });
  const all = ticks(0, most, width / 110);
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${y + 38}`, role: "group", "aria-label": "Downtime of every trial" },
    all.map((tick) => [
      svg("line", { class: "rule", x1: x(tick), x2: x(tick), y1: 0, y2: y + 4 }),
      svg("text", { class: "soft middle", x: x(tick), y: y + 19 }, tickText(tick, all))]),
    svg("text", { class: "soft end", x: width - right, y: y + 35 }, "downtime in seconds"));
  scenarios.forEach((scenario, at) => {
    const { middle, half } = middles[at];
    drawing.append(svg("text", wide ? { x: 0, y: middle + 4 } : { x: left - 8, y: middle - half - 6 },
      fitted(scenario.name, (wide ? left - 12 : width - 12) / 6.6), svg("title", {}, scenario.name)),
      ...summaryMarks(scenario, x, middle, half), ...rows[at].map((dot) => dotLink(dot, middle)));
  });
  return drawing;
}

function summaryMarks(scenario, x, middle, half) {
  const { median, low, high } = scenario.downtime_s;
  const marks = [];
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

/** Where the dots of one scenario are; those that would cover each other are moved apart. */
function swarm(data, scenario, x) {
  const own = data.entries.map((entry, at) => ({ entry, at, cx: x(place(entry.trial)) }))
    .filter(({ entry }) => entry.group === scenario.name).sort((a, b) => a.cx - b.cx);
  const crowd = Math.max(1, ...own.map((dot) => own.filter((other) => Math.abs(other.cx - dot.cx) < 11).length));
  const step = Math.min(12, 110 / crowd);
  const placed = [];
  for (const dot of own) {
    let offset = 0;
    for (let n = 1; placed.some((other) => Math.hypot(other.cx - dot.cx, other.offset - offset) < step - 0.5); n += 1) {
      offset = (n % 2 ? -1 : 1) * Math.ceil(n / 2) * step;
    }
    placed.push({ ...dot, offset });
  }
  return placed;
}

function dotLink({ entry, at, cx, offset }, middle) {
  const cy = middle + offset;
  const [word] = verdict(entry);
  const label = `Trial ${at + 1}: down ${downtimeOf(entry.trial).join("")}, ${word.toLowerCase()}, ${entry.trial.test}`;
  const mark = entry.trial.valid && entry.failed
    ? svg("rect", { class: "dot failed", x: cx - 5, y: cy - 5, width: 10, height: 10, transform: `rotate(45 ${cx} ${cy})` })
    : svg("circle", { class: isMeasured(entry.trial) ? "dot" : "dot invalid", cx, cy, r: 5.5 });
  return svg("a", { href: `#trial-${at + 1}`, "aria-label": label }, mark, svg("title", {}, label));
}

function fitted(text, letters) {
  return text.length <= letters ? text : `${text.slice(0, Math.max(3, Math.floor(letters) - 1))}…`;
}

function scenarioTable(scenarios, data) {
  const rows = scenarios.map((scenario) => {
    const { median, low, high, p95, max } = scenario.downtime_s;
    const zero = scenario.zero_downtime;
    const own = data.entries.filter((entry) => entry.group === scenario.name);
    const lost = own.some((entry) => entry.counts.lost === null)
      ? "?" : number(own.reduce((sum, entry) => sum + entry.counts.lost, 0));
    const invalid = own.filter((entry) => !entry.trial.valid).length;
    const unreliable = own.filter((entry) => entry.trial.valid && !isMeasured(entry.trial)).length;
    return [
      el("span", { class: "wrap" }, scenario.name),
      number(scenario.trials) + (invalid ? ` + ${invalid} invalid` : "") + (unreliable ? ` + ${unreliable} unreliable` : ""),
      duration(median),
      low === null || low === undefined ? "needs 6 trials" : `${duration(low)} to ${duration(high)}`,
      duration(p95),
      duration(max),
      scenario.trials ? `${zero.count} of ${scenario.trials} (${percent(zero.low)} to ${percent(zero.high)})` : "–",
      lost,
    ];
  });
  return [
    table(["scenario", "#trials", "#median", "#its 95 % interval", "#p95", "#longest", "#without downtime (95 % interval)", "#lost"],
      rows, "Scenarios"),
    el("ul", { class: "legend", "aria-hidden": "true" },
      el("li", {}, swatch(svg("circle", { class: "k-acked", cx: 6, cy: 6, r: 5 })), "trial"),
      el("li", {}, swatch(svg("rect", { class: "k-reset", x: 2, y: 2, width: 8, height: 8, transform: "rotate(45 6 6)" })), "its test failed"),
      el("li", {}, swatch(svg("circle", { cx: 6, cy: 6, r: 4.5, fill: "none", stroke: "var(--soft)", "stroke-width": 2 })), "proves nothing: invalid, or its clock was unfit"),
      el("li", {}, swatch(svg("line", { x1: 6, x2: 6, y1: 0, y2: 12, stroke: "var(--ink)", "stroke-width": 2 })), "median")),
  ];
}

function swatch(shape) {
  return svg("svg", { viewBox: "0 0 12 12" }, shape);
}

/** How a client that writes once a second would have reported it, and what the trials leave open. */
function shareTable(data) {
  const repeated = data.run.scenarios.some((scenario) => scenario.trials > 1);
  if (!repeated) return null;
  return el("section", {}, el("h2", {}, "As one write a second would report it"),
    table(["scenario", ...data.lengths.map((name) => `#${name}`)], data.shares, "Shares of trials"),
    el("p", { class: "soft small" }, "Trials with their 95 % intervals, as most published figures have them. Without downtime, above, means none at all."),
    data.proofs.map((line) => el("p", { class: "soft small" }, line)));
}

function comparisons(run) {
  if (!run.comparisons.length) return null;
  const known = (value) => value !== null && value !== undefined;
  const rows = run.comparisons.map((each) => [
    counted(each.baseline, each.trials?.baseline), counted(each.candidate, each.trials?.candidate),
    known(each.ratio) ? String(each.ratio) : "–",
    known(each.change) ? `${signOf(each.change)}${percent(Math.abs(each.change))}` : "–",
    each.difference_s ? signed(each.difference_s.median) : "–",
    each.difference_s ? `${signed(each.difference_s.low)} to ${signed(each.difference_s.high)}` : "–",
    known(each.p_value) ? String(Number(each.p_value.toPrecision(2))) : "–"]);
  return el("section", {}, el("h2", {}, "Comparisons"),
    table(["baseline", "candidate", "#ratio of medians", "#change", "#difference", "#its 95 % interval", "#p-value"], rows, "Comparisons"),
    el("p", { class: "soft small" }, "Interval: bootstrap of the difference of the medians. p: exact permutation test on ranks, two-sided."));
}

function counted(name, trials) {
  return trials === undefined ? name : `${name} (${plural(trials, "trial")})`;
}

function signOf(value) {
  return value > 0 ? "+" : value < 0 ? "−" : "";
}

function signed(seconds) {
  return `${signOf(seconds)}${duration(Math.abs(seconds))}`;
}

/** What else there is to say of the run, as the plain lines that it came in. */
function sections(data) {
  return data.sections.map(([title, lines]) =>
    el("section", {}, el("h2", {}, title), el("pre", { class: "lines" }, lines.join("\n"))));
}

function trialTable(entries) {
  const rows = entries.map((entry, at) => {
    const { trial, counts } = entry;
    const [word, tone] = verdict(entry);
    return [
      el("a", { href: `#trial-${at + 1}`, }, String(at + 1)),
      el("a", { class: "wrap", href: `#trial-${at + 1}`, title: trial.test }, shortTest(trial.test)),
      trial.endpoint, trial.profile || "none",
      el("span", {}, downtimeOf(trial)),
      el("span", { class: counts.lost ? "bad" : null }, number(counts.lost)),
      `${number(trial.unknown)} / ${number(counts.recovered)}`,
      el("span", { class: trial.stuck_writers ? "bad" : null }, number(trial.stuck_writers)),
      el("span", { class: `chip ${tone}` }, word)];
  });
  return el("section", { id: "trials" }, el("h2", {}, "Trials"),
    table(["#", "test", "endpoint", "profile", "#downtime", "#lost", "#unknown / recovered", "#stuck", "verdict"], rows, "Trials"));
}
