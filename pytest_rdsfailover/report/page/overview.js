/** The top of the page: what was run, in one sentence, and what it was run on. */
function heading(data) {
  const { entries, run } = data;
  const invalid = entries.filter((entry) => !entry.trial.valid).length;
  const failed = entries.filter((entry) => entry.failed && entry.trial.valid).length;
  const lost = entries.reduce((sum, entry) => sum + (entry.counts.lost || 0), 0);
  const unaudited = entries.filter((entry) => entry.counts.lost === null).length;
  const lead = el("p", { class: "lead" },
    `${plural(entries.length, "trial")}, `,
    el("span", { class: failed ? "bad" : "good" }, failed ? `${failed} of failed tests` : "no failed test"),
    invalid ? [", ", el("span", { class: "warn" }, `${invalid} invalid`)] : null, "; ",
    el("span", { class: lost ? "bad" : "good" }, `${plural(lost, "acknowledged write")} lost`),
    unaudited ? ` (${plural(unaudited, "trial")} not audited)` : null);
  const versions = Object.entries(run.versions).map(([name, version]) => [name, String(version)]);
  return el("header", {},
    el("div", { class: "head" },
      el("div", {}, el("h1", {}, data.title), lead), themeButton()),
    el("p", { class: "soft small" }, [`mode: ${run.mode}`, `seed: ${run.seed}`, ...data.notes].flatMap(
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
    data.entries.some((entry) => entry.trial.scenario === scenario.name));
  if (!scenarios.length) return null;
  const host = el("div", { class: "strip" });
  const draw = () => host.replaceChildren(stripDrawing(data, scenarios, host.clientWidth || 1000));
  onWidth(host, draw);
  return el("section", { "aria-label": "Downtime by scenario" },
    el("h2", {}, "Downtime by scenario"), host, scenarioTable(scenarios, data), comparisons(data.run));
}

function stripDrawing(data, scenarios, width) {
  const wide = width > 640;
  const row = wide ? 40 : 56;
  const left = wide ? Math.min(230, width * 0.24) : 6;
  const right = 26;
  const top = wide ? 4 : 18;
  const downtimes = data.entries.map((entry) => entry.trial.downtime_s);
  const most = Math.max(0.1, ...downtimes) * 1.04;
  const x = (seconds) => left + (seconds / most) * (width - left - right);
  const height = top + scenarios.length * row + 38;
  const all = ticks(0, most, width / 110);
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "Downtime of every trial" },
    all.map((tick) => [
      svg("line", { class: "rule", x1: x(tick), x2: x(tick), y1: top - 2, y2: height - 34 }),
      svg("text", { class: "soft middle", x: x(tick), y: height - 19 }, tickText(tick, all))]),
    svg("text", { class: "soft end", x: width - right, y: height - 3 }, "downtime in seconds"));
  scenarios.forEach((scenario, at) => {
    const middle = top + row * at + (wide ? row / 2 : row - 16);
    drawing.append(svg("text", wide ? { x: 0, y: middle + 4 } : { x: left, y: middle - 18 },
      fitted(scenario.name, (wide ? left - 12 : width - 12) / 6.6), svg("title", {}, scenario.name)));
    const { median, low, high } = scenario.downtime_s;
    if (low !== null && low !== undefined) {
      drawing.append(svg("rect", { class: "interval", x: x(low), y: middle - 13, width: Math.max(2, x(high) - x(low)), height: 26, rx: 3 },
        svg("title", {}, `95 % interval of the median: ${duration(low)} to ${duration(high)}`)));
    }
    if (median !== null) {
      drawing.append(svg("line", { class: "median", x1: x(median), x2: x(median), y1: middle - 15, y2: middle + 15 },
        svg("title", {}, `median ${duration(median)}`)));
    }
    drawing.append(...dots(data, scenario, x, middle));
  });
  return drawing;
}

/** The dots of one scenario; those that would cover each other are moved apart. */
function dots(data, scenario, x, middle) {
  const placed = [];
  return data.entries.flatMap((entry, at) => {
    if (entry.trial.scenario !== scenario.name) return [];
    const cx = x(entry.trial.downtime_s);
    const crowd = placed.filter((other) => Math.abs(other - cx) < 10).length;
    placed.push(cx);
    const cy = middle + (crowd % 2 ? -1 : 1) * Math.min(12, Math.ceil(crowd / 2) * 6);
    const [word] = verdict(entry);
    const label = `Trial ${at + 1}: down ${figure(entry.trial.downtime_s, entry.trial.resolution_s).join("")}, ${word.toLowerCase()}, ${entry.trial.test}`;
    const shape = !entry.trial.valid ? "invalid" : entry.failed ? "failed" : "";
    const mark = shape === "failed"
      ? svg("rect", { class: `dot ${shape}`, x: cx - 5, y: cy - 5, width: 10, height: 10, transform: `rotate(45 ${cx} ${cy})` })
      : svg("circle", { class: `dot ${shape}`, cx, cy, r: 5.5 });
    return [svg("a", { href: `#trial-${at + 1}`, "aria-label": label }, mark, svg("title", {}, label))];
  });
}

