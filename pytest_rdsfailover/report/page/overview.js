/* What all trials say together, as tables. */

const { el, table } = rdsfailover.dom;
const { change, difference, duration } = rdsfailover.durations;
const { downtimeOf, isMeasured, number, plural, shortTest, verdict } = rdsfailover.words;
const { strip } = rdsfailover.dots;

/** All scenarios: their trials as dots, their figures, and how they differ. */
function overview(data) {
  const scenarios = labelled(data.run.scenarios.filter((scenario) =>
    data.entries.some((entry) => entry.group === scenario.name)), data.entries);
  if (!scenarios.length) return null;
  return el("section", { "aria-label": "Downtime by scenario" },
    el("h2", {}, "Downtime by scenario"), strip(data, scenarios),
    scenarioTable(scenarios.filter(({ name }) => trialsOf(name, data).length > 1), data), shareTable(data), comparisons(data.run));
}

/** Scenarios with what they are called here: by their tests, which parameters alone do not tell apart. */
function labelled(scenarios, entries) {
  const tests = scenarios.map(({ name }) => shortTest(entries.find((entry) => entry.group === name).trial.test));
  const functions = new Set(tests.map((test) => test.split("[")[0]));
  const byTest = functions.size > 1 && new Set(tests).size === tests.length;
  return scenarios.map((scenario, at) => ({ ...scenario, label: byTest ? tests[at] : scenario.name }));
}

function trialsOf(scenario, data) {
  return data.entries.filter((entry) => entry.group === scenario);
}

/** The figures of repeated trials; a single one has its own. */
function scenarioTable(scenarios, data) {
  if (!scenarios.length) return null;
  const rows = scenarios.map((scenario) => {
    const { median, low, high, p95, max } = scenario.downtime_s;
    const own = trialsOf(scenario.name, data);
    const lost = own.some((entry) => entry.counts.lost === null)
      ? "?" : number(own.reduce((sum, entry) => sum + entry.counts.lost, 0));
    const invalid = own.filter((entry) => !entry.trial.valid).length;
    const unreliable = own.filter((entry) => entry.trial.valid && !isMeasured(entry.trial)).length;
    return [
      el("span", { class: "wrap" }, scenario.label),
      number(scenario.trials) + (invalid ? ` + ${invalid} invalid` : "") + (unreliable ? ` + ${unreliable} unreliable` : ""),
      duration(median),
      low === null || low === undefined ? "needs 6 trials" : `${duration(low)} to ${duration(high)}`,
      duration(p95),
      duration(max),
      scenario.trials ? data.without_downtime[scenario.name] : "–",
      lost,
    ];
  });
  return table(["scenario", "#trials", "#median", "#its 95 % interval", "#p95", "#longest", "#without downtime (95 % interval)", "#lost"],
    rows, "Scenarios");
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
  const rows = run.comparisons.map((pair) => [
    counted(pair.baseline, pair.trials?.baseline), counted(pair.candidate, pair.trials?.candidate),
    known(pair.ratio) ? String(Number(pair.ratio.toPrecision(3))) : "–",
    known(pair.change) ? change(pair.change) : "–",
    pair.difference_s ? difference(pair.difference_s.median) : "–",
    pair.difference_s ? `${difference(pair.difference_s.low)} to ${difference(pair.difference_s.high)}` : "–",
    known(pair.p_value) ? String(Number(pair.p_value.toPrecision(2))) : "–",
    pair.pairs?.count ? `${pair.pairs.count} (${pair.pairs.dropped} trials without a partner)` : "–"]);
  return el("section", {}, el("h2", {}, "Comparisons"),
    table(["baseline", "candidate", "#ratio of medians", "#change", "#difference", "#its 95 % interval", "#p-value", "#pairs"], rows, "Comparisons"),
    el("p", { class: "soft small" }, "Interval: bootstrap of the difference of the medians. p: exact permutation test on ranks, two-sided; of trials that met the same failover, on the signs of their differences."));
}

function counted(name, trials) {
  return trials === undefined ? name : `${name} (${plural(trials, "trial")})`;
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
    table(["#", "test", "~endpoint", "~profile", "#downtime", "#lost", "~#unknown / recovered", "~#stuck", "verdict"], rows, "Trials"));
}

rdsfailover.overview = { overview, sections, trialTable };
