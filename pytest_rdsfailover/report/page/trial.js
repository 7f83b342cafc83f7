/* One trial: its figures, its timeline, its tables. */

const { button, el } = rdsfailover.dom;
const { duration, moment } = rdsfailover.durations;
const { between, downtimeOf, isOpen, number, plural, verdict } = rdsfailover.words;
const { whenNear } = rdsfailover.scheduling;
const { timeline } = rdsfailover.view;
const { sentence } = rdsfailover.sentence;
const { audit, complaints, errors, figures, findings, latencies, milestones, pins } = rdsfailover.trialTables;
const { moreFigures, moreSections } = rdsfailover.retriesAndReads;

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
    el("p", { class: `verdict ${tone}` }, sentence(entry)),
    trial.clock && !trial.clock.reliable ? el("p", { class: "warn" }, `The downtime is no figure: ${trial.clock.problem}.`) : null,
    trial.findings && trial.findings.length ? findings(trial.findings) : null,
    trial.notes && trial.notes.length ? el("ul", { class: "soft small" }, ...trial.notes.map((note) => el("li", {}, note))) : null,
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
    portrait ? item("last writer back", lastBack(trial, portrait)) : null,
    item("p99 during", duration(during && during.p99)),
    trial.figures?.success ? item("served", between(trial.figures.success)) : null,
    trial.figures?.worst_second ? item("in the worst second", between(trial.figures.worst_second)) : null,
    moreFigures(trial, counts).map((figure) => item(...figure)));
}

function lastBack(trial, portrait) {
  if (trial.stuck_writers) return "never";
  if (isOpen(trial, "last_writer_back")) return "not seen";
  return moment(portrait.last_back_s);
}

function tables(entry) {
  const { trial, portrait, rerun } = entry;
  return el("div", { class: "tables" },
    el("section", {}, el("h3", {}, "Audit"), audit(entry)),
    el("section", {}, el("h3", {}, "Errors"), errors(trial, portrait)),
    trial.complaints && trial.complaints.length ? el("section", {}, el("h3", {}, "What the errors said"), complaints(trial.complaints)) : null,
    moreSections(entry),
    el("section", {}, el("h3", {}, "Milestones"), milestones(trial, portrait)),
    trial.pins && trial.pins.length ? el("section", {}, el("h3", {}, "Pinned by the proxy"), pins(trial.pins)) : null,
    el("section", {}, el("h3", {}, "Latency from the intended time"), latencies(trial)),
    trial.figures ? el("section", { class: "all-figures" }, el("h3", {}, "All figures"), figures(trial.figures)) : null,
    rerun ? el("section", {}, el("h3", {}, "Run it again"), command(rerun)) : null);
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

rdsfailover.trial = { trialSection };
