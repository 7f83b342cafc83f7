const MOST_PINS = 100;

/** One trial: its figures, its timeline, its evidence. */
function trialSection(entry, at, count) {
  const { trial, portrait } = entry;
  const [word, tone] = verdict(entry);
  const drawing = el("div", {});
  if (portrait) whenNear(drawing, () => drawing.append(...timeline(entry)));
  else drawing.append(el("p", { class: "soft small" }, "Made of a result document, which has no timeline; render the journal file to see it."));
  const step = (to, arrow, name) => to >= 1 && to <= count
    ? el("a", { href: `#trial-${to}`, "aria-label": name }, arrow) : el("span", {}, "");
  return el("section", { class: "trial", id: `trial-${at + 1}`, tabindex: -1, "aria-labelledby": `name-${at + 1}` },
    el("header", {},
      el("h2", { id: `name-${at + 1}` }, el("a", { href: `#trial-${at + 1}` }, `Trial ${at + 1}`), " ", el("span", { class: "soft" }, trial.test)),
      el("span", { class: `chip ${tone}` }, word),
      el("span", { class: "screen" }, step(at, "↑", "Previous trial"), " ", step(at + 2, "↓", "Next trial"), " ", el("a", { href: "#trials" }, "all"))),
    el("div", { class: "soft small" }, summaryLine(entry)),
    portrait && portrait.reason ? el("p", { class: "warn" }, `This trial proves nothing: ${portrait.reason}.`) : null,
    trial.clock && !trial.clock.reliable ? el("p", { class: "warn" }, `The downtime is no figure: ${trial.clock.problem}.`) : null,
    entry.why ? el("pre", { class: "why" }, entry.why) : null,
    keyFigures(entry), drawing, tables(entry));
}

function summaryLine({ trial, portrait }) {
  const parts = [`${trial.endpoint} endpoint`, `profile ${trial.profile || "none"}`, `writer ${trial.writer_before || "?"} → ${trial.writer_after || "?"}`];
  if (portrait) parts.push(plural(portrait.writers, "writer"), `${number(portrait.rate)} writes per second intended`);
  return parts.join(" · ");
}

function keyFigures({ trial, portrait, counts }) {
  const [size, spread] = downtimeOf(trial);
  const during = trial.latency_s.during;
  const item = (name, value, small, tone) => el("div", {}, el("dt", {}, name),
    el("dd", { class: tone || null }, value, small ? el("small", {}, small) : null));
  return el("dl", { class: "figures" },
    item("downtime", size, spread),
    item("lost", counts.lost === null ? "?" : number(counts.lost), counts.lost === null ? " not audited" : ` of ${number(trial.acked)} acked`, counts.lost ? "bad" : null),
    item("unknown / recovered", `${number(trial.unknown)} / ${number(counts.recovered)}`),
    item("duplicated", number(counts.duplicated), "", counts.duplicated ? "bad" : null),
    item("stuck writers", number(trial.stuck_writers), portrait ? ` of ${portrait.writers}` : "", trial.stuck_writers ? "bad" : null),
    portrait ? item("last writer back", portrait.last_back_s === null ? (trial.stuck_writers ? "never" : "–") : duration(portrait.last_back_s)) : null,
    item("p99 during", duration(during && during.p99)),
    besideFigures(trial, counts).map((each) => item(...each)));
}

function tables(entry) {
  const { trial, portrait, rerun } = entry;
  return el("div", { class: "tables" },
    el("section", {}, el("h3", {}, "Audit"), audit(entry)),
    el("section", {}, el("h3", {}, "Errors"), errors(trial, portrait)),
    besideSections(entry),
    el("section", {}, el("h3", {}, "Milestones"), milestones(trial, portrait)),
    trial.pins && trial.pins.length ? el("section", {}, el("h3", {}, "Pinned by the proxy"), pins(trial.pins)) : null,
    el("section", {}, el("h3", {}, "Latency from the intended time"), latencies(trial)),
    rerun ? el("section", {}, el("h3", {}, "Run it again"), command(rerun)) : null);
}

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
  const rows = list.map((each) => [
    el("span", {}, swatchOf(each.kind), ` ${each.code ? `${each.code} ` : ""}${each.kind}`), each.instance || "", number(each.count),
    moment(each.first_s), moment(each.last_s)]);
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
  const rows = list.map((each) => [
    each.name.replaceAll("_", " "), each.instance || "", moment(each.at_s),
    each.planned_s === null || each.planned_s === undefined ? "" : moment(each.planned_s)]);
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

function command(text) {
  const copy = button("Copy", async () => {
    try { await navigator.clipboard.writeText(text); copy.textContent = "Copied"; } catch {
      getSelection().selectAllChildren(code); // no clipboard for pages from disk in some browsers
      copy.textContent = "Selected";
    }
  });
  copy.classList.add("screen");
  const code = el("code", {}, text);
  return el("div", { class: "command" }, code, copy);
}
