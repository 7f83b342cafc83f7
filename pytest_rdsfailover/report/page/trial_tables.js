/* The tables of one trial. */

const { el, svg, swatch, table } = rdsfailover.dom;
const { duration, moment } = rdsfailover.durations;
const { between, kindOf, number } = rdsfailover.words;

const MOST_PINS = 100;

function audit({ trial, portrait, counts }) {
  const rows = [
    ["attempted", number(trial.attempted)], ["acknowledged", number(trial.acked)], ["refused", number(trial.refused)],
    ["unknown", number(trial.unknown) + (portrait && trial.unknown && counts.recovered !== null ? `, of these ${number(portrait.absent)} absent` : "")],
    ["not issued", number(trial.not_issued)],
    ...["lost", "duplicated", "recovered", "unexpected", ...(counts.torn ? ["torn"] : [])].map((name) => [name, keys(trial[name], counts[name], name)]),
    ["stale writes", number(trial.stale_writes) + (portrait && portrait.unjudged_writes ? `, ${number(portrait.unjudged_writes)} undecided` : "")],
    ["stuck writers", portrait && portrait.stuck.length ? el("span", { class: "wrap" }, `${number(trial.stuck_writers)}: ${portrait.stuck.join(", ")}`) : number(trial.stuck_writers)]];
  return table(["writes", "count"], rows, "Audit");
}

function keys(list, count, name) {
  if (count === null) return "not audited";
  if (!count) return "0";
  const rest = count - list.length;
  const bad = name === "recovered" ? null : "bad";
  return el("details", {}, el("summary", { class: bad }, number(count)),
    el("p", { class: "keys mono" }, list.join(", ") + (rest ? ` and ${number(rest)} more` : "")));
}

function errors(trial, portrait, caption = "Errors") {
  const list = portrait ? portrait.phases : trial.errors;
  if (!list.length) return el("p", { class: "soft" }, "none");
  const rows = list.map((error) => [
    el("span", {}, swatchOf(error.kind), ` ${error.code ? `${error.code} ` : ""}${error.kind}`), error.instance || "", number(error.count),
    moment(error.first_s), `${moment(error.last_s)}${error.open ? " and on" : ""}`]);
  return table(["error", "instance", "#count", "#first", "#last"], rows, caption);
}

function swatchOf(kind) {
  const drawing = swatch(svg("rect", { class: `k-${kindOf(kind)}`, width: 12, height: 12, rx: 2 }));
  drawing.setAttribute("width", 11);
  drawing.setAttribute("height", 11);
  return drawing;
}

function milestones(trial, portrait) {
  const list = portrait ? portrait.milestones : trial.milestones;
  if (!list.length) return el("p", { class: "soft" }, "none");
  const rows = list.map((milestone) => [
    milestone.name.replaceAll("_", " "), milestone.instance || "", moment(milestone.at_s),
    milestone.planned_s === null || milestone.planned_s === undefined ? "" : moment(milestone.planned_s)]);
  return table(["milestone", "instance", "#seen", "#planned"], rows, "Milestones");
}

function pins(list) {
  return table(["session", "reason", "statement"], list.slice(0, MOST_PINS).map((pin) => [
    String(pin.session), pin.reason, el("code", { class: "wrap" }, pin.statement)]), "Pins");
}

function latencies(trial) {
  const rows = ["before", "during", "after"].map((part) => {
    const found = trial.latency_s[part];
    return [part, ...["p50", "p99", "max"].map((name) => duration(found && found[name]))];
  });
  return table(["part", "#p50", "#p99", "#max"], rows, "Latency");
}

function complaints(list) {
  const rows = list.map((complaint) => [
    complaint.error, el("span", { class: "wrap" }, complaint.text, complaint.remedy ? el("p", {}, complaint.remedy) : null), number(complaint.count), moment(complaint.first_s),
    complaint.trace ? el("details", {}, el("summary", {}, "where"), el("pre", { class: "wrap mono" }, complaint.trace)) : ""]);
  return table(["error", "what the first one said", "#count", "#first", ""], rows, "Complaints");
}

function findings(list) {
  return el("ul", { class: "findings" }, list.map((finding) => el("li", { class: finding.severity === "broken" ? "bad" : "soft" },
    el("strong", {}, finding.severity), ` ${finding.evidence}. `, el("span", {}, `Usually helps: ${finding.cure}.`),
    finding.expectation ? el("code", {}, ` expect(${finding.expectation})`) : null)));
}

/** All that can be expected of the trial, by its name in `expect`, with both ends. */
function figures(found) {
  const rows = Object.entries(found).map(([name, figure]) => [
    el("code", {}, name), between(figure), figure.problem ? el("span", { class: "warn" }, "no figure") : figure.basis || ""]);
  return el("details", {}, el("summary", {}, "with both ends"), table(["name", "#between", ""], rows, "Figures"));
}

rdsfailover.trialTables = { audit, complaints, errors, figures, findings, latencies, milestones, pins };