function fitted(text, letters) {
  return text.length <= letters ? text : `${text.slice(0, Math.max(3, Math.floor(letters) - 1))}…`;
}

function scenarioTable(scenarios, data) {
  const rows = scenarios.map((scenario) => {
    const { median, low, high, max } = scenario.downtime_s;
    const zero = scenario.zero_downtime;
    const own = data.entries.filter((entry) => entry.trial.scenario === scenario.name);
    const lost = own.some((entry) => entry.counts.lost === null)
      ? "?" : number(own.reduce((sum, entry) => sum + entry.counts.lost, 0));
    const invalid = own.filter((entry) => !entry.trial.valid).length;
    return [
      el("span", { class: "wrap" }, scenario.name),
      number(scenario.trials) + (invalid ? ` + ${invalid} invalid` : ""),
      duration(median),
      low === null || low === undefined ? "needs 6 trials" : `${duration(low)} to ${duration(high)}`,
      duration(max),
      scenario.trials ? `${zero.count} of ${scenario.trials} (${percent(zero.low)} to ${percent(zero.high)})` : "–",
      lost,
    ];
  });
  return [
    table(["scenario", "#valid trials", "#median", "#its 95 % interval", "#longest", "#without downtime (95 % interval)", "#lost"],
      rows, "Scenarios"),
    el("ul", { class: "legend", "aria-hidden": "true" },
      el("li", {}, swatch(svg("circle", { class: "k-acked", cx: 6, cy: 6, r: 5 })), "trial"),
      el("li", {}, swatch(svg("rect", { class: "k-reset", x: 2, y: 2, width: 8, height: 8, transform: "rotate(45 6 6)" })), "its test failed"),
      el("li", {}, swatch(svg("circle", { cx: 6, cy: 6, r: 4.5, fill: "none", stroke: "var(--soft)", "stroke-width": 2 })), "invalid, proves nothing"),
      el("li", {}, swatch(svg("line", { x1: 6, x2: 6, y1: 0, y2: 12, stroke: "var(--ink)", "stroke-width": 2 })), "median")),
  ];
}

function swatch(shape) {
  return svg("svg", { viewBox: "0 0 12 12" }, shape);
}

function comparisons(run) {
  if (!run.comparisons.length) return null;
  const rows = run.comparisons.map((each) => [
    each.baseline, each.candidate,
    each.change === null || each.change === undefined ? "–" : `${each.change > 0 ? "+" : "−"}${percent(Math.abs(each.change))}`,
    each.p_value === null || each.p_value === undefined ? "–" : each.p_value < 0.0001 ? "< 0.0001" : each.p_value.toFixed(4)]);
  return el("section", {}, el("h2", {}, "Comparisons"),
    table(["baseline", "candidate", "#change of the median", "#p-value"], rows, "Comparisons"));
}

function trialTable(entries) {
  const rows = entries.map((entry, at) => {
    const { trial, counts } = entry;
    const [word, tone] = verdict(entry);
    return [
      el("a", { href: `#trial-${at + 1}`, }, String(at + 1)),
      el("a", { class: "wrap", href: `#trial-${at + 1}`, title: trial.test }, shortTest(trial.test)),
      trial.endpoint, trial.profile || "none",
      el("span", {}, figure(trial.downtime_s, trial.resolution_s)),
      el("span", { class: counts.lost ? "bad" : null }, number(counts.lost)),
      `${number(trial.unknown)} / ${number(counts.recovered)}`,
      el("span", { class: trial.stuck_writers ? "bad" : null }, number(trial.stuck_writers)),
      el("span", { class: `chip ${tone}` }, word)];
  });
  return el("section", { id: "trials" }, el("h2", {}, "Trials"),
    table(["#", "test", "endpoint", "profile", "#downtime", "#lost", "#unknown / recovered", "#stuck", "verdict"], rows, "Trials"));
}
